"""Workbooks for those who filter and count; here the list of identified schools.

Every text is written as a text cell: a school's name is never a formula or a link.
"""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import xlsxwriter

from school_quality.reporting import words
from school_quality.reporting.lists.identification import STATUSES, Identification, IdentifiedSchool

CHANGE = words.FIGURES["change_from_previous_year"]
WIDTHS = {"Район": 22, "Школа": 34, "Низкие результаты": 60, "Расхождения": 18, CHANGE: 28}
DEFAULT_WIDTH = 13


def open_book(title: str, as_of: date | str | None) -> tuple[io.BytesIO, Any]:
    """A new workbook in memory, and where its bytes are after ``close()``; ``as_of`` is its day of creation.

    Identical cells give identical bytes: no clock is read.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    created = datetime.fromisoformat(str(as_of)[:10]) if as_of else datetime(2000, 1, 1)
    book.set_properties({"title": title, "created": created})
    return buffer, book


def identification_workbook(identification: Identification, as_of: date | str | None) -> bytes:
    """An XLSX with a sheet of schools and a sheet of explanations; ``as_of`` is its date of creation."""
    buffer, workbook = open_book(identification.title, as_of)
    _write_schools(workbook, identification)
    _write_notes(workbook, identification)
    workbook.close()
    return buffer.getvalue()


def _write_schools(workbook: Any, identification: Identification) -> None:
    head = workbook.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#EDF0F3"}
    )
    text = workbook.add_format({"text_wrap": True, "valign": "top"})
    number = workbook.add_format({"valign": "top", "num_format": "0.00"})
    differs = workbook.add_format(
        {"text_wrap": True, "valign": "top", "bg_color": "#FDF1D8", "font_color": "#7A4B00"}
    )
    sheet = workbook.add_worksheet("Школы")
    titles = ["Район", "Код ОО", "Школа"]
    titles += [f"{title}, {side}" for title, _, _ in STATUSES for side in ("расчёт", "список")]
    titles += [
        "500+",
        words.FIGURES["is_supported"],
        "Низких процедур",
        "Низкие результаты",
        "ИОР",
        "ИСБШ",
        "Расхождения",
        CHANGE,
    ]
    for column, title in enumerate(titles):
        sheet.set_column(column, column, WIDTHS.get(title, DEFAULT_WIDTH))
        sheet.write_string(0, column, title, head)
    line = 0
    for district in identification.districts:
        for school in district.schools:
            line += 1
            for column, value in enumerate(_cells(district.name, school)):
                if isinstance(value, str):
                    cell = differs if titles[column] == "Расхождения" and value else text
                    sheet.write_string(line, column, value, cell)
                elif value is not None:
                    sheet.write_number(line, column, value, number if isinstance(value, float) else text)
    sheet.freeze_panes(1, 3)
    sheet.autofilter(0, 0, max(line, 1), len(titles) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _cells(district: str, school: IdentifiedSchool) -> list[str | float | int | None]:
    cells: list[str | float | int | None] = [district, school.school_id, school.school_name]
    for verdict in school.verdicts:
        cells += [words.yes_no(verdict.computed), words.yes_no(verdict.official, words.NO_LIST)]
    return [
        *cells,
        words.yes_no(school.in_project_500, words.NO_LIST),
        words.yes_no(school.is_supported),
        school.low_procedures,
        "\n".join(school.low_results),
        None if school.results_index is None else float(school.results_index),
        None if school.social_index is None else float(school.social_index),
        school.differences,
        school.change,
    ]


def _write_notes(workbook: Any, identification: Identification) -> None:
    text = workbook.add_format({"text_wrap": True, "valign": "top"})
    sheet = workbook.add_worksheet("Как читать")
    sheet.set_column(0, 0, 100)
    lines = [
        identification.title,
        *(f"{d.name}. {d.summary} {d.undecided}".strip() for d in identification.districts),
    ]
    lines += [*identification.notes, identification.vpr_note, identification.imprint]
    for row, line in enumerate(lines):
        sheet.write_string(row, 0, line, text)
