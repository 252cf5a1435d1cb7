"""Which rows of two attached warehouses differ: cheaply where they hardly do, by municipality and year.

Two passes. One hash a municipality and year, over both warehouses, finds the places where anything differs;
only their rows are joined. A country in which one district changed costs two scans and no join.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

NOISE = 1e-9
"""Relative difference of two doubles that nobody reads. Builds of one code version have none, but code that
adds the same numbers in another order does: a change of code is told by what it changes for readers."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A mart whose rows are followed from release to release, and its key."""

    table: str
    key: tuple[str, ...]
    has_year: bool = True

    @property
    def changed(self) -> str:
        """The temporary table that `compare` makes: keys of rows that differ, with ``is_new, is_old``."""
        return f"changed_{self.table}"


INDICATORS = Compared("fct_indicator_value", ("school_id", "period", "indicator_code", "component"))
STATUSES = Compared("fct_school_status", ("school_id", "reporting_year"))
PROCEDURES = Compared("fct_procedure_result", ("school_id", "reporting_year", "procedure_id"))
SCHOOLS = Compared("dim_school", ("school_id",), has_year=False)

COMPARED = (INDICATORS, STATUSES, PROCEDURES, SCHOOLS)

Columns = dict[Compared, dict[str, str]]
"""Names and types of the columns of each mart that is compared."""


def compare(connection: duckdb.DuckDBPyConnection, new: str, old: str) -> Columns:
    """Make the temporary table `Compared.changed` of each mart that two attached warehouses have.

    Returns the columns that both have, with their types in the new one: an older release may lack some.
    """
    columns = common_columns(connection, new, old)
    for compared in columns:
        _compare(connection, compared, columns[compared], new, old)
    return columns


def common_columns(connection: duckdb.DuckDBPyConnection, new: str, old: str) -> Columns:
    """The columns of the followed marts that two attached warehouses have; without a mart that one lacks."""
    found = connection.execute(
        """
        select table_name, column_name, max(data_type) filter (where database_name = $new)
        from duckdb_columns()
        where database_name in ($new, $old) and schema_name = 'marts' and table_name in $tables
        group by all
        having count(*) = 2
        order by table_name, max(column_index) filter (where database_name = $new)
        """,
        {"new": new, "old": old, "tables": [compared.table for compared in COMPARED]},
    ).fetchall()
    columns = {
        compared: {name: kind for table, name, kind in found if table == compared.table}
        for compared in COMPARED
    }
    return {compared: names for compared, names in columns.items() if set(compared.key) <= set(names)}


def _compare(
    connection: duckdb.DuckDBPyConnection, compared: Compared, columns: dict[str, str], new: str, old: str
) -> None:
    key = ", ".join(compared.key)
    places = ["municipality_id", "reporting_year"] if compared.has_year else []
    sides = [f"{name}.marts.{compared.table}" for name in (new, old)]
    if places and set(places) <= set(columns):
        _find_places(connection, sides, columns)
        sides = [
            f"(select * from {side} as rows semi join differing_place as places "
            "on rows.reporting_year = places.reporting_year "
            "and coalesce(rows.municipality_id, '') = places.place)"
            for side in sides
        ]
    year = ""
    if compared.has_year and "reporting_year" not in compared.key:
        year = "coalesce(new.reporting_year, old.reporting_year) as reporting_year,"
    differs = " or ".join(_differs(name, kind) for name, kind in columns.items() if name not in compared.key)
    connection.execute(
        f"""
        create or replace temp table {compared.changed} as
        select
            {key}, {year}
            new.{compared.key[0]} is not null as is_new, old.{compared.key[0]} is not null as is_old
        from {sides[0]} as new
        full join {sides[1]} as old using ({key})
        where new.{compared.key[0]} is null or old.{compared.key[0]} is null or {differs or "false"}
        """
    )


def _find_places(connection: duckdb.DuckDBPyConnection, sides: list[str], columns: dict[str, str]) -> None:
    """Temporary table ``differing_place``: municipalities and years with any difference, noise included.

    A row is hashed twice: `hash` joins its columns by xor, so that equal changes of two rows would cancel.
    """
    row = ", ".join(f"{name}::float" if kind == "DOUBLE" else name for name, kind in columns.items())
    new, old = (
        f"""(
            select coalesce(municipality_id, '') as place, reporting_year,
                count(*) as rows, bit_xor(hash(hash({row}))) as content
            from {side} group by all
        )"""
        for side in sides
    )
    connection.execute(
        f"""
        create or replace temp table differing_place as
        select place, reporting_year
        from {new} as new full join {old} as old using (place, reporting_year)
        where new.rows is distinct from old.rows or new.content is distinct from old.content
        """
    )


def _differs(column: str, kind: str) -> str:
    if kind != "DOUBLE":
        return f"new.{column} is distinct from old.{column}"
    return f"not {is_close(column)}"


def is_close(column: str) -> str:
    """SQL: a column of doubles is the same on both sides, but for `NOISE`."""
    new, old = f'new."{column}"', f'old."{column}"'
    close = f"abs({new} - {old}) <= {NOISE} * greatest(1, abs({old}))"
    return f"({new} is not distinct from {old} or coalesce({close}, false))"
