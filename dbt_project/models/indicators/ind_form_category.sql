-- The seed names the fields from the best on: the first that is not zero is the value, and its place the level.
with fields as (
    select
        expected.school_id,
        expected.period,
        expected.indicator_code,
        expected.component,
        expected.is_due,
        string_split(expected.numerator, '|') as names,
        map_from_entries(
            list((form_values.field, form_values.field_value)) filter (where form_values.field is not null)
        ) as numbers
    from {{ ref('int_indicator__expected') }} as expected
    left join {{ ref('int_primitive__form_values') }} as form_values
        on
            expected.school_id = form_values.school_id
            and expected.period = form_values.period
            and expected.dataset = form_values.dataset
    where expected.family = 'form_category' and expected.not_applicable_reason is null
    group by all
),

ordered as (
    select
        *,
        list_transform(names, lambda name: numbers[name]) as field_values,
        list_transform(names, lambda name: numbers[name] > 0) as are_positive
    from fields
)

select
    school_id,
    period,
    indicator_code,
    component,
    numbers is null or list_contains(list_transform(field_values, lambda v: v is null), true) as is_missing,
    {{ first_reason({'no_form': 'is_missing and is_due', 'not_due': 'is_missing'}) }} as reason,
    coalesce(field_values[list_position(are_positive, true)], 0) as value,
    coalesce(len(names) + 1 - list_position(are_positive, true), 0) as band_value
from ordered
