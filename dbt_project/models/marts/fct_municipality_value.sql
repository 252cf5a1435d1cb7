-- What the values of the schools of a municipality come to. Numerators and denominators are sums: a share is over all
-- pupils or teachers, no mean of shares. The median is told under the same limit as that of points.
with summed as (
    select
        municipality_id,
        reporting_year,
        period,
        indicator_code,
        component,
        methodology_version,
        count(*) filter (where status in ('scored', 'no_points'))::integer as known,
        count(*) filter (where status = 'no_data' and reason <> 'not_due')::integer as missing,
        count(*) filter (where status = 'no_data' and reason = 'not_due')::integer as not_due,
        count(*) filter (where status = 'suppressed')::integer as hidden_schools,
        count(*) filter (where list_contains(flags, 'being_updated'))::integer as updated_schools,
        count(*) filter (where points = max_points)::integer as full_points,
        count(*) filter (where status = 'scored' and points = 0)::integer as zero_points,
        sum(points)::integer as points,
        sum(max_points) filter (where status = 'scored')::integer as max_points,
        sum(numerator) filter (where status in ('scored', 'no_points'))::bigint as numerator,
        sum(denominator) filter (where status in ('scored', 'no_points'))::bigint as denominator,
        count(value) as valued,
        min(value) as lowest,
        max(value) as highest,
        median(value) as middle
    from {{ ref('fct_indicator_value') }}
    where status <> 'not_applicable' and municipality_id is not null
    group by all
)

select
    summed.municipality_id,
    summed.reporting_year,
    summed.period,
    summed.indicator_code,
    summed.component,
    summed.known,
    summed.missing,
    summed.not_due,
    summed.hidden_schools,
    summed.updated_schools,
    summed.full_points,
    summed.zero_points,
    summed.points,
    summed.max_points,
    summed.numerator,
    summed.denominator,
    summed.lowest,
    summed.highest,
    case when summed.valued >= limits.value then summed.middle end as median,
    summed.methodology_version
from summed
left join {{ ref('parameters') }} as limits
    on summed.methodology_version = limits.methodology_version and limits.parameter = 'median_min_schools'
