-- Какие школы в зоне риска и где у них падение?
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
)

select
    school_number,
    school_name,
    round(results_index, 2) as results_index,
    is_index_computed,
    list(indicator_code order by sort_order) as falling_indicators
from marts.fct_school_status
inner join asked using (reporting_year, municipality_id)
inner join marts.dim_school using (school_id)
left join marts.fct_indicator_value as facts
    on
        fct_school_status.school_id = facts.school_id
        and fct_school_status.reporting_year = facts.reporting_year
        and facts.indicator_code in ('1.1', '1.2', '1.3', '1.4', '1.14', '1.15', '1.16', '1.17')
        and facts.value < 0
left join marts.dim_indicator using (methodology_version, indicator_code, component)
where is_risk_zone
group by all
order by results_index, school_number
