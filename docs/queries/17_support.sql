-- Кто поддерживает каждую школу?
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
)

select
    schools.school_number,
    schools.school_name,
    role,
    coalesce(mentors.school_name, organisation) as supported_by
from marts.fct_school_status
inner join asked using (reporting_year, municipality_id)
inner join marts.dim_school as schools using (school_id)
left join marts.fct_support using (school_id, reporting_year)
left join marts.dim_school as mentors on fct_support.mentor_school_id = mentors.school_id
where is_supported
order by schools.school_number, role, supported_by
