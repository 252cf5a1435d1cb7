-- Как школы стоят по итогу и каков охват? (Итог — расчёт системы, приказ его не задаёт.)
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
)

select
    school_number,
    school_name,
    points,
    max_points,
    round(score_pct, 1) as score_pct,
    round(coverage_pct, 1) as coverage_pct,
    round(median(score_pct) over (), 1) as district_median_pct,
    school_group,
    cluster
from marts.fct_school_status
inner join asked using (reporting_year, municipality_id)
inner join marts.dim_school using (school_id)
order by score_pct desc nulls last, school_number asc
