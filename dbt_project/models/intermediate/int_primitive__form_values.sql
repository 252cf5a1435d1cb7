-- What the forms say, one row a field: counts as they are, yes/no as 1/0, a choice as its place among the declared
-- ones, from 0 on (innovation: none 0, participant 1, winner 2).
with numbers as (
    {%- for form in datasets() if form.numbers %}
    {{ 'union all' if not loop.first }}
    select
        school_id,
        reporting_year,
        period_number,
        '{{ form.name }}' as dataset,
        '{{ form.period }}' as period_type,
        field,
        field_value
    from (
        unpivot (
            select
                school_id,
                reporting_year,
                {{ form.period_number }}::integer as period_number,
                {%- for field, number in form.numbers.items() %}
                {{ number }} as {{ field }}{{ ',' if not loop.last }}
                {%- endfor %}
            from {{ ref('stg_' ~ form.name) }}
        )
        on {{ form.numbers | join(', ') }}
        into name field value field_value
    )
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
