-- Как школа выглядит рядом с районом?
with asked as (
    select
        2022 as reporting_year,
        '6017' as school_id
)

select
    procedure_name,
    results.participants,
    round(results.mean_score, 2) as mean_score,
    round(district.mean_score, 2) as district_mean_score,
    round(results.failed_pct, 1) as failed_pct,
    round(district.failed_pct, 1) as district_failed_pct,
    results.is_low_result,
    results.pupils_to_threshold
from marts.fct_procedure_result as results
inner join asked using (reporting_year, school_id)
inner join marts.dim_procedure using (procedure_id)
left join marts.fct_municipality_procedure as district using (municipality_id, reporting_year, procedure_id)
order by exam, grade, procedure_name
