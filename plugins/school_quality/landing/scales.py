"""Marks and totals against scales: a year's own, or one that another year lends (Who counts 2 and 3)."""

from __future__ import annotations

from functools import cache

import duckdb

from school_quality import seeds
from school_quality.datasets import get
from school_quality.quoting import identifier
from school_quality.validation import rule

OF_SCALE = ("mark_above_scale", "score_above_scale")
"""Rules on results of ОГЭ that read a scale."""

WORK = "reporting_year, grade, subject"
"""A work of ВПР: all its rows decide together whether a scale may be borrowed."""


@cache
def overflow_parts() -> int:
    """A borrowed scale fits if at most one total in this many is above its maximum (a seed: 1 %)."""
    percents = [
        float(row["value"]) for row in seeds.rows("parameters") if row["parameter"] == "scale_overflow_pct"
    ]
    return round(100 / percents[-1])


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
    """``scale_candidate``: a work's own scale (turn 0), the nearest earlier (1) and later one (2)."""
    connection.execute(
        f"""
        create or replace temp table scale_candidate as
        with work as (select distinct {WORK} from rows_vpr_results)
        select work.*, s.max_score,
            case when s.reporting_year = work.reporting_year then 0
                when s.reporting_year < work.reporting_year then 1 else 2 end as turn
        from work join scale as s on s.exam = 'vpr' and s.grade = work.grade and s.subject = work.subject
        qualify row_number() over (
            partition by work.reporting_year, work.grade, work.subject, turn
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
        group by all having min(turn) > 0 and max(highest) > min(max_score)
        """
    )


def _choose(connection: duckdb.DuckDBPyConnection) -> None:
    """The scale of each work: only the rows of contested ones are counted."""
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
            select c.reporting_year, c.grade, c.subject, c.turn,
                count(*) filter (r.total > c.max_score) as above, count(r.total) as totals
            from scale_candidate as c join in_force as r using ({WORK}) group by all
        )
        select {WORK}, arg_min(max_score, turn) as max_score
        from scale_candidate join work_total using ({WORK}) left join overflow using ({WORK}, turn)
        where turn = 0 or (min_printed = max_score and max_printed = max_score)
            or (max_printed is null and coalesce(above, 0) * {overflow_parts()} <= coalesce(totals, 0))
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
