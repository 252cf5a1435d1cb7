"""What a release changes, as a workbook: for those who must explain why a number moved.

Every text is written as a text cell: a school's name or a file's path is never a formula or a link.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from school_quality import datasets, seeds
from school_quality.reporting import words
from school_quality.reporting.lists import change_words
from school_quality.screen import one_line
from school_quality.warehouse.differences.changes import Difference

HEADER_HEIGHT = 32
"""Two lines: only Excel would make the row high enough by itself."""

Cell = str | int | None
Columns = Sequence[tuple[str, int]]

CHANGES: Columns = (
    ("Район", 20), ("Код ОО", 10), ("Школа", 12), ("Период", 10), ("Показатель", 13), ("Название", 44),
    ("Что", 26), ("Было", 26), ("Стало", 26), ("Причина", 60),
)  # fmt: skip
FILES: Columns = (
    ("Что с файлом", 34),
    ("Файл", 60),
    ("Вид данных", 30),
    ("Строк изменилось", 11),
    ("Номер", 66),
)
SEEDS: Columns = (("Справочник", 26), ("Строка", 10), ("Содержание", 110))


def workbook(difference: Difference) -> bytes:
    """An XLSX: cells that differ, files behind them, rows of the methodology, how to read. Deterministic."""
    buffer = io.BytesIO()
    options = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    book = xlsxwriter.Workbook(buffer, options | {"in_memory": True})
    new = difference.new
    book.set_properties({"title": f"Что изменил выпуск {new.release_id}", "created": new.created_at})
    _write_table(book, "Изменения", CHANGES, _changes(difference))
    _write_table(book, "Файлы", FILES, _files(difference))
    if difference.inputs.seeds:
        _write_table(book, "Методика", SEEDS, _seeds(difference))
    _write_notes(book, difference)
    book.close()
    return buffer.getvalue()


def _changes(difference: Difference) -> list[list[Cell]]:
    files = change_words.by_id(difference.inputs)
    names = {
        (row["indicator_code"], row["component"]): row["indicator_name"] for row in seeds.rows("indicators")
    }
    rows: list[list[Cell]] = []
    for change in change_words.readable(difference.changes):
        component = change.what.partition("/")[2]
        code = change.indicator_code
        rows.append([
            change.municipality, change.school_id, change.school, words.period(change.period), code,
            names.get((code, component), "") if code else "",
            *change_words.told(change, files),
        ])  # fmt: skip
    return rows


def _files(difference: Difference) -> list[list[Cell]]:
    titles = {name: dataset.title for name, dataset in datasets.load().items()}
    return [
        [
            change_words.file_text(change), one_line(change.path),
            titles.get(change.dataset or "", "не узнан"), change.rows, change.file_id,
        ]
        for change in difference.inputs.files
    ]  # fmt: skip


def _seeds(difference: Difference) -> list[list[Cell]]:
    return [
        [change_words.SEEDS.get(seed.name, seed.name), word, row]
        for seed in difference.inputs.seeds
        for word, found in (("была", seed.removed), ("стала", seed.added))
        for row in found
    ]


def _write_table(book: Any, name: str, columns: Columns, rows: Sequence[Sequence[Cell]]) -> None:
    head = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#EDF0F3"}
    )
    text = book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(name)
    for column, (title, width) in enumerate(columns):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, head)
    for line, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            if isinstance(cell, int):
                sheet.write_number(line, column, cell, text)
            elif cell:
                sheet.write_string(line, column, cell, text)
    sheet.set_row(0, HEADER_HEIGHT)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _write_notes(book: Any, difference: Difference) -> None:
    text = book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet("Как читать")
    sheet.set_column(0, 0, 110)
    sheet.set_portrait()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    lines = [
        f"Выпуск {difference.new.release_id} против выпуска {difference.old.release_id}.",
        f"Отличий: {difference.total}."
        + (
            f" Показаны первые {len(difference.changes)}, все — в таблице meta.release_change хранилища."
            if len(difference.changes) < difference.total
            else ""
        ),
        *(f"Изменилось: {line}." for line in change_words.reasons(difference)),
        "Причина названа одна, когда она точно одна. «Возможно» — значит, причин было несколько сразу "
        "и каждая могла изменить эту ячейку.",
        "Баллы, которые зависят от среднего по району, меняются и из-за файлов других школ: тогда назван "
        "файл той школы.",
        words.VPR_NOTE,
    ]
    for row, line in enumerate(lines):
        sheet.write_string(row, 0, line, text)
