-- Clause 6: change of the schools that were supported the year before against similar ones that were not. Several
-- schools may share a similar one, so the 95 % interval counts similar schools (clusters), not pairs, and reads
-- Student's quantile for one less than their number; with a single similar school there is none.
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
        avg(value_before) as before_supported,
        avg(similar_before) as before_comparison,
        avg(change_supported) as change_supported,
        avg(change_comparison) as change_comparison,
        avg(difference) as difference
    from pairs
    group by all
),

deviations as (
    select
        pairs.municipality_id,
        pairs.reporting_year,
        pairs.outcome,
        pairs.similar_school_id,
        sum(pairs.difference - means.difference) as deviation
    from pairs
    inner join means using (municipality_id, reporting_year, outcome)
    group by all
),

errors as (
    select
        means.municipality_id,
        means.reporting_year,
        means.outcome,
        sqrt(
            sum(deviations.deviation * deviations.deviation)
            * means.comparison_schools / nullif(means.comparison_schools - 1, 0)
        ) / means.supported_schools as standard_error,
        max(quantiles.quantile) as quantile
    from means
    inner join deviations using (municipality_id, reporting_year, outcome)
    asof left join {{ ref('student_quantiles') }} as quantiles
        on means.comparison_schools - 1 >= quantiles.degrees
    group by
        means.municipality_id,
        means.reporting_year,
        means.outcome,
        means.comparison_schools,
        means.supported_schools
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
    means.difference,
    means.difference - errors.standard_error * errors.quantile as ci_low,
    means.difference + errors.standard_error * errors.quantile as ci_high
from districts
left join means using (municipality_id, reporting_year, outcome)
left join errors using (municipality_id, reporting_year, outcome)
