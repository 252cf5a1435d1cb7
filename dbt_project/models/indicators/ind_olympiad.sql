-- Reading 14, 2.9: a regional winner decides; otherwise the municipal share, compared unrounded.
with forms as (
    select
        expected.school_id,
        expected.period,
        expected.indicator_code,
        expected.component,
        expected.is_due,
        years.olympiad_share_pct,
        form.municipal_participants,
        form.municipal_winners,
        form.regional_winners
    from {{ ref('int_indicator__expected') }} as expected
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    left join {{ ref('stg_form_olympiad') }} as form using (school_id, reporting_year)
    where expected.family = 'olympiad' and expected.not_applicable_reason is null
)

select
    school_id,
    period,
    indicator_code,
    component,
    municipal_participants is null or municipal_winners is null or regional_winners is null as is_missing,
    {{ first_reason({'no_form': 'is_missing and is_due', 'not_due': 'is_missing'}) }} as reason,
    100.0 * municipal_winners / nullif(municipal_participants, 0) as value,
    case when municipal_participants > 0 then municipal_winners end as numerator,
    nullif(municipal_participants, 0) as denominator,
    case
        when regional_winners > 0 then 3
        when municipal_participants = 0 then 0
        when 100 * municipal_winners > olympiad_share_pct * municipal_participants then 2
        else 1
    end as band_value
from forms
