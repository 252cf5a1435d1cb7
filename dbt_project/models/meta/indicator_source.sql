-- What the comparison of releases asks: which files could have changed a value.
select distinct
    inputs.period,
    inputs.indicator_code,
    inputs.component,
    inputs.source_key,
    inputs.source_period,
    settings.family in (
        'score_dynamics', 'inequality', 'results_index', 'results_index_dynamics'
    ) as is_district_relative
from {{ ref('int_lineage__inputs') }} as inputs
inner join {{ ref('int_calendar__periods') }} as periods using (period)
inner join {{ ref('int_indicator__settings') }} as settings
    on
        periods.reporting_year = settings.reporting_year
        and inputs.indicator_code = settings.indicator_code
        and inputs.component = settings.component
