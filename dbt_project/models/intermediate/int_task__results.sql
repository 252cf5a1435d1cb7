-- Pupils by what they did in each task of their work: every school with a participant, every task. What is neither
-- points up to the maximum nor a word of the export is unclear.
{% set key = 'school_id, reporting_year, procedure_id' %}

with participants as (
    select
        {{ key }},
        sum(participants)::bigint as participants
    from {{ ref('int_results__pupil_parts') }}
    group by all
    having sum(participants) > 0
),

tasks as (
    select * from {{ ref('int_task__tasks') }}
    where is_of_pupils
),

counted as (
    select
        cells.school_id,
        cells.reporting_year,
        cells.procedure_id,
        tasks.task,
        sum(cells.pupils) filter (
            where cells.value = -1 or cells.value between 0 and coalesce(tasks.max_points, cells.value)
        ) as pupils,
        sum(cells.pupils) filter (where cells.value = -1) as not_attempted,
        sum(cells.pupils) filter (where cells.value = -2) as not_taught,
        sum(cells.pupils * cells.value) filter (
            where cells.value between 0 and coalesce(tasks.max_points, cells.value)
        ) as points,
        sum(cells.pupils) filter (where cells.value = tasks.max_points and cells.value > 0) as full_pupils,
        sum(cells.pupils) filter (where cells.value in (0, -1)) as zero_pupils
    from {{ ref('int_task__cells') }} as cells
    inner join {{ ref('int_task__places') }} as places
        using (reporting_year, procedure_id, is_place, part, place_name)
    inner join tasks
        on
            cells.reporting_year = tasks.reporting_year
            and cells.procedure_id = tasks.procedure_id
            and places.task = tasks.task
    group by all
),

filled as (
    select {{ key }} from {{ ref('int_task__cells') }}
    where value <> -4
),

reported as (
    select
        school_id,
        reporting_year,
        'vpr_' || subject || '_' || grade as procedure_id
    from {{ ref('stg_task_completion') }}
    where achieved_pct is not null
),

-- Where nobody of a school has anything in any cell, a report of its tasks says more.
without_cells as (
    select {{ key }} from participants
    anti join filled using ({{ key }})
    semi join reported using ({{ key }})
)

select
    participants.school_id,
    schools.municipality_id,
    participants.reporting_year,
    participants.procedure_id,
    tasks.task,
    tasks.max_points,
    tasks.level,
    coalesce(counted.pupils, 0)::bigint as pupils,
    coalesce(counted.not_attempted, 0)::bigint as not_attempted,
    coalesce(counted.not_taught, 0)::bigint as not_taught,
    participants.participants - coalesce(counted.pupils, 0)::bigint - coalesce(counted.not_taught, 0)::bigint
        as unclear,
    coalesce(counted.points, 0)::bigint as points,
    case when tasks.max_points > 0 then coalesce(counted.full_pupils, 0)::bigint end as full_pupils,
    coalesce(counted.zero_pupils, 0)::bigint as zero_pupils
from participants
anti join without_cells using ({{ key }})
inner join {{ ref('int_school__years') }} as schools using (school_id, reporting_year)
inner join tasks using (reporting_year, procedure_id)
left join counted
    on
        participants.school_id = counted.school_id
        and participants.reporting_year = counted.reporting_year
        and participants.procedure_id = counted.procedure_id
        and tasks.task = counted.task
