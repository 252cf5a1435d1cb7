"""What the papers of a municipality are made of: its rows of the marts, read for a batch of them at a time.

A warehouse may hold 2,000 municipalities; a batch holds a hundred, so memory does not grow with the
warehouse and a table is not read once for each of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import duckdb

from school_quality.reporting.content import methodology
from school_quality.reporting.content.facts import Reference, Row, rows

BATCH = 100


@dataclass(frozen=True, slots=True)
class MunicipalFacts:
    """One municipality in one year. Lists hold rows of the marts with their columns' names.

    ``before`` are statuses of the year before by school; ``falls`` the dynamics that go on falling;
    ``points`` those of each school by task; ``indicators`` counts and sums over schools by indicator
    and period (``full_mark``: what one school can get); ``values`` single values of the edition's
    period, empty in the annual edition; ``task_deficits`` the tasks that are a deficit of the district
    or of several schools: which ``shared`` it, and which are ``strong`` there, the strongest first.
    """

    municipality_id: str
    name: str
    statuses: list[Row]
    before: dict[str, Row]
    low_results: list[Row]
    falls: list[Row]
    points: list[Row]
    indicators: list[Row]
    district_indicators: list[Row]
    values: list[Row]
    recommendations: list[Row]
    measures: list[Row]
    practices: list[Row]
    support: list[Row]
    roadmap: list[Row]
    submissions: list[Row]
    effectiveness: list[Row]
    similar: list[Row]
    task_deficits: list[Row]

    @property
    def supported(self) -> list[Row]:
        return [row for row in self.statuses if row["is_supported"]]

    @property
    def is_support_known(self) -> bool:
        """Whether anything tells of any school if it needs support."""
        return any(row["is_supported"] is not None for row in self.statuses)


# Each query gets $ids (municipalities), $year and $period, and gives municipality_id.
_OF_MUNICIPALITY = "list_contains($ids, t.municipality_id)"
_QUERIES = {
    "statuses": f"""
        select t.* from marts.fct_school_status as t left join marts.dim_school as d using (school_id)
        where {_OF_MUNICIPALITY} and t.reporting_year = $year
        order by d.school_number, t.school_id""",
    "before": f"""
        select t.* from marts.fct_school_status as t
        where {_OF_MUNICIPALITY} and t.reporting_year = $year - 1 order by t.school_id""",
    "low_results": f"""
        select t.* from marts.fct_procedure_result as t
        where {_OF_MUNICIPALITY} and t.reporting_year = $year and t.is_low_result order by t.procedure_id""",
    "falls": f"""
        select t.* from marts.fct_lasting_fall as t
        where {_OF_MUNICIPALITY} and t.reporting_year = $year""",
    "points": f"""
        select t.* from marts.fct_school_points as t
        where {_OF_MUNICIPALITY} and t.reporting_year = $year order by t.task""",
    "indicators": f"""
        select t.*, d.task, d.indicator_name, d.unit, d.owner, d.max_points as full_mark
        from marts.fct_municipality_value as t
        inner join marts.dim_indicator as d using (methodology_version, indicator_code, component)
        where {_OF_MUNICIPALITY} and t.reporting_year = $year order by t.period""",
    "district_indicators": f"""
        select t.* from marts.fct_municipality_indicator as t
        where {_OF_MUNICIPALITY} and t.reporting_year = $year order by t.period""",
    "values": f"""
        select t.* from marts.fct_indicator_value as t
        where {_OF_MUNICIPALITY} and t.reporting_year = $year and t.period = $period
            and t.status <> 'not_applicable'""",
    "recommendations": f"""
        select t.municipality_id, r.* from marts.fct_recommendation as r
        inner join marts.fct_school_status as t using (school_id, reporting_year)
        where {_OF_MUNICIPALITY} and r.reporting_year = $year order by r.school_id, r.rank""",
    "measures": f"""
        select t.* from marts.fct_measure as t
        where {_OF_MUNICIPALITY} and t.reporting_year between $year - 1 and $year
        order by t.starts_on, t.school_id, t.indicator_codes, t.measure""",
    "practices": f"""
        select t.* from marts.fct_practice as t
        where {_OF_MUNICIPALITY} and t.reporting_year = $year
        order by t.indicator_codes, t.practice, t.school_id""",
    "support": f"""
        select t.* from marts.fct_support as t
        where {_OF_MUNICIPALITY} and t.reporting_year = $year
        order by t.role, t.organisation, t.valid_from""",
    "roadmap": f"""
        select t.* from marts.fct_roadmap_execution as t
        inner join marts.dim_period as p using (period)
        where {_OF_MUNICIPALITY} and p.reporting_year = $year
        order by t.due_on, t.item, t.period, t.school_id""",
    "submissions": f"""
        select t.* from marts.fct_submission as t
        where {_OF_MUNICIPALITY} and t.reporting_year = $year and t.status in ('missing', 'partly', 'late')
        order by t.due_on, t.dataset, t.period, t.school_id""",
    "effectiveness": f"""
        select t.* from marts.fct_effectiveness as t where {_OF_MUNICIPALITY} and t.reporting_year = $year""",
    "similar": f"""
        select t.* from marts.fct_similar_school as t
        where {_OF_MUNICIPALITY} and t.reporting_year = $year""",
    "task_deficits": f"""
        with schools as (
            select
                municipality_id, procedure_id, task,
                coalesce(list(school_id order by gap_pp, school_id) filter (where is_deficit), []) as shared,
                coalesce(
                    list(school_id order by gap_pp desc, school_id) filter (where gap_pp >= $strong), []
                ) as strong
            from marts.fct_task_result
            where list_contains($ids, municipality_id) and reporting_year = $year
            group by all
        )
        select t.*, schools.shared, schools.strong, d.position, d.skill
        from marts.fct_municipality_task as t
        inner join schools using (municipality_id, procedure_id, task)
        inner join marts.dim_task as d using (reporting_year, procedure_id, task)
        where {_OF_MUNICIPALITY} and t.reporting_year = $year and (t.is_deficit or len(schools.shared) > 1)
        order by t.procedure_id, d.position""",
}
# Tables that an open edition may do without.
_OPTIONAL = {
    "measures": "fct_measure",
    "practices": "fct_practice",
    "support": "fct_support",
    "roadmap": "fct_roadmap_execution",
    "submissions": "fct_submission",
    "effectiveness": "fct_effectiveness",
    "similar": "fct_similar_school",
    "task_deficits": "fct_municipality_task",
    "recommendations": "fct_recommendation",
    "district_indicators": "fct_municipality_indicator",
}


def read_municipalities(
    connection: duckdb.DuckDBPyConnection, reference: Reference
) -> Iterator[MunicipalFacts]:
    """The municipalities that have schools in the reference's year (or its only one), by name."""
    found = rows(
        connection,
        "select distinct municipality_id from marts.fct_school_status"
        " where reporting_year = $1 and municipality_id is not null and ($2 is null or municipality_id = $2)",
        [reference.year, reference.municipality_id],
    )
    ids = iter(
        sorted((row["municipality_id"] for row in found), key=lambda id_: (_name(id_, reference), id_))
    )
    tables = {
        row["table_name"]
        for row in rows(
            connection, "select table_name from information_schema.tables where table_schema = 'marts'"
        )
    }
    while batch := list(islice(ids, BATCH)):
        yield from _read_batch(connection, reference, batch, tables)


def _name(municipality_id: str, reference: Reference) -> str:
    return reference.municipalities.get(municipality_id) or municipality_id


def _read_batch(
    connection: duckdb.DuckDBPyConnection, reference: Reference, ids: list[str], tables: set[str]
) -> Iterator[MunicipalFacts]:
    parameters: dict[str, Any] = {
        "ids": ids,
        "year": reference.year,
        "period": reference.period,
        "strong": methodology.parameter(reference.version, "strong_gap_pp"),
    }
    found: dict[str, defaultdict[str, list[Row]]] = {}
    for name, sql in _QUERIES.items():
        grouped: defaultdict[str, list[Row]] = defaultdict(list)
        if _OPTIONAL.get(name) is None or _OPTIONAL[name] in tables:
            named = {key: value for key, value in parameters.items() if f"${key}" in sql}
            for row in rows(connection, sql, named):
                grouped[row["municipality_id"]].append(row)
        found[name] = grouped
    for municipality_id in ids:
        lists = {name: grouped[municipality_id] for name, grouped in found.items()}
        before = {row["school_id"]: row for row in lists.pop("before")}
        yield MunicipalFacts(
            municipality_id=municipality_id, name=_name(municipality_id, reference), before=before, **lists
        )
