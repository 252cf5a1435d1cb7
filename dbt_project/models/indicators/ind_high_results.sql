select
    expected.school_id,
    expected.period,
    expected.indicator_code,
    expected.component,
    {{ first_reason({
        'no_results': 'coalesce(totals.test_scores, 0) = 0 and expected.is_due',
        'not_due': 'coalesce(totals.test_scores, 0) = 0',
    }) }} as reason,
    100.0 * totals.high_scores / nullif(totals.test_scores, 0) as value,
    totals.high_scores as numerator,
    totals.test_scores as denominator,
    totals.test_scores as participants,
    case when totals.test_scores > 0 then {{ half_up_pct('totals.high_scores', 'totals.test_scores') }} end
        as band_value,
    totals.test_scores < years.small_n as is_small_n,
    totals.is_conflicting
from {{ ref('int_indicator__expected') }} as expected
inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
left join {{ ref('int_primitive__exam_totals') }} as totals
    using (school_id, reporting_year, exam)
where expected.family = 'high_results' and expected.not_applicable_reason is null
