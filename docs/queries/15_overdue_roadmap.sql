-- Какие пункты дорожной карты просрочены и чьи они?
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
)

select
    item,
    period,
    due_on,
    status,
    array_to_string(owners, ', ') as owners
from marts.fct_roadmap_execution
inner join marts.dim_period using (period)
inner join asked using (reporting_year, municipality_id)
where is_overdue and school_id is null
order by due_on, string_split(item, '.')::integer[], period
