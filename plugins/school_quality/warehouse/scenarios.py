"""Builds on the side: what other files or another methodology would change, with nothing kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from school_quality.errors import UsageError
from school_quality.quoting import literal
from school_quality.settings import Settings
from school_quality.warehouse import build, school_names
from school_quality.warehouse.publication import releases
from school_quality.warehouse.publication.releases import ReleaseInfo
from school_quality.warehouse.readers.opening import open_shut


@dataclass(frozen=True, slots=True)
class Moved:
    """A school whose place in a list changes, by reporting year; ``school`` is its label for people."""

    reporting_year: int
    what: str  # a column of fct_school_status
    school: str
    before: bool | None
    after: bool | None


@dataclass(frozen=True, slots=True)
class Points:
    """A school's points on an indicator before and after; None where it is not scored."""

    period: str
    school: str
    indicator_code: str
    before: int | None
    after: int | None


LISTS = ("is_low_results", "is_risk_zone", "is_supported")


def aside(settings: Settings, release: ReleaseInfo, folder: Path, **variables: Any) -> Path:
    """Build the marts of ``release`` in ``folder`` with other dbt variables; returns the build file."""
    build_file = folder / "build.duckdb"
    build.run_dbt(
        build_file,
        {**build.release_variables(settings, release), **variables},
        "--exclude-resource-type",
        "test",
    )
    return build_file


def baseline(settings: Settings, release: ReleaseInfo, folder: Path) -> Path:
    """A warehouse with the inputs of ``release``: the current one where it has them, else one built aside."""
    current = releases.current(settings)
    if current is not None and current.inputs == release.inputs:
        return releases.warehouse(settings, current.release_id)
    return aside(settings, release, folder)


def check_version(version: str) -> None:
    """Raise `UsageError` for a methodology version that does not exist."""
    from school_quality import seeds

    versions = sorted({row["methodology_version"] for row in seeds.rows("methodology_versions")})
    if version not in versions:
        raise UsageError(f"Версии методики «{version}» нет. Есть: {', '.join(versions)}")


def check_procedures(warehouse: Path, procedures: list[str]) -> None:
    """Raise `UsageError` for a procedure of which the warehouse has no result."""
    with open_shut(warehouse) as connection:
        rows = connection.execute("select procedure_id from marts.dim_procedure order by all").fetchall()
    known = [name for (name,) in rows]
    unknown = sorted(set(procedures).difference(known))
    if unknown:
        raise UsageError(f"Таких работ нет: {', '.join(unknown)}. Есть: {', '.join(known)}")


def compare(before: Path, after: Path) -> tuple[list[Moved], list[Points]]:
    """How lists and points of two warehouses differ."""
    import duckdb

    schools, label = school_names.relation("new"), "coalesce(label, school_id)"
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(before)} as old (read_only)")
        connection.execute(f"attach {literal(after)} as new (read_only)")
        moved = [
            Moved(*row)
            for column in LISTS
            for row in connection.execute(
                f"""
                select reporting_year, '{column}', {label}, old.{column}, new.{column}
                from old.marts.fct_school_status as old
                full join new.marts.fct_school_status as new using (school_id, reporting_year)
                left join {schools} using (school_id)
                where old.{column} is distinct from new.{column}
                order by reporting_year, municipality, school_number, school_id
                """
            ).fetchall()
        ]
        points = [
            Points(*row)
            for row in connection.execute(
                f"""
                select period, {label}, indicator_code, old.points, new.points
                from old.marts.fct_indicator_value as old
                full join new.marts.fct_indicator_value as new
                    using (school_id, period, indicator_code, component)
                left join {schools} using (school_id)
                where old.points is distinct from new.points
                order by period, municipality, school_number, school_id, indicator_code
                """
            ).fetchall()
        ]
    return moved, points
