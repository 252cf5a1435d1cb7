-- Indicators of the edition in force in each year; its own procedure where the formula reads exactly one.
select
    years.reporting_year,
    indicators.* replace (coalesce(indicators.component, '') as component),
    indicators.exam || '_' || indicators.subject || '_' || indicators.grade as procedure_id
from {{ ref('int_methodology__years') }} as years
inner join {{ ref('indicators') }} as indicators using (methodology_version)
