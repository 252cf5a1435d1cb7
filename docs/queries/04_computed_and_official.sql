-- Где расчёт расходится с официальными списками?
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
),

statuses as (
    select fct_school_status.*
    from marts.fct_school_status
    inner join asked using (reporting_year, municipality_id)
),

pairs as (
    select
        school_id,
        'ШНОР' as list_kind,
        is_low_results as computed,
        official_low_results as official
    from statuses
    union all
    select
        school_id,
        'зона риска' as list_kind,
        is_risk_zone as computed,
        official_risk_zone as official
    from statuses
    union all
    select
        school_id,
        'ШССУ' as list_kind,
        is_difficult_social as computed,
        official_difficult_social as official
    from statuses
)

select
    pairs.list_kind,
    dim_school.school_number,
    dim_school.school_name,
    pairs.computed,
    pairs.official
from pairs
inner join marts.dim_school using (school_id)
where pairs.computed is distinct from pairs.official
order by pairs.list_kind, dim_school.school_number
