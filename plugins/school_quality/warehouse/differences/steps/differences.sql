-- The changed cells with what each can have come from: the files that touched what it reads, and what else differs
-- between the releases where that can reach. Where nothing seems to reach, every changed input is possible.
create or replace temp table difference as
with touched_anywhere as (
    -- for readers of every school it is one
    select distinct
        cause,
        file_id,
        scope,
        source_key,
        source_period
    from touched
),

by_files as (
    select
        need.change_id,
        touched.cause,
        touched.file_id
    from need
    inner join touched using (source_key, source_period, municipality_id)
    where need.school_id = touched.school_id or 'municipality' in (need.scope, touched.scope)
    union
    select
        need.change_id,
        touched.cause,
        touched.file_id
    from need
    inner join touched_anywhere as touched using (source_key, source_period)
    where 'any' in (need.scope, touched.scope)
),

by_others as (
    select
        change_id,
        unnest([
            if(getvariable('is_code_changed'), 'code', null),
            if(getvariable('is_as_of_changed') and is_due_changed, 'as_of', null),
            if(
                getvariable('is_methodology_changed')
                and (
                    getvariable('changed_indicators') is null
                    or list_contains(getvariable('changed_indicators')::varchar[], indicator_code)
                ),
                'methodology', null
            ),
            if(
                reporting_year > getvariable('last_common_year')
                or (is_borrowed and getvariable('last_common_year') is not null),
                'reporting_year', null
            )
        ]) as cause,
        null as file_id
    from change
),

found as (
    select * from by_files
    union all
    select * from by_others
    where cause is not null
),

ascribed as (
    select
        change_id,
        list_sort(list(distinct found.cause)) as causes,
        list_sort(list(distinct found.file_id) filter (where found.file_id is not null)) as file_ids
    from found
    inner join change using (change_id)
    where
        -- that a year is there which only one release was asked for has no other cause
        found.cause = 'reporting_year'
        or change.cell <> 'reporting_year'
        or (change.reporting_year > getvariable('last_common_year')) is not true
    group by change_id
)

select
    change.*,
    coalesce(ascribed.causes, getvariable('possible_causes')::varchar[]) as causes,
    if(
        ascribed.change_id is null, getvariable('possible_files')::varchar[], coalesce(ascribed.file_ids, [])
    ) as file_ids
from change
left join ascribed using (change_id)
