-- What each school's rows of a dataset and period came in, by receipt.
{% set datasets = {
    'ege_results': none, 'oge_results': none, 'vpr_results': none, 'school_register': none, 'social_index': none,
    'form_staff': none, 'form_methodical': none, 'form_olympiad': none, 'form_documents': none,
    'form_pupils': 'quarter', 'form_teacher_courses': 'half_year', 'form_network': 'quarter',
} %}

with received as (
    {%- for dataset, period_column in datasets.items() %}
    select
        school_id,
        '{{ dataset }}' as dataset,
        {% if dataset == 'school_register' -%}
        null::integer as reporting_year,
        {%- else -%}
        reporting_year,
        {%- endif %}
        {{ period_column or 'null' }}::integer as period_number,
        seq,
        count(*) as rows_accepted
    from ({{ landed(dataset) }}) as landed
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

-- The register has no year: it stands for every year.
select
    received.school_id,
    received.dataset,
    due.period,
    received.seq,
    receipts.received_at,
    received.rows_accepted
from received
inner join {{ ref('stg_receipts') }} as receipts using (seq)
inner join {{ ref('int_calendar__due') }} as due
    on
        received.dataset = due.dataset
        and coalesce(received.reporting_year, due.reporting_year) = due.reporting_year
        and received.period_number is not distinct from due.period_number
