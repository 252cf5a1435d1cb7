"""What a release says otherwise than another, each cell with its cause: ``meta.release_change``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from school_quality.quoting import literal
from school_quality.settings import Settings
from school_quality.warehouse import school_names
from school_quality.warehouse.differences import causes, comparison
from school_quality.warehouse.differences.causes import Inputs, Made
from school_quality.warehouse.differences.comparison import INDICATORS, PROCEDURES, STATUSES, Columns
from school_quality.warehouse.publication import releases
from school_quality.warehouse.publication.releases import ReleaseInfo

if TYPE_CHECKING:
    import duckdb

SHOWN_IN_WORKBOOK = 100_000
"""More cells than this nobody reads, and a sheet ends at a million; ``meta.release_change`` has them all."""

VALUE_COLUMNS = ("status", "reason", "value", "value_text", "points")
PARTS_OF_VALUE = ("value_now", "value_before", "numerator", "denominator")
"""Told where the value made of them is the same: otherwise the value says it."""

INDICATOR_COLUMNS = (*VALUE_COLUMNS, *PARTS_OF_VALUE, "flags")
STATUS_COLUMNS = (
    "is_low_results",
    "low_procedure_ids",
    "is_risk_zone",
    "is_difficult_social",
    "official_low_results",
    "official_risk_zone",
    "official_difficult_social",
    "in_project_500",
    "is_supported",
    "school_group",
    "change_from_previous_year",
    "is_effective_mode",
)
PROCEDURE_COLUMNS = (
    "participants",
    "absent",
    "mean_score",
    "mean_mark",
    "share_2_pct",
    "share_3_pct",
    "share_4_pct",
    "share_5_pct",
    "failed",
    "failed_pct",
    "is_low_result",
    "data_level",
    "flags",
)
"""Intervals and the way to the threshold follow from these."""

_RECORD = {
    "release_id": ("varchar", "This release"),
    "school_id": ("varchar", "School; null where a whole reporting year came or went"),
    "period": ("varchar", "Period or reporting year"),
    "indicator_code": ("varchar", "Indicator; null for identification and procedures"),
    "what": (
        "varchar",
        "Column that differs, /component or /procedure; school, reporting_year: came or went as a whole",
    ),
    "before": ("varchar", "In the release before"),
    "after": ("varchar", "In this release"),
    "cause": (
        "varchar",
        "new_file, corrected_file, withdrawn_file, reread_file, methodology, code, as_of, reporting_year; "
        "several that are possible are joined by |",
    ),
    "file_id": ("varchar", "File that caused it, where only one can have"),
    "causes": ("varchar[]", "The same as cause, as a list"),
    "file_ids": ("varchar[]", "Files that can have caused it"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that differs. ``causes``: words of `causes.CAUSES`; one is certain, several are possible."""

    school_id: str | None
    school: str | None  # its number, or its name
    label: str | None  # the same with the municipality, where a release has several
    municipality: str | None
    period: str
    indicator_code: str | None
    procedure: str | None  # its name, where the cell is one of its result
    what: str
    before: str | None
    after: str | None
    causes: tuple[str, ...]
    file_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Two releases, what differs between what they are made of, and the cells; ``total`` of them."""

    old: ReleaseInfo
    new: ReleaseInfo
    inputs: Inputs
    changes: list[Change]
    total: int


def between(settings: Settings, first: str, second: str, limit: int | None = None) -> Difference:
    """What release ``second`` says otherwise than ``first``; at most ``limit`` of the cells, in order.

    Raises `UsageError` where there is no such release.
    """
    import duckdb

    old, new = (
        Made.of(settings, ReleaseInfo.from_json(releases.manifest(settings, release_id)))
        for release_id in (first, second)
    )
    if first == second:
        return Difference(old.release, new.release, Inputs(), [], 0)
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        for name, release_id in (("old", first), ("new", second)):
            attach(connection, settings, release_id, name)
        columns = comparison.compare(connection, "new", "old")
        inputs = find(connection, settings, columns, new, old)
        return Difference(old.release, new.release, inputs, *fetch(connection, limit))


def find(
    connection: duckdb.DuckDBPyConnection, settings: Settings, columns: Columns, new: Made, old: Made
) -> Inputs:
    """Make the temporary table ``difference`` of attached ``new`` and ``old``, causes and all.

    ``columns`` is what `comparison.compare` said of them.
    """
    _find_cells(connection, columns)
    inputs = causes.compare_inputs(connection, settings, new, old)
    causes.attribute(connection, inputs)
    connection.execute(
        """
        create or replace temp table difference as
        select
            change.* exclude (
                component, is_due_changed, is_support_changed, is_official, is_borrowed, is_one_sided_year
            ),
            coalesce(ascribed.causes, []) as causes,
            coalesce(ascribed.file_ids, []) as file_ids
        from change
        left join (
            select
                change_id,
                list_sort(list(distinct cause)) as causes,
                coalesce(list_sort(list(distinct file_id) filter (where file_id is not null)), []) as file_ids
            from cause
            group by all
        ) as ascribed using (change_id)
        """
    )
    return inputs


def record(connection: duckdb.DuckDBPyConnection, release: ReleaseInfo) -> None:
    """Fill ``meta.release_change`` of attached ``new``, the release being written, from `find`."""
    connection.execute(
        """
        insert into new.meta.release_change by name
        select
            $release_id as release_id, school_id, period, indicator_code, what, before, after,
            array_to_string(causes, '|') as cause,
            case when len(causes) = 1 and len(file_ids) = 1 then file_ids[1] end as file_id,
            causes, file_ids
        from difference
        order by change_id
        """,
        {"release_id": release.release_id},
    )


def create_record(connection: duckdb.DuckDBPyConnection) -> None:
    """The empty table ``meta.release_change`` of attached ``new``; the first release leaves it so."""
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in _RECORD.items())
    connection.execute(f"create table new.meta.release_change ({columns})")
    connection.execute(
        "comment on table new.meta.release_change is "
        "'What this release says otherwise than the one before it. One row per cell that differs.'"
    )
    for name, (_, comment) in _RECORD.items():
        connection.execute(f"comment on column new.meta.release_change.{name} is '{comment}'")


def fetch(connection: duckdb.DuckDBPyConnection, limit: int | None) -> tuple[list[Change], int]:
    """The cells that `find` found, at most ``limit``, and how many there are.

    Identification first, then values of indicators, their parts and flags, then results of procedures.
    """
    found = connection.execute(
        f"""
        with schools as (
            from {school_names.relation("new")}
            union all
            from {school_names.relation("old")} anti join new.marts.dim_school using (school_id)
        ),

        municipalities as (
            select * from new.marts.dim_municipality
            union all by name
            select * from old.marts.dim_municipality
            anti join new.marts.dim_municipality using (municipality_id)
        ),

        procedures as (
            select procedure_id, procedure_name from new.marts.dim_procedure
            union all
            select procedure_id, procedure_name from old.marts.dim_procedure
            anti join new.marts.dim_procedure using (procedure_id)
        )

        select
            difference.school_id,
            coalesce(schools.name, difference.school_id),
            coalesce(schools.label, difference.school_id),
            municipalities.municipality_name,
            difference.period, difference.indicator_code, procedures.procedure_name, difference.what,
            difference.before, difference.after,
            difference.causes, difference.file_ids
        from difference
        left join schools using (school_id)
        left join municipalities on difference.municipality_id = municipalities.municipality_id
        left join procedures using (procedure_id)
        order by
            difference.procedure_id is not null, split_part(difference.what, '/', 1) in $parts,
            difference.indicator_code nulls first, municipality_name,
            school_number, school_id, difference.period, difference.procedure_id, difference.change_id
        limit $limit
        """,
        {"limit": 2**62 if limit is None else limit, "parts": [*PARTS_OF_VALUE, "flags"]},
    ).fetchall()
    total = connection.execute("select count(*) from difference").fetchone()
    names: dict[str, str] = {}
    for side in ("old", "new"):
        rows = connection.execute(f"select procedure_id, procedure_name from {side}.marts.dim_procedure")
        names |= dict(rows.fetchall())
    changes = [Change(*(*cells, tuple(words), tuple(ids))) for *cells, words, ids in found]
    return [_named(change, names) for change in changes], total[0] if total else 0


def _named(change: Change, names: Mapping[str, str]) -> Change:
    """A change of a list of procedures with their names in the place of their ids."""
    if change.what != "low_procedure_ids":
        return change
    before, after = (
        text and "; ".join(names.get(id_, id_) for id_ in text.strip("[]").split(", "))
        for text in (change.before, change.after)
    )
    return replace(change, before=before, after=after)


def _find_cells(connection: duckdb.DuckDBPyConnection, columns: Columns) -> None:
    """Temporary table ``change``: the differing cells of rows that differ, and what their causes depend on.

    Of a year that only one side has, a row says so and its identification is listed, its values and results
    are not.
    """
    statuses = _compared(columns[STATUSES], STATUS_COLUMNS)
    indicators = _compared(columns[INDICATORS], INDICATOR_COLUMNS)
    procedures = _compared(columns[PROCEDURES], PROCEDURE_COLUMNS)
    told = [*statuses, *indicators, *procedures]
    connection.execute(
        f"""
        create or replace temp table change as
        with new_years as (select distinct reporting_year from new.marts.fct_school_status),

        old_years as (select distinct reporting_year from old.marts.fct_school_status),

        common_years as (from new_years semi join old_years using (reporting_year)),

        borrowed as (
            select distinct municipality_id, reporting_year
            from (
                select municipality_id, reporting_year, flags from new.marts.fct_procedure_result
                union all
                select municipality_id, reporting_year, flags from old.marts.fct_procedure_result
            )
            where list_contains(flags, 'borrowed_scale')
        ),

        statuses as (
            select
                school_id,
                coalesce(new.municipality_id, old.municipality_id) as municipality_id,
                reporting_year,
                reporting_year::varchar as period,
                null as indicator_code,
                '' as component,
                {_cells(statuses, one_sided="school")},
                false as is_due_changed,
                false as is_support_changed,
                coalesce(new.official_low_results, new.official_risk_zone) is not null
                and coalesce(old.official_low_results, old.official_risk_zone) is not null as is_official,
                new_years.reporting_year is null or old_years.reporting_year is null as is_one_sided_year
            from {STATUSES.changed}
            left join new.marts.fct_school_status as new using (school_id, reporting_year)
            left join old.marts.fct_school_status as old using (school_id, reporting_year)
            left join new_years using (reporting_year)
            left join old_years using (reporting_year)
        ),

        indicators as (
            select
                school_id,
                coalesce(new.municipality_id, old.municipality_id) as municipality_id,
                coalesce(new.reporting_year, old.reporting_year) as reporting_year,
                period,
                indicator_code,
                component,
                {_cells(indicators)},
                coalesce(new.reason = 'not_due', false) <> coalesce(old.reason = 'not_due', false)
                as is_due_changed,
                coalesce(new.reason = 'not_supported', false) <> coalesce(old.reason = 'not_supported', false)
                as is_support_changed,
                coalesce(list_contains(new.flags, 'borrowed_scale'), false)
                or coalesce(list_contains(old.flags, 'borrowed_scale'), false)
                or coalesce(new.reason = 'no_scale', false)
                or coalesce(old.reason = 'no_scale', false) as is_borrowed,
                statuses.is_official
            from {INDICATORS.changed}
            left join new.marts.fct_indicator_value as new using ({", ".join(INDICATORS.key)})
            left join old.marts.fct_indicator_value as old using ({", ".join(INDICATORS.key)})
            left join (
                select
                    school_id, reporting_year,
                    coalesce(official_low_results, official_risk_zone) is not null as is_official
                from new.marts.fct_school_status
            ) as statuses on school_id = statuses.school_id and new.reporting_year = statuses.reporting_year
            where coalesce(new.reporting_year, old.reporting_year) in (from common_years)
        ),

        procedures as (
            select
                school_id,
                coalesce(new.municipality_id, old.municipality_id) as municipality_id,
                reporting_year,
                reporting_year::varchar as period,
                procedure_id,
                {_cells(procedures)},
                coalesce(list_contains(new.flags, 'borrowed_scale'), false)
                or coalesce(list_contains(old.flags, 'borrowed_scale'), false) as is_borrowed
            from {PROCEDURES.changed}
            left join new.marts.fct_procedure_result as new using ({", ".join(PROCEDURES.key)})
            left join old.marts.fct_procedure_result as old using ({", ".join(PROCEDURES.key)})
            where reporting_year in (from common_years)
        ),

        years as (
            select
                coalesce(new_years.reporting_year, old_years.reporting_year) as reporting_year,
                old_years.reporting_year::varchar as before,
                new_years.reporting_year::varchar as after
            from new_years full join old_years using (reporting_year)
            where new_years.reporting_year is null or old_years.reporting_year is null
        ),

        cells as (
            select * exclude (cells), false as is_borrowed, unnest(cells, recursive := true) from statuses
            union all by name
            select * exclude (cells), unnest(cells, recursive := true) from indicators
            union all by name
            select
                * exclude (cells), '' as component, false as is_due_changed, false as is_support_changed,
                false as is_official, unnest(cells, recursive := true)
            from procedures
            union all by name
            select
                reporting_year, reporting_year::varchar as period, 'reporting_year' as what, before, after,
                '' as component, false as is_due_changed, false as is_support_changed, false as is_official,
                false as is_borrowed, true as is_one_sided_year
            from years
        )

        select
            row_number() over (
                order by
                    indicator_code nulls first, school_id nulls first, period, component, procedure_id,
                    list_position({told}, what) nulls first
            ) as change_id,
            cells.school_id, cells.municipality_id, cells.reporting_year, cells.period, cells.indicator_code,
            cells.component, cells.procedure_id,
            concat_ws('/', cells.what, nullif(cells.component, ''), cells.procedure_id) as what,
            cells.before, cells.after, cells.is_due_changed, cells.is_support_changed, cells.is_official,
            coalesce(cells.is_one_sided_year, false) as is_one_sided_year,
            cells.is_borrowed
            or (
                coalesce(cells.indicator_code, cells.procedure_id) is null
                and borrowed.municipality_id is not null
            ) as is_borrowed
        from cells
        left join borrowed
            on cells.municipality_id = borrowed.municipality_id
            and cells.reporting_year = borrowed.reporting_year
        """
    )


def _compared(present: Mapping[str, str], told: Sequence[str]) -> dict[str, str]:
    """Of the columns that both warehouses have, those that are told, in the order of ``told``."""
    return {name: present[name] for name in told if name in present}


def _cells(columns: Mapping[str, str], one_sided: str | None = None) -> str:
    """A list of the columns that differ, as ``what, before, after``; of a new or gone row, what it says.

    ``columns``: their types by name. ``one_sided``: how a row that only one side has is called.
    """
    cells = []
    for column, kind in columns.items():
        differs = _differs(column, kind)
        if column in PARTS_OF_VALUE:
            differs = f"{differs} and {comparison.is_close('value')}"
        cells.append(
            f"{{'what': '{column}', 'before': old.{column}::varchar, 'after': new.{column}::varchar, "
            f"'differs': {differs}}}"
        )
    if one_sided is not None:
        cells.append(
            f"{{'what': '{one_sided}', 'before': case when old.school_id is not null then 'present' end, "
            "'after': case when new.school_id is not null then 'present' end, "
            "'differs': (old.school_id is null or new.school_id is null) "
            "and new_years.reporting_year is not null and old_years.reporting_year is not null}"
        )
    return f"list_filter([{', '.join(cells)}], lambda cell: cell.differs) as cells"


def _differs(column: str, kind: str) -> str:
    if kind == "DOUBLE":
        return f"not {comparison.is_close(column)}"
    # of a school that came or went, only what is said of it: not every no
    return (
        f"new.{column} is distinct from old.{column} and not coalesce("
        f"(new.school_id is null or old.school_id is null) "
        f"and coalesce(new.{column}::varchar, old.{column}::varchar) in ('false', '[]'), false)"
    )


SHOWN_SCHOOLS = 20
"""A list of more schools than this is for a document, not for a notice."""

LISTS = ("is_low_results", "is_risk_zone", "is_supported")


@dataclass(frozen=True, slots=True)
class Movement:
    """Schools that came into a list of `LISTS` or left it: how many, and the first by number or name.

    Of those in ``lost`` nobody knows any more: what said that they were in it is gone.
    """

    what: str
    reporting_year: str
    entered: int
    left: int
    lost: int
    entered_schools: list[str]
    left_schools: list[str]
    lost_schools: list[str]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a warehouse says otherwise than a release: indicator values, their schools, the lists."""

    values: int
    schools: int
    movements: list[Movement]

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Effect:
        movements = [Movement(**movement) for movement in document["movements"]]
        return cls(document["values"], document["schools"], movements)


def effect(settings: Settings, warehouse: Path, release_id: str) -> Effect:
    """How ``warehouse``, a build or published file, differs from a release on disk."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(warehouse)} as new (read_only)")
        attach(connection, settings, release_id, "old")
        _find_cells(connection, comparison.compare(connection, "new", "old"))
        counts = connection.execute(
            "select count(distinct (school_id, period, indicator_code)), count(distinct school_id) "
            "from change where indicator_code is not null and split_part(what, '/', 1) in ?",
            [list(VALUE_COLUMNS)],
        ).fetchone()
        moves = ("after = 'true'", "before = 'true' and after = 'false'", "before = 'true' and after is null")
        counted = ", ".join(f"count(*) filter (where {move})" for move in moves)
        listed = "list(coalesce(label, school_id) order by school_number, label)"
        named = ", ".join(f"coalesce({listed} filter (where {move}), [])[:$shown]" for move in moves)
        movements = connection.execute(
            f"""
            with schools as (
                select
                    school_id,
                    school_number,
                    case when name = school_number::varchar then '№ ' else '' end || label as label
                from {school_names.relation("new")}
            )

            select what, period, {counted}, {named}
            from change left join schools using (school_id)
            where what in $lists and (before = 'true' or after = 'true')
            group by what, period
            order by list_position($lists, what), period
            """,
            {"shown": SHOWN_SCHOOLS, "lists": list(LISTS)},
        ).fetchall()
    values, schools = counts or (0, 0)
    return Effect(values, schools, [Movement(*movement) for movement in movements])


def attach(connection: duckdb.DuckDBPyConnection, settings: Settings, release_id: str, name: str) -> None:
    """Attach the warehouse of a release, read-only, under ``name``."""
    file = literal(releases.kept_warehouse(settings, release_id))
    connection.execute(f"attach {file} as {name} (read_only)")
