-- What a school owes and what came, judged by what is in force for this school and period. A receipt from after as_of
-- is a backfill: its time says nothing about lateness.
with owed as (
    select
        schools.school_id,
        schools.municipality_id,
        due.dataset,
        due.reporting_year,
        due.period,
        due.period_number,
        due.due_on,
        due.is_due
    from {{ ref('int_school__identification') }} as schools
    inner join {{ ref('int_calendar__due') }} as due
        on
            schools.reporting_year = due.reporting_year
            and list_contains(string_split(due.school_types, '|'), schools.school_type)
            and (due.scope = 'all' or (due.scope = 'supported' and schools.is_supported))
),

-- Rows that nothing later has brought; of a row whose period could not be read none is said to be incomplete.
open_rows as (
    select distinct
        school_id,
        dataset,
        reporting_year,
        period_number,
        seq,
        sheet,
        row_number
    from {{ source('landing', 'open_rows') }}
    where state_seq = {{ var('receipt_seq') }}
),

rejected as (
    select
        owed.school_id,
        owed.dataset,
        owed.period,
        count(*) as rows_rejected
    from owed
    inner join open_rows
        on
            owed.school_id = open_rows.school_id
            and owed.dataset = open_rows.dataset
            -- the register has no year: it stands for every year
            and (owed.reporting_year = open_rows.reporting_year or owed.dataset = 'school_register')
            and owed.period_number is not distinct from open_rows.period_number
    group by all
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
left join {{ ref('int_submission__received') }} as received using (school_id, dataset, period)
left join rejected using (school_id, dataset, period)
