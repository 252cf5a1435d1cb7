-- Which results of a school are hidden: those of fewer pupils than the limit, by whichever of the counts behind the
-- cell's numbers is the smallest, those of which nobody knows how many pupils there were, and those that may not be
-- told beside an earlier release. A work that nobody wrote (0) hides nobody but, perhaps, the few who were absent.
-- Nothing but this pattern is ever told about a hidden cell: every other rule of the open edition asks these tables
-- which cells it may read.
create temp table hidden_result as
with cells as (
    select
        school_id,
        municipality_id,
        reporting_year,
        procedure_id,
        participants,
        list_min(
            list_filter(
                [participants, marked_participants, pupil_participants, score_count, mark_count, judged_count],
                lambda people: people > 0
            )
        ) as fewest_people
    from build.intermediate.int_primitive__procedures
)

select
    cells.school_id,
    cells.municipality_id,
    cells.reporting_year,
    cells.procedure_id
from cells
cross join limits
where cells.participants is null or cells.fewest_people < limits.min_pupils
union
select
    cells.school_id,
    cells.municipality_id,
    cells.reporting_year,
    cells.procedure_id
from cells
semi join held_result using (school_id, reporting_year, procedure_id);

-- In these procedures the district's figures read something hidden.
create temp table hidden_district as
select distinct
    municipality_id,
    reporting_year,
    procedure_id
from hidden_result;

-- In these a school keeps what it last published.
create temp table kept_district as
select distinct
    municipality_id,
    reporting_year,
    procedure_id
from kept_result;

-- What the index (1.19) of a school is made of: the procedures in which the school itself took part, each of them set
-- against the whole district.
create temp table index_result as
select
    results.school_id,
    results.municipality_id,
    results.reporting_year,
    results.procedure_id
from build.intermediate.int_primitive__procedures as results
inner join build.intermediate.int_methodology__years as years using (reporting_year)
inner join build.seeds.index_procedures as procedures
    on
        results.procedure_id = procedures.procedure_id
        and years.methodology_version = procedures.methodology_version
where coalesce(results.participants, 1) > 0;

-- Schools of which the index reads something hidden. A delivered index may follow the same formula, and two schools of
-- a district would then give its mean and spread away: how it was made is not asked.
create temp table hidden_index as
select
    results.school_id,
    results.reporting_year,
    bool_and(hidden_result.school_id is not null) as are_all_hidden
from index_result as results
left join hidden_district using (municipality_id, reporting_year, procedure_id)
left join hidden_result using (school_id, reporting_year, procedure_id)
left join build.intermediate.int_primitive__results_index as indices using (school_id, reporting_year)
left join kept_district
    on
        indices.delivered_index is not null
        and results.municipality_id = kept_district.municipality_id
        and results.reporting_year = kept_district.reporting_year
        and results.procedure_id = kept_district.procedure_id
group by all
having bool_or(coalesce(hidden_district.procedure_id, kept_district.procedure_id) is not null);

-- Schools of which the index reads a kept cell.
create temp table kept_index as
select distinct
    school_id,
    reporting_year
from index_result
inner join kept_district using (municipality_id, reporting_year, procedure_id);

-- Results of exams that are told.
create temp table open_result as
select
    school_id,
    reporting_year,
    split_part(procedure_id, '_', 1) as exam
from build.intermediate.int_primitive__procedures
anti join hidden_result using (school_id, reporting_year, procedure_id)
where participants > 0;
