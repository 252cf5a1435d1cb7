select
    expected.school_id,
    expected.period,
    expected.indicator_code,
    expected.component,
    procedures.participants > 0 and procedures.data_level = 'pupil' as has_pupil_results,
    {{ first_reason({
        'no_results': 'procedures.failed_pct is null and not coalesce(has_pupil_results, false) and expected.is_due',
        'no_scale': 'procedures.failed_pct is null and coalesce(has_pupil_results, false)',
        'not_due': 'procedures.failed_pct is null',
    }) }} as reason,
    procedures.failed_pct as value,
    procedures.failed as numerator,
    case when procedures.failed is not null then procedures.participants end as denominator,
    procedures.marked_participants as participants,
    case
        when procedures.failed is not null and procedures.participants > 0
            then {{ half_up_pct('procedures.failed', 'procedures.participants') }}
        else {{ half_up_printed_pct('procedures.printed_failed_pct') }}
    end as band_value,
    procedures.is_small_n,
    procedures.is_conflicting,
    procedures.is_scale_borrowed
from {{ ref('int_indicator__expected') }} as expected
left join {{ ref('int_primitive__procedures') }} as procedures
    using (school_id, reporting_year, procedure_id)
where expected.family = 'share_of_twos' and expected.not_applicable_reason is null
