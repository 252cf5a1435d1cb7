-- Who counts 2: the scale of a work is its own, else that of the nearest earlier year, else of the nearest later one,
-- if the work's maximum agrees. All rows of the year, grade and subject decide together.
with totals as (
    select
        reporting_year,
        grade,
        subject,
        case when not is_absent then total end as total,
        count(*) as pupils,
        min(printed_max) as min_printed,
        max(printed_max) as max_printed
    from {{ ref('stg_vpr_results') }}
    group by all
),

works as (
    select
        reporting_year,
        grade,
        subject,
        coalesce(sum(pupils) filter (where total is not null), 0) as pupils,
        min(min_printed) as min_printed,
        max(max_printed) as max_printed
    from totals
    group by all
),

scales as (
    select * from {{ ref('stg_mark_scale') }}
    where exam = 'vpr'
),

candidates as (
    select
        works.*,
        scales.reporting_year as scale_year,
        scales.max_score,
        scales.max_2,
        scales.max_3,
        scales.max_4,
        {{ scale_preference('scales.reporting_year', 'works.reporting_year') }} as preference
    from works
    inner join scales using (grade, subject)
    qualify
        row_number() over (
            partition by works.reporting_year, works.grade, works.subject, preference
            order by abs(scales.reporting_year - works.reporting_year)
        ) = 1
),

overflows as (
    select
        candidates.*,
        coalesce(sum(totals.pupils) filter (where totals.total > candidates.max_score), 0) as pupils_above
    from candidates
    left join totals using (reporting_year, grade, subject)
    group by all
),

fitting as (
    select overflows.*
    from overflows
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    where {{ scale_fits(
        'preference', 'max_score', 'min_printed', 'max_printed', 'pupils_above', 'pupils', 'years.scale_overflow_pct'
    ) }}
)

select
    reporting_year,
    grade,
    subject,
    scale_year,
    scale_year <> reporting_year as is_borrowed,
    max_score,
    max_2,
    max_3,
    max_4
from fitting
qualify row_number() over (partition by reporting_year, grade, subject order by preference) = 1
