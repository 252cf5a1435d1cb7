-- Numerators and denominators of the indicators that read forms: sums of the fields that the seed names; null where
-- any of them is missing.
with parts as (
    {%- for side in ['numerator', 'denominator'] %}
    select distinct
        methodology_version,
        dataset,
        '{{ side }}' as side,
        {{ side }} as fields,
        unnest(string_split({{ side }}, '|')) as field,
        len(string_split({{ side }}, '|')) as field_count
    from {{ ref('indicators') }}
    where {{ side }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

wanted as (
    select distinct
        dataset,
        fields,
        field,
        field_count
    from parts
)

select
    form_values.school_id,
    form_values.reporting_year,
    form_values.period,
    form_values.period_number,
    form_values.dataset,
    wanted.fields,
    sum(form_values.field_value)::bigint as field_sum
from {{ ref('int_primitive__form_values') }} as form_values
inner join wanted using (dataset, field)
group by all
having count(*) = max(wanted.field_count)
