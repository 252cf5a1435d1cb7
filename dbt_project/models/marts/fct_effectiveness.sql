-- Clause 6: change of supported schools against the other schools of the municipality, with a 95 % interval (normal,
-- unequal variances). Schools chosen for low results are expected to move towards the mean by themselves.
with outcomes as (
    select
        school_id,
        municipality_id,
        reporting_year,
        unnest(['score_pct', 'results_index', 'low_procedures']) as outcome,
        unnest([score_pct, results_index, low_procedures::double]) as outcome_value,
        is_supported
    from {{ ref('fct_school_status') }}
),

changes as (
    select
        this_year.municipality_id,
        this_year.reporting_year,
        this_year.outcome,
        year_before.is_supported,
        this_year.outcome_value - year_before.outcome_value as outcome_change
    from outcomes as this_year
    inner join outcomes as year_before
        on
            this_year.school_id = year_before.school_id
            and this_year.outcome = year_before.outcome
            and this_year.reporting_year = year_before.reporting_year + 1
    where this_year.outcome_value is not null and year_before.outcome_value is not null
),

groups as (
    select
        municipality_id,
        reporting_year,
        outcome,
        count(*) filter (where is_supported)::integer as supported_schools,
        count(*) filter (where not is_supported)::integer as comparison_schools,
        avg(outcome_change) filter (where is_supported) as change_supported,
        avg(outcome_change) filter (where not is_supported) as change_comparison,
        var_samp(outcome_change) filter (where is_supported) as variance_supported,
        var_samp(outcome_change) filter (where not is_supported) as variance_comparison
    from changes
    group by all
),

compared as (
    select
        groups.*,
        years.wilson_z * sqrt(
            variance_supported / nullif(supported_schools, 0) + variance_comparison / nullif(comparison_schools, 0)
        ) as half_width
    from groups
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
)

select
    municipality_id,
    reporting_year,
    outcome,
    supported_schools,
    comparison_schools,
    change_supported,
    change_comparison,
    change_supported - change_comparison as difference,
    change_supported - change_comparison - half_width as ci_low,
    change_supported - change_comparison + half_width as ci_high
from compared
