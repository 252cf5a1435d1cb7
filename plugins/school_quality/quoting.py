"""Texts, paths and names as SQL writes them, the same in DuckDB and PostgreSQL."""

from __future__ import annotations

from pathlib import Path


def literal(value: str | Path) -> str:
    """A text or a path as a string of SQL, with its quotes."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name of a schema, table or column, with its quotes."""
    return '"' + name.replace('"', '""') + '"'
