-- Pupil results summed by school, procedure and sheet of origin: what cells, shares over all exams and lineage need.
with gia as (
    select
        results.school_id,
        results.reporting_year,
        results.exam,
        results.subject,
        exams.grade_by_exam as grade,
        results.seq,
        results.sheet,
        min(results.row_number) as row_from,
        max(results.row_number) as row_to,
        count(*) as source_rows,
        count(*) as participants,
        null::bigint as absent,
        sum(results.score) as score_sum,
        count(results.score) as score_count,
        sum(results.mark) as mark_sum,
        count(results.mark) as mark_count,
        {%- for mark in [2, 3, 4, 5] %}
        count(*) filter (where results.mark = {{ mark }}) as mark_{{ mark }}_count,
        {%- endfor %}
        count(*) filter (where results.is_failed) as failed,
        count(results.is_failed) as judged_count,
        count(results.test_score) as test_score_count,
        count(*) filter (where results.test_score >= years.high_score) as high_score_count,
        false as is_scale_borrowed
    from {{ ref('int_results__gia') }} as results
    inner join {{ ref('exams') }} as exams using (exam)
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    group by all
),

vpr as (
    select
        school_id,
        reporting_year,
        'vpr' as exam,
        subject,
        grade,
        seq,
        sheet,
        min(row_number) as row_from,
        max(row_number) as row_to,
        count(*) as source_rows,
        count(score) as participants,
        count(*) - count(score) as absent,
        sum(score) as score_sum,
        count(score) as score_count,
        sum(pupil_mark) as mark_sum,
        count(pupil_mark) as mark_count,
        {%- for mark in [2, 3, 4, 5] %}
        count(*) filter (where pupil_mark = {{ mark }}) as mark_{{ mark }}_count,
        {%- endfor %}
        count(*) filter (where pupil_mark = 2) as failed,
        count(pupil_mark) as judged_count,
        0::bigint as test_score_count,
        0::bigint as high_score_count,
        coalesce(bool_or(is_scale_borrowed), false) as is_scale_borrowed
    from {{ ref('int_results__vpr') }}
    group by all
),

parts as (
    select * from gia
    union all
    select * from vpr
)

select
    exam || '_' || subject || '_' || grade as procedure_id,
    *
from parts
