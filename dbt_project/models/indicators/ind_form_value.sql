-- A count, a number of documents or a level of a form. Of questions answered by yes or no (the documents of 2.10) the
-- note says what is missing.
with missing_fields as (
    select
        expected.school_id,
        expected.period,
        expected.indicator_code,
        expected.component,
        string_agg(form_fields.label, ', ' order by form_fields.label) as labels
    from {{ ref('int_indicator__expected') }} as expected
    inner join {{ ref('int_primitive__form_values') }} as form_values
        on
            expected.school_id = form_values.school_id
            and expected.period = form_values.period
            and expected.dataset = form_values.dataset
            and list_contains(string_split(expected.numerator, '|'), form_values.field)
    inner join {{ ref('form_fields') }} as form_fields
        on form_values.dataset = form_fields.dataset and form_values.field = form_fields.field
    where expected.family = 'form_value' and form_fields.is_yes_no and form_values.field_value = 0
    group by all
)

select
    expected.school_id,
    expected.period,
    expected.indicator_code,
    expected.component,
    {{ first_reason({
        'no_form': 'sums.field_sum is null and expected.is_due',
        'not_due': 'sums.field_sum is null',
    }) }} as reason,
    sums.field_sum as value,
    'нет: ' || missing_fields.labels as value_note,
    sums.field_sum as band_value
from {{ ref('int_indicator__expected') }} as expected
left join {{ ref('int_primitive__form_sums') }} as sums
    on
        expected.school_id = sums.school_id
        and expected.period = sums.period
        and expected.dataset = sums.dataset
        and expected.numerator = sums.fields
left join missing_fields
    on
        expected.school_id = missing_fields.school_id
        and expected.period = missing_fields.period
        and expected.indicator_code = missing_fields.indicator_code
        and expected.component is not distinct from missing_fields.component
where expected.family = 'form_value' and expected.not_applicable_reason is null
