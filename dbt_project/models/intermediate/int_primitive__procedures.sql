-- Means, shares and ratios of a school in a procedure, beside the mean of all participants of its district.
with cells as (
    select
        cells.*,
        years.zero_twos_pct,
        years.wilson_z,
        cells.score_sum / nullif(cells.score_count, 0) as mean_score,
        sum(cells.score_sum) over district / nullif(sum(cells.score_count) over district, 0) as district_mean_score,
        printed_share_2_pct + printed_share_3_pct + printed_share_4_pct + printed_share_5_pct as printed_shares_pct
    from {{ ref('int_results__cells') }} as cells
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    window district as (partition by cells.municipality_id, cells.reporting_year, cells.procedure_id)
)

select
    school_id,
    municipality_id,
    reporting_year,
    procedure_id,
    data_level,
    participants,
    marked_participants,
    pupil_participants,
    absent,
    score_sum,
    score_count,
    mean_score,
    mean_score / nullif(district_mean_score, 0) as score_to_district,
    case
        when has_mark_counts then mark_sum / mark_count
        when printed_shares_pct > 0
            then (
                2 * printed_share_2_pct + 3 * printed_share_3_pct + 4 * printed_share_4_pct + 5 * printed_share_5_pct
            )::double / printed_shares_pct::double
    end as mean_mark,
    {%- for mark in [2, 3, 4, 5] %}
    case
        when has_mark_counts then 100.0 * mark_{{ mark }}_count / mark_count
        else printed_share_{{ mark }}_pct::double
    end as share_{{ mark }}_pct,
    {%- endfor %}
    case
        when has_mark_counts and mark_2_count > 0 then mark_5_count / mark_2_count
        when has_mark_counts then 100.0 * mark_5_count / mark_count / zero_twos_pct::double
        when printed_share_2_pct > 0 then printed_share_5_pct::double / printed_share_2_pct::double
        else printed_share_5_pct::double / zero_twos_pct::double
    end as fives_to_twos,
    has_mark_counts,
    mark_sum,
    mark_count,
    failed,
    printed_failed_pct,
    coalesce(100.0 * failed / participants, printed_failed_pct::double) as failed_pct,
    {{ wilson_low_pct('failed', 'participants', 'wilson_z') }} as failed_ci_low_pct,
    {{ wilson_high_pct('failed', 'participants', 'wilson_z') }} as failed_ci_high_pct,
    is_low_result,
    low_result_pct,
    known_failed,
    judged_count,
    test_score_count,
    high_score_count,
    is_small_n,
    is_conflicting,
    is_scale_borrowed
from cells
