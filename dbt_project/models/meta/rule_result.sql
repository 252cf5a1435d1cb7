-- How often each rule spoke in a run of the input checks: a run is the receipts of one day and dataset. What files
-- say together is said on the day of the batch that found it.
select
    remarks.rule,
    remarks.level,
    remarks.dataset,
    receipts.received_at::date as run_on,
    count(distinct remarks.file_id) as files,
    count(*) as remarks
from {{ source('rejected', 'remarks') }} as remarks
inner join {{ source('landing', 'receipts') }} as receipts
    on receipts.seq = coalesce(remarks.state_seq, remarks.seq)
where coalesce(remarks.state_seq, remarks.seq) <= {{ var('receipt_seq') }}
group by all
