-- A type that the seed does not know counts as secondary (and was a warning at the door).
select
    register.school_id,
    register.municipality_id,
    register.municipality_name,
    register.school_number,
    register.school_name,
    register.legal_kind,
    coalesce(types.school_type, 'secondary') as school_type,
    register.locality,
    register.pupils,
    register.fisoko_login,
    register.open_from,
    register.open_to,
    register.successor_school_id,
    register.order_seq
from {{ ref('stg_school_register') }} as register
left join {{ ref('school_types') }} as types
    on lower(trim(register.school_type_name)) = lower(types.school_type_name)
