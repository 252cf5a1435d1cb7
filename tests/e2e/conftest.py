"""The command line as a user calls it, in an Airflow home and with a key of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from beside import ABSENT, SHARED
from roots import kept

from e2e.deployment import CELERY, IMPATIENT, SERVICES, WORKERS, Deployment

PROJECT = Path(__file__).resolve().parents[2]

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("airflow")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return {**kept, "AIRFLOW_HOME": str(home), "SCHOOL_QUALITY_PII_KEY": "a key for tests"}


@pytest.fixture(scope="session")
def cli(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """``school-quality …`` in a process of its own, called from a folder outside the project.

    It starts with the rights that most machines give: everybody reads.
    """
    return _program(
        "-m", "school_quality", environment=environment, folder=tmp_path_factory.mktemp("elsewhere")
    )


@pytest.fixture(scope="session")
def release(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """``release.py …``: a release of what lies in an inbox, without Airflow."""
    program = Path(__file__).with_name("release.py")
    return _program(program, environment=environment, folder=tmp_path_factory.mktemp("elsewhere"))


def _program(*program: object, environment: dict[str, str], folder: Path) -> Cli:
    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *map(str, program), *map(str, arguments)]
        return subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, umask=0o022
        )

    return call


@dataclass(frozen=True, slots=True)
class Root:
    """A data root after ``run --year 2022``, what the run said, and the home of its Airflow."""

    data: Path
    said: str
    airflow_home: Path


@pytest.fixture(scope="session")
def example_root(cli: Cli, environment: dict[str, str], pytestconfig: pytest.Config) -> Root:
    """The example after its first run, of all workers together: to be read, not to be changed."""

    def make(root: Path) -> None:
        assert cli("examples", "--data", root / "data").returncode == 0
        done = cli("run", "--year", 2022, "--data", root / "data")
        assert done.returncode == 3, done.stdout + done.stderr
        (root / "said.txt").write_text(done.stdout, encoding="utf-8")
        shutil.copytree(environment["AIRFLOW_HOME"], root / "airflow", symlinks=True)

    root = kept(pytestconfig, "example", [PROJECT / "data/examples/inbox", Path(__file__)], make)
    return Root(root / "data", (root / "said.txt").read_text(encoding="utf-8"), root / "airflow")


@pytest.fixture(scope="session")
def copy_of_example(example_root: Root, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes a data root of one's own, the example after its first run."""

    def copy() -> Path:
        target = tmp_path_factory.mktemp("example") / "data"
        return shutil.copytree(example_root.data, target, symlinks=True)

    return copy


@pytest.fixture(scope="module")
def deployment(request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """All services of the Compose file, with the variables that the test's parameter gives them."""
    if not list(Path("/usr/lib/postgresql").glob("*/bin")) or not shutil.which("redis-server"):
        missing = "needs the Debian packages postgresql and redis-server, which .ci/run installs"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    # not below pytest's folders, which it keeps from other users, that of the services among them
    folder = Path(tempfile.mkdtemp(prefix="school-quality-"))
    folder.chmod(0o755)
    made = Deployment(folder, request.param, dict(IMPATIENT) if request.param is CELERY else {})
    try:
        made.start_postgres()
        made.initialise()
        for service in SERVICES:
            made.start(service)
        if request.param is CELERY:
            made.start_redis()
            for name in WORKERS:
                made.start_worker(name)
        made.wait_until_up()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip(ABSENT)
    return SHARED


def query(data: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows from the warehouse that readers of a data root see."""
    warehouse = data / "published" / "current" / "warehouse.duckdb"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def low_schools(data: Path, year: int) -> list[int]:
    """Numbers of the schools with low results of a year, as computed."""
    found = query(
        data,
        "select school_number from marts.fct_school_status join marts.dim_school using (school_id) "
        f"where reporting_year = {year} and is_low_results order by 1",
    )
    return [number for (number,) in found]
