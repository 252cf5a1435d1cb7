-- Who counts 5: what the source in use says of a school, year and procedure, and whether the others contradict it;
-- where pupil rows gave way in what needs marks, they keep participants, absent and scores.
with measured as (
    select
        school_id,
        municipality_id,
        reporting_year,
        procedure_id,
        data_level,
        is_judged_by_pupils,
        coalesce(
            case when pupil_participants > 0 or data_level = 'pupil' then pupil_participants end,
            case when data_level = 'marks' then statistics_participants end
        ) as participants,
        -- Those behind the marks, where these come from another source than the pupils.
        case
            when data_level = 'pupil' then pupil_participants
            else coalesce(
                case when data_level = 'marks' then statistics_participants end, nullif(pupil_participants, 0)
            )
        end as marked_participants,
        pupil_participants,
        absent,
        score_sum,
        score_count,
        -- Marks of the source in use: counts of pupils, or percentages as printed.
        mark_count = pupil_participants and mark_count > 0 as has_mark_counts,
        mark_sum,
        mark_count,
        {%- for mark in [2, 3, 4, 5] %}
        mark_{{ mark }}_count,
        {%- endfor %}
        case
            when data_level = 'marks' then share_2_pct
            when data_level = 'table' and table_exam = 'vpr' then table_failed_pct
        end as printed_share_2_pct,
        case when data_level = 'marks' then share_3_pct end as printed_share_3_pct,
        case when data_level = 'marks' then share_4_pct end as printed_share_4_pct,
        case when data_level = 'marks' then share_5_pct end as printed_share_5_pct,
        case when is_judged_by_pupils then failed end as failed,
        case data_level when 'marks' then share_2_pct when 'table' then table_failed_pct end
            as printed_failed_pct,
        failed as known_failed,
        judged_count,
        test_score_count,
        high_score_count,
        low_result_pct,
        small_n,
        coalesce(is_scale_borrowed and is_judged_by_pupils, false) as is_scale_borrowed,
        -- Differences are multiplied out: no division decides whether sources agree.
        coalesce(
            case data_level
                when 'pupil' then
                    greatest(
                        coalesce(abs(100 * failed - share_2_pct * pupil_participants), 0),
                        coalesce(abs(100 * failed - table_failed_pct * pupil_participants), 0)
                    ) > conflict_pp * pupil_participants
                when 'marks' then abs(share_2_pct - table_failed_pct) > conflict_pp
            end,
            false
        ) as is_conflicting
    from {{ ref('int_results__sources') }}
    inner join {{ ref('int_methodology__years') }} using (reporting_year)
)

select
    *,
    case
        when failed is not null then 100 * failed >= low_result_pct * participants
        when printed_failed_pct is not null then printed_failed_pct >= low_result_pct
    end as is_low_result,
    coalesce(participants between 1 and small_n - 1, false) as is_small_n
from measured
