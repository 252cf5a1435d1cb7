-- The last receipt of each file and context, whatever became of the file.
select
    file_id,
    context,
    path,
    dataset,
    rows_read,
    rows_accepted,
    rows_rejected,
    rows_skipped,
    received_at,
    outcome
from {{ source('landing', 'receipts') }}
where seq <= {{ var('receipt_seq') }}
qualify row_number() over (partition by file_id, context order by seq desc) = 1
