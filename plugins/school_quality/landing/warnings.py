"""What is worth a look and rejects nothing: task cells, footers, minima, other files.

Each warning is one line for a file or a block, with a count, not one for each row. They go into ``failure``
with level ``warning`` and the first row concerned, like everything else that a sender is told.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from school_quality.datasets import Dataset, get, reference_seed
from school_quality.landing.judging import RESULT_DATASETS, exam_grades
from school_quality.landing.typing import Typed, quoted

SHOWN_VALUES = 5
"""Distinct unusual values that a warning lists."""

MEANS = {"mean_primary_score": "primary_score", "mean_test_score": "test_score", "mean_mark": "mark"}
"""Footer of a protocol -> the column whose mean it prints."""

SAME_MEASURE = (("form_staff", "form_methodical", "teachers"),)
"""The same quantity asked in two forms of one period."""

MOST_SCHOOLS_PCT = 80
"""Schools without results are named once most of a municipality have some: before, files are coming."""

COMPARED_FORMS = tuple((first, second) for first, second, _ in SAME_MEASURE)


def note_warnings(connection: duckdb.DuckDBPyConnection, typed: Typed) -> None:
    """The warnings that a dataset's own rows give."""
    match typed.dataset.name:
        case "vpr_results":
            _task_cells(connection)
            _journal_marks(connection)
            _task_sums(connection)
            _declared_participants(connection, typed.dataset)
        case "ege_results" | "oge_results":
            _declared_participants(connection, typed.dataset)
            _footer_means(connection, typed.dataset)
            if typed.dataset.name == "ege_results":
                _printed_minimum(connection)
            _grades_beyond_type(connection, typed.dataset)
        case "school_register":
            _unknown_types(connection)
        case _:
            pass
    if typed.dataset.name in ("vpr_results", "vpr_marks"):
        _grades_beyond_type(connection, typed.dataset)


def shown(column: str) -> str:
    """The first few distinct values of a group in quotation marks, as SQL."""
    return f"array_to_string(list_sort(list(distinct '«' || {column} || '»'))[:{SHOWN_VALUES}], ', ')"


def _task_cells(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"""
        insert into failure
        select min(row_id), file, 'vpr_results', min_by(stray_header, row_id), 'stray_task_cell', 'warning',
            '', map {{'count': count(*)::varchar, 'values': {shown("stray_value")}}}
        from typed_vpr_results
        where stray_value is not null and row_id in (select row_id from rows_vpr_results)
        group by file, block
        """
    )


def _journal_marks(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"""
        insert into failure
        with unusual as (
            select row_id, file, block, journal_mark from typed_vpr_results
            where journal_mark is not null and journal_mark not in ('2', '3', '4', '5')
                and folded(journal_mark) not in ('нет отметки', 'нет', '-')
        )
        select min(row_id), file, 'vpr_results', 'journal_mark', 'journal_mark_unusual', 'warning', '',
            map {{'count': count(*)::varchar, 'values': {shown("journal_mark")}}}
        from unusual where row_id in (select row_id from rows_vpr_results) group by file, block
        """
    )


def _task_sums(connection: duckdb.DuckDBPyConnection) -> None:
    """Absent pupils have no total; a row with a stray cell is warned of as such."""
    connection.execute(
        """
        insert into failure
        select min(row_id), file, 'vpr_results', 'total', 'total_differs_from_tasks', 'warning', '',
            map {'count': count(*)::varchar}
        from typed_vpr_results as t join (select row_id, is_absent from rows_vpr_results) using (row_id)
        where not is_absent and task_sum <> total and stray_value is null
        group by file, block
        """
    )


def _declared_participants(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """``Всего участников``, ``Кол-во участников`` against the rows of the block, or those who wrote."""
    wrote = "not is_absent" if dataset.name == "vpr_results" else "true"
    connection.execute(
        f"""
        insert into failure
        with counted as (
            select t.file, t.block, min(t.row_id) as row_id, count(*) as pupils,
                count(*) filter (coalesce({wrote}, false)) as participants
            from typed_{dataset.name} as t left join rows_{dataset.name} as r using (row_id) group by all
        ),
        compared as (
            select row_id, file, pupils, participants, footer['participants'] as text,
                integer_value(text) as declared, coalesce(integer_value(footer['left_out']), 0) as left_out
            from counted join block using (file, block)
        )
        select row_id, file, {quoted(dataset.name)}, '', 'participants_differ', 'warning', '',
            map {{'declared': text, 'counted': participants::varchar}}
        from compared where declared not in (pupils, participants, pupils + left_out)
        """
    )


def _footer_means(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """``Средние`` against the rows, at the precision that is printed."""
    for printed, column in MEANS.items():
        if column not in dataset.columns:
            continue
        connection.execute(
            f"""
            insert into failure
            with counted as (
                select file, block, min(row_id) as row_id, avg({column}) as mean,
                from typed_{dataset.name} where {column} is not null group by file, block
            ),
            compared as (
                select row_id, file, mean, footer['{printed}'] as text, decimal_value(text)::double as said,
                    length(split_part(replace(text, ',', '.'), '.', 2)) as places
                from counted join block using (file, block) where footer['left_out'] is null
            )
            select row_id, file, {quoted(dataset.name)}, {quoted(column)}, 'footer_differs', 'warning', '',
                map {{
                    'declared': text,
                    'counted': replace(round(mean, greatest(places, 2)::integer)::varchar, '.', ',')
                }}
            from compared where abs(mean - said) > 0.5001 * pow(10, -places)
            """
        )


def _printed_minimum(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        insert into failure
        select min(row_id), file, 'ege_results', '', 'minimum_differs', 'warning', '',
            map {'printed': printed_minimum::varchar, 'expected': min_score::varchar}
        from rows_ege_results as r
        join threshold as t
            on t.exam = 'ege' and t.reporting_year = r.reporting_year and t.subject = r.subject
        where printed_minimum <> min_score
        group by file, block, printed_minimum, min_score
        """
    )


def _unknown_types(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"""
        insert into failure
        select row_id, file, 'school_register', 'school_type_name', 'unknown_school_type', 'warning',
            school_type_name, null
        from rows_school_register
        where school_type_name is not null
            and folded(school_type_name) not in (select folded(school_type_name) from {school_types()})
        """
    )


def school_types() -> str:
    """The seed of school types as a SQL relation."""
    return f"read_csv({quoted(str(reference_seed('school_types')))}, header = true, all_varchar = true)"


def _grades_beyond_type(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """Results of a grade that a school of this type has not: one line a file, school and grade."""
    exam_grade = exam_grades().get(dataset.name.removesuffix("_results"))
    grade = str(exam_grade) if exam_grade else "grade"
    connection.execute(
        f"""
        insert into failure
        with school_type as (
            select g.school_id, t.school_type from register as g
            join {school_types()} as t on folded(t.school_type_name) = folded(g.school_type_name)
        )
        select min(row_id), file, {quoted(dataset.name)}, '', 'results_beyond_school_type', 'warning', '',
            map {{'grade': {grade}::varchar}}
        from rows_{dataset.name} join school_type using (school_id)
        where {grade} > case school_type when 'primary' then 4 when 'basic' then 9 else 11 end
        group by file, school_id{"" if exam_grade else ", grade"}
        """
    )


def note_differing_forms(connection: duckdb.DuckDBPyConnection, batch: set[str]) -> None:
    """The same measure of a school and year in two forms; said of the rows that came now."""
    for first, second, column in SAME_MEASURE:
        for here, there in ((first, second), (second, first)):
            if here not in batch:
                continue
            period = ", ".join(n for n in ("school_id", "reporting_year") if n in get(there).columns)
            connection.execute(
                f"""
                insert into failure
                select h.row_id, h.file, {quoted(here)}, {quoted(column)},
                    'measure_differs_between_forms', 'warning', h.{column}::varchar,
                    map {{'here': h.{column}::varchar, 'there': t.{column}::varchar,
                        'form': {quoted(get(there).title)}}}
                from accepted_{here} as h join inforce_{there} as t using ({period})
                where h.{column} <> t.{column}
                """
            )


def note_schools_without_results(connection: duckdb.DuckDBPyConnection, batch: Iterable[str]) -> None:
    """Register schools, open the whole year, without any result of a year of which this batch brings results.

    Said once for a school and year, at the first row of the batch of that municipality, and only where most
    schools of the municipality have results: before, the files are still coming.
    """
    new = sorted(RESULT_DATASETS.intersection(batch))
    if not new:
        return
    arrived = " union all ".join(
        f"select {quoted(n)} as dataset, row_id, file, school_id, reporting_year from accepted_{n}"
        for n in new
    )
    landed = " union ".join(
        f"select distinct school_id, reporting_year from landed_{n} "
        "where reporting_year in (select year from asked)"
        for n in sorted(RESULT_DATASETS)
    )
    connection.execute(
        f"""
        insert into failure
        with arrived as ({arrived}),
        asked as (select distinct reporting_year as year from arrived),
        present as (select school_id, reporting_year from arrived union {landed}),
        expected as (
            select g.school_id, g.school_name, g.municipality_id, a.year,
                p.school_id is not null as has_results
            from register as g
            cross join asked as a
            left join present as p on p.school_id = g.school_id and p.reporting_year = a.year
            where (g.open_from is null or year(g.open_from) < a.year)
                and (g.open_to is null or year(g.open_to) > a.year)
        ),
        coverage as (
            select *, count(*) filter (has_results) over (partition by municipality_id, year) as reported,
                count(*) over (partition by municipality_id, year) as schools
            from expected
        ),
        missing as (
            select * from coverage
            where not has_results and 100 * reported >= {MOST_SCHOOLS_PCT} * schools
        ),
        place as (
            select g.municipality_id, a.reporting_year as year, min(a.row_id) as row_id,
                min_by(a.file, a.row_id) as file, min_by(a.dataset, a.row_id) as dataset
            from arrived as a join register as g using (school_id) group by all
        )
        select row_id, file, dataset, '', 'school_without_results', 'warning', school_name,
            map {{'year': year::varchar, 'school_id': school_id}}
        from missing join place using (municipality_id, year)
        """
    )
