select
    '{{ var("release_id") }}' as release_id,
    timestamp '{{ var("created_at") }}' as created_at,
    {{ as_of() }} as as_of,
    {{ var('receipt_seq') }}::bigint as receipt_seq,
    '{{ var("code_version") }}' as code_version,
    '{{ var("methodology_hash") }}' as methodology_hash,
    list(distinct methodology_version order by methodology_version) as methodology_versions,
    nullif('{{ var("previous_release_id") or "" }}', '') as previous_release_id,
    nullif('{{ var("receipt_hash") }}', '') as receipt_hash
from {{ ref('int_methodology__years') }}
