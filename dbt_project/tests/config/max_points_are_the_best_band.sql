-- Checks that the most points of an indicator are those of its best band. Matters when points change.
-- To resolve: max_points in indicators.csv and points in bands.csv disagree; one of them is a slip.
select
    indicators.methodology_version,
    indicators.indicator_code,
    indicators.max_points,
    max(bands.points) as best_band
from {{ ref('indicators') }} as indicators
left join {{ ref('bands') }} as bands using (methodology_version, indicator_code)
group by all
having indicators.max_points is distinct from max(bands.points)
