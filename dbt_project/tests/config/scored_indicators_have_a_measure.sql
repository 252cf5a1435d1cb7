-- Checks that every indicator with points has a measure, that its roadmap item exists and that the measure's owner is
-- one of that item's: a card must not name another office than the roadmap. Matters when an indicator is added.
-- To resolve: add a row to measures.csv, or give it an owner of roadmap_owners.csv.
select
    indicators.methodology_version,
    indicators.indicator_code,
    measures.roadmap_item,
    measures.owner
from {{ ref('indicators') }} as indicators
left join {{ ref('measures') }} as measures using (methodology_version, indicator_code)
left join {{ ref('roadmap_items') }} as items
    on measures.methodology_version = items.methodology_version and measures.roadmap_item = items.item
left join {{ ref('roadmap_owners') }} as owners
    on
        measures.methodology_version = owners.methodology_version
        and measures.roadmap_item = owners.item
        and measures.owner = owners.owner
where indicators.max_points is not null and (items.item is null or owners.owner is null)
