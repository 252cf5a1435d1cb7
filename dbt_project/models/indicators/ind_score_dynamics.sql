select
    expected.school_id,
    expected.period,
    expected.indicator_code,
    expected.component,
    {{ first_reason({
        'no_results': 'not coalesce(dynamics.has_results, false) and expected.is_due',
        'not_due': 'not coalesce(dynamics.has_results, false)',
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
        and dynamics.measure = 'score_to_district'
where expected.family = 'score_dynamics' and expected.not_applicable_reason is null
