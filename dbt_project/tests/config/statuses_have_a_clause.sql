-- Checks that every edition says where it defines the statuses that the documents explain. Matters when an edition is
-- added. To resolve: complete status_clauses.csv.
with explained as (
    select unnest(['is_low_results', 'is_risk_zone', 'is_difficult_social']) as status
)

select
    versions.methodology_version,
    explained.status
from {{ ref('methodology_versions') }} as versions
cross join explained
anti join {{ ref('status_clauses') }} using (methodology_version, status)
