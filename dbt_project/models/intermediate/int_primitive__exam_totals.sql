-- Reading 6: results of a school over all subjects of an exam. A result without a known minimum counts on neither side
-- of the failed share.
select
    procedures.school_id,
    procedures.reporting_year,
    split_part(procedures.procedure_id, '_', 1) as exam,
    sum(procedures.test_score_count)::bigint as test_scores,
    sum(procedures.high_score_count)::bigint as high_scores,
    sum(procedures.pupil_participants)::bigint as results,
    sum(procedures.judged_count)::bigint as judged,
    sum(procedures.known_failed)::bigint as failed,
    bool_or(procedures.is_conflicting) as is_conflicting
from {{ ref('int_primitive__procedures') }} as procedures
group by all
