-- Falls that are open with the values that are open: where the year before is hidden, so is the fall.
create table open.marts.fct_lasting_fall as
select
    falls.school_id,
    this_year.municipality_id,
    falls.reporting_year,
    falls.indicator_code,
    this_year.value,
    year_before.value as value_before,
    this_year.methodology_version
from open_fall as falls
inner join open.marts.fct_indicator_value as this_year using (school_id, reporting_year, indicator_code)
left join open.marts.fct_indicator_value as year_before
    on
        falls.school_id = year_before.school_id
        and falls.indicator_code = year_before.indicator_code
        and falls.reporting_year = year_before.reporting_year + 1
where this_year.value is not null and coalesce(year_before.status, '') <> 'suppressed'
order by falls.school_id, falls.reporting_year, falls.indicator_code;
