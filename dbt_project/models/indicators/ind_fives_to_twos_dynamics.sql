select
    expected.school_id,
    expected.period,
    expected.indicator_code,
    expected.component,
    {{ first_reason({
        'no_results': 'dynamics.value_now is null and not coalesce(dynamics.is_of_pupils, false) and expected.is_due',
        'no_scale': 'dynamics.value_now is null and coalesce(dynamics.is_of_pupils, false)',
        'not_due': 'dynamics.value_now is null',
        'no_prior_year': 'dynamics.difference is null',
    }) }} as reason,
    dynamics.difference as value,
    dynamics.value_now,
    dynamics.value_before,
    dynamics.participants,
    dynamics.difference_sign as band_value,
    dynamics.is_small_n,
    dynamics.is_conflicting,
    dynamics.is_scale_borrowed,
    dynamics.is_not_comparable
from {{ ref('int_indicator__expected') }} as expected
left join {{ ref('int_primitive__dynamics') }} as dynamics
    on
        expected.school_id = dynamics.school_id
        and expected.reporting_year = dynamics.reporting_year
        and expected.procedure_id = dynamics.procedure_id
        and dynamics.measure = 'fives_to_twos'
where expected.family = 'fives_to_twos_dynamics' and expected.not_applicable_reason is null
