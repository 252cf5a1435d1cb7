-- What the plan of a work says of its tasks; those of rejected rows keep their place and say nothing more.
{% set last = '(order_seq, seq, row_number)' %}

with plan_rows as (
    select
        reporting_year,
        exam || '_' || subject || '_' || grade as procedure_id,
        * exclude (reporting_year)
    from {{ ref('stg_work_plan') }}
),

works as (
    select
        reporting_year,
        procedure_id,
        string_split(arg_max(tasks, {{ last }}), '|') as tasks
    from plan_rows
    group by all
),

places as (
    select
        reporting_year,
        procedure_id,
        len(tasks) as task_count,
        unnest(tasks) as task,
        generate_subscripts(tasks, 1) as place
    from works
),

said as (
    select
        reporting_year,
        procedure_id,
        task,
        arg_max(max_points, {{ last }}) as max_points,
        arg_max(level, {{ last }}) as level,
        arg_max(skill, {{ last }}) as skill,
        list_sort(list_distinct(flatten(list(string_split(content_codes, ', '))))) as content_codes
    from plan_rows
    group by all
)

select
    places.reporting_year,
    places.procedure_id,
    places.task,
    places.place,
    places.task_count,
    said.max_points,
    said.level,
    said.skill,
    said.content_codes
from places
left join said using (reporting_year, procedure_id, task)
