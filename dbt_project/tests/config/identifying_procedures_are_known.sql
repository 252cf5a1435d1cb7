-- Checks that procedures named in seeds are of a known exam and subject. Matters when a procedure is added.
-- To resolve: the id is exam_subject_grade with ids of exams.csv and subjects.csv.
with named as (
    select procedure_id from {{ ref('identifying_procedures') }}
    union
    select procedure_id from {{ ref('index_procedures') }}
    union
    select procedure_id from {{ ref('social_coefficient') }}
)

select
    named.procedure_id,
    procedures.subject
from named
left join {{ ref('int_results__procedures') }} as procedures using (procedure_id)
left join {{ ref('subjects') }} as subjects using (subject)
where subjects.subject is null
