"""Warnings about cells that no rule of a suite sees (tasks, unknown types); they reject nothing.

Each warning is one line for a file or a block, with a count, not one for each row. They go into ``failure``
with level ``warning`` and the first row concerned, like everything else that a sender is told.
"""

from __future__ import annotations

import duckdb

from school_quality import seeds
from school_quality.landing.typing import Typed

SHOWN_VALUES = 5
"""Distinct unusual values that a warning lists."""


def note_warnings(connection: duckdb.DuckDBPyConnection, typed: Typed) -> None:
    """The warnings that a dataset's own rows give."""
    match typed.dataset.name:
        case "vpr_results":
            _task_cells(connection)
            _journal_marks(connection)
            _task_sums(connection)
            if "wrote_one_part" in typed.present:
                _single_parts(connection)
        case "school_register":
            _unknown_types(connection)
        case _:
            pass


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


def _single_parts(connection: duckdb.DuckDBPyConnection) -> None:
    """Pupils of a work in two parts who were absent from one: half a work is no result."""
    connection.execute(
        """
        insert into failure
        select min(row_id), file, 'vpr_results', 'variant', 'wrote_one_part', 'warning', '',
            map {'count': count(*)::varchar}
        from typed_vpr_results
        where wrote_one_part = 'true' and row_id in (select row_id from rows_vpr_results)
        group by file, block
        """
    )


def _task_sums(connection: duckdb.DuckDBPyConnection) -> None:
    """Task sums that differ from the total; not of absent pupils or of rows with a stray cell."""
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


def _unknown_types(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"""
        insert into failure
        select row_id, file, 'school_register', 'school_type_name', 'unknown_school_type', 'warning',
            school_type_name, null
        from rows_school_register
        where school_type_name is not null
            and folded(school_type_name) not in (
                select folded(school_type_name) from {seeds.relation("school_types")}
            )
        """
    )
