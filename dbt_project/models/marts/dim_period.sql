select
    period,
    reporting_year,
    period_type,
    academic_year,
    starts_on,
    ends_on,
    label
from {{ ref('int_calendar__periods') }}
