-- Reading 11: mean of the school's means over ИСБШ, and whether it reaches the order's edge. The means are brought to
-- one denominator, so that the edge is compared in whole numbers (a product of counts of one school is far below 2^53).
with wanted as (
    select
        years.reporting_year,
        coefficient.school_type,
        coefficient.procedure_id,
        coefficient.min_value,
        count(*) over (partition by years.reporting_year, coefficient.school_type) as means_wanted
    from {{ ref('int_methodology__years') }} as years
    inner join {{ ref('social_coefficient') }} as coefficient using (methodology_version)
),

means as (
    select
        schools.school_id,
        schools.reporting_year,
        wanted.means_wanted,
        wanted.min_value,
        procedures.score_sum::hugeint as score_sum,
        procedures.score_count::hugeint as score_count,
        procedures.is_conflicting,
        (product(procedures.score_count) over (partition by schools.school_id, schools.reporting_year))::hugeint
            as common_count
    from {{ ref('int_school__years') }} as schools
    inner join wanted using (reporting_year, school_type)
    inner join {{ ref('int_primitive__procedures') }} as procedures
        using (school_id, reporting_year, procedure_id)
    where procedures.score_count > 0
),

summed as (
    select
        school_id,
        reporting_year,
        means_wanted,
        min_value,
        sum(score_sum * (common_count // score_count))::hugeint as common_sum,
        common_count * means_wanted as common_denominator,
        bool_or(is_conflicting) as is_conflicting
    from means
    group by all
    having count(*) = means_wanted
)

-- The edge has four decimals, ИСБШ six.
select
    summed.school_id,
    summed.reporting_year,
    summed.common_sum / summed.common_denominator / social.social_index::double as coefficient,
    summed.common_sum * 10000000000
    >= (summed.min_value * 10000)::hugeint * (social.social_index * 1000000)::hugeint * summed.common_denominator
        as reaches_edge,
    summed.is_conflicting
from summed
left join {{ ref('int_primitive__social_index') }} as social using (school_id, reporting_year)
