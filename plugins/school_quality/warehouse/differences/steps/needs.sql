-- What each changed cell reads: sources by period, of the school itself, of its municipality or of any school.
create or replace temp table need as
with sources as (
    {% for release in releases %}
    select * from {{ release }}.meta.indicator_source
    union by name
    {% endfor %}
    select nothing.* from (values ('', '', '', '', '', false))
        as nothing (period, indicator_code, component, source_key, source_period, is_district_relative)
),

indicators as (
    select
        change.change_id,
        change.school_id,
        change.municipality_id,
        case
            when bool_or(change.is_borrowed) then 'any'
            when bool_or(sources.is_district_relative) then 'municipality'
            else 'school'
        end as scope,
        sources.source_key,
        sources.source_period
    from change
    inner join sources using (period, indicator_code, component)
    semi join touched on sources.source_key = touched.source_key
    group by all
),

results as (
    select
        change_id,
        school_id,
        municipality_id,
        if(is_borrowed, 'any', 'school') as scope,
        procedure_id as source_key,
        period as source_period
    from change
    where procedure_id is not null
),

-- statuses; and indicators of a school that is supported now or no more
supported as (
    select
        *,
        if(indicator_code is null, what, 'is_supported') as status
    from change
    where procedure_id is null and (indicator_code is null or is_support_changed)
),

touched_procedures as (
    select distinct
        'procedures' as source,
        source_key
    from touched
    where is_result
),

statuses as (
    select
        supported.change_id,
        supported.school_id,
        supported.municipality_id,
        if(supported.is_borrowed, 'any', reads.reach) as scope,
        coalesce(touched_procedures.source_key, reads.source) as source_key,
        (supported.reporting_year - unnest(range(reads.years_back::integer + 1)))::varchar as source_period
    from supported
    inner join {{ status_sources }} as reads on supported.status = reads.status
    left join touched_procedures on reads.source = touched_procedures.source
    left join new.marts.fct_school_status as delivered
        on
            supported.school_id = delivered.school_id
            and supported.reporting_year = delivered.reporting_year
    where
        -- an official list decides by itself who is supported
        reads.status <> 'is_supported'
        or reads.source = 'official_list'
        or coalesce(delivered.official_low_results, delivered.official_risk_zone) is null
),

-- the years begin with the first result: one that came or went is that of files with results of it or of a year before
beginnings as (
    select distinct
        change.change_id,
        touched.source_key,
        touched.source_period
    from change
    inner join known_year as years using (reporting_year)
    inner join touched on touched.source_period <= change.reporting_year::varchar
    where
        not (years.is_new and years.is_old)
        and (change.reporting_year > getvariable('last_common_year')) is not true
        and touched.is_result
        and touched.scope = 'school'
)

select * from indicators
union
select * from results
union
select * from statuses
union
select
    change_id,
    null as school_id,
    null as municipality_id,
    'any' as scope,
    source_key,
    source_period
from beginnings
union
-- the register says which schools there are, and whose
select
    change_id,
    school_id,
    municipality_id,
    'school' as scope,
    'school_register' as source_key,
    '' as source_period
from change
where 'school_register' in (select source_key from touched)
