with results_due as (
    select
        reporting_year,
        bool_and(is_due) as are_results_due
    from {{ ref('int_calendar__due') }}
    where dataset in ('ege_results', 'oge_results')
    group by all
),

coefficients as (
    select
        expected.school_id,
        expected.period,
        expected.indicator_code,
        expected.component,
        expected.is_due,
        results_due.are_results_due,
        coefficients.school_id is not null as has_means,
        social.social_index is not null as has_social_index,
        coefficients.coefficient,
        coefficients.reaches_edge,
        coefficients.is_conflicting,
        social.delivered_social_index
    from {{ ref('int_indicator__expected') }} as expected
    inner join results_due using (reporting_year)
    left join {{ ref('int_primitive__social_coefficient') }} as coefficients using (school_id, reporting_year)
    left join {{ ref('int_primitive__social_index') }} as social using (school_id, reporting_year)
    where expected.family = 'social_coefficient' and expected.not_applicable_reason is null
)

select
    school_id,
    period,
    indicator_code,
    component,
    {{ first_reason({
        'no_results': 'not has_means and are_results_due',
        'not_due': '(not has_means) or (delivered_social_index is null and not is_due)',
        'no_social_index': 'not has_social_index',
    }) }} as reason,
    coefficient as value,
    reaches_edge::integer as band_value,
    is_conflicting
from coefficients
