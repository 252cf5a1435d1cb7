-- Methodology, Tasks. The district is all pupils of the municipality, this school included; differences are multiplied
-- out, so no division decides about a deficit. A report of others stands in where a school has no pupil rows.
{% set key = 'school_id, reporting_year, procedure_id' %}

with district as (
    select
        municipality_id,
        reporting_year,
        procedure_id,
        task,
        sum(points)::bigint as district_points,
        sum(pupils)::bigint as district_pupils
    from {{ ref('int_task__results') }}
    group by all
),

delivered as (
    select
        school_id,
        reporting_year,
        'vpr_' || subject || '_' || grade as procedure_id,
        task,
        achieved_pct::double as achieved_pct
    from {{ ref('stg_task_completion') }}
    where coalesce(participants, 1) > 0 and achieved_pct is not null
),

reports as (
    select
        delivered.*,
        schools.municipality_id,
        tasks.max_points
    from delivered
    inner join {{ ref('int_school__years') }} as schools using (school_id, reporting_year)
    inner join {{ ref('int_task__tasks') }} as tasks using (reporting_year, procedure_id, task)
),

results as (
    select
        *,
        100.0 * points / nullif(pupils * max_points, 0) as achieved_pct,
        'pupil' as data_level
    from {{ ref('int_task__results') }}
    union all by name
    select
        reports.*,
        'table' as data_level
    from reports
    anti join {{ ref('int_task__results') }} using ({{ key }})
),

compared as (
    select
        results.*,
        district.district_points,
        district.district_pupils,
        100.0 * district.district_points
        / nullif(district.district_pupils * results.max_points, 0) as district_achieved_pct,
        years.small_n,
        years.wilson_z,
        {{ is_below_level() }} as is_below_level,
        100 * (results.points * district.district_pupils - district.district_points * results.pupils)
        <= years.deficit_gap_pp * (results.pupils * district.district_pupils * results.max_points) as is_far_below
    from results
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    left join district using (municipality_id, reporting_year, procedure_id, task)
)

select
    school_id,
    municipality_id,
    reporting_year,
    procedure_id,
    task,
    pupils,
    not_attempted,
    not_taught,
    unclear,
    points,
    achieved_pct,
    full_pupils as "full",
    100.0 * full_pupils / nullif(pupils, 0) as full_pct,
    {{ wilson_low_pct('full_pupils', 'pupils', 'wilson_z') }} as full_ci_low_pct,
    {{ wilson_high_pct('full_pupils', 'pupils', 'wilson_z') }} as full_ci_high_pct,
    zero_pupils as zero,
    district_achieved_pct,
    achieved_pct - district_achieved_pct as gap_pp,
    case when is_below_level is not null then is_below_level and is_far_below end as is_deficit,
    data_level,
    {{ flag_list({'small_n': 'pupils between 1 and small_n - 1'}) }} as flags
from compared
