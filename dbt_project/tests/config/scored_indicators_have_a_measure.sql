-- Checks that every indicator with points has a measure and that its roadmap item exists. Matters when an indicator is
-- added. To resolve: add a row to measures.csv.
select
    indicators.methodology_version,
    indicators.indicator_code,
    measures.roadmap_item
from {{ ref('indicators') }} as indicators
left join {{ ref('measures') }} as measures using (methodology_version, indicator_code)
left join {{ ref('roadmap_items') }} as items
    on measures.methodology_version = items.methodology_version and measures.roadmap_item = items.item
where indicators.max_points is not null and items.item is null
