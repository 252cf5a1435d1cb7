select
    school_id,
    municipality_id,
    reporting_year,
    procedure_id,
    participants::bigint as participants,
    absent,
    mean_score,
    mean_mark,
    share_2_pct,
    share_3_pct,
    share_4_pct,
    share_5_pct,
    failed,
    failed_pct,
    failed_ci_low_pct,
    failed_ci_high_pct,
    estimates.failed_pooled,
    estimates.participants_pooled,
    estimates.failed_pooled_pct,
    estimates.failed_pooled_ci_low_pct,
    estimates.failed_pooled_ci_high_pct,
    estimates.pooled_years,
    estimates.failed_shrunk_pct,
    is_low_result,
    -- The first number of failures that makes the result low is the 30 % rounded up.
    case
        when participants = 0 or failed is null then null
        when is_low_result then failed - ceil(participants * low_result_pct / 100)::bigint + 1
        else ceil(participants * low_result_pct / 100)::bigint - failed
    end as pupils_to_threshold,
    data_level,
    {{ flag_list({
        'small_n': 'is_small_n', 'conflicting_sources': 'is_conflicting', 'borrowed_scale': 'is_scale_borrowed'
    }) }} as flags
from {{ ref('int_primitive__procedures') }}
left join {{ ref('int_primitive__failed_estimates') }} as estimates using (school_id, reporting_year, procedure_id)
