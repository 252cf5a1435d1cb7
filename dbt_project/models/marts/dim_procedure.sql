-- is_identifying speaks of the edition in force in the last reporting year.
with identifying as (
    select procedures.procedure_id
    from {{ ref('identifying_procedures') }} as procedures
    inner join {{ ref('int_methodology__years') }} as years using (methodology_version)
    where years.reporting_year = {{ var('reporting_year') }}
)

select
    procedures.procedure_id,
    procedures.exam,
    procedures.subject,
    procedures.grade,
    exams.exam_name || ', ' || lower(coalesce(subjects.subject_name, procedures.subject))
    || ', ' || procedures.grade || ' класс' as procedure_name,
    identifying.procedure_id is not null as is_identifying
from {{ ref('int_results__procedures') }} as procedures
inner join {{ ref('exams') }} as exams using (exam)
left join {{ ref('subjects') }} as subjects using (subject)
left join identifying using (procedure_id)
