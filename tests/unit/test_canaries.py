"""What we stand on, and know to be wrong or about to change; each test names its cause and what to do."""

from __future__ import annotations

import re

import duckdb
import pytest

from school_quality.settings import project_root

pytestmark = pytest.mark.seconds(60)

FRAME = re.compile(r"\b(?:rows|range|groups)\s+between\b", re.IGNORECASE)
SQL_AND_PYTHON = (
    *("dbt_project/models", "dbt_project/macros", "dbt_project/tests"),
    *("docs/queries", "plugins/school_quality", "bi"),
)


def test_no_query_gives_a_window_an_explicit_frame() -> None:
    """DuckDB 1.5 adds up wrongly in ordered windows with a full frame above a million rows (duckdb#24985),
    and in unordered ones with a frame of rows (duckdb#21592): write a group and a join, or no frame.
    """
    framed = [
        str(path.relative_to(project_root()))
        for folder in SQL_AND_PYTHON
        for path in sorted((project_root() / folder).rglob("*"))
        if path.suffix in {".sql", ".py", ".j2", ".yaml"} and FRAME.search(path.read_text(encoding="utf-8"))
    ]

    assert framed == []


@pytest.mark.slow
def test_duckdb_still_adds_up_wrongly_in_ordered_windows_with_a_full_frame() -> None:
    """When this fails, duckdb#24985 is mended: see whether duckdb#21592 is, too, and drop the lint."""
    wrong = duckdb.sql(
        """
        with pupils as (
            select i::varchar as pupil, 'x' as score, i::double as points from range(1, 1041749) as r(i)
        ),
        summed as (
            select points, sum(points) over (
                partition by pupil order by score range between unbounded preceding and unbounded following
            ) as total
            from pupils
        )
        select count(*) from summed where points <> total
        """
    ).fetchall()

    assert wrong == [(65536,)]
