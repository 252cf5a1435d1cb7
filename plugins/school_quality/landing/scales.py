"""Marks and totals against scales: a year's own, or one that another year lends (Who counts 2 and 3)."""

from __future__ import annotations

from functools import cache
from typing import Any

import duckdb
import jinja2

from school_quality import seeds
from school_quality.datasets import get
from school_quality.quoting import identifier
from school_quality.settings import dbt_project_dir
from school_quality.validation import rule

OF_SCALE = ("mark_above_scale", "score_above_scale")
"""Rules on results of ОГЭ that read a scale."""

WORK = "reporting_year, grade, subject"
"""A work of ВПР: all its rows decide together whether a scale may be borrowed."""


@cache
def macros() -> Any:
    """The macros of dbt that decide whose scale fits, so that landing and the build go by the same words."""
    loader = jinja2.FileSystemLoader(dbt_project_dir() / "macros")
    return jinja2.Environment(loader=loader).get_template("scales.sql").module  # noqa: S701 - SQL, no HTML


def choose_scales(connection: duckdb.DuckDBPyConnection) -> frozenset[int]:
    """ВПР: ``work_scale``, the maximum of the scale that each work has or borrows (Who counts 2).

    The work is all rows of a year, grade and subject in force, landed (``landed_vpr_results``) and new.
    Returns the files with totals above a scale that the work might borrow: rows that come or go later may
    change the answer.
    """
    _find_candidates(connection)
    _find_contested_works(connection)
    _choose(connection)
    files = connection.execute(
        f"""
        select distinct file from rows_vpr_results join contested_work using ({WORK}) where total > lowest
        """
    ).fetchall()
    return frozenset(file for (file,) in files)


def _find_candidates(connection: duckdb.DuckDBPyConnection) -> None:
    """``scale_candidate``: each work's own scale, the nearest earlier and the nearest later one.

    ``overflow_pct``: how many percent of the totals may be above it, by the edition of the work's year.
    """
    connection.execute(
        f"""
        create or replace temp table scale_candidate as
        with work as (select distinct {WORK} from rows_vpr_results),
        edition as (
            select y.reporting_year,
                arg_max(p.value::decimal(9, 2), v.first_reporting_year::int) as overflow_pct
            from (select distinct reporting_year from work) as y
            join {seeds.relation("methodology_versions")} as v on y.reporting_year
                between v.first_reporting_year::int and coalesce(v.last_reporting_year::int, 9999)
            join {seeds.relation("parameters")} as p
                on p.methodology_version = v.methodology_version and p.parameter = 'scale_overflow_pct'
            group by all
        )
        select work.*, edition.overflow_pct, s.max_score,
            {macros().scale_preference("s.reporting_year", "work.reporting_year")} as preference
        from work join edition using (reporting_year)
        join scale as s on s.exam = 'vpr' and s.grade = work.grade and s.subject = work.subject
        qualify row_number() over (
            partition by work.reporting_year, work.grade, work.subject, preference
            order by abs(s.reporting_year - work.reporting_year)
        ) = 1
        """
    )


def _find_contested_works(connection: duckdb.DuckDBPyConnection) -> None:
    """``work_total``: the highest total of each work and the maxima that its headers print;
    ``contested_work``: works without a scale of their own that have totals above one that they might borrow.
    """
    rows = f"""
        select {WORK}, total, printed_max from rows_vpr_results
        union all
        select {WORK}, total, printed_max from landed_vpr_results
        semi join scale_candidate using ({WORK}) where not is_absent
    """
    connection.execute(
        f"""
        create or replace temp table work_total as
        select {WORK}, max(total) as highest, min(printed_max) as min_printed, max(printed_max) as max_printed
        from ({rows}) group by all
        """
    )
    connection.execute(
        f"""
        create or replace temp table contested_work as
        select {WORK}, min(max_score) as lowest
        from scale_candidate join work_total using ({WORK})
        group by all having min(preference) > 1 and max(highest) > min(max_score)
        """
    )


def _choose(connection: duckdb.DuckDBPyConnection) -> None:
    """The scale of each work: only the rows of contested ones are counted."""
    fits = macros().scale_fits(
        *("preference", "max_score", "min_printed", "max_printed"),
        *("coalesce(above, 0)", "coalesce(totals, 0)", "overflow_pct"),
    )
    dataset = get("vpr_results")
    key = ", ".join(identifier(name) for name in dataset.key)
    wanted = f"{key}, total, row_number, order_seq"
    connection.execute(
        f"""
        create or replace temp table work_scale as
        with in_force as (
            select {WORK}, total from (
                select {wanted} from rows_vpr_results join landed_file using (file)
                semi join contested_work using ({WORK})
                where row_id not in (
                    select row_id from failure where dataset = 'vpr_results' and level = 'row'
                )
                union all by name
                select {wanted} from landed_vpr_results semi join contested_work using ({WORK})
            )
            qualify row_number() over (partition by {key} order by order_seq desc, row_number desc) = 1
        ),
        overflow as (
            select c.reporting_year, c.grade, c.subject, c.preference,
                count(*) filter (r.total > c.max_score) as above, count(r.total) as totals
            from scale_candidate as c join in_force as r using ({WORK}) group by all
        )
        select {WORK}, arg_min(max_score, preference) as max_score
        from scale_candidate join work_total using ({WORK}) left join overflow using ({WORK}, preference)
        where {fits}
        group by all
        """
    )


def landed_above(connection: duckdb.DuckDBPyConnection) -> frozenset[int]:
    """Receipts with landed rows that a later scale may reject: their files are read again.

    Without a scale of its own a work of ВПР may borrow any: whether it does is decided with all its rows.
    """
    landed = "(select *, seq as row_id from landed_oge_results)"
    rules = [str(rule(name).query).replace("{batch}", landed) for name in OF_SCALE]
    found = connection.execute(
        f"""
        with highest as (
            select seq, {WORK}, max(total) as total from landed_vpr_results group by all
        ),
        candidate as (
            select h.seq, h.total, s.max_score, s.reporting_year = h.reporting_year as is_own,
                bool_or(is_own) over (partition by h.seq, h.reporting_year, h.grade, h.subject) as has_own
            from highest as h
            join scale as s on s.exam = 'vpr' and s.grade = h.grade and s.subject = h.subject
        )
        select seq from candidate where total > max_score and is_own = has_own
        {"".join(f" union select row_id from ({query})" for query in rules)}
        """
    ).fetchall()
    return frozenset(seq for (seq,) in found)
