"""What rejects or skips typed rows whose cells are in order: closed schools, scales, duplicates, rules, 20
%.

Works in a connection with three tables: ``failure`` (a rule broken by a row), ``skipped`` and, for each
dataset, ``typed_<dataset>`` and ``rows_<dataset>``: the landed columns, with ``row_id`` and ``source_row``
(the row of the file; the two differ where a row of the file holds several results).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import duckdb
import pyarrow as pa

from school_quality import seeds
from school_quality.datasets import Dataset
from school_quality.landing.landed import LEFT_OUT
from school_quality.landing.schools import is_pseudo_unit
from school_quality.landing.spool import MELTED
from school_quality.landing.typing import Typed, cell
from school_quality.quoting import identifier, literal
from school_quality.validation import Validation, check, check_keys

ABSENT = """case
    when length(variant) > 3 then folded(variant) like 'отсутств%'
    else coalesce(variant, '') in ('', '0', '0.0', '0,0')
end"""
"""ВПР: the variant says that the pupil did not write (methodology, Who counts 1)."""

JOURNAL_MARK = "case when trim(spaced(journal_mark)) in ('2', '3', '4', '5') then journal_mark::integer end"
"""ВПР: a mark of the journal as it counts; anything else there says nothing."""

MAX_REJECTED_PCT = 20
MIN_REJECTED = 10
"""More than so many percent of a file's judged rows rejected, and at least so many: a wrong file, and not a
file with mistakes (contracts, 2.5). A small file keeps its good rows."""


def is_wrong_file(rejected: int, judged: int) -> bool:
    """Whether so many of the judged rows are rejected that this must be another file than it should be."""
    return rejected >= MIN_REJECTED and 100 * rejected > MAX_REJECTED_PCT * judged


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the empty tables that collect the verdicts of a batch."""
    connection.execute(
        """
        create table failure (
            row_id bigint, file integer, dataset varchar, field varchar, rule varchar, level varchar,
            value varchar, details map(varchar, varchar)
        );
        create table skipped (row_id bigint, dataset varchar, by_register boolean)
        """
    )


@cache
def exam_grades() -> dict[str, int]:
    """Grade of an exam that belongs to one grade (seed ``exams``): ОГЭ 9, ЕГЭ 11."""
    return {row["exam"]: int(row["grade_by_exam"]) for row in seeds.rows("exams") if row["grade_by_exam"]}


def landed_expressions(dataset: Dataset) -> dict[str, str]:
    """Landed columns that are not just a typed field, as SQL over ``typed_<dataset>``."""
    markers = [identifier(n) for n in dataset.fields if n.startswith("marker")]
    grades = " ".join(f"when {literal(e)} then {g}" for e, g in exam_grades().items())
    match dataset.name:
        case "appeals":
            return {"exam": "null"}  # see `appeals.match`
        case "mark_scale":
            return {"grade": f"coalesce(grade, case exam {grades} end)"}
        case "work_plan":
            return {"exam": "coalesce(exam, 'vpr')", "grade": f"coalesce(grade, case exam {grades} end)"}
        case "biased_vpr":
            return {"is_listed": f"school_id is not null and greatest({', '.join(markers)}, 0) > 0"}
        case "support_assignment":
            return {"mentor_school_id": "case when role = 'mentor_school' then named_code(organisation) end"}
        case "ege_results" | "oge_results":
            status = "folded(coalesce(result_status, '')) like '%аннулир%'"
            former = "regexp_matches(folded(coalesce(category, '')), '^впл|прошлых лет')"
            return {"is_counted": f"not ({status} or {former})"}
        case "vpr_results":
            is_absent = f"({ABSENT} or total is null)"
            return {
                "is_absent": is_absent,
                "total": f"case when not {is_absent} then total end",
                "mark": f"case when not {is_absent} then mark end",
                "cells": f"case when not {is_absent} then cells end",
                "journal_mark": f"case when not {is_absent} then {JOURNAL_MARK} end",
                "sitting": "coalesce(sitting, case when month(tested_on) > 8 then 'autumn' end, 'spring')",
            }
        case _:
            return {}


def make_rows(connection: duckdb.DuckDBPyConnection, typed: Typed) -> str:
    """``rows_<dataset>``: the landed columns of the rows that are not skipped; unreadable cells are null."""
    dataset, table = typed.dataset, f"rows_{typed.dataset.name}"
    special = landed_expressions(dataset)
    columns = [
        f"cast({special.get(name, identifier(name))} as {kind}) as {identifier(name)}"
        for name, kind in dataset.columns.items()
    ]
    result = "cell <> '' and " if dataset.name in MELTED else ""
    connection.execute(
        f"""
        create or replace table {table} as
        select row_id, source_row, file, block, row_number, {", ".join(columns)}
        from {typed.table} where {result} row_id not in (select row_id from skipped)
        """
    )
    return table


def place_tasks(connection: duckdb.DuckDBPyConnection) -> None:
    """Plans: all tasks of a work in the order of their first rows, whatever becomes of these rows."""
    work = "file, reporting_year, exam, grade, subject"
    connection.execute(
        f"""
        create or replace table rows_work_plan as
        with task as (
            select {work}, task, min(row_id) as first_row from rows_work_plan
            where task is not null group by all
        ),
        work as (select {work}, string_agg(task, '|' order by first_row) as tasks from task group by all)
        select r.* replace (w.tasks as tasks)
        from rows_work_plan as r left join work as w
            on {" and ".join(f"w.{c} is not distinct from r.{c}" for c in work.split(", "))}
        """
    )


def note_reader_remarks(
    connection: duckdb.DuckDBPyConnection,
    typed: Typed,
    remarks: Sequence[tuple[int, str, int, str, str, str]],
) -> None:
    """Rows that the reader itself rejects: (file, sheet, row number, field or header, rule, value)."""
    if not remarks:
        return
    names = ("file", "sheet", "row_number", "field", "rule", "value")
    table = pa.table(dict(zip(names, map(list, zip(*remarks, strict=True)), strict=True)))
    connection.register("reader_remark", table)
    connection.execute(
        f"""
        insert into failure
        select t.row_id, t.file, {literal(typed.dataset.name)}, m.field, m.rule, 'row', m.value, null
        from reader_remark as m
        join block as b using (file, sheet)
        join {typed.table} as t on t.block = b.block and t.row_number = m.row_number
        qualify row_number() over (partition by t.source_row, m.field, m.rule order by t.row_id) = 1
        """
    )


ENDS = {"open_to": "open_from", "valid_to": "valid_from"}
"""The last day of an interval -> its first."""

DATES = {
    "ege_results": "exam_date",
    "oge_results": "exam_date",
    "appeals": "exam_date",
    "vpr_results": "tested_on",
}
"""The date of a result, where it has one."""
RESULTS = frozenset({*DATES, "vpr_marks", "procedure_results"})
RESULT_DATASETS = RESULTS - {"appeals"}


def after_closing(dataset: Dataset) -> str | None:
    """Whether a typed row is dated after ``open_to`` of its school, as SQL; ``None`` where rows have no date.

    A result without a date, a form and a list speak of a reporting year: they are late in a later one
    (contracts 2.1). The year in which a school closes still has its forms, also those of spring.
    """
    if dataset.name == "support_assignment":
        return "valid_from > open_to"
    if not {"school_id", "reporting_year"}.issubset(dataset.columns):
        return None
    late = "reporting_year > year(open_to)"
    date = DATES.get(dataset.name)
    return f"case when {date} is null then {late} else {date} > open_to end" if date else late


def note_closed_schools(connection: duckdb.DuckDBPyConnection, typed: Typed) -> None:
    """Rows dated after their school closed (`after_closing`)."""
    late = after_closing(typed.dataset)
    if late is None:
        return
    field = next(n for n in ("school_code", "login") if n in typed.dataset.fields)
    connection.execute(
        f"""
        insert into failure
        select row_id, file, {literal(typed.dataset.name)}, {literal(field)}, 'school_closed', 'row', '',
            map {{'closed': strftime(open_to, '%d.%m.%Y')}}
        from {typed.table} where open_to is not null and {late}
        """
    )


def note_missing_places(connection: duckdb.DuckDBPyConnection, typed: Typed) -> None:
    """Rows without a school, in datasets where that means the municipality or nobody: the row must say
    which.
    """
    name = typed.dataset.name
    if name in ("official_list", "form_roadmap"):
        condition, field, rule = "municipality_id is null", "municipality_name", "ambiguous_municipality"
    elif name == "biased_vpr":
        markers = " or ".join(f"coalesce({n}, 0) > 0" for n in typed.dataset.fields if n.startswith("marker"))
        condition, field, rule = f"(school_name is not null or {markers})", "login", "required_empty"
    else:
        return
    connection.execute(
        f"""
        insert into failure
        select row_id, file, {literal(name)}, {literal(field)}, {literal(rule)}, 'row', '', null
        from {typed.table} where school_outcome = 'empty' and {condition}
        """
    )


def note_unknown_references(connection: duckdb.DuckDBPyConnection, rows: str, dataset: Dataset) -> None:
    """Items of no roadmap, codes of no indicator, mentors that are no school of the register."""
    if "item" in dataset.columns:
        known = seeds.relation("roadmap_items")
        connection.execute(
            f"""
            insert into failure
            select row_id, file, {literal(dataset.name)}, 'item', 'unknown_item', 'row', item, null
            from {rows} where item is not null and item not in (select item from {known})
            """
        )
    if "indicator_codes" in dataset.columns:
        known = seeds.relation("indicators")
        connection.execute(
            f"""
            insert into failure
            with code as (
                select row_id, file, indicator_codes, unnest(string_split(indicator_codes, ', ')) as code
                from {rows}
            )
            select row_id, file, {literal(dataset.name)}, 'indicator_codes', 'unknown_code', 'row',
                any_value(indicator_codes), map {{'codes': string_agg(code, ', ')}}
            from code where code not in (select indicator_code from {known}) group by row_id, file
            """
        )
    if dataset.name == "support_assignment":
        connection.execute(
            f"""
            insert into failure
            select row_id, file, 'support_assignment', 'organisation', 'unknown_school', 'row',
                organisation, null
            from {rows}
            where mentor_school_id is not null and mentor_school_id not in (select school_id from register)
            """
        )


def skip_repeated_rows(connection: duckdb.DuckDBPyConnection, typed: Typed, rows: str) -> None:
    """Identical rows of a file count once; those that are rejected for another reason take no part."""
    dataset = typed.dataset
    content = ", ".join(identifier(name) for name in dataset.columns)
    connection.execute(
        f"""
        create or replace temp table again as
        with keyed as (select row_id, hash(file, {content}) as content_hash from {rows}),
        twice as (
            select * from {rows} where row_id in (
                select row_id from keyed
                where content_hash in (select content_hash from keyed group by all having count(*) > 1)
            ) and source_row not in (select source_row from failed_row)
        )
        select row_id, source_row from twice
        qualify row_number() over (partition by file, {content} order by source_row, row_id) > 1
        """
    )
    # a table row is skipped if all its results stand in rows before it
    connection.execute(
        f"""
        insert into skipped
        select row_id, {literal(dataset.name)}, false from again
        where source_row not in (select source_row from {rows} where row_id not in (select row_id from again))
        """
    )
    connection.execute(f"delete from {rows} where row_id in (select row_id from again)")


def note_repeated_keys(connection: duckdb.DuckDBPyConnection, typed: Typed, rows: str) -> Validation:
    """The same key again in one file with other data: the last rule, for rows that broke no other."""
    survivors = f"survivors_{typed.dataset.name}"
    connection.execute(
        f"""
        create or replace temp view {survivors} as
        select * from {rows} where source_row not in (select source_row from failed_row)
        """
    )
    validation = check_keys(connection, typed.dataset.name, survivors)
    note_failures(connection, typed, validation)
    return validation


def skip_left_out(connection: duckdb.DuckDBPyConnection, typed: Typed) -> None:
    """Rows that are none of ours, whatever else is in them: ГВЭ in protocols, pseudo-units in the register.

    ``left_out_<dataset>``: of all skipped rows what is kept, for other files may name them (`LEFT_OUT`).
    """
    name = typed.dataset.name
    if name == "school_register":
        _skip_pseudo_units(connection, typed)
    elif "is_left_out" in typed.present:
        connection.execute(
            f"insert into skipped select row_id, {literal(name)}, false from {typed.table} where is_left_out"
        )
    if name in LEFT_OUT:
        connection.execute(
            f"""
            insert into left_out_{name}
            select f.seq, {", ".join(LEFT_OUT[name])}
            from {typed.table} as t join landed_file as f using (file)
            where t.row_id in (select row_id from skipped where dataset = {literal(name)})
            """
        )


def _skip_pseudo_units(connection: duckdb.DuckDBPyConnection, typed: Typed) -> None:
    """Colleges and participants from other regions are no schools of the register either."""
    names = connection.execute(f"select distinct municipality_name from {typed.table}").fetchall()
    units = [name for (name,) in names if name and is_pseudo_unit(name)]
    connection.execute(
        f"""
        insert into skipped
        select row_id, 'school_register', false from {typed.table}
        where municipality_name in (select unnest($units::varchar[]))
        """,
        {"units": units},
    )


def pardon_absent(connection: duckdb.DuckDBPyConnection) -> None:
    """An absent pupil's total and mark decide nothing, whatever stands there, unless it is a broken
    formula.
    """
    connection.execute(
        f"""
        delete from failure
        where dataset = 'vpr_results' and field in ('total', 'mark') and rule <> 'formula_error'
            and row_id in (select row_id from typed_vpr_results where {ABSENT})
        """
    )


def note_broken_rules(connection: duckdb.DuckDBPyConnection, typed: Typed) -> Validation:
    """The rules of the dataset's suite; a cell that has a remark already gets no second one."""
    validation = check(connection, typed.dataset.name, f"rows_{typed.dataset.name}")
    note_failures(connection, typed, validation)
    return validation


def note_failures(connection: duckdb.DuckDBPyConnection, typed: Typed, validation: Validation) -> None:
    """Put the failures of a suite into ``failure``, with the cells that senders are pointed to."""
    name, failures = typed.dataset.name, validation.failures
    if not failures:
        return
    broken_rule = pa.table(
        {
            "row_id": pa.array([f.row_id for f in failures], pa.int64()),
            "column": pa.array([f.column for f in failures], pa.string()),
            "rule": pa.array([f.rule for f in failures], pa.string()),
            "level": pa.array([f.level for f in failures], pa.string()),
            "details": pa.array(
                [list(f.details.items()) for f in failures], pa.map_(pa.string(), pa.string())
            ),
        }
    )
    connection.register("broken_rule", broken_rule)
    for column in sorted({f.column for f in failures}):
        fields = typed.fields_of(column) if column else [""]
        connection.execute(
            f"""
            insert into failure
            select b.row_id, r.file, {literal(name)}, {literal(fields[0])}, b.rule, b.level,
                {cell(fields[0], typed.present)}, {_with_pair(typed.dataset, column)}
            from broken_rule as b join {typed.texts} as r using (row_id) join rows_{name} as t using (row_id)
            where b."column" = {literal(column)} and (b.level = 'warning' or b.row_id not in (
                select row_id from failure
                where dataset = {literal(name)} and field in ({", ".join(map(literal, fields))})
            ))
            """
        )
    connection.unregister("broken_rule")


def _with_pair(dataset: Dataset, column: str) -> str:
    """The details of a failure, as SQL, with both sides where a rule compares two (contracts, 2.5).

    ``pair``: ``400 из 107`` of parts and their whole, two dates of an interval.
    """
    sides = {
        f"concat_ws(' + ', {', '.join(f't.{part}' for part in p.parts)}) || ' из ' || t.{p.whole}": (
            f"{' + '.join(f't.{part}' for part in p.parts)} > t.{p.whole}"
        )
        for p in dataset.parts
        if p.parts[0] == column
    }
    if column in ENDS:
        start = f"t.{ENDS[column]}"
        sides[f"strftime({start}, '%d.%m.%Y') || ' и ' || strftime(t.{column}, '%d.%m.%Y')"] = (
            f"{start} > t.{column}"
        )
    if not sides:
        return "b.details"
    cases = " ".join(f"when {condition} then {text}" for text, condition in sides.items())
    return f"map_concat(b.details, map {{'pair': case {cases} end}})"


def list_failed_rows(connection: duckdb.DuckDBPyConnection, typed: Typed) -> None:
    """``failed_row``: the table rows of the dataset in which a rule on rows is broken."""
    connection.execute(
        f"""
        create or replace temp table failed_row as
        select distinct source_row from {typed.table}
        where row_id not in (select row_id from skipped) and row_id in (
            select row_id from failure where level = 'row' and dataset = {literal(typed.dataset.name)}
        )
        """
    )
