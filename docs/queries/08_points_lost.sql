-- На каких показателях район теряет больше всего баллов?
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
)

select
    indicator_code,
    indicator_name,
    owner,
    count(*) as scored_schools,
    sum(facts.max_points - points)::bigint as points_lost,
    round(100 * sum(points) / sum(facts.max_points), 1) as score_pct
from marts.fct_indicator_value as facts
inner join asked using (reporting_year, municipality_id)
inner join marts.dim_indicator using (methodology_version, indicator_code, component)
where status = 'scored'
group by indicator_code, indicator_name, owner, sort_order
order by points_lost desc, sort_order asc
