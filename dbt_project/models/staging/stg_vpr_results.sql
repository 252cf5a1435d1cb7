{{ config(materialized='view') }}

with landed_rows as (
    {{ landed('vpr_results') }}
),

settled as (
    select landed_rows.*
    from landed_rows
    anti join {{ ref('stg_vpr_contested_works') }} using (school_id, reporting_year, grade, subject, sitting)
),

corrected as (
    select landed_rows.*
    from landed_rows
    semi join {{ ref('stg_vpr_contested_works') }} using (school_id, reporting_year, grade, subject, sitting)
    qualify
        row_number() over (
            partition by
                landed_rows.school_id,
                landed_rows.reporting_year,
                landed_rows.grade,
                landed_rows.subject,
                landed_rows.sitting,
                landed_rows.pupil_id
            order by landed_rows.order_seq desc, landed_rows.seq desc, landed_rows.row_number desc
        ) = 1
)

select * from settled
union all
select * from corrected
