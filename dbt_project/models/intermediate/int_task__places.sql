-- Which task of a work each place is. Headers since 2022 name it; places take the names of the plan in its order where
-- it has as many tasks as the work has places, and keep their numbers otherwise.
with participants as (
    select
        reporting_year,
        procedure_id,
        sum(participants) as participants
    from {{ ref('int_results__pupil_parts') }}
    group by all
),

filled as (
    select
        reporting_year,
        procedure_id,
        is_place,
        part,
        place_name,
        max(place) as place,
        coalesce(sum(pupils) filter (where value <> -4), 0) as pupils
    from {{ ref('int_task__cells') }}
    group by all
),

-- Where hardly anybody has anything there is no task: textbooks and notes beside a table get there.
tasks as (
    select filled.*
    from filled
    inner join participants using (reporting_year, procedure_id)
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    where not filled.is_place or 100 * filled.pupils >= years.task_place_pct * participants.participants
),

ordered as (
    select
        *,
        row_number() over (
            partition by reporting_year, procedure_id, is_place
            order by part, place, place_name
        ) as task_number,
        count(*) over (partition by reporting_year, procedure_id, is_place) as task_count
    from tasks
)

select
    ordered.reporting_year,
    ordered.procedure_id,
    ordered.is_place,
    ordered.part,
    ordered.place_name,
    ordered.task_number,
    case when ordered.is_place then coalesce(plans.task, ordered.place_name) else ordered.place_name end as task,
    not ordered.is_place or plans.task is not null as is_planned
from ordered
left join {{ ref('int_task__plans') }} as plans
    on
        ordered.is_place
        and ordered.reporting_year = plans.reporting_year
        and ordered.procedure_id = plans.procedure_id
        and ordered.task_number = plans.place
        and ordered.task_count = plans.task_count
