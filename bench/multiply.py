"""A country's published file from a district's: each school many times over, under codes of its own.

The real build of a country takes tens of minutes (`national.py`); for questions about publishing and reading,
the shape and the number of rows decide. Copies keep everything of their district but its keys.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

KEYS = (
    "school_id", "municipality_id", "successor_school_id", "series_school_id", "peer_school_id",
    "mentor_school_id", "similar_school_id",
)  # fmt: skip
WIDTH = 100_000
"""Copy number n of school 6017 is school n * WIDTH + 6017."""


def multiply(source: Path, target: Path, copies: int, schemas: tuple[str, ...] = ("marts", "meta")) -> int:
    """Write ``target`` with each school of ``source`` in ``copies``; returns the number of rows.

    Tables that name no school or municipality are copied as they are. Rows are in no order, as the threads of
    a real build leave them: no reader profits from schools that happen to lie together.
    """
    with duckdb.connect(str(target)) as connection:
        connection.execute(f"attach '{source}' as district (read_only)")
        rows = 0
        for schema in schemas:
            connection.execute(f"create schema {schema}")
            for (table,) in connection.execute(
                "select table_name from duckdb_tables() where database_name = 'district' and schema_name = ?",
                [schema],
            ).fetchall():
                rows += _multiply(connection, schema, table, copies)
        connection.execute("detach district")
        connection.execute("checkpoint")
    return rows


def _multiply(connection: duckdb.DuckDBPyConnection, schema: str, table: str, copies: int) -> int:
    names = [
        name
        for (name,) in connection.execute(
            "select column_name from duckdb_columns() where database_name = 'district' "
            "and schema_name = ? and table_name = ?",
            [schema, table],
        ).fetchall()
    ]
    keys = [name for name in KEYS if name in names]
    changed = ", ".join(f"(copy * {WIDTH} + {name}::bigint)::varchar as {name}" for name in keys)
    if table == "dim_school":
        changed += ", (copy * 100 + school_number)::integer as school_number"
    select = _copies(schema, table, copies, changed) if keys else f"from district.{schema}.{table}"
    connection.execute(f"create table {schema}.{table} as {select}")
    found = connection.execute(f"select count(*) from {schema}.{table}").fetchone()
    return found[0] if found else 0


def _copies(schema: str, table: str, copies: int, changed: str) -> str:
    return (
        f"select * exclude (copy) replace ({changed}) from district.{schema}.{table} as source "
        f"cross join range({copies}) as copies (copy) order by hash(copy, source.rowid)"
    )
