-- Remarks of the last receipt of each file: what a later reading accepted is no remark any more. What files say
-- together (`state_seq`) is found anew with every batch, and holds if the last one of the release said it.
with last_receipts as (
    select
        seq,
        action
    from {{ source('landing', 'receipts') }}
    where seq <= {{ var('receipt_seq') }}
    qualify row_number() over (partition by file_id, context order by seq desc) = 1
)

select
    remarks.file_id,
    remarks.sheet,
    remarks.row_number,
    remarks.column_name,
    remarks.rule,
    remarks.level,
    remarks.message
from {{ source('rejected', 'remarks') }} as remarks
inner join last_receipts using (seq)
where
    last_receipts.action = 'land'
    and coalesce(remarks.state_seq, {{ var('receipt_seq') }}) = {{ var('receipt_seq') }}
