-- Where the numbers of a school come from: rows of a sheet, by procedure and year or by dataset and period.
with procedure_sources as (
    select
        parts.school_id,
        parts.procedure_id as source_key,
        parts.reporting_year::varchar as source_period,
        parts.seq,
        parts.sheet,
        parts.row_from,
        parts.row_to,
        parts.source_rows
    from {{ ref('int_results__pupil_parts') }} as parts
    union all
    select
        rows.school_id,
        cells.procedure_id as source_key,
        cells.reporting_year::varchar as source_period,
        rows.seq,
        rows.sheet,
        rows.row_number as row_from,
        rows.row_number as row_to,
        1 as source_rows
    from {{ ref('stg_vpr_marks') }} as rows
    inner join {{ ref('int_results__cells') }} as cells
        on
            rows.school_id = cells.school_id
            and rows.reporting_year = cells.reporting_year
            and 'vpr_' || rows.subject || '_' || rows.grade = cells.procedure_id
            and cells.data_level = 'marks'
    union all
    select
        rows.school_id,
        cells.procedure_id as source_key,
        cells.reporting_year::varchar as source_period,
        rows.seq,
        rows.sheet,
        rows.row_number as row_from,
        rows.row_number as row_to,
        1 as source_rows
    from {{ ref('stg_procedure_results') }} as rows
    inner join {{ ref('int_results__cells') }} as cells
        on
            rows.school_id = cells.school_id
            and rows.reporting_year = cells.reporting_year
            and rows.exam || '_' || rows.subject || '_' || rows.grade = cells.procedure_id
            and cells.data_level = 'table'
    union all
    select
        appeals.school_id,
        appeals.exam || '_' || appeals.subject || '_' || exams.grade_by_exam as source_key,
        appeals.reporting_year::varchar as source_period,
        appeals.seq,
        appeals.sheet,
        appeals.row_number as row_from,
        appeals.row_number as row_to,
        1 as source_rows
    from {{ ref('stg_appeals') }} as appeals
    inner join {{ ref('exams') }} as exams using (exam)
    where appeals.is_upheld
),

form_sources as (
    {%- for dataset in datasets() if dataset.kind in ('form', 'list') and dataset.reporting_year != 'null' %}
    {{ 'union all' if not loop.first }}
    select
        school_id,
        '{{ dataset.name }}' as source_key,
        reporting_year::varchar
        {%- if dataset.period_number == 'quarter' %} || '-Q' || quarter
        {%- elif dataset.period_number == 'half_year' %} || '-H' || half_year
        {%- endif %} as source_period,
        seq,
        sheet,
        row_number as row_from,
        row_number as row_to,
        1 as source_rows
    from {{ ref('stg_' ~ dataset.name) }}
    where school_id is not null
    {%- endfor %}
),

sources as (
    select * from procedure_sources
    union all
    select * from form_sources
)

select
    sources.school_id,
    sources.source_key,
    sources.source_period,
    receipts.file_id,
    sources.sheet,
    min(sources.row_from) as row_from,
    max(sources.row_to) as row_to,
    sum(sources.source_rows)::bigint as source_rows
from sources
inner join {{ ref('stg_receipts') }} as receipts using (seq)
group by all
