"""The production deployment, from packages: PostgreSQL, all services, login, REST, Celery, killed workers."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from e2e.deployment import Deployment, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

YEAR = 2022
RUN_SECONDS = 600


@pytest.fixture
def deployment(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Deployment]:
    if not list(Path("/usr/lib/postgresql").glob("*/bin")) or not shutil.which("redis-server"):
        missing = "needs the Debian packages postgresql and redis-server, which .ci/run installs"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    variables, extra = getattr(request, "param", ({}, {}))
    made = Deployment(tmp_path, variables, extra)
    try:
        made.start_postgres()
        yield made
    finally:
        made.stop()


def examples(deployment: Deployment) -> None:
    command = [sys.executable, "-m", "school_quality", "examples", "--data", deployment.data]
    subprocess.run(command, check=True, capture_output=True)


def start_all(deployment: Deployment) -> None:
    deployment.initialise()
    for service in ("api-server", "scheduler", "dag-processor", "triggerer"):
        deployment.start(service)


def current(data: Path) -> Path:
    return (data / "published" / "current").resolve()


def check_release(release: Path) -> None:
    """Every file of the manifest is there and is what the manifest says."""
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == digest, name


def test_the_services_of_the_compose_file_make_a_release_on_postgresql(deployment: Deployment) -> None:
    examples(deployment)
    start_all(deployment)
    deployment.wait_until_up()

    run = deployment.trigger("recompute_annual", {"reporting_year": YEAR})
    state = deployment.wait_for_end(run, RUN_SECONDS)

    assert state == "success", f"{deployment.tasks(run)}\n{deployment.logs()}"
    check_release(current(deployment.data))
    pools = deployment.call("GET", "/api/v2/pools")["pools"]
    assert {pool["name"]: pool["slots"] for pool in pools}["duckdb_writer"] == 1
    for service in ("api-server", "scheduler", "dag-processor", "triggerer"):
        deployment.check_health(service)
    check_roles(deployment)
    check_restore(deployment)


def check_roles(deployment: Deployment) -> None:
    """Airflow's roles open what docs/production.md says."""
    refused: dict[str, list[int]] = {}
    for role in ("Public", "Viewer", "User"):
        deployment.login()
        new_user = {
            "username": role,
            "password": "a password",
            "email": f"{role}@example.org",
            "first_name": role,
            "last_name": role,
            "roles": [{"name": role}],
        }
        deployment.call("POST", "/auth/fab/v1/users", new_user)
        deployment.login(role, "a password")
        refused[role] = [status(deployment, path) for path in ("/schools/", "/schools/remarks")]
    assert refused == {"Public": [403, 403], "Viewer": [200, 403], "User": [200, 200]}


def status(deployment: Deployment, path: str) -> int:
    """The HTTP status of a page for the user who has logged in."""
    try:
        deployment.call("GET", path)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def check_restore(deployment: Deployment) -> None:
    """A dump as docs/production.md makes it holds users, history and the record of openings."""
    dump = deployment.root / "airflow.dump"
    deployment.postgres("pg_dump", "--format", "custom", "--file", dump, "airflow")
    deployment.postgres("createdb", "restored")
    deployment.postgres("pg_restore", "--clean", "--if-exists", "--dbname", "restored", dump)

    for table in ("ab_user", "dag_run", "log"):
        count = f"select count(*) from {table}"
        before, after = (
            int(deployment.postgres("psql", "-At", "-c", count, name).stdout)
            for name in ("airflow", "restored")
        )
        assert 0 < after <= before, table


CELERY = (
    {"AIRFLOW_EXECUTOR": "CeleryExecutor"},
    # as in the Compose file, but a killed worker is noticed at once: the test need not wait for two minutes
    {"AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20"},
)


@pytest.mark.parametrize("deployment", [CELERY], indirect=True)
def test_two_celery_workers_make_a_release_though_workers_are_killed_in_every_step(
    deployment: Deployment,
) -> None:
    examples(deployment)
    deployment.start_redis()
    start_all(deployment)
    for name in ("worker1", "worker2"):
        deployment.start_worker(name)
    deployment.wait_until_up()
    locks = deployment.data / "landing.lock", deployment.data / "warehouse.lock"
    published = deployment.data / "published"

    with Reader(published) as reader:
        run = deployment.trigger("recompute_annual", {"reporting_year": YEAR})
        kill_holder(deployment, locks[0], lambda: True)
        assert not list((deployment.data / "landing").glob("[0-9]*"))
        kill_holder(deployment, locks[1], lambda: (deployment.data / "warehouse/build.duckdb").exists())
        kill_holder(deployment, locks[1], lambda: bool(list(published.glob(".staging-*"))))
        state = deployment.wait_for_end(run, RUN_SECONDS)

    tasks = deployment.tasks(run)
    assert state == "success", f"{tasks}\n{deployment.logs()}"
    assert {name: tries for name, (_, tries) in tasks.items() if tries > 1} == {
        "ingest": 2,
        "build": 2,
        "publish": 2,
    }
    assert reader.problems == []
    assert reader.seen == [current(deployment.data).name]
    check_release(current(deployment.data))
    assert [path.name for path in published.glob(".*")] == []
    for lock in locks:
        with FileLock(lock, timeout=0):
            assert lock.exists()


def kill_holder(deployment: Deployment, lock: Path, is_time: Callable[[], bool]) -> None:
    """Kill -9 the worker that holds ``lock`` once ``is_time``, and start it again as Compose would."""
    killed: list[str] = []

    def find() -> bool:
        if is_time():
            killed.extend(
                name for name in ("worker1", "worker2") if holds(deployment.tree(name), lock) and not killed
            )
        return bool(killed)

    wait_for(f"a holder of {lock.name}", RUN_SECONDS, find, pause=0.01)
    deployment.kill(killed[0])
    deployment.start_worker(killed[0])


def holds(processes: list[psutil.Process], path: Path) -> bool:
    """Whether one of the processes has the file open."""
    for process in processes:
        try:
            if any(Path(file.path) == path for file in process.open_files()):
                return True
        except psutil.Error:  # it has ended
            continue
    return False


class Reader(threading.Thread):
    """Looks at the current release without a pause, as people and BI tools may at any moment."""

    def __init__(self, published: Path) -> None:
        super().__init__(daemon=True)
        self.published = published
        self.seen: list[str] = []
        self.problems: list[str] = []
        self._stop_it = threading.Event()

    def run(self) -> None:
        while not self._stop_it.is_set():
            try:
                self._look()
            except (OSError, AssertionError, ValueError) as error:
                self.problems.append(repr(error))
            time.sleep(0.02)

    def _look(self) -> None:
        link = self.published / "current"
        if not link.exists():
            return
        release = link.resolve()
        if release.name not in self.seen:
            check_release(release)
            self.seen.append(release.name)

    def __enter__(self) -> Reader:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._look()
        self._stop_it.set()
        self.join()
