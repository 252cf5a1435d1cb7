select
    expected.school_id,
    expected.period,
    expected.indicator_code,
    expected.component,
    {{ first_reason({
        'no_results': 'coalesce(totals.results, 0) = 0 and expected.is_due',
        'no_threshold': 'totals.results > 0 and totals.judged = 0',
        'not_due': 'coalesce(totals.results, 0) = 0',
    }) }} as reason,
    100.0 * totals.failed / nullif(totals.judged, 0) as value,
    totals.failed as numerator,
    totals.judged as denominator,
    totals.judged as participants,
    case when totals.judged > 0 then {{ half_up_pct('totals.failed', 'totals.judged') }} end as band_value,
    totals.judged < years.small_n as is_small_n,
    totals.is_conflicting
from {{ ref('int_indicator__expected') }} as expected
inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
left join {{ ref('int_primitive__exam_totals') }} as totals
    using (school_id, reporting_year, exam)
where expected.family = 'below_minimum' and expected.not_applicable_reason is null
