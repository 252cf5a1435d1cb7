-- Каких значений не хватает и почему?
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
)

select
    indicator_code,
    reason,
    count(*) as missing_values,
    list(distinct school_number order by school_number) as school_numbers
from marts.fct_indicator_value
inner join asked using (reporting_year, municipality_id)
inner join marts.dim_indicator using (methodology_version, indicator_code, component)
inner join marts.dim_school using (school_id)
where status = 'no_data'
group by indicator_code, reason, sort_order
order by sort_order, reason
