-- Reading 10, 1.19 and 1.20: the index, and its difference to the year before. The delivered index and the results
-- of which it is computed have dates of their own.
with results_due as (
    select
        reporting_year,
        bool_and(is_due) as are_results_due
    from {{ ref('int_calendar__due') }}
    where dataset in ('ege_results', 'oge_results', 'vpr_results')
    group by all
),

indices as (
    select
        expected.school_id,
        expected.period,
        expected.indicator_code,
        expected.component,
        expected.family,
        expected.is_due,
        results_due.are_results_due,
        index_values.has_results,
        index_values.results_index,
        index_values.index_sign,
        index_values.is_computed,
        index_values.is_difference_computed,
        index_values.value_now,
        index_values.value_before,
        index_values.difference,
        index_values.difference_sign,
        index_values.is_difference_not_comparable
    from {{ ref('int_indicator__expected') }} as expected
    inner join results_due using (reporting_year)
    left join {{ ref('int_primitive__results_index') }} as index_values using (school_id, reporting_year)
    where
        expected.family in ('results_index', 'results_index_dynamics')
        and expected.not_applicable_reason is null
)

select
    school_id,
    period,
    indicator_code,
    component,
    {{ first_reason({
        'no_results': 'results_index is null and not has_results and are_results_due',
        'not_due': 'results_index is null and not (is_due and are_results_due)',
        'no_spread': 'results_index is null',
    }) }} as reason,
    results_index as value,
    null::double as value_now,
    null::double as value_before,
    index_sign as band_value,
    is_computed as is_index_computed,
    false as is_not_comparable
from indices
where family = 'results_index'
union all
select
    school_id,
    period,
    indicator_code,
    component,
    {{ first_reason({
        'no_results': 'value_now is null and not has_results and are_results_due',
        'not_due': 'value_now is null and not (is_due and are_results_due)',
        'no_spread': 'value_now is null',
        'no_prior_year': 'difference is null',
    }) }} as reason,
    difference as value,
    value_now,
    value_before,
    difference_sign as band_value,
    is_difference_computed as is_index_computed,
    is_difference_not_comparable as is_not_comparable
from indices
where family = 'results_index_dynamics'
