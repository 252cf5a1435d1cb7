-- Кому сколько адресных рекомендаций исполнять и для каких школ?
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
)

select
    owner,
    measure_text,
    count(*) as recommendations,
    sum(points_lost)::bigint as points_lost,
    list(distinct school_number order by school_number) as school_numbers
from marts.fct_recommendation
inner join marts.dim_school using (school_id)
inner join asked using (reporting_year, municipality_id)
group by owner, measure_text
order by points_lost desc, owner asc, measure_text asc
