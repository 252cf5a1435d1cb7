"""Sheets of a workbook as data, and the XLSX that is made of them.

A workbook whose sheets did not change is not written again. Values are numbers, texts are texts: a name from
a file is never a formula or a link.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from school_quality.reporting.lists.identification_workbook import open_book

Cell = str | float | int | date | None
Kind = Literal["text", "count", "number", "percent", "date"]

FORMATS: dict[Kind, str] = {
    "text": "@",
    "count": "#,##0",
    "number": "0.0###",
    "percent": "0.0#",
    "date": "dd.mm.yyyy",
}

TEXT = {"text_wrap": True, "align": "left", "indent": 1}
# The longest text that a cell holds, how much of a title fits a foot, and points of height of a line.
LONGEST_TEXT = 32_767
LONGEST_FOOTER = 80
LINE_HEIGHT = 15
# Characters across a printed page of A4 on its side that can be read, and the widest key beside wide columns.
PAGE_WIDTH = 260
KEY_WIDTH = 45


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, the width in characters, what its cells hold. Percents are numbers from 0 to 100."""

    title: str
    width: int
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table below one heading row; a text in a column of numbers stays a text."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


def print_sheets(sheets: Iterable[Sheet], title: str, imprint: str, as_of: date | str | None) -> bytes:
    """The XLSX: a frozen heading and key and a filter on every sheet; ``imprint`` ends the first one."""
    buffer, book = open_book(title, as_of)
    head = book.add_format({**TEXT, "bold": True, "valign": "top", "bottom": 1, "bg_color": "#EDF0F3"})
    # Texts are indented: they stand to the right of numbers, which end where the next column begins.
    formats = {
        kind: book.add_format({"num_format": code, "valign": "top", **(TEXT if kind == "text" else {})})
        for kind, code in FORMATS.items()
    }
    for number, sheet in enumerate(sheets):
        page = book.add_worksheet(sheet.title)
        lines = [*sheet.rows, *([("Выпуск", imprint)] if number == 0 and imprint else [])]
        _write_heading(page, sheet, head)
        for line, cells in enumerate(lines, start=1):
            _write_row(page, sheet, line, cells, formats)
        page.autofilter(0, 0, max(len(lines), 1), len(sheet.columns) - 1)
        _set_up_page(page, sheet, title)
    book.close()
    return buffer.getvalue()


def _write_heading(page: Any, sheet: Sheet, head: Any) -> None:
    for position, column in enumerate(sheet.columns):
        page.set_column(position, position, column.width)
        page.write_string(0, position, column.title, head)
    page.set_row(0, LINE_HEIGHT * _lines(sheet, [column.title for column in sheet.columns]))


def _write_row(
    page: Any, sheet: Sheet, line: int, cells: Sequence[Cell], formats: Mapping[Kind, Any]
) -> None:
    if (height := _lines(sheet, cells)) > 1:
        page.set_row(line, LINE_HEIGHT * height)
    for position, cell in enumerate(cells):
        if isinstance(cell, str):
            page.write_string(line, position, cell[:LONGEST_TEXT], formats["text"])
        elif isinstance(cell, date):
            page.write_datetime(line, position, cell, formats["date"])
        elif cell is not None:
            kind = sheet.columns[position].kind
            page.write_number(line, position, cell, formats[_number_kind(cell, kind)])


def _set_up_page(page: Any, sheet: Sheet, title: str) -> None:
    """What stays in sight and how it is printed: a wide sheet on pages side by side, each with its key."""
    keys = _key_columns(sheet)
    page.freeze_panes(1, keys)
    page.set_landscape()
    page.set_paper(9)
    page.set_margins(left=0.4, right=0.4, top=0.4, bottom=0.6)
    pages = math.ceil(sum(column.width for column in sheet.columns) / PAGE_WIDTH)
    page.fit_to_pages(pages, 0)
    page.repeat_rows(0)
    if pages > 1:
        page.repeat_columns(0, max(keys - 1, 0))
        page.print_across()
    page.set_footer(f"&L{title[:LONGEST_FOOTER].replace('&', '&&')}&R&A, с. &P из &N")


def _key_columns(sheet: Sheet) -> int:
    """How many columns at the left stay in sight: those before the first wide text, or that one alone."""
    width = 0
    for count, column in enumerate(sheet.columns):
        width += column.width
        if width > KEY_WIDTH:
            return count
    return len(sheet.columns)


def _lines(sheet: Sheet, cells: Sequence[Cell]) -> int:
    """How many lines the longest text of a row takes: not every program finds that out by itself."""
    return max(
        (
            math.ceil(len(cell) / column.width)
            for cell, column in zip(cells, sheet.columns, strict=False)
            if isinstance(cell, str) and cell
        ),
        default=1,
    )


def _number_kind(value: float, kind: Kind) -> Kind:
    """Whole numbers have no decimals, except among percents."""
    if kind == "percent":
        return kind
    return "count" if value == int(value) else "number"
