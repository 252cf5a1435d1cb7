-- Readings 10 and 12: the delivered index beside the computed one, and its difference to the year before, in which
-- the two are never mixed.
with computed as (
    select
        parts.school_id,
        parts.reporting_year,
        {{ in_order('avg', 'parts.z') }} as computed_index,
        bool_or(pairs.procedure_id is not null) filter (where parts.z is not null) as is_not_comparable,
        bool_or(pairs_after.procedure_id is not null) filter (where parts.z is not null) as is_not_comparable_after
    from {{ ref('int_primitive__index_parts') }} as parts
    left join {{ ref('int_methodology__pairs') }} as pairs
        on
            parts.procedure_id = pairs.procedure_id
            and parts.reporting_year = pairs.reporting_year
            and parts.reporting_year - 1 = pairs.year_before
    left join {{ ref('int_methodology__pairs') }} as pairs_after
        on
            parts.procedure_id = pairs_after.procedure_id
            and parts.reporting_year + 1 = pairs_after.reporting_year
            and parts.reporting_year = pairs_after.year_before
    group by all
),

indices as (
    select
        schools.school_id,
        schools.municipality_id,
        schools.reporting_year,
        delivered.results_index::double as delivered_index,
        computed.computed_index,
        computed.school_id is not null as has_results,
        computed.is_not_comparable,
        computed.is_not_comparable_after,
        years.zero_difference
    from {{ ref('int_school__years') }} as schools
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    left join {{ ref('stg_results_index') }} as delivered using (school_id, reporting_year)
    left join computed using (school_id, reporting_year)
),

sides as (
    select
        this_year.*,
        coalesce(this_year.delivered_index, this_year.computed_index) as results_index,
        case
            when this_year.delivered_index is not null then false
            when this_year.computed_index is not null then true
        end as is_computed,
        this_year.delivered_index is null or year_before.delivered_index is null as is_difference_computed,
        case when is_difference_computed then this_year.computed_index else this_year.delivered_index end as value_now,
        case when is_difference_computed then year_before.computed_index else year_before.delivered_index end
            as value_before,
        is_difference_computed
        and (
            coalesce(this_year.is_not_comparable, false) or coalesce(year_before.is_not_comparable_after, false)
        ) as is_difference_not_comparable
    from indices as this_year
    left join indices as year_before
        on
            this_year.school_id = year_before.school_id
            and this_year.reporting_year = year_before.reporting_year + 1
)

select
    school_id,
    municipality_id,
    reporting_year,
    delivered_index,
    computed_index,
    has_results,
    case when abs(results_index) < zero_difference then 0.0 else results_index end as results_index,
    {{ sign_of('results_index', 'zero_difference') }} as index_sign,
    is_computed,
    is_difference_computed,
    is_difference_not_comparable,
    value_now,
    value_before,
    case when abs(value_now - value_before) < zero_difference then 0.0 else value_now - value_before end as difference,
    {{ sign_of('value_now - value_before', 'zero_difference') }} as difference_sign
from sides
