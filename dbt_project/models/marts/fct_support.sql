-- Who supports a school: the assignments whose dates touch the academic year. Organisations only, no personal names.
select
    assignments.school_id,
    schools.municipality_id,
    schools.reporting_year,
    assignments.role,
    assignments.organisation,
    assignments.mentor_school_id,
    assignments.valid_from,
    assignments.valid_to
from {{ ref('stg_support_assignment') }} as assignments
inner join {{ ref('int_school__years') }} as schools using (school_id)
inner join {{ ref('int_calendar__periods') }} as periods
    on
        schools.reporting_year = periods.reporting_year
        and periods.period_type = 'year'
        and assignments.valid_from <= periods.ends_on
        and coalesce(assignments.valid_to >= periods.starts_on, true)
