select
    methodology_version,
    cluster,
    sort_order,
    description,
    exam_level_pct,
    vpr_level_pct,
    exam_dynamics_pct,
    vpr_dynamics_pct
from {{ ref('clusters') }}
