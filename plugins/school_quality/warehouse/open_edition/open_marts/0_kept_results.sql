-- Which cells keep what they last published. Whoever subtracts one release from another sees only what differs between
-- two published versions of a cell: so a new version must differ from every earlier one by as many results as the
-- smallest group, or be the same. Results are compared as multisets of what they say, the scores of the pupils, the
-- marks of a statistic and the failures of a table each for itself; where a cell goes over from one kind of source to
-- another, by what both kinds tell. Ten absent pupils or ten new marks do not hide one late score: so the scores of
-- those who wrote count for themselves, and marks, failures and test scores where fewer than ten scores are others.
create temp table result_now as
select
    contents.*,
    cells.data_level as level
from build.intermediate.int_results__contents as contents
inner join build.intermediate.int_results__cells as cells using (school_id, reporting_year, procedure_id);

create temp table version_before as
select
    school_id,
    reporting_year,
    procedure_id,
    version,
    any_value(level) as level,
    bool_or(is_shown) as is_shown
from result_before
group by all;

create temp table version_distance as
with pairs as (
    select
        before.school_id,
        before.reporting_year,
        before.procedure_id,
        before.version,
        before.level as level_before,
        coalesce(cells.data_level, before.level) as level_now,
        list_concat(
            ['attendance', 'scores'],
            case
                when 'table' in (level_before, level_now) then ['failures']
                when 'marks' in (level_before, level_now) then ['marks']
                else []
            end,
            case
                when level_before = level_now then ['marks of pupils', 'failures of pupils', 'test scores'] else []
            end
        ) as aspects
    from version_before as before
    left join build.intermediate.int_results__cells as cells using (school_id, reporting_year, procedure_id)
),

sides as (
    select
        result_before.school_id,
        result_before.reporting_year,
        result_before.procedure_id,
        result_before.version,
        -result_before.results as results,
        result_before.* exclude (school_id, reporting_year, procedure_id, version, results, since, is_shown)
    from result_before
    union all by name
    select
        result_now.*,
        version_before.version
    from result_now
    inner join version_before using (school_id, reporting_year, procedure_id)
),

-- What each aspect reads of a result; marks and failures are those of the source in use.
used as (
    select
        *,
        source = case level when 'pupil' then 'pupils' when 'marks' then 'statistics' else 'table' end
        and not is_absent as is_used
    from sides
),

aspects as (
    select
        used.school_id,
        used.reporting_year,
        used.procedure_id,
        used.version,
        used.results,
        kinds.kind as aspect,
        case kinds.kind
            when 'attendance' then row(used.is_absent, used.score)::varchar
            when 'scores' then used.score::varchar
            when 'test scores' then used.test_score::varchar
            when 'marks' then used.mark::varchar
            when 'marks of pupils' then used.mark::varchar
            else used.is_failed::varchar
        end as content
    from used
    cross join (
        select
            unnest(
                [
                    'attendance',
                    'scores',
                    'marks of pupils',
                    'failures of pupils',
                    'test scores',
                    'marks',
                    'failures'
                ]
            ) as kind
    ) as kinds
    where
        case
            when kinds.kind in ('marks', 'failures') then used.is_used
            else used.source = 'pupils' and (kinds.kind = 'attendance' or not used.is_absent)
        end
),

net as (
    select
        school_id,
        reporting_year,
        procedure_id,
        version,
        aspect,
        content,
        sum(results) as results
    from aspects
    group by all
),

distances as (
    select
        school_id,
        reporting_year,
        procedure_id,
        version,
        aspect,
        greatest(
            coalesce(sum(results) filter (where results > 0), 0), coalesce(-sum(results) filter (where results < 0), 0)
        ) as results
    from net
    group by all
),

-- Marks follow scores, and failures both: among ten other scores one other mark is nobody's.
changed as (
    select
        school_id,
        reporting_year,
        procedure_id,
        version,
        coalesce(max(results) filter (where aspect = 'scores'), 0) as scores,
        max(results) filter (where aspect in ('scores', 'marks of pupils', 'test scores')) as numbers
    from distances
    group by all
)

select
    pairs.school_id,
    pairs.reporting_year,
    pairs.procedure_id,
    pairs.version,
    coalesce(max(distances.results), 0) = 0 as is_same,
    coalesce(
        bool_and(
            distances.results = 0
            or distances.results >= limits.min_changed_results
            or case distances.aspect
                when 'marks of pupils' then changed.scores
                when 'test scores' then changed.scores
                when 'failures of pupils' then changed.numbers
                else 0
            end >= limits.min_changed_results
        ),
        true
    )
    and max(pairs.level_before) <> 'unknown' as is_far
from pairs
cross join limits
left join distances
    on
        pairs.school_id = distances.school_id
        and pairs.reporting_year = distances.reporting_year
        and pairs.procedure_id = distances.procedure_id
        and pairs.version = distances.version
        and list_contains(pairs.aspects, distances.aspect)
left join changed
    on
        pairs.school_id = changed.school_id
        and pairs.reporting_year = changed.reporting_year
        and pairs.procedure_id = changed.procedure_id
        and pairs.version = changed.version
group by all;

-- Cells that may not be told anew: those that show an earlier version keep it, the others stay hidden.
create temp table unchanged_result as
select
    distances.school_id,
    distances.reporting_year,
    distances.procedure_id,
    max(before.version) filter (where before.is_shown) as shown_version
from version_distance as distances
inner join version_before as before using (school_id, reporting_year, procedure_id, version)
inner join build.intermediate.int_school__years using (school_id, reporting_year)
group by all
having not bool_and(distances.is_far);

create temp table kept_result as
select cells.* replace (schools.municipality_id as municipality_id)
from cell_before as cells
inner join unchanged_result as unchanged using (school_id, reporting_year, procedure_id)
inner join build.intermediate.int_school__years as schools using (school_id, reporting_year)
where unchanged.shown_version is not null;

-- What an earlier release told of these years is not known any more: nothing of them is told.
create temp table held_result as
select
    school_id,
    reporting_year,
    procedure_id
from unchanged_result
anti join kept_result using (school_id, reporting_year, procedure_id)
union
select
    cells.school_id,
    cells.reporting_year,
    cells.procedure_id
from build.intermediate.int_results__cells as cells
where cells.reporting_year <= (select max(lost.reporting_year) from lost_year as lost);
