-- У кого учиться: резильентные школы и их практики?
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
)

select
    school_number,
    school_name,
    school_group,
    round(social_index, 1) as social_index,
    round(results_index, 2) as results_index,
    practice,
    array_to_string(indicator_codes, ', ') as indicator_codes
from marts.fct_school_status
inner join asked using (reporting_year, municipality_id)
inner join marts.dim_school using (school_id)
left join marts.fct_practice using (school_id, reporting_year)
where school_group = 'resilient' or practice is not null
order by school_group, school_number, practice
