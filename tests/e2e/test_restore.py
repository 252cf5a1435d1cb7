"""The backup that docs/production.md describes is enough: a copy elsewhere gives the same numbers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from e2e.conftest import Cli

pytestmark = [pytest.mark.slow, pytest.mark.seconds(40)]


def test_landing_restored_elsewhere_gives_the_same_marts(
    cli: Cli, copy_of_example: Callable[[], Path], tmp_path: Path
) -> None:
    here, there = copy_of_example(), tmp_path / "there"
    there.mkdir()

    backup = tmp_path / "data.tar"
    subprocess.run(
        [
            "tar",
            "--create",
            "--directory",
            here,
            "landing",
            "rejected",
            "published",
            "runs",
            "--file",
            backup,
        ],
        check=True,
    )
    subprocess.run(["tar", "--extract", "--directory", there, "--file", backup], check=True)
    current = there / "published" / "current"
    assert (current / "warehouse.duckdb").is_file()
    shutil.rmtree(there / "published")  # or the release would be found unchanged, and nothing computed
    done = cli("build", "--year", 2022, "--data", there)

    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect() as connection:
        old, new = here / "published" / "current" / "warehouse.duckdb", there / "warehouse" / "build.duckdb"
        connection.execute(f"attach '{old}' as old (read_only); attach '{new}' as new (read_only)")
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'old' and schema_name = 'marts'"
        ).fetchall()
        assert len(tables) > 10
        for (table,) in tables:
            old_rows, new_rows = (_rounded(name, table, connection) for name in ("old", "new"))
            different = connection.execute(
                f"select count(*) from (({old_rows} except all {new_rows}) "
                f"union all ({new_rows} except all {old_rows}))"
            ).fetchone()
            assert different == (0,), table


def _rounded(name: str, table: str, connection: duckdb.DuckDBPyConnection) -> str:
    """All columns of a table; means, which threads sum in any order, to six digits."""
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns() where database_name = ? and table_name = ? "
        "and schema_name = 'marts'",
        [name, table],
    ).fetchall()
    shown = (f'round("{c}", 6) as "{c}"' if kind == "DOUBLE" else f'"{c}"' for c, kind in columns)
    return f"select {', '.join(shown)} from {name}.marts.{table}"
