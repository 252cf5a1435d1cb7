-- Which sources, of which school and period, each file changed, and how far that reaches. A procedure of results is a
-- source, every other dataset is one as a whole.
create or replace temp table touched as
with known_schools as (
    select * from new.marts.dim_school
    union by name
    select * from old.marts.dim_school
),

known_procedures as (
    select * from new.marts.dim_procedure
    union by name
    select * from old.marts.dim_procedure
),

-- of a school's lines in the register only those that the marts show change anything
told_rows as (
    select * from changed_landed_row
    where dataset <> 'school_register' or school_id in (select school_id from changed_dim_school)
),

-- a year without a scale borrows that of another
scale_years as (
    select
        'mark_scale' as dataset,
        reporting_year
    from known_year
)

select distinct
    rows.cause,
    rows.file_id,
    if(
        rows.scope = 'municipality' and coalesce(schools.municipality_id, rows.municipality_id) is null,
        'any', rows.scope
    ) as scope,
    rows.school_id,
    coalesce(schools.municipality_id, rows.municipality_id, '') as municipality_id,
    procedures.procedure_id is not null as is_result,
    coalesce(procedures.procedure_id, rows.dataset) as source_key,
    if(
        rows.dataset = 'school_register', '',
        coalesce(scale_years.reporting_year, rows.reporting_year)::varchar
        || coalesce('-Q' || rows.quarter::varchar, '-H' || rows.half_year::varchar, '')
    ) as source_period
from told_rows as rows
left join known_procedures as procedures
    on
        rows.exam = procedures.exam
        and rows.subject = procedures.subject
        and coalesce(rows.grade = procedures.grade, true)
left join known_schools as schools on rows.school_id = schools.school_id
left join scale_years on rows.dataset = scale_years.dataset
