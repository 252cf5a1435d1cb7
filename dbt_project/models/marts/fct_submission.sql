-- What a school owes and what came. A receipt from after as_of is a backfill: its time says nothing about lateness.
with received as (
    select
        school_id,
        dataset,
        period,
        min(received_at) as received_at,
        sum(rows_accepted)::bigint as rows_accepted
    from {{ ref('int_submission__received') }}
    group by all
),

-- A rejected row belongs to the periods that its file speaks of.
file_periods as (
    select distinct
        dataset,
        seq,
        period
    from {{ ref('int_submission__received') }}
),

rejected as (
    select
        remarks.school_id,
        remarks.dataset,
        file_periods.period,
        count(distinct remarks.seq || '/' || remarks.sheet || '/' || remarks.row_number) as rows_rejected
    from {{ source('rejected', 'remarks') }} as remarks
    inner join file_periods using (dataset, seq)
    where remarks.level = 'row' and remarks.school_id is not null
    group by all
),

owed as (
    select
        schools.school_id,
        schools.municipality_id,
        due.dataset,
        due.reporting_year,
        due.period,
        due.due_on,
        due.is_due
    from {{ ref('int_school__identification') }} as schools
    inner join {{ ref('int_calendar__due') }} as due
        on
            schools.reporting_year = due.reporting_year
            and list_contains(string_split(due.school_types, '|'), schools.school_type)
            and (due.scope = 'all' or (due.scope = 'supported' and schools.is_supported))
)

select
    owed.school_id,
    owed.municipality_id,
    owed.dataset,
    owed.reporting_year,
    owed.period,
    owed.due_on,
    received.received_at,
    case
        when received.school_id is null and not owed.is_due then 'not_due'
        when received.school_id is null then 'missing'
        when rejected.rows_rejected > 0 then 'partly'
        when received.received_at::date > owed.due_on and received.received_at::date <= {{ as_of() }} then 'late'
        else 'received'
    end as status,
    coalesce(received.rows_accepted, 0) as rows_accepted,
    coalesce(rejected.rows_rejected, 0) as rows_rejected
from owed
left join received using (school_id, dataset, period)
left join rejected using (school_id, dataset, period)
