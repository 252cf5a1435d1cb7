"""Totals printed in a file beside those of its rows: computed here, compared by the suites."""

from __future__ import annotations

import duckdb

from school_quality.landing.typing import Typed

MEANS = {"mean_primary_score": "primary_score", "mean_test_score": "test_score", "mean_mark": "mark"}
"""Footer of a protocol -> the column whose mean it prints."""

DATASETS = ("ege_results", "oge_results", "vpr_results")
"""Protocols print means and counts, Ф1 the number of participants."""

FIRST_ROWS = "(select block, min(row_id) as row_id from rows_{0} group by block)"


def prepare(connection: duckdb.DuckDBPyConnection, typed: Typed) -> None:
    """``block_count`` and ``block_mean`` of a dataset with footers, at the first row of each block."""
    _counts(connection, typed.dataset.name)
    if typed.dataset.name != "vpr_results":
        _means(connection, typed)


def _counts(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """``Всего участников``, ``Кол-во участников``; skipped rows are pupils, absent ones take no part."""
    wrote = "not is_absent" if name == "vpr_results" else "true"
    connection.execute(
        f"""
        create or replace temp table block_count as
        with counted as (
            select t.block, count(*) as pupils,
                count(*) filter (r.row_id is not null and coalesce({wrote}, false)) as participants
            from typed_{name} as t left join rows_{name} as r using (row_id)
            where t.block in (select block from block where footer['participants'] is not null) group by all
        )
        select f.row_id, b.footer['participants'] as printed, integer_value(printed) as declared,
            coalesce(integer_value(b.footer['left_out']), 0) as left_out, c.pupils - left_out as pupils,
            c.participants
        from counted as c join block as b using (block) join {FIRST_ROWS.format(name)} as f using (block)
        """
    )


def _means(connection: duckdb.DuckDBPyConnection, typed: Typed) -> None:
    """``Средние``, with the number of places that are printed; blocks with rows left out have other means."""
    name = typed.dataset.name
    parts = [
        f"""
        select block, '{column}' as of_column, any_value(footer['{printed}']) as printed,
            avg({column}) as mean
        from typed_{name} join block using (file, block)
        where {column} is not null and footer['{printed}'] is not null and footer['left_out'] is null
        group by block
        """
        for printed, column in MEANS.items()
        if column in typed.dataset.columns
    ]
    connection.execute(
        f"""
        create or replace temp table block_mean as
        select f.row_id, of_column, printed, decimal_value(printed)::double as declared,
            length(split_part(replace(printed, ',', '.'), '.', 2))::integer as places, mean
        from ({" union all ".join(parts)}) join {FIRST_ROWS.format(name)} as f using (block)
        """
    )
