-- Who counts 5: which source speaks for a cell, with all sources beside each other: pupil rows before marks statistics
-- before a table of percentages; pupil rows without marks give way.
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
)

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
    tables.failed_pct as table_failed_pct,
    tables.exam as table_exam,
    coalesce(pupils.participants > 0 and pupils.judged_count = pupils.participants, false) as is_judged_by_pupils,
    case
        when is_judged_by_pupils then 'pupil'
        when statistics.school_id is not null then 'marks'
        when tables.school_id is not null then 'table'
        else 'pupil'
    end as data_level
from keys
inner join {{ ref('int_school__years') }} as schools using (school_id, reporting_year)
left join pupils using ({{ key }})
left join statistics using ({{ key }})
left join tables using ({{ key }})
