select
    expected.school_id,
    expected.period,
    expected.indicator_code,
    expected.component,
    {{ first_reason({
        'no_form': 'this_year.field_sum is null and expected.is_due',
        'not_due': 'this_year.field_sum is null',
        'no_prior_year': 'year_before.field_sum is null',
    }) }} as reason,
    this_year.field_sum - year_before.field_sum as value,
    this_year.field_sum as value_now,
    year_before.field_sum as value_before,
    sign(this_year.field_sum - year_before.field_sum) as band_value
from {{ ref('int_indicator__expected') }} as expected
left join {{ ref('int_primitive__form_sums') }} as this_year
    on
        expected.school_id = this_year.school_id
        and expected.period = this_year.period
        and expected.dataset = this_year.dataset
        and expected.numerator = this_year.fields
left join {{ ref('int_primitive__form_sums') }} as year_before
    on
        expected.school_id = year_before.school_id
        and expected.reporting_year = year_before.reporting_year + 1
        and expected.dataset = year_before.dataset
        and expected.numerator = year_before.fields
where expected.family = 'form_headcount_dynamics' and expected.not_applicable_reason is null
