-- Statuses with what is hidden left out and named, and named what is computed of cells that keep what they last
-- published. A total is told only where all of its points are open. Which condition opens which column is declared in
-- the contract of the mart.
create table open.marts.fct_school_status as
with totals as (
    select
        facts.school_id,
        facts.reporting_year,
        bool_and(facts.status <> 'suppressed') as is_total_open
    from open.marts.fct_indicator_value as facts
    where facts.max_points is not null
    group by all
),

-- Clusters are made of the points of task 1 of all schools of the municipality, and are not computed again.
clusters as (
    select
        facts.municipality_id,
        facts.reporting_year,
        bool_and(facts.status <> 'suppressed' and not list_contains(facts.flags, 'being_updated')) as is_cluster_open
    from open.marts.fct_indicator_value as facts
    inner join build.marts.dim_indicator as indicators
        using (methodology_version, indicator_code, component)
    where indicators.task = 1
    group by all
),

updated as (
    select
        facts.school_id,
        facts.reporting_year,
        bool_or(facts.max_points is not null) as is_total_updated,
        bool_or(settings.is_risk_dynamics) as is_fall_updated
    from open.marts.fct_indicator_value as facts
    inner join build.intermediate.int_indicator__settings as settings
        using (reporting_year, indicator_code, component)
    where list_contains(facts.flags, 'being_updated')
    group by all
),

statuses as (
    select
        official.* exclude (cluster),
        official.cluster,
        coalesce(totals.is_total_open, true) as is_total_open,
        clusters.is_cluster_open,
        coalesce(updated.is_total_updated, false) as is_total_updated,
        open_status.is_low_updated
        or open_status.is_index_updated
        or coalesce(updated.is_fall_updated or updated_before.is_fall_updated, false) as is_risk_updated,
        is_risk_updated and not open_status.is_support_official as is_support_updated,
        open_status.is_change_updated or is_risk_updated or open_status.is_difference_updated as is_mode_updated,
        open_status.* exclude (school_id, reporting_year)
    from build.marts.fct_school_status as official
    inner join open_status using (school_id, reporting_year)
    inner join clusters using (municipality_id, reporting_year)
    left join totals using (school_id, reporting_year)
    left join updated using (school_id, reporting_year)
    left join updated as updated_before
        on
            official.school_id = updated_before.school_id
            and official.reporting_year = updated_before.reporting_year + 1
)

select
    -- Columns of the contract, written by `python -m school_quality.warehouse`.
    school_id,
    municipality_id,
    reporting_year,
    case when are_low_procedures_open then low_procedures end as low_procedures,
    case when are_low_procedures_open then low_procedure_ids end as low_procedure_ids,
    case when is_low_open then is_low_results end as is_low_results,
    case when is_risk_open then is_risk_zone end as is_risk_zone,
    is_difficult_social,
    case when are_low_procedures_open then identifying_procedures end as identifying_procedures,
    official_low_results,
    official_risk_zone,
    official_difficult_social,
    in_project_500,
    official_biased_vpr,
    case when is_supported_open then is_supported end as is_supported,
    social_index,
    case when is_index_open then results_index end as results_index,
    case when is_index_open then is_index_computed end as is_index_computed,
    case when is_total_open then points end as points,
    case when is_total_open then max_points end as max_points,
    case when is_total_open then score_pct end as score_pct,
    case when is_total_open then coverage_pct end as coverage_pct,
    case when is_group_open then school_group end as school_group,
    case when is_cluster_open then cluster end as cluster,
    case when is_change_open then change_from_previous_year end as change_from_previous_year,
    case when is_mode_open then is_effective_mode end as is_effective_mode,
    list_filter(
        [
            case when not are_low_procedures_open then 'low_procedures' end,
            case when not are_low_procedures_open then 'low_procedure_ids' end,
            case when not is_low_open then 'is_low_results' end,
            case when not is_risk_open then 'is_risk_zone' end,
            case when not are_low_procedures_open then 'identifying_procedures' end,
            case when not is_supported_open then 'is_supported' end,
            case when not is_index_open then 'results_index' end,
            case when not is_index_open then 'is_index_computed' end,
            case when not is_total_open then 'points' end,
            case when not is_total_open then 'max_points' end,
            case when not is_total_open then 'score_pct' end,
            case when not is_total_open then 'coverage_pct' end,
            case when not is_group_open then 'school_group' end,
            case when not is_cluster_open then 'cluster' end,
            case when not is_change_open then 'change_from_previous_year' end,
            case when not is_mode_open then 'is_effective_mode' end
        ],
        lambda name: name is not null
    )::varchar[] as suppressed,
    list_filter(
        [
            case when is_low_updated and are_low_procedures_open then 'low_procedures' end,
            case when is_low_updated and are_low_procedures_open then 'low_procedure_ids' end,
            case when is_low_updated and is_low_open then 'is_low_results' end,
            case when is_risk_updated and is_risk_open then 'is_risk_zone' end,
            case when is_low_updated and are_low_procedures_open then 'identifying_procedures' end,
            case when is_support_updated and is_supported_open then 'is_supported' end,
            case when is_index_updated and is_index_open then 'results_index' end,
            case when is_total_updated and is_total_open then 'points' end,
            case when is_total_updated and is_total_open then 'max_points' end,
            case when is_total_updated and is_total_open then 'score_pct' end,
            case when is_total_updated and is_total_open then 'coverage_pct' end,
            case when is_index_updated and is_group_open then 'school_group' end,
            case when is_change_updated and is_change_open then 'change_from_previous_year' end,
            case when is_mode_updated and is_mode_open then 'is_effective_mode' end
        ],
        lambda name: name is not null
    )::varchar[] as being_updated
    -- So far the columns of the contract.
from statuses
order by school_id, reporting_year;
