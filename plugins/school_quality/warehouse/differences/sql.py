"""The steps of a comparison: each is a file of SQL, ``steps/*.sql``, whose first line says what it finds.

A step leaves a temporary table for the next ones. Names of marts, columns and datasets are written into its
text (Jinja, as in dbt's models); values are variables of the connection.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    import duckdb


def run(
    connection: duckdb.DuckDBPyConnection, step: str, names: dict[str, Any] | None = None, **values: Any
) -> duckdb.DuckDBPyConnection:
    """Run a step; its rows, where it has any, are fetched from what this returns."""
    for name, value in values.items():
        connection.execute(f"set variable {name} = ?", [value])
    return connection.execute(_steps().get_template(f"{step}.sql").render(names or {}))


@cache
def _steps() -> Environment:
    folder = Path(__file__).parent / "steps"
    return Environment(loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=False)  # noqa: S701
