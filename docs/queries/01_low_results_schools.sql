-- Какие школы района — ШНОР этого года и по каким работам?
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
)

select
    school_number,
    school_name,
    procedure_name,
    participants,
    failed,
    round(failed_pct, 1) as failed_pct
from marts.fct_school_status
inner join asked using (reporting_year, municipality_id)
inner join marts.dim_school using (school_id)
cross join unnest(low_procedure_ids) as low (procedure_id)
inner join marts.fct_procedure_result using (school_id, reporting_year, procedure_id)
inner join marts.dim_procedure using (procedure_id)
where is_low_results
order by school_number, procedure_name
