-- What came of each school, dataset and period: its rows in force, and when the first accepted row of it came.
{% set datasets = {
    'ege_results': none, 'oge_results': none, 'vpr_results': none, 'school_register': none, 'social_index': none,
    'form_staff': none, 'form_methodical': none, 'form_olympiad': none, 'form_documents': none,
    'form_pupils': 'quarter', 'form_teacher_courses': 'half_year', 'form_network': 'quarter',
} %}
{# the staging of these keeps corrected rows: a row of theirs is a pupil's result of a day #}
{% set protocols = ['ege_results', 'oge_results'] %}

with in_force as (
    {%- for dataset, period_column in datasets.items() %}
    select
        school_id,
        '{{ dataset }}' as dataset,
        {{ 'null' if dataset == 'school_register' else 'reporting_year' }}::integer as reporting_year,
        {{ period_column or 'null' }}::integer as period_number,
        {{ 'count(distinct (pupil_id, subject, exam_date))' if dataset in protocols else 'count(*)' }} as rows_accepted
    from {{ ref('stg_' ~ dataset) }}
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- A form that came in time and was corrected later is not late.
attempts as (
    {%- for dataset, period_column in datasets.items() %}
    select distinct
        school_id,
        '{{ dataset }}' as dataset,
        {{ 'null' if dataset == 'school_register' else 'reporting_year' }}::integer as reporting_year,
        {{ period_column or 'null' }}::integer as period_number,
        seq
    from ({{ landed(dataset) }}) as landed
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

came as (
    select
        attempts.school_id,
        attempts.dataset,
        attempts.reporting_year,
        attempts.period_number,
        min(receipts.came_at) as received_at
    from attempts
    inner join {{ ref('stg_receipts') }} as receipts using (seq)
    group by all
)

-- The register has no year: it stands for every year.
select
    in_force.school_id,
    in_force.dataset,
    due.period,
    came.received_at,
    in_force.rows_accepted
from in_force
inner join came
    on
        in_force.school_id = came.school_id
        and in_force.dataset = came.dataset
        and in_force.reporting_year is not distinct from came.reporting_year
        and in_force.period_number is not distinct from came.period_number
inner join {{ ref('int_calendar__due') }} as due
    on
        in_force.dataset = due.dataset
        and coalesce(in_force.reporting_year, due.reporting_year) = due.reporting_year
        and in_force.period_number is not distinct from due.period_number
