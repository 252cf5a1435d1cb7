select
    expected.school_id,
    expected.period,
    expected.indicator_code,
    expected.component,
    numerators.field_sum is null or denominators.field_sum is null as is_missing,
    {{ first_reason({
        'no_form': 'is_missing and expected.is_due',
        'not_due': 'is_missing',
        'zero_denominator': 'denominators.field_sum = 0',
    }) }} as reason,
    100.0 * numerators.field_sum / nullif(denominators.field_sum, 0) as value,
    numerators.field_sum as numerator,
    denominators.field_sum as denominator,
    case
        when denominators.field_sum > 0 and expected.lookup = 'floor'
            then 100 * numerators.field_sum // denominators.field_sum
        when denominators.field_sum > 0 and expected.lookup = 'half_up'
            then {{ half_up_pct('numerators.field_sum', 'denominators.field_sum') }}
    end as band_value
from {{ ref('int_indicator__expected') }} as expected
left join {{ ref('int_primitive__form_sums') }} as numerators
    on
        expected.school_id = numerators.school_id
        and expected.period = numerators.period
        and expected.dataset = numerators.dataset
        and expected.numerator = numerators.fields
left join {{ ref('int_primitive__form_sums') }} as denominators
    on
        expected.school_id = denominators.school_id
        and expected.period = denominators.period
        and expected.dataset = denominators.dataset
        and expected.denominator = denominators.fields
where expected.family in ('form_share', 'pupil_share') and expected.not_applicable_reason is null
