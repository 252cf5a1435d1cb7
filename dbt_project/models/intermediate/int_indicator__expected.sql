-- The scaffold: every school, indicator, component and period that the methodology of the year names, whatever its
-- status; whether the indicator applies is decided here and nowhere else.
select
    schools.school_id,
    schools.municipality_id,
    schools.school_type,
    schools.reporting_year,
    periods.period,
    periods.period_type,
    periods.period_number,
    settings.methodology_version,
    settings.indicator_code,
    settings.component,
    settings.family,
    settings.exam,
    settings.lookup,
    settings.procedure_id,
    settings.dataset,
    settings.numerator,
    settings.denominator,
    settings.max_points,
    case
        when exclusions.reason is not null then exclusions.reason
        when settings.scope = 'supported' and not coalesce(schools.is_supported, false) then 'not_supported'
    end as not_applicable_reason,
    coalesce(due.is_due, true) as is_due
from {{ ref('int_school__identification') }} as schools
inner join {{ ref('int_indicator__settings') }} as settings using (reporting_year)
inner join {{ ref('int_calendar__periods') }} as periods
    on
        settings.reporting_year = periods.reporting_year
        and settings.period_type = periods.period_type
        and (
            periods.period_number is null
            or list_contains(string_split(settings.period_numbers, '|'), periods.period_number::varchar)
        )
left join {{ ref('not_applicable') }} as exclusions
    on
        settings.methodology_version = exclusions.methodology_version
        and settings.indicator_code = exclusions.indicator_code
        and schools.school_type = exclusions.school_type
left join {{ ref('int_calendar__due') }} as due
    on settings.dataset = due.dataset and periods.period = due.period
