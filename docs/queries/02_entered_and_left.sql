-- Кто вошёл в ШНОР, кто вышел и кто перешёл в эффективный режим?
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
)

select
    change_from_previous_year,
    school_number,
    school_name,
    low_procedures,
    is_risk_zone,
    is_effective_mode
from marts.fct_school_status
inner join asked using (reporting_year, municipality_id)
inner join marts.dim_school using (school_id)
where change_from_previous_year in ('entered', 'left', 'stayed')
order by change_from_previous_year, school_number
