-- Procedures whose results of two years cannot be compared (reading 18).
select distinct
    procedures.procedure_id,
    comparability.year_now as reporting_year,
    comparability.year_before
from {{ ref('int_results__procedures') }} as procedures
inner join {{ ref('comparability') }} as comparability
    on
        procedures.exam = comparability.exam
        and procedures.subject = coalesce(comparability.subject, procedures.subject)
        and procedures.grade = coalesce(comparability.grade, procedures.grade)
        and not list_contains(string_split(coalesce(comparability.except_subjects, ''), '|'), procedures.subject)
