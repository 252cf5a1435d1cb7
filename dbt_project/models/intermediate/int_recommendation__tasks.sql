-- The deficits behind lost points for ВПР and ОГЭ, the heaviest first: a measure names them (clause 5). It is part of
-- the SQL of fct_recommendation, which the open edition runs again over open marts, so it reads marts and seeds alone.
{{ config(materialized='ephemeral') }}

with parameters as (
    select
        methodology_version,
        max(value) filter (where parameter = 'named_tasks') as named_tasks,
        max(value) filter (where parameter = 'strong_gap_pp') as strong_gap_pp
    from {{ ref('parameters') }}
    group by methodology_version
)

select
    facts.school_id,
    facts.municipality_id,
    facts.reporting_year,
    facts.indicator_code,
    results.procedure_id,
    results.task,
    parameters.strong_gap_pp,
    row_number() over (
        partition by facts.school_id, facts.reporting_year, facts.indicator_code
        order by results.gap_pp * tasks.max_points asc, tasks.position asc
    ) as place
from {{ ref('fct_indicator_value') }} as facts
inner join {{ ref('indicators') }} as indicators using (methodology_version, indicator_code)
inner join parameters using (methodology_version)
inner join {{ ref('fct_task_result') }} as results
    on
        facts.school_id = results.school_id
        and facts.reporting_year = results.reporting_year
        and indicators.exam || '_' || indicators.subject || '_' || indicators.grade = results.procedure_id
inner join {{ ref('dim_task') }} as tasks
    on
        results.procedure_id = tasks.procedure_id
        and results.reporting_year = tasks.reporting_year
        and results.task = tasks.task
where
    facts.status = 'scored'
    and facts.points < facts.max_points
    and indicators.exam in ('vpr', 'oge')
    and results.is_deficit
qualify place <= parameters.named_tasks
