-- Где больше всего неуспевающих и кто из них занимается дополнительно?
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
),

shares as (
    pivot (
        select
            school_id,
            component,
            value
        from marts.fct_indicator_value
        inner join asked using (reporting_year, municipality_id)
        where indicator_code = '3.1'
    )
    on component in ('failing', 'failing_in_extra_classes', 'social')
    using any_value(round(value, 1))
)

select
    school_number,
    school_name,
    failing as failing_pct,
    failing_in_extra_classes as failing_in_extra_classes_pct,
    social as social_pct
from shares
inner join marts.dim_school using (school_id)
order by failing_pct desc nulls last, school_number asc
