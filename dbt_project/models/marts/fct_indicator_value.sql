{% set families = [
    'score_dynamics', 'fives_to_twos_dynamics', 'high_results', 'below_minimum', 'inequality', 'share_of_twos',
    'official_list', 'results_index', 'social_coefficient', 'form_share', 'form_headcount_dynamics', 'form_category',
    'form_value', 'olympiad', 'pupil_share_fall', 'network_counts'
] %}

with family_values as (
    {%- for family in families %}
    select * from {{ ref('ind_' ~ family) }}
    {{ 'union all by name' if not loop.last }}
    {%- endfor %}
),

judged as (
    select
        expected.school_id,
        expected.municipality_id,
        expected.reporting_year,
        expected.period,
        expected.indicator_code,
        expected.component,
        expected.methodology_version,
        expected.max_points,
        {{ indicator_status('expected.not_applicable_reason', 'family_values.reason', 'expected.max_points') }}
            as status,
        coalesce(expected.not_applicable_reason, family_values.reason) as reason,
        status in ('scored', 'no_points') as has_value,
        family_values.* exclude (school_id, period, indicator_code, component, reason)
    from {{ ref('int_indicator__expected') }} as expected
    left join family_values using (school_id, period, indicator_code, component)
)

select
    judged.school_id,
    judged.municipality_id,
    judged.reporting_year,
    judged.period,
    judged.indicator_code,
    judged.component,
    judged.status,
    judged.reason,
    case when judged.has_value then judged.value::double end as value,
    case when judged.has_value then judged.value_now::double end as value_now,
    case when judged.has_value then judged.value_before::double end as value_before,
    case when judged.has_value then judged.value_text end as value_text,
    case when judged.has_value then judged.value_note end as value_note,
    case when judged.has_value then judged.numerator::bigint end as numerator,
    case when judged.has_value then judged.denominator::bigint end as denominator,
    case when judged.has_value then judged.participants::bigint end as participants,
    case when judged.status = 'scored' then bands.points end as points,
    judged.max_points,
    case
        when judged.has_value
            then {{ wilson_low_pct('judged.numerator', 'judged.denominator', 'years.wilson_z') }}
    end as ci_low,
    case
        when judged.has_value
            then {{ wilson_high_pct('judged.numerator', 'judged.denominator', 'years.wilson_z') }}
    end as ci_high,
    {{ flag_list({
        'small_n': 'judged.has_value and judged.is_small_n',
        'not_comparable_years': 'judged.has_value and judged.is_not_comparable',
        'conflicting_sources': 'judged.has_value and judged.is_conflicting',
        'computed_index': 'judged.has_value and judged.is_index_computed',
        'borrowed_scale': 'judged.has_value and judged.is_scale_borrowed',
    }) }} as flags,
    judged.methodology_version
from judged
inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
left join {{ ref('bands') }} as bands
    on
        judged.methodology_version = bands.methodology_version
        and judged.indicator_code = bands.indicator_code
        and judged.band_value >= bands.from_value
        and judged.band_value <= coalesce(bands.to_value, 9223372036854775807)
