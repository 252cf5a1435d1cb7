"""What pupils could not do, on a card: the three heaviest deficits of a work, or why there are none."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from school_quality.reporting.cards.deficits import WorkDeficits, build_deficits
from school_quality.reporting.cards.tasks_sheet import build_tasks_sheet
from school_quality.reporting.content.facts import (
    Reference,
    SchoolFacts,
    open_warehouse,
    read_reference,
    read_schools,
)


def read(warehouse: Path) -> tuple[SchoolFacts, Reference]:
    """School 101: it wrote maths in grade 5, and a table of percentages says something of ОГЭ."""
    with open_warehouse(warehouse) as connection:
        reference = read_reference(connection, 2022, None)
        return next(read_schools(connection, reference, with_sources=False)), reference


def of_math(facts: SchoolFacts, reference: Reference) -> WorkDeficits:
    works = {work.name: work for work in build_deficits(facts, reference)}
    return works["ВПР, математика, 5 класс"]


def test_the_heaviest_deficits_stand_first_and_the_others_are_counted(warehouse: Path) -> None:
    work = of_math(*read(warehouse))

    assert [line.task for line in work.lines] == ["4", "3", "2"]  # 42 x 1, 15 x 2, 15 x 1
    assert (work.more, work.note) == (1, "")
    first = work.lines[0]
    assert (first.skill, first.school, first.district) == ("Проц\x02енты", "10\u00a0%", "52\u00a0%")
    assert first.pupils == "20\u00a0учеников"
    assert work.lines[2].skill == ""


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"is_deficit": False}, "дефицитов нет"),
        ({"is_deficit": None}, "с ответом меньше 5 учеников: о дефицитах не судим"),
        (
            {"is_deficit": None, "data_level": "table"},
            "есть только сводные доли без числа учеников: о дефицитах не судим",
        ),
    ],
)
def test_a_work_without_deficits_says_why(warehouse: Path, change: dict[str, Any], note: str) -> None:
    facts, reference = read(warehouse)

    work = of_math(replace(facts, tasks=[row | change for row in facts.tasks or ()]), reference)

    assert (work.lines, work.note) == ((), note)


def test_a_work_whose_tasks_nobody_sent_says_so(warehouse: Path) -> None:
    facts, reference = read(warehouse)

    works = {work.name: work.note for work in build_deficits(facts, reference)}

    assert works["ОГЭ, математика"] == "данных о заданиях нет"


def test_the_open_edition_says_nothing_of_tasks(warehouse: Path, tmp_path: Path) -> None:
    shutil.copyfile(warehouse, tmp_path / "open.duckdb")
    with duckdb.connect(str(tmp_path / "open.duckdb")) as connection:
        connection.execute("alter table marts.fct_school_status add column suppressed varchar[]")

    facts, reference = read(tmp_path / "open.duckdb")

    assert build_deficits(facts, reference) == ()
    assert build_tasks_sheet(facts, reference) is None


def test_the_workbook_has_every_task_in_its_place(warehouse: Path) -> None:
    sheet = build_tasks_sheet(*read(warehouse))

    assert sheet is not None
    rows = [dict(zip([column.title for column in sheet.columns], row, strict=True)) for row in sheet.rows]
    assert [row["Задание"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert rows[3]["Процедура"] == "ВПР, математика, 5 класс"
    assert (rows[3]["Набрано, %"], rows[3]["Район: набрано, %"], rows[3]["Дефицит"]) == (10.0, 52.0, "да")
