"""What a release changes against the one before it: ``meta.release_change``, computed in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from school_quality.landing.receipts import read_receipts
from school_quality.settings import Settings
from school_quality.warehouse import releases
from school_quality.warehouse.releases import ReleaseInfo

if TYPE_CHECKING:
    import duckdb

INDICATOR_COLUMNS = ("status", "reason", "value", "value_text", "points")
STATUS_COLUMNS = (
    "is_low_results",
    "is_risk_zone",
    "is_difficult_social",
    "official_low_results",
    "official_risk_zone",
    "is_supported",
    "school_group",
    "is_effective_mode",
)

_INDICATORS = """
    select
        coalesce(new.school_id, old.school_id) as school_id,
        coalesce(new.period, old.period) as period,
        coalesce(new.indicator_code, old.indicator_code) as indicator_code,
        '{column}' || coalesce(nullif('/' || coalesce(new.component, old.component), '/'), '') as what,
        old.{column}::varchar as before,
        new.{column}::varchar as after
    from {new}.marts.fct_indicator_value as new
    full join {old}.marts.fct_indicator_value as old
        using (school_id, period, indicator_code, component)
    where new.{column} is distinct from old.{column} and {condition}
"""

_NOT_NOISE = "coalesce(abs(new.value - old.value) > 1e-9 * greatest(1, abs(old.value)), true)"
"""Means are summed by several threads in any order: their last digits are no change."""

_STATUSES = """
    select
        coalesce(new.school_id, old.school_id) as school_id,
        coalesce(new.reporting_year, old.reporting_year)::varchar as period,
        null as indicator_code,
        '{column}' as what,
        old.{column}::varchar as before,
        new.{column}::varchar as after
    from {new}.marts.fct_school_status as new
    full join {old}.marts.fct_school_status as old using (school_id, reporting_year)
    where new.{column} is distinct from old.{column}
"""


def differences(new: str, old: str) -> str:
    """SQL for every cell that differs between two attached releases: identification, then indicators."""
    parts = [_STATUSES.format(column=column, new=new, old=old) for column in STATUS_COLUMNS]
    parts += [
        _INDICATORS.format(
            column=column, new=new, old=old, condition=_NOT_NOISE if column == "value" else "true"
        )
        for column in INDICATOR_COLUMNS
    ]
    return " union all ".join(parts)


def cause(release: ReleaseInfo, previous: ReleaseInfo) -> str | None:
    """The cause of all differences where it is certain, that is where only one of the inputs changed."""
    changed = [
        name
        for name, is_changed in (
            ("files", release.receipt_seq != previous.receipt_seq),
            ("code", release.code_version != previous.code_version),
            ("as_of", release.as_of != previous.as_of),
            ("reporting_year", release.reporting_year != previous.reporting_year),
            ("methodology_version", release.methodology_version != previous.methodology_version),
        )
        if is_changed
    ]
    return changed[0] if len(changed) == 1 else None


def record(connection: duckdb.DuckDBPyConnection, settings: Settings, release: ReleaseInfo) -> None:
    """Fill ``warehouse.meta.release_change`` of the release being written; the first release changes nothing.

    A change is ascribed to a file only where one receipt alone came in between.
    """
    connection.execute(
        "create table if not exists warehouse.meta.release_change "
        "(release_id varchar, school_id varchar, period varchar, indicator_code varchar, "
        "what varchar, before varchar, after varchar, cause varchar, file_id varchar)"
    )
    if release.previous_release_id not in releases.all_ids(settings):
        return
    previous = ReleaseInfo.from_json(releases.manifest(settings, str(release.previous_release_id)))
    why = cause(release, previous)
    attach(connection, settings, previous.release_id, "previous")
    connection.execute(
        f"""
        insert into warehouse.meta.release_change by name
        select
            $release_id as release_id, *,
            $cause as cause,
            case when $cause = 'files' then $file_id end as file_id,
        from ({differences("warehouse", "previous")})
        """,
        {
            "release_id": release.release_id,
            "cause": why,
            "file_id": _only_file(settings, previous.receipt_seq, release.receipt_seq),
        },
    )
    connection.execute("detach previous")


def _only_file(settings: Settings, after: int, up_to: int) -> str | None:
    """The file of the receipts in ``(after, up_to]``, where they are all of one file."""
    files = {receipt.file_id for receipt in read_receipts(settings, up_to) if receipt.seq > after}
    return files.pop() if len(files) == 1 else None


def between(settings: Settings, first: str, second: str) -> list[tuple[object, ...]]:
    """What ``second`` says otherwise than ``first``: school, period, indicator, what, before, after."""
    import duckdb

    with duckdb.connect() as connection:
        for name, release_id in (("old", first), ("new", second)):
            releases.manifest(settings, release_id)  # raises where there is no such release
            attach(connection, settings, release_id, name)
        found: list[tuple[object, ...]] = connection.execute(
            f"""
            select
                coalesce(school_number::varchar, school_name, school_id),
                period, indicator_code, what, before, after
            from ({differences("new", "old")})
            left join new.marts.dim_school using (school_id)
            order by indicator_code nulls first, school_number, school_id, period, what
            """
        ).fetchall()
    return found


SHOWN_SCHOOLS = 20
"""A list of more schools than this is for a document, not for a notice."""

LISTS = ("is_low_results", "is_risk_zone", "is_supported")


@dataclass(frozen=True, slots=True)
class Movement:
    """Schools that came into a list of `LISTS` or left it: how many, and the first by number or name."""

    what: str
    reporting_year: str
    entered: int
    left: int
    entered_schools: list[str]
    left_schools: list[str]


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
        connection.execute(f"attach '{str(warehouse).replace(chr(39), chr(39) * 2)}' as new (read_only)")
        attach(connection, settings, release_id, "old")
        connection.execute(f"create table difference as {differences('new', 'old')}")
        counts = connection.execute(
            "select count(distinct (school_id, period, indicator_code)), count(distinct school_id) "
            "from difference where indicator_code is not null"
        ).fetchone()
        movements = connection.execute(
            """
            with schools as (
                select
                    school_id,
                    school_number,
                    coalesce('№ ' || school_number, school_name, school_id)
                    || case
                        when (select count(*) from new.marts.dim_municipality) > 1
                        then ' (' || coalesce(municipality_name, 'район неизвестен') || ')' else ''
                    end as label,
                from new.marts.dim_school left join new.marts.dim_municipality using (municipality_id)
            )

            select
                what,
                period,
                count(*) filter (where after = 'true') as entered,
                count(*) filter (where before = 'true') as gone,
                coalesce(
                    list(coalesce(label, school_id) order by school_number, label)
                    filter (where after = 'true'), []
                )[:?] as entered_schools,
                coalesce(
                    list(coalesce(label, school_id) order by school_number, label)
                    filter (where before = 'true'), []
                )[:?] as gone_schools,
            from difference left join schools using (school_id)
            where what in ? and (before = 'true' or after = 'true')
            group by what, period
            order by list_position(?, what), period
            """,
            [SHOWN_SCHOOLS, SHOWN_SCHOOLS, list(LISTS), list(LISTS)],
        ).fetchall()
    values, schools = counts or (0, 0)
    return Effect(values, schools, [Movement(*movement) for movement in movements])


def attach(connection: duckdb.DuckDBPyConnection, settings: Settings, release_id: str, name: str) -> None:
    """Attach the warehouse of a release, read-only, under ``name``."""
    file = str(settings.published / release_id / "warehouse.duckdb").replace("'", "''")
    connection.execute(f"attach '{file}' as {name} (read_only)")
