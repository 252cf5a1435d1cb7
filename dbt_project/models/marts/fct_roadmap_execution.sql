-- Clause 5: every item of a municipality has a row, reported or not; schools have rows for what they reported.
with reports as (
    select
        forms.*,
        coalesce(schools.municipality_id, forms.municipality_id) as report_municipality_id
    from {{ ref('stg_form_roadmap') }} as forms
    left join {{ ref('int_school__register') }} as schools using (school_id)
),

last_reports as (
    select
        roadmap.item,
        roadmap.period,
        reports.report_municipality_id as municipality_id,
        reports.school_id,
        reports.status,
        reports.reported_on,
        reports.document
    from reports
    inner join {{ ref('int_roadmap__periods') }} as roadmap using (reporting_year, item, quarter)
    qualify
        row_number() over (
            partition by roadmap.item, roadmap.period, reports.report_municipality_id, reports.school_id
            order by reports.quarter desc, reports.order_seq desc
        ) = 1
),

owners as (
    select
        years.reporting_year,
        owners.item,
        list(owners.owner order by owners.owner_order) as owners
    from {{ ref('int_methodology__years') }} as years
    inner join {{ ref('roadmap_owners') }} as owners using (methodology_version)
    group by all
),

periods as (
    select distinct
        reporting_year,
        item,
        period,
        due_on
    from {{ ref('int_roadmap__periods') }}
),

executed as (
    select
        periods.reporting_year,
        periods.item,
        periods.period,
        periods.due_on,
        municipalities.municipality_id,
        null::varchar as school_id
    from periods
    cross join {{ ref('dim_municipality') }} as municipalities
    union all
    select
        periods.reporting_year,
        periods.item,
        periods.period,
        periods.due_on,
        last_reports.municipality_id,
        last_reports.school_id
    from periods
    inner join last_reports using (item, period)
    where last_reports.school_id is not null
)

select
    executed.item,
    executed.period,
    executed.municipality_id,
    executed.school_id,
    coalesce(last_reports.status, 'not_reported') as status,
    executed.due_on,
    coalesce(executed.due_on < {{ as_of() }} and coalesce(last_reports.status, '') <> 'done', false) as is_overdue,
    owners.owners,
    last_reports.reported_on,
    last_reports.document
from executed
left join last_reports
    on
        executed.item = last_reports.item
        and executed.period = last_reports.period
        and executed.municipality_id = last_reports.municipality_id
        and executed.school_id is not distinct from last_reports.school_id
left join owners
    on executed.reporting_year = owners.reporting_year and executed.item = owners.item
