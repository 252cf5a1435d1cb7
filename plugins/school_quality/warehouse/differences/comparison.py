"""Which rows and cells of two attached warehouses differ: cheaply where they hardly do.

One hash a municipality and year finds the places where anything differs, and only their rows are joined. A
country in which one district changed costs two scans and no join.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from school_quality.warehouse.differences import sql

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
        """The temporary table that `compare` makes, one row a row that differs: its key, on which sides it is
        (``is_new, is_old``), both versions of it (``after, before``) and the differing ``cells``."""
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
    columns = _common_columns(connection, new, old)
    for compared, kinds in columns.items():
        names = {
            "table": compared.table, "key": compared.key, "columns": kinds, "new": new, "old": old,
            "noise": NOISE, "is_by_place": compared.has_year,
        }  # fmt: skip
        if compared.has_year:
            sql.run(connection, "differing_places", names)
        sql.run(connection, "differing_rows", names)
    return columns


def _common_columns(connection: duckdb.DuckDBPyConnection, new: str, old: str) -> Columns:
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
