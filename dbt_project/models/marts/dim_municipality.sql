select
    municipality_id,
    arg_max(municipality_name, (order_seq, school_id)) as municipality_name
from {{ ref('int_school__register') }}
where municipality_id is not null
group by all
