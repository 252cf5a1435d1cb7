-- Differences to the year before of the two quantities that the order follows: mean score to the district's, and
-- fives to twos. Both sides are kept; a magnitude under the tolerance is no difference.
with measures as (
    select distinct
        reporting_year,
        procedure_id,
        case family when 'score_dynamics' then 'score_to_district' else 'fives_to_twos' end as measure
    from {{ ref('int_indicator__settings') }}
    where family in ('score_dynamics', 'fives_to_twos_dynamics')
),

measured as (
    select
        procedures.*,
        'score_to_district' as measure,
        score_to_district as measure_value,
        participants as measured_participants,
        score_count > 0 as has_results
    from {{ ref('int_primitive__procedures') }} as procedures
    union all
    select
        procedures.*,
        'fives_to_twos' as measure,
        fives_to_twos as measure_value,
        marked_participants as measured_participants,
        participants > 0 or failed_pct is not null as has_results
    from {{ ref('int_primitive__procedures') }} as procedures
),

sides as (
    select
        this_year.school_id,
        this_year.reporting_year,
        this_year.procedure_id,
        this_year.measure,
        this_year.measured_participants as participants,
        this_year.has_results,
        this_year.measure_value as value_now,
        year_before.measure_value as value_before,
        this_year.measure_value - year_before.measure_value as difference,
        this_year.is_small_n or coalesce(year_before.is_small_n, false) as is_small_n,
        this_year.is_conflicting or coalesce(year_before.is_conflicting, false) as is_conflicting,
        this_year.is_scale_borrowed or coalesce(year_before.is_scale_borrowed, false) as is_scale_borrowed,
        pairs.procedure_id is not null as is_not_comparable,
        this_year.has_results and this_year.pupil_participants > 0 and this_year.data_level = 'pupil' as is_of_pupils,
        years.zero_difference
    from measured as this_year
    inner join measures using (reporting_year, procedure_id, measure)
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    left join measured as year_before
        on
            this_year.school_id = year_before.school_id
            and this_year.procedure_id = year_before.procedure_id
            and this_year.measure = year_before.measure
            and this_year.reporting_year = year_before.reporting_year + 1
    left join {{ ref('int_methodology__pairs') }} as pairs
        on
            this_year.procedure_id = pairs.procedure_id
            and this_year.reporting_year = pairs.reporting_year
            and this_year.reporting_year - 1 = pairs.year_before
)

select
    * exclude (difference, zero_difference),
    case when abs(difference) < zero_difference then 0.0 else difference end as difference,
    {{ sign_of('difference', 'zero_difference') }} as difference_sign
from sides
