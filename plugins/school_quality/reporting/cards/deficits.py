"""What pupils could not do, on a scorecard: of each work that identifies ШНОР the heaviest deficits.

Source: methodology, Tasks; clause 5 of the order (addressed recommendations).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from textwrap import shorten

from school_quality.reporting import words
from school_quality.reporting.content import methodology
from school_quality.reporting.content.facts import Reference, Row, SchoolFacts, procedure_order

HEAVIEST = 3
"""A card has two pages; its workbook has every task."""

SKILL_LENGTH = 90


@dataclass(frozen=True, slots=True)
class Deficit:
    """One task: its name, what it checks (empty where no plan says it), shares as printed, pupils."""

    task: str
    skill: str
    school: str
    district: str
    pupils: str


@dataclass(frozen=True, slots=True)
class WorkDeficits:
    """The heaviest deficits of a work, or a ``note`` why there are none; ``more`` stand in the workbook."""

    name: str
    lines: tuple[Deficit, ...]
    more: int
    note: str


def build_deficits(facts: SchoolFacts, reference: Reference) -> tuple[WorkDeficits, ...]:
    """Of each identifying work that was written; empty for parts of a year, and where tasks are hidden."""
    if facts.tasks is None or reference.period is not None:
        return ()
    by_work: defaultdict[str, list[Row]] = defaultdict(list)
    for row in facts.tasks:
        by_work[row["procedure_id"]].append(row)
    written = [
        procedure
        for row in facts.procedures
        if (procedure := reference.procedures.get(row["procedure_id"]))
        and procedure["is_identifying"]
        and row["participants"] != 0
    ]
    return tuple(
        _work(procedure, by_work[procedure["procedure_id"]], facts.version)
        for procedure in sorted(written, key=procedure_order)
    )


def _work(procedure: Row, tasks: list[Row], version: str) -> WorkDeficits:
    found = _deficits(tasks)
    return WorkDeficits(
        name=procedure["procedure_name"],
        lines=tuple(_line(row) for row in found[:HEAVIEST]),
        more=len(found[HEAVIEST:]),
        note="" if found else _no_deficits(tasks, version),
    )


def _line(row: Row) -> Deficit:
    return Deficit(
        task=row["task"],
        skill=shorten(row["skill"] or "", SKILL_LENGTH, placeholder="…"),
        school=words.percent(row["achieved_pct"]),
        district=words.percent(row["district_achieved_pct"]),
        pupils=words.counted(row["pupils"], "ученик", "ученика", "учеников"),
    )


def _deficits(tasks: list[Row]) -> list[Row]:
    """The deficits among tasks of one work, by what they cost an average pupil, then by their place."""
    found = [row for row in tasks if row["is_deficit"]]
    return sorted(found, key=lambda row: (row["gap_pp"] * row["max_points"], row["position"]))


def _no_deficits(tasks: list[Row], version: str) -> str:
    """Why a work shows no deficit, in words: none there are, too few pupils wrote, or nothing came."""
    if not tasks:
        return "данных о заданиях нет"
    if all(row["data_level"] == "table" for row in tasks):
        return "есть только сводные доли без числа учеников: о дефицитах не судим"
    if all(row["is_deficit"] is None for row in tasks):
        least = methodology.parameter(version, "deficit_pupils")
        return f"с ответом меньше {words.number(least, 0)} учеников: о дефицитах не судим"
    return "дефицитов нет"
