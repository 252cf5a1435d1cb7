-- Сколько баллов у школ по задачам приказа?
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
)

select
    school_number,
    task,
    sum(points)::bigint as points,
    sum(facts.max_points)::bigint as max_points,
    count(*) as scored_indicators
from marts.fct_indicator_value as facts
inner join asked using (reporting_year, municipality_id)
inner join marts.dim_indicator using (methodology_version, indicator_code, component)
inner join marts.dim_school using (school_id)
where status = 'scored' and facts.max_points is not null
group by school_number, task
order by school_number, task
