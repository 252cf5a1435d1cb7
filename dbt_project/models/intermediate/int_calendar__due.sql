with dated as (
    select
        periods.reporting_year,
        periods.period,
        periods.period_type,
        periods.period_number,
        calendar.dataset,
        calendar.school_types,
        calendar.scope,
        {{ calendar_date('periods.reporting_year', 'calendar.due_month', 'calendar.due_day', 'calendar.year_offset') }}
            as due_on
    from {{ ref('int_methodology__years') }} as years
    inner join {{ ref('int_calendar__periods') }} as periods using (reporting_year)
    inner join {{ ref('submission_calendar') }} as calendar
        on
            years.methodology_version = calendar.methodology_version
            and periods.period_type = calendar.period_type
            and periods.period_number is not distinct from calendar.period_number
)

select
    *,
    {{ as_of() }} >= due_on as is_due
from dated
