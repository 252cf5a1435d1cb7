"""Opening one warehouse file so that SQL answers from it, and from nothing else of the machine."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_DOORS = (
    "set temp_directory = ''",
    "set python_enable_replacements = false",
    "set enable_external_access = false",
    # External access off still lets through the open file and its .wal, and read-only does not guard the
    # file against COPY (checked on 1.5): with no file system nothing but the open handle is left.
    "set disabled_filesystems = 'LocalFileSystem'",
    "set lock_configuration = true",
)
_ONE_AT_A_TIME = Lock()
"""Connections of a process to one file share its settings: two threads that shut it must not meet."""


def open_shut(path: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection whose SQL, views and macros included, can reach no other file, nor write one.

    Raises `duckdb.Error` for a file that does not open.
    """
    import duckdb

    connection = duckdb.connect(str(path), read_only=True)
    try:
        shut(connection)
    except duckdb.Error:
        connection.close()
        raise
    return connection


def shut(connection: duckdb.DuckDBPyConnection) -> None:
    """Lock an open connection, and every other one of this process to the same file, for good."""
    with _ONE_AT_A_TIME:
        if connection.execute("select current_setting('lock_configuration')").fetchone() == (True,):
            return
        for door in _DOORS:
            connection.execute(door)
