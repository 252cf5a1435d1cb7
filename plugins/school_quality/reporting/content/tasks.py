"""What pupils could not do: tasks of the works of a school and its deficits, the heaviest first.

Rows are those of `facts.TASKS`. Source: methodology, Tasks.
"""

from __future__ import annotations

from collections.abc import Iterable

from school_quality.reporting import words
from school_quality.reporting.content import methodology
from school_quality.reporting.content.facts import Row


def deficits(rows: Iterable[Row]) -> list[Row]:
    """The deficits among tasks of one work, by what they cost an average pupil, then by their place."""
    found = [row for row in rows if row["is_deficit"]]
    return sorted(found, key=lambda row: (row["gap_pp"] * row["max_points"], row["position"]))


def no_deficits(rows: Iterable[Row], version: str) -> str:
    """Why a work shows no deficit, in words: none there are, too few pupils wrote, or nothing came.

    Args:
        rows: tasks of one work of a school.
        version: the edition that judged its year.
    """
    tasks = list(rows)
    if not tasks:
        return "данных о заданиях нет"
    if all(row["data_level"] == "table" for row in tasks):
        return "есть только сводные доли без числа учеников: о дефицитах не судим"
    if all(row["is_deficit"] is None for row in tasks):
        least = methodology.parameter(version, "deficit_pupils")
        return f"с ответом меньше {words.number(least, 0)} учеников: о дефицитах не судим"
    return "дефицитов нет"
