-- What came of each school, dataset and period: its rows in force, and when the first accepted row of it came.
{# the staging of a protocol keeps corrected rows: a row of its is a pupil's result of a day #}
with in_force as (
    {%- for dataset in datasets() if dataset.is_by_school %}
    {{ 'union all' if not loop.first }}
    select
        school_id,
        '{{ dataset.name }}' as dataset,
        {{ dataset.reporting_year }}::integer as reporting_year,
        {{ dataset.period_number }}::integer as period_number,
        {{ 'count(distinct (pupil_id, subject, exam_date))' if dataset.shape == 'protocol' else 'count(*)' }}
            as rows_accepted
    from {{ ref('stg_' ~ dataset.name) }}
    group by all
    {%- endfor %}
),

-- A form that came in time and was corrected later is not late.
attempts as (
    {%- for dataset in datasets() if dataset.is_by_school %}
    {{ 'union all' if not loop.first }}
    select distinct
        school_id,
        '{{ dataset.name }}' as dataset,
        {{ dataset.reporting_year }}::integer as reporting_year,
        {{ dataset.period_number }}::integer as period_number,
        seq
    from ({{ landed(dataset.name) }}) as landed
    {%- endfor %}
),

came as (
    select
        attempts.school_id,
        attempts.dataset,
        attempts.reporting_year,
        attempts.period_number,
        min(receipts.came_at) as received_at
    from attempts
    inner join {{ ref('stg_receipts') }} as receipts using (seq)
    group by all
)

-- The register has no year: it stands for every year.
select
    in_force.school_id,
    in_force.dataset,
    due.period,
    came.received_at,
    in_force.rows_accepted
from in_force
inner join came
    on
        in_force.school_id = came.school_id
        and in_force.dataset = came.dataset
        and in_force.reporting_year is not distinct from came.reporting_year
        and in_force.period_number is not distinct from came.period_number
inner join {{ ref('int_calendar__due') }} as due
    on
        in_force.dataset = due.dataset
        and coalesce(in_force.reporting_year, due.reporting_year) = due.reporting_year
        and in_force.period_number is not distinct from due.period_number
