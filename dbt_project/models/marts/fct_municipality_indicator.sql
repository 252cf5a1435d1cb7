-- Network indicators: how many supported schools, of how many, how many reported, and which. 1.9: the district's ratio
-- of its lowest to its highest results.
with municipalities as (
    select
        municipalities.municipality_id,
        periods.reporting_year,
        periods.period,
        settings.indicator_code,
        settings.family
    from {{ ref('dim_municipality') }} as municipalities
    cross join {{ ref('int_indicator__settings') }} as settings
    inner join {{ ref('int_calendar__periods') }} as periods
        on
            settings.reporting_year = periods.reporting_year
            and settings.period_type = periods.period_type
            and (
                periods.period_number is null
                or list_contains(string_split(settings.period_numbers, '|'), periods.period_number::varchar)
            )
    where settings.family in ('network_counts', 'inequality')
),

schools as (
    select
        municipality_id,
        period,
        indicator_code,
        count(*) filter (where value > 0) as schools_with,
        count(*) filter (where status <> 'not_applicable') as supported,
        count(value) as reported,
        list(school_id order by school_id) filter (where value > 0) as school_ids
    from {{ ref('fct_indicator_value') }}
    group by all
)

select
    municipalities.municipality_id,
    municipalities.reporting_year,
    municipalities.period,
    municipalities.indicator_code,
    case
        when municipalities.family = 'inequality' then ratios.lowest_to_highest
        when schools.reported > 0 then schools.schools_with::double
    end as value,
    case when municipalities.family = 'network_counts' then coalesce(schools.supported, 0) end as denominator,
    case when municipalities.family = 'network_counts' then coalesce(schools.reported, 0) end as reported,
    case when municipalities.family = 'network_counts' then coalesce(schools.school_ids, []) end as school_ids
from municipalities
left join schools using (municipality_id, period, indicator_code)
left join {{ ref('int_primitive__district_inequality') }} as ratios
    using (municipality_id, reporting_year, indicator_code)
