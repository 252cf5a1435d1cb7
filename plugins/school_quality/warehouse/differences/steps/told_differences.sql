-- The differences with names for people: identification first, then values of indicators, their parts and flags, then
-- results of procedures.
with schools as (
    select * from {{ new_schools }}
    union all
    select * from {{ old_schools }} as gone
    anti join new.marts.dim_school as kept using (school_id)
),

municipalities as (
    select * from new.marts.dim_municipality
    union all by name
    select * from old.marts.dim_municipality as gone
    anti join new.marts.dim_municipality as kept using (municipality_id)
),

procedures as (
    select * from new.marts.dim_procedure
    union all by name
    select * from old.marts.dim_procedure as gone
    anti join new.marts.dim_procedure as kept using (procedure_id)
)

select
    difference.school_id,
    coalesce(schools.name, difference.school_id) as school,
    coalesce(schools.label, difference.school_id) as label,
    municipalities.municipality_name as municipality,
    difference.period,
    difference.indicator_code,
    procedures.procedure_name as procedure,
    difference.what,
    difference.before,
    difference.after,
    difference.causes,
    difference.file_ids
from difference
inner join told on difference.mart = told.mart and difference.cell = told.what
left join schools on difference.school_id = schools.school_id
left join municipalities on difference.municipality_id = municipalities.municipality_id
left join procedures on difference.procedure_id = procedures.procedure_id
order by
    difference.procedure_id is not null,
    told.is_part or told.what = 'flags',
    difference.indicator_code nulls first,
    municipalities.municipality_name,
    schools.school_number,
    difference.school_id,
    difference.period,
    difference.procedure_id,
    difference.change_id
limit getvariable('shown')
