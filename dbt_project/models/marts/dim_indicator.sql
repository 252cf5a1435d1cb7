select
    methodology_version,
    indicator_code,
    coalesce(component, '') as component,
    task,
    sort_order,
    indicator_name,
    unit,
    max_points,
    period_type,
    scope,
    owner,
    clause,
    formula,
    source_form,
    is_share_of_counts,
    is_reading_of_ours,
    note
from {{ ref('indicators') }}
where methodology_version in (select methodology_version from {{ ref('int_methodology__years') }})
