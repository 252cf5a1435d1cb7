-- Who counts 4: one result per pupil, exam, subject and year, the best valid one, after corrections and appeals.
-- An appeal's score is a mark where the result has no test score.
with corrected as (
    select
        in_force.* exclude (primary_score, test_score, mark),
        coalesce(appealed.appeal_primary_score, in_force.primary_score) as primary_score,
        case when in_force.test_score is not null then coalesce(appealed.appeal_score, in_force.test_score) end
            as test_score,
        case when in_force.test_score is null then coalesce(appealed.appeal_score, in_force.mark) else in_force.mark end
            as mark
    from {{ ref('int_results__exam_rows') }} as in_force
    left join {{ ref('int_results__appealed') }} as appealed using (seq, sheet, row_number)
),

valid as (
    select corrected.*
    from corrected
    inner join {{ ref('exams') }} as exams using (exam)
    where
        corrected.is_counted
        and coalesce(corrected.test_score, corrected.mark, corrected.primary_score) is not null
        and (
            corrected.exam_date is null
            or exams.counted_until_month is null
            or corrected.exam_date
            <= make_date(corrected.reporting_year, exams.counted_until_month, exams.counted_until_day)
        )
),

best as (
    select * from valid
    where not is_repeated
    union all
    select * from valid
    where is_repeated
    qualify
        row_number() over (
            partition by exam, pupil_id, subject, reporting_year
            order by
                coalesce(test_score, mark) desc nulls last,
                primary_score desc nulls last,
                result_date asc,
                school_id asc,
                seq desc,
                row_number asc
        ) = 1
)

select
    best.exam,
    best.school_id,
    best.reporting_year,
    best.subject,
    best.test_score,
    case best.exam when 'ege' then best.test_score else best.primary_score end as score,
    best.primary_score,
    best.mark,
    best.short_answers,
    best.long_answers,
    case
        when best.mark is not null then best.mark = 2
        else best.test_score < coalesce(best.printed_minimum, thresholds.min_score)
    end as is_failed,
    best.seq,
    best.sheet,
    best.row_number
from best
left join {{ ref('stg_thresholds') }} as thresholds using (reporting_year, exam, subject)
