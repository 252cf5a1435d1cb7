-- Who counts 5: pupil rows before marks statistics before a table of percentages, by school, year and procedure;
-- pupil rows without marks give way in what needs marks, and keep participants, absent and scores.
{% set key = 'school_id, reporting_year, procedure_id' %}

with pupils as (
    select
        {{ key }},
        sum(participants)::bigint as participants,
        sum(absent)::bigint as absent,
        sum(score_sum)::bigint as score_sum,
        sum(score_count)::bigint as score_count,
        sum(mark_sum)::bigint as mark_sum,
        sum(mark_count)::bigint as mark_count,
        {%- for mark in [2, 3, 4, 5] %}
        sum(mark_{{ mark }}_count)::bigint as mark_{{ mark }}_count,
        {%- endfor %}
        sum(failed)::bigint as failed,
        sum(judged_count)::bigint as judged_count,
        sum(test_score_count)::bigint as test_score_count,
        sum(high_score_count)::bigint as high_score_count,
        bool_or(is_scale_borrowed) as is_scale_borrowed
    from {{ ref('int_results__pupil_parts') }}
    group by all
),

-- Nobody took part: the row says nothing.
statistics as (
    select
        school_id,
        reporting_year,
        'vpr_' || subject || '_' || grade as procedure_id,
        participants,
        share_2_pct,
        share_3_pct,
        share_4_pct,
        share_5_pct
    from {{ ref('stg_vpr_marks') }}
    where coalesce(participants, 1) > 0 and share_2_pct is not null
),

tables as (
    select
        school_id,
        reporting_year,
        exam || '_' || subject || '_' || grade as procedure_id,
        exam,
        failed_pct
    from {{ ref('stg_procedure_results') }}
    where failed_pct is not null
),

keys as (
    select {{ key }} from pupils
    union
    select {{ key }} from statistics
    union
    select {{ key }} from tables
),

levelled as (
    select
        keys.school_id,
        schools.municipality_id,
        keys.reporting_year,
        keys.procedure_id,
        pupils.* exclude ({{ key }}, participants),
        pupils.participants as pupil_participants,
        statistics.participants as statistics_participants,
        statistics.share_2_pct,
        statistics.share_3_pct,
        statistics.share_4_pct,
        statistics.share_5_pct,
        statistics.share_2_pct as statistics_failed_pct,
        tables.failed_pct as table_failed_pct,
        tables.exam as table_exam,
        years.conflict_pp,
        years.low_result_pct,
        years.small_n,
        coalesce(pupils.participants > 0 and pupils.judged_count = pupils.participants, false) as is_judged_by_pupils,
        case
            when is_judged_by_pupils then 'pupil'
            when statistics.school_id is not null then 'marks'
            when tables.school_id is not null then 'table'
            else 'pupil'
        end as data_level
    from keys
    inner join {{ ref('int_school__years') }} as schools using (school_id, reporting_year)
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    left join pupils using ({{ key }})
    left join statistics using ({{ key }})
    left join tables using ({{ key }})
),

measured as (
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
        case data_level when 'marks' then statistics_failed_pct when 'table' then table_failed_pct end
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
                        coalesce(abs(100 * failed - statistics_failed_pct * pupil_participants), 0),
                        coalesce(abs(100 * failed - table_failed_pct * pupil_participants), 0)
                    ) > conflict_pp * pupil_participants
                when 'marks' then abs(statistics_failed_pct - table_failed_pct) > conflict_pp
            end,
            false
        ) as is_conflicting
    from levelled
)

select
    *,
    case
        when failed is not null then 100 * failed >= low_result_pct * participants
        when printed_failed_pct is not null then printed_failed_pct >= low_result_pct
    end as is_low_result,
    coalesce(participants between 1 and small_n - 1, false) as is_small_n
from measured
