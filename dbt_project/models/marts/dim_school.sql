-- A series follows a merged school into its successors, as far as the register knows them; a circle ends before itself.
with recursive successions as (
    select
        school_id,
        school_id as series_school_id,
        [school_id] as passed
    from {{ ref('int_school__register') }}
    union all
    select
        successions.school_id,
        register.successor_school_id as series_school_id,
        list_append(successions.passed, register.successor_school_id) as passed
    from successions
    inner join {{ ref('int_school__register') }} as register on successions.series_school_id = register.school_id
    inner join {{ ref('int_school__register') }} as successor on register.successor_school_id = successor.school_id
    where not list_contains(successions.passed, register.successor_school_id)
),

series as (
    select
        school_id,
        series_school_id
    from successions
    qualify row_number() over (partition by school_id order by len(passed) desc) = 1
)

select
    register.school_id,
    register.municipality_id,
    register.school_number,
    register.school_name,
    register.legal_kind,
    register.school_type,
    register.locality,
    register.fisoko_login,
    register.open_from,
    register.open_to,
    register.successor_school_id,
    series.series_school_id
from {{ ref('int_school__register') }} as register
left join series using (school_id)
