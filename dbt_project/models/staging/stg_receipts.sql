{{ config(materialized='table') }}

with receipts as (
    select * from {{ source('landing', 'receipts') }}
    where seq <= {{ var('receipt_seq') }}
),

last_receipts as (
    select * from receipts
    qualify row_number() over (partition by file_id, context order by seq desc) = 1
)

select
    seq,
    order_seq,
    file_id,
    path,
    dataset,
    received_at
from last_receipts
where action = 'land'
