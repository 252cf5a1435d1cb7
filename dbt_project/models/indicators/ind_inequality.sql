select
    expected.school_id,
    expected.period,
    expected.indicator_code,
    expected.component,
    {{ first_reason({
        'no_results': 'not coalesce(inequality.has_all_subjects, false) and expected.is_due',
        'not_due': 'not coalesce(inequality.has_all_subjects, false)',
        'too_few_schools': 'not inequality.has_enough_schools',
    }) }} as reason,
    case inequality.place when 2 then 'best' when 1 then 'middle' when 0 then 'lowest' end as value_text,
    inequality.participants,
    inequality.place as band_value,
    inequality.is_conflicting
from {{ ref('int_indicator__expected') }} as expected
left join {{ ref('int_primitive__inequality') }} as inequality
    using (school_id, reporting_year, indicator_code)
where expected.family = 'inequality' and expected.not_applicable_reason is null
