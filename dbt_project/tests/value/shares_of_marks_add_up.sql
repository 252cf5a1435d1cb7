-- Checks that the shares of marks counted from pupils add up to 100 %, and that low results follow from the failures.
-- To resolve: a mark outside 2-5 landed, or a pupil was counted twice.
select
    school_id,
    reporting_year,
    procedure_id,
    share_2_pct + share_3_pct + share_4_pct + share_5_pct as shares_pct,
    failed,
    participants
from {{ ref('fct_procedure_result') }}
where
    data_level = 'pupil'
    and (
        abs(share_2_pct + share_3_pct + share_4_pct + share_5_pct - 100) > 0.000001
        or failed > participants
        or failed_ci_low_pct > failed_pct + 0.000001
        or failed_ci_high_pct < failed_pct - 0.000001
    )
