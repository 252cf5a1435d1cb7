-- Schools that came into a list, left it, or of which nobody knows any more: how many, and the first of them by number.
with schools as (
    select
        school_id,
        school_number,
        if(name = school_number::varchar, '№ ', '') || label as label
    from {{ new_schools }}
),

moves as (
    select
        change.what,
        change.period,
        schools.school_number,
        coalesce(schools.label, change.school_id) as label,
        change.after = 'true' as is_entered,
        change.before = 'true' and change.after = 'false' as is_left,
        change.before = 'true' and change.after is null as is_lost
    from change
    left join schools using (school_id)
    where
        change.what in ('is_low_results', 'is_risk_zone', 'is_supported')
        and 'true' in (change.before, change.after)
)

select
    what,
    period as reporting_year,
    count(*) filter (where is_entered) as entered,
    count(*) filter (where is_left) as gone,
    count(*) filter (where is_lost) as lost,
    coalesce(list(label order by school_number, label) filter (where is_entered), []) as entered_schools,
    coalesce(list(label order by school_number, label) filter (where is_left), []) as left_schools,
    coalesce(list(label order by school_number, label) filter (where is_lost), []) as lost_schools
from moves
group by what, period
order by what, period
