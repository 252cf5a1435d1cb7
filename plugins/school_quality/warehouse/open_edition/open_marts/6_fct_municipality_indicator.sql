-- Network indicators count supported schools: where it is hidden who is supported, so is every count. The ratio of 1.9
-- pools the results of its procedures: where one of them is hidden of some school, or keeps what it last published, so
-- is the ratio. A family of which nobody has decided is hidden.
create table open.marts.fct_municipality_indicator as
with decided as (
    select distinct
        periods.period,
        settings.indicator_code,
        family_rule.rule
    from build.intermediate.int_indicator__settings as settings
    inner join build.intermediate.int_calendar__periods as periods using (reporting_year, period_type)
    inner join family_rule using (family)
    where family_rule.rule is not null
),

hidden as (
    select
        hidden_value.period,
        hidden_value.indicator_code,
        schools.municipality_id
    from hidden_value
    inner join build.marts.fct_indicator_value as schools
        using (school_id, period, indicator_code, component)
    union
    select
        inputs.period,
        inputs.indicator_code,
        closed.municipality_id
    from build.intermediate.int_lineage__inputs as inputs
    inner join (
        select * from hidden_district
        union
        select * from kept_district
    ) as closed
        on
            inputs.source_key = closed.procedure_id
            and inputs.source_period = closed.reporting_year::varchar
    inner join decided using (period, indicator_code)
    where decided.rule <> 'open'
    union
    select
        period,
        indicator_code,
        municipality_id
    from build.marts.fct_municipality_indicator
    anti join decided using (period, indicator_code)
)

select
    official.municipality_id,
    official.reporting_year,
    official.period,
    official.indicator_code,
    case when hidden.period is null then official.value end as value,
    case when hidden.period is null then official.denominator end as denominator,
    case when hidden.period is null then official.reported end as reported,
    case when hidden.period is null then official.school_ids end as school_ids,
    case when hidden.period is null then [] else ['value', 'denominator', 'reported', 'school_ids'] end::varchar[]
        as suppressed
from build.marts.fct_municipality_indicator as official
left join hidden using (municipality_id, period, indicator_code)
order by official.municipality_id, official.period, official.indicator_code;
