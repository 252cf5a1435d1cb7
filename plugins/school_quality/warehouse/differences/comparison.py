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
    told: tuple[str, ...]  # columns of which a difference is told, in this order
    has_year: bool = True

    @property
    def changed(self) -> str:
        """The temporary table that `compare` makes, one row a row that differs: its key, on which sides it is
        (``is_new, is_old``) and the differing ``cells`` of those that are told."""
        return f"changed_{self.table}"


VALUE_COLUMNS = ("status", "reason", "value", "value_text", "points")
PARTS_OF_VALUE = ("value_now", "value_before", "numerator", "denominator")
"""Told where the value made of them is the same: otherwise the value says it."""

INDICATOR_COLUMNS = (*VALUE_COLUMNS, *PARTS_OF_VALUE, "flags")
STATUS_COLUMNS = (
    "is_low_results", "low_procedure_ids", "is_risk_zone", "is_difficult_social", "official_low_results",
    "official_risk_zone", "official_difficult_social", "in_project_500", "is_supported", "school_group",
    "change_from_previous_year", "is_effective_mode",
)  # fmt: skip
PROCEDURE_COLUMNS = (
    "participants", "absent", "mean_score", "mean_mark", "share_2_pct", "share_3_pct", "share_4_pct",
    "share_5_pct", "failed", "failed_pct", "is_low_result", "data_level", "flags",
)  # fmt: skip
"""Intervals and the way to the threshold follow from these."""

INDICATORS = Compared(
    "fct_indicator_value", ("school_id", "period", "indicator_code", "component"), INDICATOR_COLUMNS
)
STATUSES = Compared("fct_school_status", ("school_id", "reporting_year"), STATUS_COLUMNS)
PROCEDURES = Compared(
    "fct_procedure_result", ("school_id", "reporting_year", "procedure_id"), PROCEDURE_COLUMNS
)
SCHOOLS = Compared("dim_school", ("school_id",), (), has_year=False)

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
            "table": compared.table, "key": compared.key, "told": compared.told, "columns": kinds,
            "new": new, "old": old, "noise": NOISE, "is_by_place": compared.has_year,
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
