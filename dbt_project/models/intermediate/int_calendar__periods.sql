select
    years.reporting_year,
    years.reporting_year::varchar || coalesce(periods.suffix, '') as period,
    periods.period_type,
    periods.period_number,
    years.reporting_year::varchar || '-' || (years.reporting_year + 1)::varchar as academic_year,
    {{ calendar_date('years.reporting_year', 'periods.start_month', 'periods.start_day', 'periods.start_year_offset') }}
        as starts_on,
    {{ calendar_date('years.reporting_year', 'periods.end_month', 'periods.end_day', 'periods.end_year_offset') }}
        as ends_on,
    replace(
        periods.label, '{year}', years.reporting_year::varchar || '-' || (years.reporting_year + 1)::varchar
    ) as label
from {{ ref('int_methodology__years') }} as years
cross join {{ ref('periods') }} as periods
