-- Checks that the seed `reasons` and the macro reason_precedence() name the same reasons in the same order. Matters
-- when a reason is added. To resolve: bring both to one order.
with macro_order as (
    select
        unnest({{ reason_precedence() }}) as reason,
        unnest(range(1, {{ reason_precedence() | length + 1 }})) as precedence
),

seed_order as (
    select * from {{ ref('reasons') }}
    where status = 'no_data'
)

select
    coalesce(macro_order.reason, seed_order.reason) as reason,
    macro_order.precedence as in_macro,
    seed_order.precedence as in_seed
from macro_order
full join seed_order using (reason)
where macro_order.precedence is distinct from seed_order.precedence
