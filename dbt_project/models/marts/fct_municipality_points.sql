-- The middle school of a municipality by its share of points. Over too few schools a median says nothing of the
-- municipality and may be one school's own; where anything of a school is hidden, so is what it is part of.
with schools as (
    select
        municipality_id,
        reporting_year,
        methodology_version,
        school_id,
        coalesce(task, 0) as task,
        100.0 * sum(points) / sum(max_points) as share_pct,
        sum(hidden_values) as hidden_values,
        sum(updated_values) as updated_values
    from {{ ref('fct_school_points') }}
    where municipality_id is not null
    group by grouping sets (
        (municipality_id, reporting_year, methodology_version, school_id, task),
        (municipality_id, reporting_year, methodology_version, school_id)
    )
)

select
    schools.municipality_id,
    schools.reporting_year,
    schools.task,
    count(schools.share_pct)::integer as schools,
    case
        when count(schools.share_pct) >= max(limits.value) and sum(schools.hidden_values) = 0
            then median(schools.share_pct)::double
    end as median_pct,
    count(*) filter (where schools.hidden_values > 0)::integer as hidden_schools,
    count(*) filter (where schools.updated_values > 0)::integer as updated_schools
from schools
left join {{ ref('parameters') }} as limits
    on schools.methodology_version = limits.methodology_version and limits.parameter = 'median_min_schools'
group by all
