-- Files whose receipts came into force, left it or were renewed, with what that did to rows in force.
with files as (
    select
        file_id,
        arg_max(path, seq) as path,
        arg_max(dataset, seq) as dataset,
        case
            when bool_and(is_after) then 'new_file'
            when bool_or(is_after) then 'reread_file'
            else 'withdrawn_file'
        end as kind
    from changed_receipt
    group by file_id
),

effects as (
    select
        file_id,
        list(distinct cause order by cause) as kinds,
        sum(touched_rows)::bigint as rows
    from changed_landed_row
    group by file_id
)

select
    file_id,
    files.path,
    files.dataset,
    coalesce(effects.kinds, [files.kind]) as kinds,
    coalesce(effects.rows, 0) as rows
from files
left join effects using (file_id)
order by files.path, file_id
