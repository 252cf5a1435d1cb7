-- A fall that lasts (reading 12): the order's own dynamics below zero this year, and the year before too where that can
-- be computed. This alone decides it: the risk zone, the documents and the open edition read the rows. Reads primitives
-- only, as the identification does.
with risk_measures as (
    select
        settings.reporting_year,
        settings.indicator_code,
        settings.procedure_id,
        types.school_type,
        case settings.family when 'score_dynamics' then 'score_to_district' else 'fives_to_twos' end as measure
    from {{ ref('int_indicator__settings') }} as settings
    cross join (select unnest(['secondary', 'basic', 'primary']) as school_type) as types
    left join {{ ref('not_applicable') }} as exclusions
        on
            settings.methodology_version = exclusions.methodology_version
            and settings.indicator_code = exclusions.indicator_code
            and types.school_type = exclusions.school_type
    where settings.is_risk_dynamics and exclusions.indicator_code is null
)

select
    this_year.school_id,
    this_year.reporting_year,
    risk_measures.indicator_code,
    this_year.procedure_id,
    this_year.measure
from {{ ref('int_primitive__dynamics') }} as this_year
inner join {{ ref('int_school__years') }} using (school_id, reporting_year)
inner join risk_measures using (reporting_year, procedure_id, school_type, measure)
left join {{ ref('int_primitive__dynamics') }} as year_before
    on
        this_year.school_id = year_before.school_id
        and this_year.procedure_id = year_before.procedure_id
        and this_year.measure = year_before.measure
        and this_year.reporting_year = year_before.reporting_year + 1
where this_year.difference_sign < 0 and coalesce(year_before.difference_sign, -1) < 0
