"""What readers saw at any date: schema ``history`` of a release, carried on from the release before.

Only superseded versions of rows are stored (``history.past_<table>``), so a release grows by what changed and
pruned releases are not needed. A view ``history.<table>`` joins them to the versions in force: the columns
of the mart, ``valid_from`` and ``valid_to`` (null: still in force), in UTC. Any date is then one condition:
``valid_from <= moment and (valid_to is null or valid_to > moment)``.

Moments are those of the switches in the journal, rollbacks included. A row that was away for some time has
no version for that time. The rows of a new year are not stored as new: ``history.reporting_year`` says
since when readers see the year.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from school_quality.warehouse.differences.comparison import COMPARED, Columns, Compared
from school_quality.warehouse.publication.journal import Entry

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger(__name__)

SCHEMA = "history"
PAST = "past_"
"""How the names of the tables of superseded versions begin."""

_COMMENTS = {
    "valid_from": "When readers first saw this version, UTC",
    "valid_to": "When another version, or none, took its place, UTC; null while in force",
    "is_published": "False: the row did not exist until valid_to",
}


def begin(connection: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> None:
    """Make the schema ``history`` in the attached ``new``, whose marts are there already.

    ``entries`` is the journal, with the release being written as its last entry.
    """
    connection.execute("create schema new.history")
    _write_releases(connection, entries)
    connection.execute(
        "create table new.history.reporting_year "
        "(reporting_year integer, valid_from timestamp, valid_to timestamp); "
        "comment on table new.history.reporting_year is "
        "'When a reporting year was published. One row per year and time.'"
    )
    for compared in _followed(connection):
        name = f"new.history.{PAST}{compared.table}"
        connection.execute(
            f"""
            create table {name} as
            select *, null::timestamp as valid_from, null::timestamp as valid_to, true as is_published
            from new.marts.{compared.table} limit 0;
            comment on table {name} is
            'Superseded versions of {compared.table}. One row per row of it and time in force.'
            """
        )
        for column, comment in _COMMENTS.items():
            connection.execute(f"comment on column {name}.{column} is '{comment}'")


def carry_on(connection: duckdb.DuckDBPyConnection, known: str) -> bool:
    """Take over what the attached release ``known`` knew; false where it holds no history."""
    tables = {
        table
        for (table,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = ? and schema_name = ?",
            [known, SCHEMA],
        ).fetchall()
    }
    if "reporting_year" not in tables:
        return False
    connection.execute(f"insert into new.history.reporting_year by name from {known}.history.reporting_year")
    for compared in _followed(connection):
        name = f"{PAST}{compared.table}"
        if name in tables:
            shared = _shared_columns(connection, name, known)
            connection.execute(
                f"insert into new.history.{name} by name select {shared} from {known}.history.{name}"
            )
    return True


def step(
    connection: duckdb.DuckDBPyConnection, columns: Columns, new: str, old: str, moment: datetime
) -> None:
    """Record the way of readers from attached ``old`` to ``new``, whose ``columns`` `comparison.compare`
    told.
    """
    for compared, names in columns.items():
        _supersede(connection, compared, list(names), old, moment)
    connection.execute(
        f"""
        update new.history.reporting_year set valid_to = $moment
        where valid_to is null
            and reporting_year not in (select reporting_year from {new}.marts.fct_school_status);
        """,
        {"moment": moment},
    )
    add_years(connection, new, moment)


def add_years(connection: duckdb.DuckDBPyConnection, new: str, moment: datetime) -> None:
    """Note the reporting years of attached ``new`` that readers did not see before."""
    connection.execute(
        f"""
        insert into new.history.reporting_year
        select distinct reporting_year, $moment, null::timestamp
        from {new}.marts.fct_school_status
        where reporting_year not in (
            select reporting_year from new.history.reporting_year where valid_to is null
        )
        order by all
        """,
        {"moment": moment},
    )


def finish(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the views of all versions. They name no database, so they hold under any name of the file."""
    connection.execute("use new")
    for compared in _followed(connection):
        key = ", ".join(compared.key)
        columns = ", ".join(
            name for (name,) in connection.execute(
                "select column_name from duckdb_columns() where database_name = 'new' "
                "and schema_name = 'marts' and table_name = ? order by column_index",
                [compared.table],
            ).fetchall()
        )  # fmt: skip
        connection.execute(
            f"""
            create view history.{compared.table} as
            select {columns}, valid_from, valid_to from history.{PAST}{compared.table} where is_published
            union all
            select {columns}, {_IN_FORCE_SINCE} as valid_from, null as valid_to
            from marts.{compared.table}
            {_joined_past(compared, "history")}
            """
        )
        connection.execute(
            f"comment on view history.{compared.table} is "
            f"'All versions of {compared.table} that readers have seen. One row per {key} and version.'"
        )
    connection.execute("use memory")


_IN_FORCE_SINCE = "greatest(past.superseded_at, years.published_at)"


def _joined_past(compared: Compared, history: str) -> str:
    """Joins that say since when a row of the last release has been in force."""
    key = ", ".join(compared.key)
    years = f"select min(valid_from) as published_at from {history}.reporting_year"
    if compared.has_year:
        years = (
            f"select reporting_year, valid_from as published_at from {history}.reporting_year "
            "where valid_to is null"
        )
    return f"""
        left join (
            select {key}, max(valid_to) as superseded_at from {history}.{PAST}{compared.table} group by {key}
        ) as past using ({key})
        left join ({years}) as years {"using (reporting_year)" if compared.has_year else "on true"}
    """


def _supersede(
    connection: duckdb.DuckDBPyConnection, compared: Compared, columns: list[str], old: str, moment: datetime
) -> None:
    """Store the old versions of rows that differ, and when a new row came into a year already seen."""
    key = ", ".join(compared.key)
    target = f"new.history.{PAST}{compared.table}"
    joined = _joined_past(compared, "new.history")
    year = "" if not compared.has_year or "reporting_year" in compared.key else ", reporting_year"
    came = f"(select {key}{year} from {compared.changed} where is_new and not is_old)"
    published = "true"
    if compared.has_year:
        published = (
            "reporting_year in (select reporting_year from new.history.reporting_year where valid_to is null)"
        )
    connection.execute(
        f"""
        insert into {target} by name
        select {", ".join(columns)}, {_IN_FORCE_SINCE} as valid_from,
            $moment::timestamp as valid_to, true as is_published
        from (
            select {", ".join(columns)} from {old}.marts.{compared.table}
            semi join (select {key} from {compared.changed} where is_old) as gone using ({key})
        )
        {joined}
        union all by name
        select {key}, {_IN_FORCE_SINCE} as valid_from, $moment::timestamp as valid_to, false as is_published
        from {came} as came
        {joined}
        where {published}
        """,
        {"moment": moment},
    )


def _write_releases(connection: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> None:
    connection.execute(
        """
        create table new.history.release (
            release_id varchar, action varchar, valid_from timestamp, valid_to timestamp,
            replaced_release_id varchar, reporting_year integer, as_of date, receipt_seq bigint,
            code_version varchar, methodology_hash varchar
        );
        comment on table new.history.release is
        'Which release readers saw when, pruned ones included. One row per switch.';
        comment on column new.history.release.action is 'publish, rollback or repair';
        comment on column new.history.release.valid_from is 'When it became current, UTC';
        comment on column new.history.release.valid_to is 'When another took its place, UTC';
        comment on column new.history.release.replaced_release_id is 'Release in force before it'
        """
    )
    ends = [*(entry.moment for entry in entries[1:]), None]
    connection.executemany(
        "insert into new.history.release values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [
                entry.release_id, entry.action, entry.moment, end, entry.replaced_release_id,
                entry.reporting_year, entry.as_of, entry.receipt_seq, entry.code_version,
                entry.methodology_hash,
            ]
            for entry, end in zip(entries, ends, strict=True)
        ],
    )  # fmt: skip


def switches(warehouse: Path) -> list[Entry]:
    """The journal as a release remembers it, up to its own publication; empty in one without history."""
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        try:
            rows = connection.execute(
                "select valid_from, action, release_id, replaced_release_id, reporting_year, as_of::varchar, "
                "receipt_seq, code_version, methodology_hash from history.release order by valid_from"
            ).fetchall()
        except duckdb.CatalogException:
            return []
    return [Entry(*row) for row in rows]


def _followed(connection: duckdb.DuckDBPyConnection) -> list[Compared]:
    """The marts that are followed and that the release being written has."""
    tables = {
        table
        for (table,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = 'new' and schema_name = 'marts'"
        ).fetchall()
    }
    return [compared for compared in COMPARED if compared.table in tables]


def _shared_columns(connection: duckdb.DuckDBPyConnection, table: str, known: str) -> str:
    """Columns of a history table that an older release and the one being written both have."""
    found = connection.execute(
        """
        select column_name from duckdb_columns()
        where schema_name = 'history' and table_name = ? and database_name in ('new', ?)
        group by column_name
        having count(*) = 2
        """,
        [table, known],
    ).fetchall()
    return ", ".join(name for (name,) in found)
