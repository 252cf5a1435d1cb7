"""The embedded Airflow: a home inside the checkout, SQLite, DAG runs in this process.

It serves ``school-quality run`` and nothing else; a server with a scheduler brings its own configuration, and
every ``AIRFLOW__…`` variable that is set already is respected. Airflow reads its configuration when it is
imported, so `configure` must come before the first import of it.
"""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path

from school_quality import rights
from school_quality.settings import project_root

POOL = "duckdb_writer"
"""The Airflow pool of one slot that every task which writes DuckDB files takes."""


def airflow_home() -> Path:
    return Path(os.environ.get("AIRFLOW_HOME") or project_root() / ".airflow").resolve()


def log_file() -> Path:
    """Where Airflow, dbt and Great Expectations write while a DAG runs in this process."""
    return airflow_home() / "logs" / "school-quality.log"


def configure() -> None:
    """Set the environment for an embedded Airflow, leaving alone what is set already."""
    home = airflow_home()
    defaults = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(project_root() / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(project_root() / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    make_home()


def make_home() -> None:
    """Make Airflow's home, or mend one that others could read; logs and database are below it."""
    home = airflow_home()
    rights.close(home, [home / "logs", home / "airflow.db"])


def marker() -> Path:
    """Beside the database, names the Airflow it was last prepared for: asking Airflow costs seconds."""
    return airflow_home() / "migrated"


def migrate() -> bool:
    """Create or upgrade Airflow's database where that is due; True if something was done."""
    from filelock import FileLock

    home = airflow_home()
    version = importlib.metadata.version("apache-airflow")
    prepared = marker()
    with FileLock(home / "migrate.lock"):
        if (home / "airflow.db").is_file() and prepared.is_file() and prepared.read_text() == version:
            return False

        from airflow.models.pool import Pool
        from airflow.utils.db import initdb

        initdb()
        Pool.create_or_update_pool(POOL, slots=1, description="one writer of DuckDB", include_deferred=False)
        prepared.write_text(version)
    return True


def run_dag(dag_id: str, conf: dict[str, object]) -> dict[str, str]:
    """Run a DAG in this process from its first task to its last; returns how each task ended, by its id."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=project_root() / "dags" / f"{dag_id}.py")
    if bag.import_errors:
        raise RuntimeError("; ".join(bag.import_errors.values()))
    run = bag.dags[dag_id].test(run_conf=conf)
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
