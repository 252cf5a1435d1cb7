-- A school has a row for the calendar years that its dates touch.
select
    schools.school_id,
    schools.municipality_id,
    schools.school_type,
    years.reporting_year
from {{ ref('int_school__register') }} as schools
inner join {{ ref('int_methodology__years') }} as years
    on years.reporting_year between coalesce(year(schools.open_from), 0) and coalesce(year(schools.open_to), 9999)
