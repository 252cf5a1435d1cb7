-- Reading 16: per quarter the number itself; per year 1 with the first yes, 0 only when all four quarters came.
with quarters as (
    select
        expected.school_id,
        expected.period,
        expected.indicator_code,
        expected.component,
        expected.period_type,
        forms.field_sum,
        coalesce(due.is_due, true) as is_quarter_due
    from {{ ref('int_indicator__expected') }} as expected
    inner join {{ ref('int_calendar__periods') }} as periods
        on
            expected.reporting_year = periods.reporting_year
            and periods.period_type = 'quarter'
            and (expected.period_type = 'year' or expected.period = periods.period)
    left join {{ ref('int_calendar__due') }} as due
        on expected.dataset = due.dataset and periods.period = due.period
    left join {{ ref('int_primitive__form_sums') }} as forms
        on
            expected.school_id = forms.school_id
            and periods.period = forms.period
            and expected.dataset = forms.dataset
            and expected.numerator = forms.fields
    where expected.family = 'network_counts' and expected.not_applicable_reason is null
),

summed as (
    select
        school_id,
        period,
        indicator_code,
        component,
        case
            when max(period_type) <> 'year' then max(field_sum)
            when bool_or(field_sum > 0) then 1
            when count(field_sum) = count(*) then 0
        end as network_value,
        bool_or(field_sum is null and is_quarter_due) as is_due_form_missing
    from quarters
    group by all
)

select
    school_id,
    period,
    indicator_code,
    component,
    {{ first_reason({
        'no_form': 'network_value is null and is_due_form_missing',
        'not_due': 'network_value is null',
    }) }} as reason,
    network_value as value
from summed
