-- What pupils did in each place of their work, counted by what the cell holds (methodology, Tasks): points, or -1 not
-- attempted, -2 not taught, -3 unclear, -4 empty. Places have numbers, where a header does not name the task.
with vpr as (
    select
        school_id,
        reporting_year,
        'vpr_' || subject || '_' || grade as procedure_id,
        tasks,
        cells as answers
    from {{ ref('int_results__vpr') }}
    where score is not null and cells is not null
),

protocols as (
    select
        results.school_id,
        results.reporting_year,
        results.exam || '_' || results.subject || '_' || exams.grade_by_exam as procedure_id,
        results.short_answers,
        results.long_answers
    from {{ ref('int_results__gia') }} as results
    inner join {{ ref('exams') }} as exams using (exam)
),

-- A broken formula is no mask.
short as (
    select
        school_id,
        reporting_year,
        procedure_id,
        '' as tasks,
        string_split(short_answers, '') as answers
    from protocols
    where short_answers not like '#%'
),

long as (
    select
        school_id,
        reporting_year,
        procedure_id,
        'Р' as tasks,
        regexp_extract_all(long_answers, '[^()]*[(][0-9]{1,2}[)]') as answers
    from protocols
    where long_answers is not null
),

{{ counted_answers('vpr') }},

{{ counted_answers('short') }},

{{ counted_answers('long') }},

named as (
    select
        *,
        string_split(tasks, '|')[place] as header
    from vpr_counted
),

masks as (
    select * from short_counted
    union all
    select * from long_counted
),

read as (
    select
        *,
        tasks = '' as is_short,
        trim(split_part(answer, '(', 1)) as points
    from masks
)

select
    school_id,
    reporting_year,
    procedure_id,
    split_part(header, '=', 1) as place_name,
    not contains(header, '=') as is_place,
    1 as part,
    place,
    answer::integer as value,
    try_cast(split_part(header, '=', 2) as integer) as printed_max,
    pupils
from named
union all
select
    school_id,
    reporting_year,
    procedure_id,
    tasks || place as place_name,
    true as is_place,
    case when is_short then 1 else 2 end as part,
    place,
    case
        when is_short and points = '+' then 1
        when is_short and points = '-' then 0
        else coalesce(case when regexp_full_match(points, '[0-9]{1,2}') then points::integer end, -3)
    end as value,
    try_cast(regexp_extract(answer, '[(]([0-9]+)[)]', 1) as integer) as printed_max,
    pupils
from read
