-- The procedures for which there is any accepted result, and those that the methodology names.
with delivered as (
    select
        exam,
        subject,
        grade
    from {{ ref('int_results__pupil_parts') }}
    union
    select
        'vpr' as exam,
        subject,
        grade
    from {{ ref('stg_vpr_marks') }}
    {%- for report in ['task_completion', 'score_distribution', 'journal_comparison'] %}
    union
    select
        'vpr' as exam,
        subject,
        grade
    from {{ ref('stg_' ~ report) }}
    {%- endfor %}
    union
    select
        exam,
        subject,
        grade
    from {{ ref('stg_procedure_results') }}
),

-- An id is exam, subject, grade: the subject may have underscores of its own.
named as (
    select
        split_part(procedure_id, '_', 1) as exam,
        regexp_extract(procedure_id, '^[a-z]+_(.+)_[0-9]+$', 1) as subject,
        regexp_extract(procedure_id, '([0-9]+)$', 1)::integer as grade
    from (
        select procedure_id from {{ ref('identifying_procedures') }}
        union all
        select procedure_id from {{ ref('index_procedures') }}
    )
),

procedures as (
    select * from delivered
    union
    select * from named
)

select
    exam || '_' || subject || '_' || grade as procedure_id,
    exam,
    subject,
    grade
from procedures
