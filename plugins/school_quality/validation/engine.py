"""Great Expectations over a DuckDB connection that somebody else owns.

GX 1.24 has no DuckDB engine, and over ``duckdb-engine`` its results come back empty: it reads a cursor after
the connection was returned. So the engine here answers each query itself, on the caller's connection
(temporary tables and open transactions stay visible), with literals in the text (DuckDB then prunes by its
column statistics) and with all rows in memory. Everything is done at public extension points of GX; this
module imports GX, so import it late.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal

import duckdb
import great_expectations as gx
import sqlalchemy as sa
from duckdb_engine import ConnectionWrapper
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData


class _BorrowedConnection(ConnectionWrapper):  # type: ignore[misc]
    """The caller's connection: its transactions and its end are the caller's affair."""

    def begin(self) -> None:
        """The caller decides on transactions."""

    def commit(self) -> None:
        """The caller decides on transactions."""

    def rollback(self) -> None:
        """The caller decides on transactions."""

    def close(self) -> None:
        """The caller closes what it opened."""


class _Rows(IteratorResult[Any]):
    """A query's rows in memory."""

    def fetchmany(self, size: int | None = None) -> Any:
        """All remaining rows: GX asks for a sample of 200 where every failing row must get its remark."""
        return self.fetchall()


class _Columns:
    """What GX asks SQLAlchemy's inspector; its reflection over ``duckdb-engine`` takes seven queries."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, dialect: sa.Dialect) -> None:
        self._connection = connection
        self.dialect = dialect

    def get_pk_constraint(self, table_name: str, schema: str | None = None) -> dict[str, Any]:
        """No table of typed rows has a primary key."""
        return {"constrained_columns": [], "name": None}

    def get_columns(self, table_name: str, schema: str | None = None) -> list[dict[str, Any]]:
        """Name and type of each column of a table or view."""
        rows = self._connection.execute(f'describe "{table_name}"').fetchall()
        return [{"name": row[0], "type": row[1], "nullable": True} for row in rows]


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):  # type: ignore[misc]
    """Runs GX's queries on one DuckDB connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._duckdb = connection
        engine = sa.create_engine(
            "duckdb:///:memory:",
            creator=lambda: _BorrowedConnection(connection),
            poolclass=sa.pool.StaticPool,
        )
        super().__init__(engine=engine, create_temp_table=False)

    def get_inspector(self) -> Any:
        """The columns of tables, asked of DuckDB itself."""
        return _Columns(self._duckdb, self.engine.dialect)

    def execute_query(self, query: sa.Select[Any] | sa.TextClause) -> _Rows:
        """All rows of ``query``."""
        text = query.compile(dialect=self.engine.dialect, compile_kwargs={"literal_binds": True})
        cursor = self._duckdb.execute(str(text))
        names = [column[0] for column in cursor.description]
        return _Rows(SimpleResultMetaData(names), iter(cursor.fetchall()))


class DuckDBDatasource(SQLDatasource):  # type: ignore[misc]
    """A data source of GX on a borrowed connection; see `borrowing`."""

    type: Literal["borrowed_duckdb"] = "borrowed_duckdb"
    connection_string: str = "duckdb:///:memory:"

    def borrow(self, connection: duckdb.DuckDBPyConnection | None) -> None:
        """Ask this connection from now on; None gives it back."""
        self._execution_engine = DuckDBExecutionEngine(connection) if connection else None

    def get_execution_engine(self) -> DuckDBExecutionEngine:
        """The engine on the borrowed connection."""
        if self._execution_engine is None:
            raise RuntimeError("borrow a DuckDB connection first")
        return self._execution_engine

    def get_engine(self) -> sa.Engine:
        """SQLAlchemy's engine on the borrowed connection."""
        engine: sa.Engine = self.get_execution_engine().engine
        return engine


@cache
def _source() -> DuckDBDatasource:
    """The data source of this process, in a context that is kept nowhere and reports to nobody."""
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False}
    source: DuckDBDatasource = context.add_datasource(datasource=DuckDBDatasource(name="landing"))
    return source


@contextmanager
def borrowing(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[Any]:
    """A GX batch of all rows of ``table``, as ``connection`` sees it; one at a time in a process."""
    source = _source()
    source.borrow(connection)
    try:
        # GX writes its whole configuration with every asset, so a table gets one, once
        known = table in source.get_asset_names()
        asset = source.get_asset(table) if known else source.add_table_asset(table, table_name=table)
        batches = asset.batch_definitions or [asset.add_batch_definition_whole_table("rows")]
        yield batches[0].get_batch()
    finally:
        source.borrow(None)
