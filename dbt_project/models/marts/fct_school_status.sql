with scores as (
    select
        school_id,
        reporting_year,
        sum(points)::integer as points,
        sum(max_points) filter (where status = 'scored')::integer as max_points,
        100.0 * count(*) filter (where status = 'scored')
        / nullif(
            count(*) filter (where status = 'scored' or (status = 'no_data' and reason <> 'not_due')), 0
        ) as coverage_pct
    from {{ ref('fct_indicator_value') }}
    where max_points is not null
    group by all
),

statuses as (
    select
        identification.*,
        social.delivered_social_index,
        social.is_difficult_social,
        social.is_poor,
        indices.results_index,
        indices.index_sign,
        indices.is_computed,
        indices.difference_sign,
        year_before.is_low_results as was_low_results,
        -- With too few identifying procedures nobody can be ШНОР, so no longer to be it says nothing.
        coalesce(was_low_results, false)
        and not identification.is_low_results
        and case when identification.can_be_low then true end as has_left_low_results
    from {{ ref('int_school__identification') }} as identification
    left join {{ ref('int_primitive__social_index') }} as social using (school_id, reporting_year)
    left join {{ ref('int_primitive__results_index') }} as indices using (school_id, reporting_year)
    left join {{ ref('int_school__identification') }} as year_before
        on
            identification.school_id = year_before.school_id
            and identification.reporting_year = year_before.reporting_year + 1
)

select
    statuses.school_id,
    statuses.municipality_id,
    statuses.reporting_year,
    len(statuses.low_procedure_ids)::integer as low_procedures,
    statuses.low_procedure_ids,
    statuses.is_low_results,
    statuses.is_risk_zone,
    statuses.is_difficult_social,
    statuses.identifying_procedures,
    statuses.official_low_results,
    statuses.official_risk_zone,
    statuses.official_difficult_social,
    statuses.in_project_500,
    statuses.official_biased_vpr,
    statuses.is_supported,
    statuses.delivered_social_index::double as social_index,
    statuses.results_index,
    statuses.is_computed as is_index_computed,
    scores.points,
    scores.max_points,
    100.0 * scores.points / scores.max_points as score_pct,
    scores.coverage_pct,
    case
        when statuses.is_poor and statuses.index_sign > 0 then 'resilient'
        when not statuses.is_poor and statuses.index_sign > 0 then 'thriving'
        when statuses.is_poor and statuses.index_sign <= 0 then 'struggling'
        when not statuses.is_poor and statuses.index_sign <= 0 then 'underperforming'
    end as school_group,
    clusters.cluster,
    case
        when statuses.is_low_results and not statuses.was_low_results then 'entered'
        when statuses.has_left_low_results then 'left'
        when statuses.is_low_results and statuses.was_low_results then 'stayed'
        when not statuses.is_low_results and not statuses.was_low_results then 'none'
    end as change_from_previous_year,
    -- As with the risk zone: without an index or a year before it is not shown, without results of this year unknown.
    statuses.has_left_low_results
    and not statuses.is_risk_zone
    and coalesce(statuses.difference_sign >= 0, false) as is_effective_mode
from statuses
left join scores using (school_id, reporting_year)
left join {{ ref('int_school__clusters') }} as clusters using (school_id, reporting_year)
