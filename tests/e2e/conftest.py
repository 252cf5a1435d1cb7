"""The command line as a user calls it, in an Airflow home and with a key of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from beside import ABSENT, SHARED

from e2e import roots

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
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "school_quality", *map(str, arguments)]
        return subprocess.run(
            command, env=environment, cwd=elsewhere, capture_output=True, text=True, umask=0o022
        )

    return call


@pytest.fixture(scope="session")
def example_root(cli: Cli, environment: dict[str, str], pytestconfig: pytest.Config) -> roots.Root:
    """The example after its first run, of all workers together: to be read, not to be changed."""
    assert pytestconfig.cache is not None
    return roots.example(pytestconfig.cache.mkdir("roots"), cli, environment)


@pytest.fixture(scope="session")
def copy_of_example(example_root: roots.Root, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes a data root of one's own, the example after its first run."""

    def copy() -> Path:
        target = tmp_path_factory.mktemp("example") / "data"
        return shutil.copytree(example_root.data, target, symlinks=True)

    return copy


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
