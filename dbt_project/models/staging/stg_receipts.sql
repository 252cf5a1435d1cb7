{{ config(materialized='table') }}

with receipts as (
    select * from {{ source('landing', 'receipts') }}
    where seq <= {{ var('receipt_seq') }}
),

last_receipts as (
    select * from receipts
    qualify row_number() over (partition by file_id, context order by seq desc) = 1
)

-- A file that is read again keeps its place among corrections, and the day on which it came.
select
    last_receipts.seq,
    last_receipts.order_seq,
    last_receipts.file_id,
    last_receipts.path,
    last_receipts.dataset,
    last_receipts.received_at,
    first_receipts.received_at as came_at
from last_receipts
inner join receipts as first_receipts on last_receipts.order_seq = first_receipts.seq
where last_receipts.action = 'land'
