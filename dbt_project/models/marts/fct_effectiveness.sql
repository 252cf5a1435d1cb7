-- Clause 6: change of the schools that were supported the year before against similar ones that were not. Several
-- schools may share a similar one, so the 95 % interval counts similar schools (clusters), not pairs, and reads
-- Student's quantile for one less than their number; with too few of them nothing is compared. The interval is of what
-- support changes in the outcome, which is never more than from its lowest value to its highest.
with districts as (
    select distinct
        statuses.municipality_id,
        statuses.reporting_year,
        outcomes.outcome
    from {{ ref('fct_school_status') }} as statuses
    cross join {{ ref('effectiveness_outcomes') }} as outcomes
    where statuses.reporting_year > (select min(reporting_year) from {{ ref('fct_school_status') }})
),

pairs as (
    select
        municipality_id,
        reporting_year,
        outcome,
        similar_school_id,
        value_before,
        similar_before,
        value_now - value_before as change_supported,
        similar_now - similar_before as change_comparison,
        (value_now - value_before) - (similar_now - similar_before) as difference
    from {{ ref('fct_similar_school') }}
    where similar_school_id is not null
),

means as (
    select
        municipality_id,
        reporting_year,
        outcome,
        count(*)::integer as supported_schools,
        count(distinct similar_school_id)::integer as comparison_schools,
        {{ in_order('avg', 'value_before') }} as before_supported,
        {{ in_order('avg', 'similar_before') }} as before_comparison,
        {{ in_order('avg', 'change_supported') }} as change_supported,
        {{ in_order('avg', 'change_comparison') }} as change_comparison,
        {{ in_order('avg', 'difference') }} as difference
    from pairs
    group by all
),

compared as (
    select
        means.*,
        outcomes.highest - outcomes.lowest as widest
    from means
    inner join {{ ref('effectiveness_outcomes') }} as outcomes using (outcome)
    where means.comparison_schools >= outcomes.min_schools
),

deviations as (
    select
        pairs.municipality_id,
        pairs.reporting_year,
        pairs.outcome,
        pairs.similar_school_id,
        {{ in_order('sum', 'pairs.difference - compared.difference') }} as deviation
    from pairs
    inner join compared using (municipality_id, reporting_year, outcome)
    group by all
),

errors as (
    select
        municipality_id,
        reporting_year,
        outcome,
        count(*) - 1 as degrees,
        {{ in_order('sum', 'deviation * deviation') }} * count(*) / (count(*) - 1) as squared_error
    from deviations
    group by all
),

intervals as (
    select
        compared.municipality_id,
        compared.reporting_year,
        compared.outcome,
        compared.difference,
        compared.widest,
        quantiles.quantile * sqrt(errors.squared_error) / compared.supported_schools as half_width
    from compared
    inner join errors using (municipality_id, reporting_year, outcome)
    asof left join {{ ref('student_quantiles') }} as quantiles on errors.degrees >= quantiles.degrees
)

select
    districts.municipality_id,
    districts.reporting_year,
    districts.outcome,
    coalesce(means.supported_schools, 0) as supported_schools,
    coalesce(means.comparison_schools, 0) as comparison_schools,
    means.before_supported,
    means.before_comparison,
    means.change_supported,
    means.change_comparison,
    intervals.difference,
    least(greatest(intervals.difference - intervals.half_width, -intervals.widest), intervals.widest) as ci_low,
    least(greatest(intervals.difference + intervals.half_width, -intervals.widest), intervals.widest) as ci_high
from districts
left join means using (municipality_id, reporting_year, outcome)
left join intervals using (municipality_id, reporting_year, outcome)
