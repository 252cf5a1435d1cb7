"""Each appeal finds the result that it changes, which says what exam it is about (contracts, 2.2)."""

from __future__ import annotations

import duckdb

from school_quality.datasets import get


def match(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill ``exam``, ``subject``, ``exam_date``, ``pupil_id`` of ``rows_appeals`` from the matching result.

    A pupil is the same by name and document; where one side has no document, by name and school, if that is
    one pupil. Rows that match nothing, or more than one result, fail; where the only result was itself
    skipped (ГВЭ, a pseudo-unit), so is the appeal. Without a date on either side any date of the year will
    do, unless the pupil has a result that is dated, or not dated, just like the appeal.
    """
    mark = get("oge_results").fields["mark"]
    lowest, highest = int(mark.minimum or 0), int(mark.maximum or 0)
    results = " union all ".join(
        f"""
        select '{exam}' as exam, reporting_year, exam_date, subject, pupil_id, pupil_name_id, has_document,
            false as is_left_out
        from (select * from landed_{exam}_results union all by name select * from accepted_{exam}_results)
        union all by name
        select '{exam}' as exam, * exclude (seq), true as is_left_out from all_left_out_{exam}_results
        """
        for exam in ("ege", "oge")
    )
    connection.execute(
        f"""
        create or replace temp table appeal_match as
        with appeal as (
            select row_id, exam_date, reporting_year, pupil_id, pupil_name_id, has_document,
                unnest(['ege', 'oge']) as exam, unnest([subject_ege, subject_oge]) as subject
            from typed_appeals where row_id in (select row_id from rows_appeals)
        ),
        result as ({results})
        select distinct a.row_id, r.exam, r.subject, r.exam_date, r.reporting_year, r.pupil_id,
            r.has_document, r.is_left_out
        from appeal as a
        join result as r on r.exam = a.exam
            -- of a result that is none of ours the subject may be unknown, such as «52 - Математика» of ГВЭ
            and (r.subject = a.subject or (r.is_left_out and (r.subject is null or a.subject is null)))
            and case when a.exam_date is null or r.exam_date is null then r.reporting_year = a.reporting_year
                else r.exam_date = a.exam_date end
            and (
                (a.has_document and r.has_document and a.pupil_id = r.pupil_id)
                or (not (a.has_document and r.has_document) and a.pupil_name_id = r.pupil_name_id)
            )
        qualify r.exam_date is not distinct from a.exam_date
            or not bool_or(r.exam_date is not distinct from a.exam_date)
                over (partition by a.row_id, r.exam, r.subject, r.pupil_id)
        """
    )
    connection.execute(
        """
        insert into skipped
        select row_id, 'appeals', true from appeal_match group by row_id having bool_and(is_left_out);
        delete from rows_appeals where row_id in (select row_id from skipped where dataset = 'appeals');
        delete from appeal_match where is_left_out
        """
    )
    unfit = "row_id not in (select row_id from failure where dataset = 'appeals')"
    connection.execute(
        f"""
        insert into failure
        with found as (
            select a.row_id, a.file, count(m.row_id) as results from rows_appeals as a
            left join appeal_match as m using (row_id) where a.{unfit} group by all
        )
        select row_id, file, 'appeals', 'subject',
            case results when 0 then 'appeal_without_result' else 'appeal_ambiguous' end, 'row', '', null
        from found where results <> 1
        """
    )
    connection.execute(
        """
        update rows_appeals as a set exam = m.exam, subject = m.subject, exam_date = m.exam_date,
            reporting_year = m.reporting_year, pupil_id = m.pupil_id, has_document = m.has_document
        from (select * from appeal_match qualify count(*) over (partition by row_id) = 1) as m
        where a.row_id = m.row_id
        """
    )
    connection.execute(
        f"""
        insert into failure
        select row_id, file, 'appeals', 'score', 'out_of_range', 'row', score::varchar,
            map {{'min': '{lowest}', 'max': '{highest}'}}
        from rows_appeals
        where (exam = 'oge' or subject = 'math_base') and score not between {lowest} and {highest}
        """
    )
