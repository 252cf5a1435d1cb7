-- Где до границы низкого результата — один-два ученика?
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
)

select
    school_number,
    procedure_name,
    participants,
    failed,
    is_low_result,
    pupils_to_threshold
from marts.fct_procedure_result
inner join asked using (reporting_year, municipality_id)
inner join marts.dim_procedure using (procedure_id)
inner join marts.dim_school using (school_id)
where is_identifying and pupils_to_threshold <= 2
order by is_low_result desc, pupils_to_threshold asc, school_number asc, procedure_name asc
