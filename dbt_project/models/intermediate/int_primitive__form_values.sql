-- Numbers of the forms, one row a field: counts as they are, yes/no as 1/0, innovation as none 0, participant 1,
-- winner 2.
{% set forms = {
    'form_staff': ['year', 'null', ['teachers', 'highest_category', 'first_category']],
    'form_methodical': ['year', 'null', [
        'teachers', 'trained_3_years', 'contest_participants', 'contest_winners', 'shared_municipal',
        'shared_regional', 'innovation', 'leaders_tutors'
    ]],
    'form_olympiad': ['year', 'null', ['municipal_participants', 'municipal_winners', 'regional_winners']],
    'form_documents': ['year', 'null', [
        'has_development_programme', 'has_anti_risk_programme', 'has_internal_assessment'
    ]],
    'form_pupils': ['quarter', 'quarter', [
        'pupils', 'failing', 'disability', 'non_native', 'failing_in_extra_classes', 'social'
    ]],
    'form_teacher_courses': ['half_year', 'half_year', ['teachers', 'trained_teachers']],
    'form_network': ['quarter', 'quarter', ['with_schools', 'with_organisations', 'joint_events', 'seminars']],
} %}

with numbers as (
    {%- for dataset, (period_type, period_column, fields) in forms.items() %}
    select
        school_id,
        reporting_year,
        period_number,
        '{{ dataset }}' as dataset,
        '{{ period_type }}' as period_type,
        field,
        field_value
    from (
        unpivot (
            select
                school_id,
                reporting_year,
                {{ period_column }}::integer as period_number,
                {%- for field in fields %}
                {%- if field == 'innovation' %}
                (list_position(['none', 'participant', 'winner'], {{ field }}) - 1)::bigint as {{ field }}
                {%- else %}
                {{ field }}::bigint as {{ field }}
                {%- endif %}{{ ',' if not loop.last }}
                {%- endfor %}
            from {{ ref('stg_' ~ dataset) }}
        )
        on {{ fields | join(', ') }}
        into name field value field_value
    )
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    numbers.school_id,
    numbers.reporting_year,
    periods.period,
    numbers.period_number,
    numbers.dataset,
    numbers.field,
    numbers.field_value
from numbers
inner join {{ ref('int_calendar__periods') }} as periods
    on
        numbers.reporting_year = periods.reporting_year
        and numbers.period_type = periods.period_type
        and numbers.period_number is not distinct from periods.period_number
