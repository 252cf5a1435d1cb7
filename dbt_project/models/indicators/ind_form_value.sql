-- A count, a number of documents or a level of a form. Where the fields have names in the seed (the documents of 2.10),
-- the note says which are missing.
with missing_fields as (
    select
        form_values.school_id,
        form_values.period,
        form_values.dataset,
        string_agg(form_fields.label, ', ' order by form_fields.label) as labels
    from {{ ref('int_primitive__form_values') }} as form_values
    inner join {{ ref('form_fields') }} as form_fields using (dataset, field)
    where form_values.field_value = 0
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
        and expected.dataset = missing_fields.dataset
where expected.family = 'form_value' and expected.not_applicable_reason is null
