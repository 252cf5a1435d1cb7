-- What this release leaves to the next one: the versions of every cell that were ever open, and which one is open now.
-- No pupil can be told from it, and it is no part of the open edition.
create temp table open_cell as
select cells.*
from build.intermediate.int_results__cells as cells
anti join hidden_result using (school_id, reporting_year, procedure_id);

create temp table shown_version as
select
    cells.school_id,
    cells.reporting_year,
    cells.procedure_id,
    cells.data_level,
    coalesce(
        any_value(unchanged.shown_version),
        max(distances.version) filter (where distances.is_same),
        coalesce(max(distances.version), 0) + 1
    ) as version
from open_cell as cells
left join unchanged_result as unchanged using (school_id, reporting_year, procedure_id)
left join version_distance as distances using (school_id, reporting_year, procedure_id)
group by all;

create temp table result_after as
select
    before.school_id,
    before.reporting_year,
    before.procedure_id,
    before.version,
    before.since,
    before.level,
    -- A year that this release has not is as it was.
    case
        when
            before.reporting_year
            <= (select max(years.reporting_year) from build.intermediate.int_school__years as years)
            then shown.version is not null
        else before.is_shown
    end as is_shown,
    before.is_shown as was_shown,
    before.source,
    before.is_absent,
    before.score,
    before.mark,
    before.is_failed,
    before.test_score,
    before.results
from result_before as before
left join shown_version as shown using (school_id, reporting_year, procedure_id, version)
union all
select
    shown.school_id,
    shown.reporting_year,
    shown.procedure_id,
    shown.version,
    this_release.release_id as since,
    result_now.level,
    true as is_shown,
    false as was_shown,
    result_now.source,
    result_now.is_absent,
    result_now.score,
    result_now.mark,
    result_now.is_failed,
    result_now.test_score,
    result_now.results
from shown_version as shown
cross join this_release
anti join version_before using (school_id, reporting_year, procedure_id, version)
inner join result_now using (school_id, reporting_year, procedure_id)
union all
select
    '' as school_id,
    reporting_year,
    '' as procedure_id,
    0 as version,
    '' as since,
    'unknown' as level,
    false as is_shown,
    false as was_shown,
    null as source,
    null as is_absent,
    null as score,
    null as mark,
    null as is_failed,
    null as test_score,
    0 as results
from lost_year;
