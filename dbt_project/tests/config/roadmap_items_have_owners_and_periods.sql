-- Checks that each roadmap item has one to three owners and at least one period. Matters when the roadmap changes.
-- To resolve: complete roadmap_owners.csv and roadmap_periods.csv.
select
    items.methodology_version,
    items.item,
    count(distinct owners.owner) as owners,
    count(distinct coalesce(periods.period_type || coalesce(periods.period_number, 0))) as periods
from {{ ref('roadmap_items') }} as items
left join {{ ref('roadmap_owners') }} as owners using (methodology_version, item)
left join {{ ref('roadmap_periods') }} as periods using (methodology_version, item)
group by all
having owners not between 1 and 3 or periods = 0
