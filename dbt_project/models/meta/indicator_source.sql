-- What the comparison of releases asks: which files could have changed a value.
select distinct
    inputs.period,
    inputs.indicator_code,
    inputs.component,
    inputs.source_key,
    inputs.source_period,
    families.is_district_relative
from {{ ref('int_lineage__inputs') }} as inputs
inner join {{ ref('int_calendar__periods') }} as periods using (period)
inner join {{ ref('int_indicator__settings') }} as settings
    on
        periods.reporting_year = settings.reporting_year
        and inputs.indicator_code = settings.indicator_code
        and inputs.component = settings.component
inner join {{ ref('families') }} as families on settings.family = families.family
