-- Pupil-level results only. A deficit of a municipality is one by level alone: nobody stands beside it.
with summed as (
    select
        municipality_id,
        reporting_year,
        procedure_id,
        task,
        any_value(max_points) as max_points,
        any_value(level) as level,
        count(*) as schools,
        sum(pupils)::bigint as pupils,
        sum(not_attempted)::bigint as not_attempted,
        sum(not_taught)::bigint as not_taught,
        sum(unclear)::bigint as unclear,
        sum(points)::bigint as points,
        sum(full_pupils)::bigint as full_pupils,
        sum(zero_pupils)::bigint as zero_pupils
    from {{ ref('int_task__results') }}
    group by all
)

select
    summed.municipality_id,
    summed.reporting_year,
    summed.procedure_id,
    summed.task,
    summed.schools,
    summed.pupils,
    summed.not_attempted,
    summed.not_taught,
    summed.unclear,
    summed.points,
    100.0 * summed.points / nullif(summed.pupils * summed.max_points, 0) as achieved_pct,
    summed.full_pupils as "full",
    100.0 * summed.full_pupils / nullif(summed.pupils, 0) as full_pct,
    {{ wilson_low_pct('summed.full_pupils', 'summed.pupils', 'years.wilson_z') }} as full_ci_low_pct,
    {{ wilson_high_pct('summed.full_pupils', 'summed.pupils', 'years.wilson_z') }} as full_ci_high_pct,
    summed.zero_pupils as zero,
    {{ is_below_level() }} as is_deficit,
    'pupil' as data_level,
    {{ flag_list({'small_n': 'summed.pupils between 1 and years.small_n - 1'}) }} as flags
from summed
inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
