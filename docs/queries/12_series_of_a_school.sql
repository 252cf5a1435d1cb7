-- Как менялась школа за все годы, вместе с присоединёнными к ней?
with asked as (
    select '6017' as series_school_id
)

select
    reporting_year,
    procedure_name,
    list(distinct school_id order by school_id) as school_ids,
    sum(participants)::bigint as participants,
    sum(failed)::bigint as failed,
    round(100 * sum(failed) / sum(participants), 1) as failed_pct
from marts.fct_procedure_result
inner join marts.dim_school using (school_id)
inner join asked using (series_school_id)
inner join marts.dim_procedure using (procedure_id)
where is_identifying and failed is not null
group by reporting_year, procedure_name
order by procedure_name, reporting_year
