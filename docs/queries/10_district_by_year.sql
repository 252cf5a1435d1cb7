-- Как меняются результаты района по годам?
with asked as (
    select '6' as municipality_id
)

select
    procedure_name,
    reporting_year,
    schools,
    participants,
    round(mean_score, 2) as mean_score,
    failed,
    round(failed_pct, 1) as failed_pct
from marts.fct_municipality_procedure
inner join asked using (municipality_id)
inner join marts.dim_procedure using (procedure_id)
where is_identifying
order by procedure_name, reporting_year
