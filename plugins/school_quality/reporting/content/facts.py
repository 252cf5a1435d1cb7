"""The marts as the documents need them: dimensions once, facts for a batch of schools at a time.

A warehouse may hold 40,000 schools, a batch holds a few hundred, so memory does not grow with the warehouse.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from school_quality import seeds
from school_quality.errors import UsageError
from school_quality.reporting import words
from school_quality.reporting.content import methodology
from school_quality.warehouse import contract

Row = dict[str, Any]

HISTORY_YEARS = 5
BATCH = 250

_STATUSES = """
    from marts.fct_school_status as s
    left join marts.dim_school as d using (school_id)
    where s.reporting_year = $1 and ($2 is null or s.municipality_id = $2)
    order by s.municipality_id, d.school_number, s.school_id
"""


@dataclass(frozen=True, slots=True)
class Reference:
    """What all cards of a year share.

    ``version`` is the edition of the methodology that judged the year. Keys: of ``indicators`` version, code
    and component, of ``district_procedures`` municipality and procedure, of ``district_points`` municipality
    and task (0: all tasks). ``district_points`` are medians of the schools' shares of points in percent,
    where there are enough schools for one, ``contexts`` the median ИСБШ that parts the groups of a
    municipality.
    """

    year: int
    version: str
    academic_year: str
    period: str | None
    period_label: str
    municipalities: dict[str, str]
    schools: dict[str, Row]
    indicators: dict[tuple[str, str, str], Row]
    procedures: dict[str, Row]
    district_procedures: dict[tuple[str, str], Row]
    district_points: dict[tuple[str, int], float]
    contexts: dict[str, float]
    reasons: dict[str, str]
    municipality_id: str | None = None  # documents are written for this one only

    def includes(self, row: Row) -> bool:
        """Whether a row of ``fct_indicator_value`` or ``fct_lineage`` is of the edition's period."""
        if self.period is not None:
            return bool(row["period"] == self.period)
        return str(row["period"]).partition("-")[0] == str(self.year)

    def reason(self, row: Row) -> str:
        """The Russian label of a row's reason; the reason itself where nobody gives it one."""
        return self.reasons.get(row["reason"], str(row["reason"]))


@dataclass(frozen=True, slots=True)
class MergedFacts:
    """A school merged into another: its own ``statuses`` and ``values`` of the same years, by year."""

    school: Row
    statuses: list[Row]
    values: list[Row]


@dataclass(frozen=True, slots=True)
class SchoolFacts:
    """One school in one year; ``values`` holds rows of the year and, for the plots, of years before it.

    ``sources`` are rows of ``fct_lineage`` with the path of their file; empty where they were not asked for.
    ``falls`` are dynamics that fall and go on falling (`fct_lasting_fall`), ``merged`` the schools merged
    into it (`merged_schools`), ``unsent`` its rows of ``fct_submission`` that are missing or not complete;
    empty in the open edition, which says nothing of submissions. ``tasks`` are its results by task (`TASKS`);
    None in the open edition, which has none.
    """

    school: Row
    status: Row
    procedures: list[Row]
    values: list[Row]
    recommendations: list[Row]
    support: list[Row]
    sources: list[Row]
    falls: list[Row] = field(default_factory=list)
    merged: list[MergedFacts] = field(default_factory=list)
    unsent: list[Row] = field(default_factory=list)
    tasks: list[Row] | None = None

    @property
    def version(self) -> str:
        """The methodology's version of the latest year; empty where there is no indicator at all."""
        return str(self.values[-1]["methodology_version"]) if self.values else ""


TASKS = """
    select results.*, tasks.position, tasks.max_points, tasks.max_source, tasks.level, tasks.skill
    from marts.fct_task_result as results
    inner join marts.dim_task as tasks using (reporting_year, procedure_id, task)
"""
"""SQL: results by task with what the work says of the task; a condition on ``results`` follows."""

LINEAGE = """
    select l.*, f.path, f.dataset, f.received_at
    from marts.fct_lineage as l
    left join (
        select
            file_id, max_by(path, received_at) as path, max_by(dataset, received_at) as dataset,
            max(received_at) as received_at
        from meta.source_file
        group by file_id
    ) as f using (file_id)
"""
"""SQL: the rows of files behind values, each file as it was received last; a condition on ``l`` follows."""


def open_warehouse(path: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection to a build or published file."""
    return duckdb.connect(str(path), read_only=True)


def rows(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()
) -> list[Row]:
    """Result rows as dictionaries by column name; decimals as floats, for documents only show them.

    Floats have twelve digits: the last ones of a sum depend on the order in which threads added, and a
    document must not change with them.
    """
    cursor = connection.execute(sql, parameters if isinstance(parameters, dict) else list(parameters))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, map(_shown, values), strict=True)) for values in cursor.fetchall()]


def _shown(value: Any) -> Any:
    return float(f"{value:.12g}") if isinstance(value, float | Decimal) else value


def read_reference(
    connection: duckdb.DuckDBPyConnection, year: int, period: str | None, municipality: str | None = None
) -> Reference:
    """Dimensions and district figures of ``year``; ``municipality`` is an id or a name.

    Raises:
        UsageError: the warehouse has no school in that year, or no such period or municipality.
    """
    years = [
        r["reporting_year"]
        for r in rows(connection, "select distinct reporting_year from marts.fct_school_status")
    ]
    if year not in years:
        known = ", ".join(str(y) for y in sorted(years)) or "нет ни одного"
        raise UsageError(f"За {year} год в хранилище нет школ. Есть годы: {known}.")
    periods = {
        r["period"]: r
        for r in rows(connection, "select * from marts.dim_period where reporting_year = ?", [year])
    }
    if period is not None and period not in periods:
        raise UsageError(f"Период {period} за {year} год неизвестен. Есть: {', '.join(sorted(periods))}.")
    academic_year = f"{year}-{year + 1}"
    part = period if period != str(year) else None
    municipalities = {
        r["municipality_id"]: r["municipality_name"]
        for r in rows(connection, "select municipality_id, municipality_name from marts.dim_municipality")
    }
    return Reference(
        year=year,
        version=_version(connection, year),
        academic_year=academic_year,
        period=part,
        period_label=periods[part]["label"] if part else f"{year} год ({academic_year} учебный год)",
        municipalities=municipalities,
        municipality_id=_municipality_id(municipalities, municipality) if municipality else None,
        schools={r["school_id"]: r for r in rows(connection, "select * from marts.dim_school")},
        indicators={
            (r["methodology_version"], r["indicator_code"], r["component"]): r
            for r in rows(connection, "select * from marts.dim_indicator")
        },
        procedures={r["procedure_id"]: r for r in rows(connection, "select * from marts.dim_procedure")},
        district_procedures={
            (r["municipality_id"], r["procedure_id"]): r
            for r in rows(
                connection, "select * from marts.fct_municipality_procedure where reporting_year = ?", [year]
            )
        },
        district_points={
            (r["municipality_id"], r["task"]): r["median_pct"]
            for r in rows(
                connection,
                "select * from marts.fct_municipality_points"
                " where reporting_year = ? and median_pct is not null",
                [year],
            )
        },
        contexts={
            r["municipality_id"]: r["median_social_index"]
            for r in rows(
                connection, "select * from marts.fct_municipality_context where reporting_year = ?", [year]
            )
        },
        reasons=methodology.reasons() | words.SUPPRESSED_REASONS,
    )


def _version(connection: duckdb.DuckDBPyConnection, year: int) -> str:
    """The edition that judged a year; where nothing was computed, the one in force in it."""
    (found,) = rows(
        connection,
        "select max(methodology_version) as version from marts.fct_indicator_value where reporting_year = ?",
        [year],
    )
    return found["version"] or seeds.edition(year)


def _municipality_id(municipalities: dict[str, str], asked: str) -> str:
    """The id of a municipality given by id or name. Raises `UsageError` where there is none, or several."""
    wanted = asked.strip().casefold()
    found = [
        id_ for id_, name in municipalities.items() if wanted in {id_.casefold(), (name or "").casefold()}
    ]
    if len(found) != 1:
        known = ", ".join(sorted(f"{name} ({id_})" for id_, name in municipalities.items()))
        raise UsageError(f"Район «{asked}» не найден или не один. Есть: {known}.")
    return found[0]


def is_open(status: Row) -> bool:
    """Whether a row of ``fct_school_status`` is of the open edition, which names what it hides."""
    return "suppressed" in status


def is_hidden(status: Row, column: str) -> bool:
    """Whether the open edition hides a column of a row of ``fct_school_status``."""
    return column in (status.get("suppressed") or ())


def updated_note(statuses: Iterable[Row], districts: Iterable[Row] = ()) -> str:
    """What of statuses and figures of districts the open edition keeps from an earlier release."""
    columns = {column for status in statuses for column in status.get("being_updated") or ()}
    declared = {
        column.name: column.title
        for column in contract.table("fct_school_status").columns
        if "card" in column.shown
    }
    names = [name for column, name in (declared | words.UPDATED).items() if column in columns]
    if any(row.get("is_being_updated") for row in districts):
        names.append(words.UPDATED_DISTRICT)
    return f"Уточняется, показано прежнее: {', '.join(names)}." if names else ""


def how_many(statuses: Iterable[Row], column: str) -> str:
    """How many schools have a status, and of how many nobody knows; only the latter where nobody knows of
    any.

    Args:
        statuses: rows of ``fct_school_status``.
        column: a yes or no of them; null is no no.
    """
    statuses = list(statuses)
    hidden = sum(is_hidden(status, column) for status in statuses)
    unknown = {
        words.NO_DATA: sum(status[column] is None for status in statuses) - hidden,
        words.HIDDEN: hidden,
    }
    if statuses and len(statuses) in unknown.values():
        return next(word for word, count in unknown.items() if count)
    why = ", ".join(f"{word}: {count}" for word, count in unknown.items() if count)
    return f"{sum(bool(status[column]) for status in statuses)}" + (f" ({why})" if why else "")


def procedure_order(procedure: Row) -> tuple[int, int, str]:
    """Sort key of procedures: ЕГЭ, ОГЭ, ВПР, then by grade and name."""
    exams = ("ege", "oge", "vpr")
    exam = procedure.get("exam")
    place = exams.index(exam) if exam in exams else len(exams)
    return (
        place,
        procedure.get("grade") or 0,
        str(procedure.get("procedure_name") or procedure.get("procedure_id") or ""),
    )


def read_statuses(connection: duckdb.DuckDBPyConnection, reference: Reference) -> list[Row]:
    """Statuses of the schools that the documents are about, by municipality, number and code."""
    return rows(connection, f"select s.* {_STATUSES}", _asked(reference))


def _asked(reference: Reference) -> list[Any]:
    return [reference.year, reference.municipality_id]


def read_schools(
    connection: duckdb.DuckDBPyConnection, reference: Reference, *, with_sources: bool
) -> Iterator[SchoolFacts]:
    """Every school that the documents are about, in the order of `read_statuses`, a batch at a time.

    Args:
        connection: a warehouse of either edition.
        reference: which schools, year and period.
        with_sources: whether what only the official edition knows is read, too: the rows of files behind the
            values, and what was not sent.
    """
    merged = merged_schools(reference.schools, reference.year)
    ids = [
        school_id
        for (school_id,) in connection.execute(
            f"select s.school_id {_STATUSES}", _asked(reference)
        ).fetchall()
    ]
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        past = _read_merged(connection, reference, {id_: merged[id_] for id_ in batch if id_ in merged})
        yield from _read_batch(connection, reference, batch, past, with_sources)


def _read_merged(
    connection: duckdb.DuckDBPyConnection, reference: Reference, merged: dict[str, list[Row]]
) -> dict[str, list[MergedFacts]]:
    """The past of the schools merged into those of a batch, by the id of the latter."""
    ids = sorted({school["school_id"] for schools in merged.values() for school in schools})
    if not ids:
        return {}
    years = [reference.year - HISTORY_YEARS + 1, reference.year, ids]
    statuses, values = (
        _by_school(
            connection,
            f"select * from marts.{table}"
            f" where reporting_year between ? and ? and list_contains(?, school_id) order by {order}",
            years,
        )
        for table, order in (("fct_school_status", "reporting_year"), ("fct_indicator_value", "period"))
    )
    return {
        heir: [
            MergedFacts(school, statuses[school["school_id"]], values[school["school_id"]])
            for school in schools
        ]
        for heir, schools in merged.items()
    }


def merged_schools(schools: dict[str, Row], year: int) -> dict[str, list[Row]]:
    """Rows of ``dim_school`` merged into each school up to the end of ``year``, the last merged first.

    A merger follows the register's successor from school to school; a circle ends before itself. A school
    that still was one after ``year`` is not merged yet; one without a last day is, as the register says.
    """
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for school_id, school in schools.items():
        passed, current = {school_id}, school
        while current.get("open_to") is None or current["open_to"].year <= year:
            heir = current.get("successor_school_id")
            if heir is None or heir in passed or heir not in schools:
                break
            found[heir].append(school)
            passed.add(heir)
            current = schools[heir]
    for merged in found.values():
        merged.sort(key=lambda row: (row.get("school_number") or 0, row["school_id"]))
        merged.sort(key=lambda row: row.get("open_to") or date.max, reverse=True)
    return dict(found)


def _read_batch(
    connection: duckdb.DuckDBPyConnection,
    reference: Reference,
    ids: list[str],
    merged: dict[str, list[MergedFacts]],
    with_sources: bool,
) -> Iterator[SchoolFacts]:
    year = reference.year
    statuses = _by_school(
        connection,
        "select * from marts.fct_school_status where reporting_year = ? and list_contains(?, school_id)",
        [year, ids],
    )
    procedures = _by_school(
        connection,
        "select * from marts.fct_procedure_result where reporting_year = ? and list_contains(?, school_id)",
        [year, ids],
    )
    values = _by_school(
        connection,
        "select * from marts.fct_indicator_value"
        " where reporting_year between ? and ? and list_contains(?, school_id) order by period",
        [year - HISTORY_YEARS + 1, year, ids],
    )
    recommendations = _by_school(
        connection,
        "select * from marts.fct_recommendation"
        " where reporting_year = ? and list_contains(?, school_id) order by rank",
        [year, ids],
    )
    support = _by_school(
        connection,
        "select * from marts.fct_support where reporting_year = ? and list_contains(?, school_id)"
        " order by role, organisation, valid_from",
        [year, ids],
    )
    falls = _by_school(
        connection,
        "select * from marts.fct_lasting_fall where reporting_year = ? and list_contains(?, school_id)",
        [year, ids],
    )
    sources = (
        _by_school(
            connection,
            f"{LINEAGE} where split_part(l.period, '-', 1) = ?::varchar and list_contains(?, l.school_id)"
            " order by l.period, f.path, l.sheet, l.row_from",
            [year, ids],
        )
        if with_sources
        else {}
    )
    unsent = read_unsent(connection, year, ids) if with_sources else {}
    tasks = _by_school(
        connection,
        f"{TASKS} where results.reporting_year = ? and list_contains(?, results.school_id)"
        " order by results.procedure_id, tasks.position",
        [year, ids],
    )
    for school_id in ids:
        yield SchoolFacts(
            school=reference.schools.get(school_id, {"school_id": school_id}),
            status=statuses[school_id][0],
            procedures=procedures[school_id],
            values=values[school_id],
            recommendations=recommendations[school_id],
            support=support[school_id],
            sources=sources.get(school_id, []),
            falls=falls[school_id],
            merged=merged.get(school_id, []),
            unsent=unsent.get(school_id, []),
            tasks=None if is_open(statuses[school_id][0]) else tasks[school_id],
        )


def read_unsent(
    connection: duckdb.DuckDBPyConnection, year: int, ids: Sequence[str]
) -> defaultdict[str, list[Row]]:
    """What schools of the official edition have not sent, or not completely, by school."""
    return _by_school(
        connection,
        "select * from marts.fct_submission where reporting_year = ? and list_contains(?, school_id)"
        " and status in ('missing', 'partly') order by due_on, dataset, period",
        [year, ids],
    )


def _by_school(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any]
) -> defaultdict[str, list[Row]]:
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows(connection, sql, parameters):
        grouped[row["school_id"]].append(row)
    return grouped
