-- Tasks of each work with their maximum: printed, else of the plan unless too many exceed it, else observed.
with participants as (
    select
        reporting_year,
        procedure_id,
        sum(participants) as participants
    from {{ ref('int_results__pupil_parts') }}
    group by all
),

counted as (
    select
        cells.reporting_year,
        cells.procedure_id,
        places.task,
        places.task_number,
        places.is_planned,
        cells.value,
        cells.printed_max,
        sum(cells.pupils) as pupils
    from {{ ref('int_task__cells') }} as cells
    inner join {{ ref('int_task__places') }} as places
        using (reporting_year, procedure_id, is_place, part, place_name)
    group by all
),

printed_counts as (
    select
        reporting_year,
        procedure_id,
        task,
        printed_max,
        sum(pupils) as pupils
    from counted
    where printed_max is not null
    group by all
),

-- Where headers or masks differ, most pupils decide.
printed as (
    select
        reporting_year,
        procedure_id,
        task,
        arg_max(printed_max, (pupils, printed_max)) as max_points
    from printed_counts
    group by all
),

points as (
    select
        reporting_year,
        procedure_id,
        task,
        value,
        min(task_number) as task_number,
        bool_or(is_planned) as is_planned,
        sum(pupils) as pupils
    from counted
    group by all
),

measured as (
    select
        points.reporting_year,
        points.procedure_id,
        points.task,
        min(points.task_number) as task_number,
        any_value(plans.skill) as skill,
        any_value(plans.level) as level,
        any_value(plans.content_codes) as content_codes,
        any_value(printed.max_points) as printed_max,
        any_value(plans.max_points) as planned_max,
        coalesce(sum(points.pupils) filter (where points.value > plans.max_points), 0) * 100
        > any_value(years.task_overflow_pct * participants.participants) as is_exceeded,
        max(points.value) filter (
            where points.value >= 0 and 100 * points.pupils >= years.task_value_pct * participants.participants
        ) as observed_max
    from points
    inner join participants using (reporting_year, procedure_id)
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    left join printed using (reporting_year, procedure_id, task)
    left join {{ ref('int_task__plans') }} as plans
        on
            points.is_planned
            and points.reporting_year = plans.reporting_year
            and points.procedure_id = plans.procedure_id
            and points.task = plans.task
    group by all
),

of_pupils as (
    select
        reporting_year,
        procedure_id,
        task,
        task_number,
        skill,
        level,
        content_codes,
        case
            when printed_max is not null then 'printed'
            when planned_max is not null and not is_exceeded then 'plan'
            when observed_max is not null then 'observed'
        end as max_source,
        case max_source when 'printed' then printed_max when 'plan' then planned_max else observed_max end
            as max_points,
        true as is_of_pupils
    from measured
),

reports as (
    select
        reporting_year,
        'vpr_' || subject || '_' || grade as procedure_id,
        task,
        min(position) as task_number,
        max(max_points) as max_points
    from {{ ref('stg_task_completion') }}
    where achieved_pct is not null
    group by all
),

of_reports as (
    select
        reports.reporting_year,
        reports.procedure_id,
        reports.task,
        reports.task_number,
        plans.skill,
        plans.level,
        plans.content_codes,
        case when reports.max_points is not null then 'printed' when plans.max_points is not null then 'plan' end
            as max_source,
        coalesce(reports.max_points, plans.max_points) as max_points,
        false as is_of_pupils
    from reports
    semi join {{ ref('int_methodology__years') }} using (reporting_year)
    anti join of_pupils using (reporting_year, procedure_id, task)
    left join {{ ref('int_task__plans') }} as plans using (reporting_year, procedure_id, task)
),

tasks as (
    select * from of_pupils
    union all by name
    select * from of_reports
)

select
    *,
    row_number() over (
        partition by reporting_year, procedure_id
        order by is_of_pupils desc, task_number asc, task asc
    ) as position
from tasks
