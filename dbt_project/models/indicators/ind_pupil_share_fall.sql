-- Reading 15, 3.3: share of failing pupils in the half-year before minus this one. A half-year reads the form of its
-- second quarter; before the first half comes the second of the year before.
with halves as (
    select
        expected.school_id,
        expected.reporting_year,
        expected.period,
        expected.period_number,
        expected.indicator_code,
        expected.component,
        expected.dataset,
        expected.numerator,
        expected.denominator,
        2 * expected.period_number as quarter_now,
        case expected.period_number when 1 then 4 else 2 end as quarter_before,
        expected.reporting_year - case expected.period_number when 1 then 1 else 0 end as year_of_before
    from {{ ref('int_indicator__expected') }} as expected
    where expected.family = 'pupil_share_fall' and expected.not_applicable_reason is null
),

due as (
    select
        reporting_year,
        dataset,
        period_number,
        is_due
    from {{ ref('int_calendar__due') }}
    where period_type = 'quarter'
),

pairs as (
    select distinct
        dataset,
        numerator,
        denominator
    from halves
),

shares as (
    select
        parts.school_id,
        parts.reporting_year,
        parts.dataset,
        parts.period_number,
        pairs.numerator,
        pairs.denominator,
        parts.field_sum as part,
        wholes.field_sum as whole
    from pairs
    inner join {{ ref('int_primitive__form_sums') }} as parts
        on pairs.dataset = parts.dataset and pairs.numerator = parts.fields
    inner join {{ ref('int_primitive__form_sums') }} as wholes
        on
            pairs.dataset = wholes.dataset
            and pairs.denominator = wholes.fields
            and parts.school_id = wholes.school_id
            and parts.period = wholes.period
),

sides as (
    select
        halves.*,
        coalesce(due_now.is_due, true) as is_now_due,
        coalesce(due_before.is_due, true) as is_before_due,
        share_now.whole as whole_now,
        share_before.whole as whole_before,
        100.0 * share_now.part / nullif(share_now.whole, 0) as value_now,
        100.0 * share_before.part / nullif(share_before.whole, 0) as value_before
    from halves
    left join due as due_now
        on
            halves.reporting_year = due_now.reporting_year
            and halves.dataset = due_now.dataset
            and halves.quarter_now = due_now.period_number
    left join due as due_before
        on
            halves.year_of_before = due_before.reporting_year
            and halves.dataset = due_before.dataset
            and halves.quarter_before = due_before.period_number
    left join shares as share_now
        on
            halves.school_id = share_now.school_id
            and halves.reporting_year = share_now.reporting_year
            and halves.dataset = share_now.dataset
            and halves.quarter_now = share_now.period_number
            and halves.numerator = share_now.numerator
            and halves.denominator = share_now.denominator
    left join shares as share_before
        on
            halves.school_id = share_before.school_id
            and halves.year_of_before = share_before.reporting_year
            and halves.dataset = share_before.dataset
            and halves.quarter_before = share_before.period_number
            and halves.numerator = share_before.numerator
            and halves.denominator = share_before.denominator
)

select
    school_id,
    period,
    indicator_code,
    component,
    whole_before is null and year_of_before = reporting_year as is_half_before_missing,
    {{ first_reason({
        'no_form': '(whole_now is null and is_now_due) or (is_half_before_missing and is_before_due)',
        'not_due': 'whole_now is null or is_half_before_missing',
        'zero_denominator': 'whole_now = 0 or whole_before = 0',
        'no_prior_year': 'whole_before is null',
    }) }} as reason,
    value_before - value_now as value,
    value_now,
    value_before
from sides
