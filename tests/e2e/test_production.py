"""The production deployment, from packages: PostgreSQL, all services, login, REST.

One deployment, with LocalExecutor, serves all tests here, each in a data root of its own. Celery is beside.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import threading
import time
import urllib.error
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
from filelock import FileLock

from e2e.deployment import PROJECT, SERVICES, WORKERS, Deployment, wait_for
from e2e.doors import open_to_others, reachable

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.seconds(700)]

YEAR = 2022
RUN_SECONDS = 600
EXAMPLES = PROJECT / "data" / "examples" / "inbox"
LOCAL = {"SCHOOL_QUALITY_QUIET_MINUTES": "0.5", "SCHOOL_QUALITY_APPROVAL_HOURS": "0.015"}
on_local = pytest.mark.parametrize("deployment", [LOCAL], indirect=True, ids=["LocalExecutor"])


def new_data_root(deployment: Deployment, name: str, *, with_examples: bool = True) -> Path:
    """A data root that the services may write; what lies in its inbox they may only read, as in the image."""
    root = deployment.hand_over(deployment.data / name)
    (root / "inbox").mkdir()
    if with_examples:
        shutil.copytree(EXAMPLES, root / "inbox", dirs_exist_ok=True)
    return root


def current(data: Path) -> Path:
    return (data / "published" / "current").resolve()


def check_release(release: Path) -> dict[str, Any]:
    """Every file of the manifest, which is returned, is there and is what the manifest says."""
    manifest: dict[str, Any] = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == digest, name
    return manifest


def notices(data: Path) -> list[str]:
    """The notices of a data root, oldest first."""
    return [path.read_text(encoding="utf-8") for path in sorted((data / "notices").glob("*.txt"))]


def states(deployment: Deployment, run: str) -> dict[str, str]:
    return {name: state for name, (state, _) in deployment.tasks(run).items()}


@on_local
def test_a_backfill_of_years_goes_one_step_at_a_time_and_is_skipped_where_nothing_was_received(
    deployment: Deployment,
) -> None:
    years = {"from_date": "2021-06-01T00:00:00Z", "to_date": "2022-01-31T00:00:00Z"}
    backfill = {"dag_id": "recompute_half_year", **years, "max_active_runs": 5}

    deployment.switch("recompute_half_year", on=True)
    deployment.call("POST", "/api/v2/backfills", backfill)
    wait_for("the runs", 120, lambda: len(backfilled(deployment)) == 2)
    for run in backfilled(deployment):
        assert deployment.wait_for_end(run, RUN_SECONDS) == "success", deployment.logs()
    # the calendar's run, too: Airflow starts no task of a DAG that is switched off
    wait_for("the end of all runs", RUN_SECONDS, lambda: not_running(deployment, "recompute_half_year"))
    deployment.switch("recompute_half_year", on=False)

    runs = deployment.runs("recompute_half_year")  # the calendar may have started one, too
    for run in runs:
        found = states(deployment, run)
        assert {found[task] for task in ("build", "report", "approve", "publish")} == {"skipped"}
        assert "Публиковать нечего" in deployment.log(run, "build")
    assert "публиковать нечего" in notices(deployment.data)[-1]
    spans = sorted(span for run in runs for span in deployment.spans(run, "duckdb_writer"))
    assert len(spans) == 3 * len(runs)
    assert all(before_end <= start for (_, before_end), (start, _) in pairwise(spans))


def backfilled(deployment: Deployment) -> list[str]:
    return [run for run in deployment.runs("recompute_half_year") if "backfill" in run]


@on_local
def test_the_services_of_the_compose_file_make_a_release_that_a_person_has_approved(
    deployment: Deployment,
) -> None:
    data = new_data_root(deployment, "approved")
    asked = {"reporting_year": YEAR, "approval": True, "methodology_version": "1496-2022"}

    run = deployment.trigger("recompute_annual", {**asked, "data_root": str(data)})
    wait_for("the question", RUN_SECONDS, lambda: states(deployment, run)["approve"] == "awaiting_input")
    assert not (data / "published").exists()
    time.sleep(10)  # nobody answers before Airflow has noted that the asking process has ended
    answer = {"chosen_options": ["Approve"], "params_input": {}}
    deployment.call("PATCH", f"{run}/taskInstances/approve/-1/hitlDetails", answer)
    state = deployment.wait_for_end(run, RUN_SECONDS)

    assert state == "success", f"{deployment.tasks(run)}\n{deployment.logs()}"
    assert check_release(current(data))["methodology_version"] == "1496-2022"
    pools = deployment.call("GET", "/api/v2/pools")["pools"]
    assert {pool["name"]: pool["slots"] for pool in pools}["duckdb_writer"] == 1
    for service in SERVICES:
        deployment.check_health(service)
    check_no_root(deployment)
    check_addresses(deployment)
    check_rights(deployment, data)
    check_roles(deployment, run)
    check_restore(deployment)
    check_that_without_an_answer_nothing_is_published(deployment, data)


def check_no_root(deployment: Deployment) -> None:
    """No process of the services is root's, though the tests may be."""
    for service in SERVICES:
        for process in deployment.tree(service):
            with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
                assert 0 not in process.uids(), process.cmdline()


def check_addresses(deployment: Deployment) -> None:
    """Only the pages can be reached from outside of a container, and the host publishes them to itself."""
    airflow = [name for name in deployment.processes if name not in {"postgres", "redis"}]
    heard = {
        name: {address.rpartition(":")[2] for address in reachable(deployment.tree(name))} for name in airflow
    }

    assert heard == {
        name: {str(deployment.ports["api"])} if name == "api-server" else set() for name in airflow
    }
    published = {name: given["ports"] for name, given in deployment.services.items() if "ports" in given}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def check_rights(deployment: Deployment, data: Path) -> None:
    """Nobody else on the server reads what the services write; the inbox is the centre's."""
    written = [path for path in data.iterdir() if path.name != "inbox"]
    of_the_test = {str(path) for path in (deployment.home / "logs").glob("*.log")}  # a container's screen

    found = open_to_others(deployment.home, *written)

    assert {path: mode for path, mode in found.items() if path not in of_the_test} == {}
    assert {path.name for path in written} >= {"landing", "published", "warehouse", "rejected", "runs"}
    assert [stat.S_IMODE(path.stat().st_mode) for path in (data, deployment.data)] == [0o700, 0o700]
    assert stat.S_IMODE((data / "inbox").stat().st_mode) == 0o755


def check_roles(deployment: Deployment, run: str) -> None:
    """Airflow's roles open what docs/production.md says; of Airflow itself a viewer reads nothing."""
    refused: dict[str, list[int]] = {}
    of_airflow = [
        run,
        f"{run}/taskInstances",
        f"{run}/taskInstances/ingest/logs/1",
        f"{run}/taskInstances/ingest/xcomEntries",
        f"{run}/taskInstances/ingest/xcomEntries/return_value",
        "/api/v2/dags/~/dagRuns/~/taskInstances/~/xcomEntries",
        "/api/v2/dags",
        "/api/v2/eventLogs",
        "/api/v2/importErrors",
        "/api/v2/assets/events",
        "/api/v2/dagSources/recompute_annual",
        "/ui/dags",
        "/auth/fab/v1/users",
    ]
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
        of_run = [path for path in of_airflow if path.startswith(run)]
        found = {path: status(deployment, path) for path in (of_run if role == "User" else of_airflow)}
        assert set(found.values()) == {200 if role == "User" else 403}, found
    deployment.login()
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


def check_that_without_an_answer_nothing_is_published(deployment: Deployment, data: Path) -> None:
    """Nobody answers within SCHOOL_QUALITY_APPROVAL_HOURS: the run ends, the release before stays."""
    before = current(data)
    asked = {"reporting_year": YEAR, "as_of": "2023-09-30", "approval": True, "data_root": str(data)}

    run = deployment.trigger("recompute_annual", asked)
    state = deployment.wait_for_end(run, RUN_SECONDS)

    assert state == "success", f"{deployment.tasks(run)}\n{deployment.logs()}"
    found = states(deployment, run)
    assert (found["approve"], found["publish"], found["notice"]) == ("success", "skipped", "success")
    assert current(data) == before
    notice = notices(data)[-1]
    assert "публикация не разрешена" in notice
    assert "Никто не ответил за 0.015 ч." in notice
    assert f"В силе остаётся выпуск {before.name}" in notice


@on_local
def test_ten_files_dropped_one_by_one_are_one_recomputation(deployment: Deployment) -> None:
    files = [*sorted((EXAMPLES / "Справочники").iterdir()), *sorted((EXAMPLES / "2022").rglob("*.*"))]
    inbox = deployment.data / "inbox"
    deployment.switch("recompute_annual", on=True)
    wait_for("the end of earlier runs", RUN_SECONDS, lambda: not_running(deployment))
    earlier = deployment.runs("recompute_annual")

    ingests: list[str] = []
    for file in files[:10]:
        drop(file, inbox)
        if not ingests or deployment.state(ingests[-1]) in {"success", "failed"}:
            ingests.append(deployment.trigger("ingest_inbox", {}))
        time.sleep(3)
    deployment.wait_for_end(ingests[-1], RUN_SECONDS)
    ingests.append(deployment.trigger("ingest_inbox", {}))
    wait_for("the release", RUN_SECONDS, lambda: bool(list((deployment.data / "published").glob("current"))))
    wait_for("the end of all runs", RUN_SECONDS, lambda: not_running(deployment))

    deployment.switch("ingest_inbox", on=False)
    all_ingests = deployment.runs("ingest_inbox")  # the clock may have started one, too
    landed = [run for run in all_ingests if states(deployment, run)["validate"] == "success"]
    assert len(landed) > 1, "the files must have come in more than one go"
    runs = set(deployment.runs("recompute_annual")) - set(earlier)
    built = [run for run in runs if states(deployment, run)["build"] == "success"]
    assert len(built) == 1
    for run in runs - set(built):  # overtaken: every file was in the release already
        deployment.wait_for_end(run, RUN_SECONDS)  # it is made only when the one before it has ended
        assert states(deployment, run)["publish"] == "skipped"
    [release] = (deployment.data / "published").glob("2*")
    assert check_release(release)["receipt_seq"] >= 10


def drop(file: Path, inbox: Path) -> None:
    """Put a file, last changed five minutes ago, into the inbox."""
    target = inbox / file.relative_to(EXAMPLES)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, target)
    changed = time.time() - 300
    os.utime(target, (changed, changed))


def not_running(deployment: Deployment, dag_id: str = "recompute_annual") -> bool:
    """Whether all runs of a DAG so far have ended."""
    return {deployment.state(run) for run in deployment.runs(dag_id)} <= {"success", "failed"}


@on_local
def test_a_release_is_made_though_what_runs_its_steps_is_killed_in_each_of_them(
    deployment: Deployment,
) -> None:
    check_that_kills_are_survived(deployment)


def check_that_kills_are_survived(deployment: Deployment) -> None:
    """The release is whole, readers see no half, and every step killed was tried twice."""
    data = new_data_root(deployment, "killed")
    locks = data / "landing.lock", data / "warehouse.lock"
    published = data / "published"

    with Reader(published) as reader:
        run = deployment.trigger("recompute_annual", {"reporting_year": YEAR, "data_root": str(data)})
        kill_holder(deployment, locks[0], lambda: True)
        assert not list((data / "landing").glob("[0-9]*"))
        kill_holder(deployment, locks[1], lambda: (data / "warehouse/build.duckdb").exists())
        kill_holder(deployment, locks[1], lambda: bool(list(published.glob(".staging-*"))))
        state = deployment.wait_for_end(run, RUN_SECONDS)

    check_addresses(deployment)
    tasks = deployment.tasks(run)
    assert state == "success", f"{tasks}\n{deployment.logs()}"
    assert {name: tries for name, (_, tries) in tasks.items() if tries > 1} == {
        "ingest": 2,
        "build": 2,
        "publish": 2,
    }
    assert reader.problems == []
    assert reader.seen == [current(data).name]
    check_release(current(data))
    assert [path.name for path in published.glob(".*")] == []
    for lock in locks:
        with FileLock(lock, timeout=0):
            assert lock.exists()


def kill_holder(deployment: Deployment, lock: Path, is_time: Callable[[], bool]) -> None:
    """Kill -9, once ``is_time``, what runs the step that holds ``lock``.

    With Celery that is the worker with all its processes, and it is started again as Compose would. With
    LocalExecutor it is the process of the task, as when the machine is out of memory: the scheduler lives.
    """
    killed: list[str] = []

    def find() -> bool:
        if not is_time() or killed:
            return bool(killed)
        if "worker1" not in deployment.processes:
            for process in holders(deployment.tree("scheduler"), lock):
                process.kill()
                killed.append("a task")
        else:
            killed.extend([name for name in WORKERS if holds(deployment.tree(name), lock)][:1])
        return bool(killed)

    wait_for(f"a holder of {lock.name}", RUN_SECONDS, find, pause=0.01)
    if killed[0] in WORKERS:
        deployment.kill(killed[0])
        deployment.start_worker(killed[0])


def holds(processes: list[psutil.Process], path: Path) -> bool:
    """Whether one of the processes has the file open."""
    return bool(holders(processes, path))


def holders(processes: list[psutil.Process], path: Path) -> list[psutil.Process]:
    """Those of the processes that have the file open."""
    found = []
    for process in processes:
        try:
            if any(Path(file.path) == path for file in process.open_files()):
                found.append(process)
        except psutil.Error:  # it has ended
            continue
    return found


@on_local
def test_a_run_that_takes_longer_than_it_may_is_ended_with_a_notice_and_leaves_nothing_behind(
    deployment: Deployment,
) -> None:
    data = new_data_root(deployment, "too-long", with_examples=False)
    lock = data / "landing.lock"
    lock.touch()
    deployment.hand_over(lock)
    deployment.extra["SCHOOL_QUALITY_RUN_HOURS"] = "0.0125"
    deployment.kill("dag-processor")
    deployment.start("dag-processor")
    details = "/api/v2/dags/recompute_annual/details"
    wait_for("the new limit", 240, lambda: deployment.call("GET", details)["dag_run_timeout"] == "PT45S")

    with FileLock(lock):  # as another run that does not end would hold it
        run = deployment.trigger("recompute_annual", {"reporting_year": YEAR, "data_root": str(data)})
        state = deployment.wait_for_end(run, RUN_SECONDS)
        wait_for("the notice", 120, lambda: bool(notices(data)))
        wait_for("the end of its process", 120, lambda: not busy_workers(deployment))
    del deployment.extra["SCHOOL_QUALITY_RUN_HOURS"]
    deployment.kill("dag-processor")
    deployment.start("dag-processor")

    assert state == "failed"
    [notice] = notices(data)
    assert "Пересчёт за год: ОШИБКА." in notice
    assert "Шаг ingest не удался: запуск шёл дольше 0.0125 ч и остановлен" in notice
    assert "Выпусков ещё нет." in notice
    [record] = (data / "runs").glob("*.json")
    assert json.loads(record.read_text(encoding="utf-8"))["outcome"] == "failed"


def busy_workers(deployment: Deployment) -> list[str]:
    """Titles of the workers of LocalExecutor and of their tasks, but for the workers that wait."""
    titles = [" ".join(process.cmdline()) for process in deployment.tree("scheduler")]
    return [title for title in titles if "airflow worker" in title and "<idle>" not in title]


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
