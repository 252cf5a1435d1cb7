{{ config(materialized='view') }}
-- A written row without a total is absent too; a total above the scale's maximum is a rejected row.
select
    results.school_id,
    results.reporting_year,
    results.grade,
    results.subject,
    results.seq,
    results.sheet,
    results.row_number,
    case when not results.is_absent then results.total end as score,
    case
        when results.is_absent or results.total is null then null
        when results.mark is not null then results.mark
        when results.total <= scales.max_2 then 2
        when results.total <= scales.max_3 then 3
        when results.total <= scales.max_4 then 4
        when scales.max_4 is not null then 5
    end as pupil_mark,
    results.journal_mark,
    results.tasks,
    results.cells,
    scales.is_borrowed and results.mark is null and not results.is_absent and results.total is not null
        as is_scale_borrowed
from {{ ref('stg_vpr_results') }} as results
semi join {{ ref('int_methodology__years') }} using (reporting_year)
left join {{ ref('int_results__vpr_scales') }} as scales using (reporting_year, grade, subject)
where results.is_absent or results.total is null or results.total <= coalesce(scales.max_score, results.total)
