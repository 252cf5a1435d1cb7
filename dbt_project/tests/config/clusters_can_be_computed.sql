-- Checks that every edition has clusters, a weight for them, and on each side of the profile an indicator with points;
-- no unknown side. Matters when an edition is added. To resolve: complete clusters.csv, cluster_indicators.csv and
-- parameters.csv (cluster_seed_pct).
with sides as (
    select unnest(['exam_level', 'vpr_level', 'exam_dynamics', 'vpr_dynamics']) as axis
),

scored_sides as (
    select distinct
        axes.methodology_version,
        axes.axis
    from {{ ref('cluster_indicators') }} as axes
    inner join {{ ref('indicators') }} as indicators using (methodology_version, indicator_code)
    where indicators.max_points is not null
)

select
    versions.methodology_version,
    sides.axis as problem
from {{ ref('methodology_versions') }} as versions
cross join sides
anti join scored_sides using (methodology_version, axis)
union all
select
    methodology_version,
    'clusters' as problem
from {{ ref('methodology_versions') }}
anti join {{ ref('clusters') }} using (methodology_version)
union all
select
    versions.methodology_version,
    'cluster_seed_pct' as problem
from {{ ref('methodology_versions') }} as versions
left join {{ ref('parameters') }} as weights
    on versions.methodology_version = weights.methodology_version and weights.parameter = 'cluster_seed_pct'
where coalesce(weights.value, 0) <= 0
union all
select
    methodology_version,
    axis as problem
from {{ ref('cluster_indicators') }}
anti join sides using (axis)
