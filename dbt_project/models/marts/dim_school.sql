select
    school_id,
    municipality_id,
    school_number,
    school_name,
    legal_kind,
    school_type,
    locality,
    fisoko_login,
    open_from,
    open_to,
    successor_school_id
from {{ ref('int_school__register') }}
