-- Checks that each point value is one that the order gives for the indicator. To resolve: a family looks up a value
-- that is not of the indicator's bands.
select
    facts.school_id,
    facts.period,
    facts.indicator_code,
    facts.points
from {{ ref('fct_indicator_value') }} as facts
left join (
    select distinct
        methodology_version,
        indicator_code,
        points
    from {{ ref('bands') }}
) as bands using (methodology_version, indicator_code, points)
where facts.points is not null and bands.points is null
