"""Every task of every work of a school, as a sheet of its workbook. Source: methodology, Tasks."""

from __future__ import annotations

from collections.abc import Callable

from school_quality import terms
from school_quality.reporting import words
from school_quality.reporting.content.facts import Reference, Row, SchoolFacts, procedure_order
from school_quality.reporting.layout.sheets import Cell, Column, Sheet

LEVELS = terms.words("task_level")
MAXIMA = terms.words("max_source")
DATA_LEVELS = terms.words("data_level")

COLUMNS: tuple[tuple[Column, Callable[[Row], Cell]], ...] = (
    (Column("Задание", 9), lambda row: row["task"]),
    (Column("Что проверяет", 50), lambda row: row["skill"]),
    (Column("Уровень", 12), lambda row: LEVELS.get(row["level"] or "", words.NO_DATA)),
    (Column("Максимум", 10, "count"), lambda row: row["max_points"]),
    (Column("Откуда максимум", 18), lambda row: MAXIMA.get(row["max_source"] or "", words.NO_DATA)),
    (Column("Учеников", 10, "count"), lambda row: row["pupils"]),
    (Column("Не приступали", 11, "count"), lambda row: row["not_attempted"]),
    (Column("Не проходили тему", 11, "count"), lambda row: row["not_taught"]),
    (Column("Непонятно", 11, "count"), lambda row: row["unclear"]),
    (Column("Баллов", 9, "count"), lambda row: row["points"]),
    (Column("Набрано, %", 9, "percent"), lambda row: row["achieved_pct"]),
    (Column("Район: набрано, %", 9, "percent"), lambda row: row["district_achieved_pct"]),
    (Column("Разница, п. п.", 9, "number"), lambda row: row["gap_pp"]),
    (Column("Дефицит", 10), lambda row: words.yes_no(row["is_deficit"])),
    (Column("Полностью", 10, "count"), lambda row: row["full"]),
    (Column("Полностью, %", 10, "percent"), lambda row: row["full_pct"]),
    (Column("Интервал от, %", 9, "percent"), lambda row: row["full_ci_low_pct"]),
    (Column("Интервал до, %", 9, "percent"), lambda row: row["full_ci_high_pct"]),
    (Column("Ноль баллов", 9, "count"), lambda row: row["zero"]),
    (Column("Откуда", 12), lambda row: DATA_LEVELS[row["data_level"]]),
)


def build_tasks_sheet(facts: SchoolFacts, reference: Reference) -> Sheet | None:
    """The tasks of all works of the year, work by work; None where there are none."""
    if not facts.tasks:
        return None
    works = reference.procedures
    ordered = sorted(
        facts.tasks,
        key=lambda row: (procedure_order(works.get(row["procedure_id"]) or row), row["position"]),
    )
    return Sheet(
        "Задания",
        (Column("Процедура", 30), *(column for column, _ in COLUMNS)),
        tuple(
            (
                works.get(row["procedure_id"], {}).get("procedure_name") or row["procedure_id"],
                *(cell(row) for _, cell in COLUMNS),
            )
            for row in ordered
        ),
    )
