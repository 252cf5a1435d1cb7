create table open.marts.fct_procedure_result as
with results as (
    select
        facts.* exclude (flags),
        hidden_result.school_id is null as is_open,
        hidden_result.school_id is null
        and not (facts.participants = 0 and facts.absent between 1 and limits.min_pupils - 1) as is_absent_open,
        case
            when not is_absent_open then ['suppressed']
            when kept_result.school_id is not null then list_append(facts.flags, 'being_updated')
            else facts.flags
        end as flags
    from build.marts.fct_procedure_result as facts
    cross join limits
    left join hidden_result using (school_id, reporting_year, procedure_id)
    left join kept_result using (school_id, reporting_year, procedure_id)
)

select
    -- Columns of the contract, written by `python -m school_quality.warehouse`.
    school_id,
    municipality_id,
    reporting_year,
    procedure_id,
    case when is_open then participants end as participants,
    case when is_absent_open then absent end as absent,
    case when is_open then mean_score end as mean_score,
    case when is_open then mean_mark end as mean_mark,
    case when is_open then share_2_pct end as share_2_pct,
    case when is_open then share_3_pct end as share_3_pct,
    case when is_open then share_4_pct end as share_4_pct,
    case when is_open then share_5_pct end as share_5_pct,
    case when is_open then failed end as failed,
    case when is_open then failed_pct end as failed_pct,
    case when is_open then failed_ci_low_pct end as failed_ci_low_pct,
    case when is_open then failed_ci_high_pct end as failed_ci_high_pct,
    null::bigint as failed_pooled,
    null::bigint as participants_pooled,
    null::double as failed_pooled_pct,
    null::double as failed_pooled_ci_low_pct,
    null::double as failed_pooled_ci_high_pct,
    null::bigint as pooled_years,
    null::double as failed_shrunk_pct,
    case when is_open then is_low_result end as is_low_result,
    case when is_open then pupils_to_threshold end as pupils_to_threshold,
    case when is_open then data_level end as data_level,
    flags
    -- So far the columns of the contract.
from results
order by school_id, reporting_year, procedure_id;
