-- Reading 11: mean of the school's means over ИСБШ, and whether it reaches the order's edge. The means are brought to
-- one denominator, so that the edge is compared in whole numbers.
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
        max(wanted.means_wanted) as means_wanted,
        max(wanted.min_value) as min_value,
        list(procedures.score_sum::hugeint order by procedures.procedure_id) as score_sums,
        list(procedures.score_count::hugeint order by procedures.procedure_id) as score_counts,
        avg(procedures.mean_score) as mean_of_means,
        bool_or(procedures.is_conflicting) as is_conflicting
    from {{ ref('int_school__years') }} as schools
    inner join wanted using (reporting_year, school_type)
    inner join {{ ref('int_primitive__procedures') }} as procedures
        using (school_id, reporting_year, procedure_id)
    where procedures.score_count > 0
    group by all
    having count(*) = max(wanted.means_wanted)
),

common as (
    select
        *,
        list_reduce(score_counts, lambda x, y: x * y) as common_count
    from means
)

select
    common.school_id,
    common.reporting_year,
    common.mean_of_means / social.social_index::double as coefficient,
    list_reduce(
        list_transform(score_sums, lambda s, i: s * (common_count // score_counts[i])), lambda x, y: x + y
    ) * 1000000 * 10000
    >= (common.min_value * 10000)::hugeint * means_wanted * common_count * (social.social_index * 1000000)::hugeint
        as reaches_edge,
    common.is_conflicting
from common
left join {{ ref('int_primitive__social_index') }} as social using (school_id, reporting_year)
