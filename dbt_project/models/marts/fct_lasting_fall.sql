-- Rows of `int_school__lasting_falls` with the values that the order gives these dynamics.
select
    falls.school_id,
    this_year.municipality_id,
    falls.reporting_year,
    falls.indicator_code,
    this_year.value,
    year_before.value as value_before,
    this_year.methodology_version
from {{ ref('int_school__lasting_falls') }} as falls
inner join {{ ref('fct_indicator_value') }} as this_year using (school_id, reporting_year, indicator_code)
left join {{ ref('fct_indicator_value') }} as year_before
    on
        falls.school_id = year_before.school_id
        and falls.indicator_code = year_before.indicator_code
        and falls.reporting_year = year_before.reporting_year + 1
where this_year.value is not null
