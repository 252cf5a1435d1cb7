-- Checks status, reason, points and flags against one another and against the seeds: a reason exactly where there is
-- no value, points exactly where scored. To resolve: the listed row breaks the rule named.
with judged as (
    select
        facts.school_id,
        facts.period,
        facts.indicator_code,
        facts.component,
        facts.status,
        facts.reason,
        facts.points,
        facts.flags,
        case
            when facts.status in ('scored', 'no_points') <> (facts.reason is null) then 'reason'
            when facts.reason is not null and coalesce(reasons.status, '') <> facts.status
                then 'reason of another status'
            when (facts.status = 'scored') <> (facts.points is not null) then 'points'
            when facts.status = 'scored' and facts.max_points is null then 'max_points'
            when facts.points > facts.max_points then 'more than max_points'
            when facts.status not in ('scored', 'no_points') and len(facts.flags) > 0 then 'flags without a value'
            when facts.status not in ('scored', 'no_points') and facts.value is not null then 'value without a status'
        end as broken_rule
    from {{ ref('fct_indicator_value') }} as facts
    left join {{ ref('reasons') }} as reasons using (reason)
)

select * from judged
where broken_rule is not null
