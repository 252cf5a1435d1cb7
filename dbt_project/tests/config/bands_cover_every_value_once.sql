-- Checks that every value that can be looked up has exactly one band. Matters when next year's order moves a band.
-- To resolve: the listed value of the indicator has no band or several; correct seeds/methodology/bands.csv.
with scored as (
    select distinct
        methodology_version,
        indicator_code,
        lookup
    from {{ ref('indicators') }}
    where max_points is not null
),

edges as (
    select
        methodology_version,
        indicator_code,
        max(coalesce(to_value, from_value)) as last_value
    from {{ ref('bands') }}
    group by all
),

domains as (
    select
        scored.methodology_version,
        scored.indicator_code,
        unnest(
            case
                when scored.lookup = 'sign' then [-1, 0, 1]
                when scored.lookup in ('half_up', 'floor') then generate_series(0, 100)
                else generate_series(0, coalesce(edges.last_value, 0))
            end
        ) as looked_up
    from scored
    left join edges using (methodology_version, indicator_code)
)

select
    domains.methodology_version,
    domains.indicator_code,
    domains.looked_up,
    count(bands.points) as bands
from domains
left join {{ ref('bands') }} as bands
    on
        domains.methodology_version = bands.methodology_version
        and domains.indicator_code = bands.indicator_code
        and domains.looked_up >= bands.from_value
        and domains.looked_up <= coalesce(bands.to_value, domains.looked_up)
group by all
having count(bands.points) <> 1
