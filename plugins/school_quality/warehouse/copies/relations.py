"""The tables of a release as another database needs them: types, keys, comments, and rows as text to load.

The keys are the grains that the contracts state (``unique_key`` in the YAML beside each model); a published
DuckDB file holds none.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from school_quality.quoting import identifier
from school_quality.warehouse import contract
from school_quality.warehouse.differences import comparison
from school_quality.warehouse.publication import history

if TYPE_CHECKING:
    import duckdb

SCHEMAS = (*contract.SCHEMAS, history.SCHEMA)
"""The schemas that another database gets; of the history the views of all versions, not the tables behind."""

JOINED = ("school_id", "municipality_id", "reporting_year", "period", "indicator_code", "procedure_id")
"""Columns by which people filter and join; each gets an index where no key begins with it."""

_KEYS_OUTSIDE_CONTRACTS = {
    ("meta", "release"): ("release_id",),
    ("meta", "run"): ("run_id",),
    (history.SCHEMA, "release"): ("release_id", "valid_from"),
    (history.SCHEMA, "reporting_year"): ("reporting_year", "valid_from"),
    **{(history.SCHEMA, compared.table): (*compared.key, "valid_from") for compared in comparison.COMPARED},
}
"""The keys of tables for which no dbt test states one: of one row a build, or written at publication."""

_TYPES = {
    "BIGINT": "bigint",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "HUGEINT": "numeric(38,0)",
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "TIME": "time without time zone",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "TINYINT": "smallint",
    "UBIGINT": "numeric(20,0)",
    "UINTEGER": "bigint",
    "USMALLINT": "integer",
    "UTINYINT": "smallint",
    "UUID": "uuid",
    "VARCHAR": "text",
}
"""DuckDB's types and PostgreSQL's, spelled as each of them prints its own."""

_BATCH_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its DuckDB type and what the contract says about it."""

    name: str
    kind: str
    comment: str | None

    @property
    def postgres_type(self) -> str:
        """The type in PostgreSQL, as its ``format_type`` prints it. Raises `ValueError` for a nested one."""
        kind, is_list = self.kind.removesuffix("[]"), self.kind.endswith("[]")
        if decimal := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind):
            name = f"numeric({decimal[1]},{decimal[2]})"
        elif kind.startswith("ENUM("):
            name = "text"
        elif kind in _TYPES:
            name = _TYPES[kind]
        else:
            raise ValueError(f"column {self.name}: {self.kind} has no counterpart in PostgreSQL")
        return f"{name}[]" if is_list else name

    @property
    def copy_text(self) -> str:
        """SQL for the value in the text format of PostgreSQL's COPY; ``\\N`` is null."""
        name = identifier(self.name)
        if self.kind.endswith("[]"):
            element = "replace(replace(replace(x::varchar, chr(0), ''), '\\', '\\\\'), '\"', '\\\"')"
            text = (
                f"'{{' || array_to_string(list_transform({name}, "
                f"lambda x: coalesce('\"' || {element} || '\"', 'NULL')), ',') || '}}'"
            )
            return f"coalesce({_escaped(text)}, '\\N')"
        if self.postgres_type == "text":
            text = f"replace({name}::varchar, chr(0), '')"  # PostgreSQL has no text with this character
            return f"coalesce({_escaped(text)}, '\\N')"
        return f"coalesce({name}::varchar, '\\N')"


def _escaped(text: str) -> str:
    """SQL that escapes what COPY's text format gives a meaning: backslash, tab, line breaks."""
    for character, escape in (("'\\'", "\\\\"), ("chr(9)", "\\t"), ("chr(10)", "\\n"), ("chr(13)", "\\r")):
        text = f"replace({text}, {character}, '{escape}')"
    return text


@dataclass(frozen=True, slots=True, order=True)
class Index:
    """An index: ``kind`` is primary, unique (a key that may hold nulls) or plain."""

    name: str
    columns: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A published table, or a view, which the other database gets as a table."""

    schema: str
    name: str
    comment: str | None
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    is_key_required: bool  # no column of the key may be null

    @property
    def qualified(self) -> str:
        return f"{identifier(self.schema)}.{identifier(self.name)}"

    @property
    def indices(self) -> list[Index]:
        """The key, and an index for each column that people join by."""
        found = []
        if self.key:
            kind = "primary" if self.is_key_required else "unique"
            found.append(Index(f"{self.name}_{'pkey' if kind == 'primary' else 'key'}", self.key, kind))
        names = [column.name for column in self.columns]
        found += [
            Index(f"{self.name}_{name}_idx", (name,), "plain")
            for name in JOINED
            if name in names and name not in self.key[:1]
        ]
        return found


def relations(connection: duckdb.DuckDBPyConnection) -> list[Relation]:
    """Every table and view of the published schemas in the file that ``connection`` has open."""
    contracts = _contracts()
    found = connection.execute(
        """
        select schema_name, table_name, comment from duckdb_tables()
        where
            database_name = current_database() and schema_name in $schemas
            and not (schema_name = $history and starts_with(table_name, $past))
        union all
        select schema_name, view_name, comment from duckdb_views()
        where database_name = current_database() and schema_name in $schemas and not internal
        order by all
        """,
        {"schemas": list(SCHEMAS), "history": history.SCHEMA, "past": history.PAST},
    ).fetchall()
    return [
        Relation(
            schema,
            name,
            comment,
            _columns(connection, schema, name),
            *contracts.get((schema, name), (_KEYS_OUTSIDE_CONTRACTS.get((schema, name), ()), True)),
        )
        for schema, name, comment in found
    ]


def _columns(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> tuple[Column, ...]:
    return tuple(
        Column(*row)
        for row in connection.execute(
            "select column_name, data_type, comment from duckdb_columns() where "
            "database_name = current_database() and schema_name = ? and table_name = ? order by column_index",
            [schema, table],
        ).fetchall()
    )


def _contracts() -> dict[tuple[str, str], tuple[tuple[str, ...], bool]]:
    """The key of each model, and whether all its columns are declared not null."""
    return {
        (table.schema, table.name): (
            table.key,
            {column.name for column in table.columns if column.is_required}.issuperset(table.key),
        )
        for table in contract.tables()
        if table.key
    }


class CopyText(io.RawIOBase):
    """The rows of a table as a file in the text format of PostgreSQL's COPY, made while it is read.

    Memory holds one batch of rows, whatever the table's size.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, relation: Relation) -> None:
        line = " || chr(9) || ".join(column.copy_text for column in relation.columns)
        rows = connection.execute(f"select {line} as line from {relation.qualified}")
        self._batches: Iterator[bytes] = (
            ("\n".join(batch.column(0).to_pylist()) + "\n").encode()
            for batch in rows.to_arrow_reader(_BATCH_ROWS)
            if batch.num_rows
        )
        self._rest = memoryview(b"")
        self.failure: BaseException | None = None
        """What went wrong while reading; psycopg2 passes on no more than its text."""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most ``size`` of them where that is not negative; empty at the end."""
        try:
            return self._read(size)
        except BaseException as error:
            self.failure = error
            raise

    def _read(self, size: int) -> bytes:
        if not self._rest:
            self._rest = memoryview(next(self._batches, b""))
        if size < 0:
            whole = bytes(self._rest) + b"".join(self._batches)
            self._rest = memoryview(b"")
            return whole
        part, self._rest = self._rest[:size], self._rest[size:]
        return bytes(part)
