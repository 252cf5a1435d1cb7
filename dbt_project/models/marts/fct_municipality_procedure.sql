-- Pupil-level results only. Failures and marks are known for the municipality where they are known for every school.
with summed as (
    select
        municipality_id,
        reporting_year,
        procedure_id,
        count(*) as schools,
        sum(pupil_participants)::bigint as participants,
        sum(score_sum) / nullif(sum(score_count), 0) as mean_score,
        case when bool_and(has_mark_counts) then sum(mark_sum) / sum(mark_count) end as mean_mark,
        case when sum(judged_count) = sum(pupil_participants) then sum(known_failed)::bigint end as failed
    from {{ ref('int_primitive__procedures') }}
    where pupil_participants > 0
    group by all
)

select
    municipality_id,
    reporting_year,
    procedure_id,
    schools,
    participants,
    mean_score,
    mean_mark,
    failed,
    100.0 * failed / participants as failed_pct
from summed
