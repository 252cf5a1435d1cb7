"""A title is a title in whatever column it stands; what no row of data can be is none."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.unit.reading import builders
from tests.unit.reading.conftest import Reader, only_block
from tests.unit.reading.test_assessments import APPEALS, appeal

from school_quality.model import Block, FileReading

CODE_FIRST = ["Код ОО", "Фамилия", "Имя", "Отчество", "Серия", "Номер", "Первичный балл", "Балл"]
NUMBER_FIRST = ["№", "Код МСУ", *CODE_FIRST]
CODE_LAST = [*CODE_FIRST[1:], "Код ОО"]
HEADERS = {"code first": CODE_FIRST, "number first": NUMBER_FIRST, "code last": CODE_LAST}
PUPIL = {
    "№": "1",
    "Код МСУ": "006",
    "Код ОО": "006003",
    "Фамилия": "Тестов",
    "Имя": "Пётр",
    "Отчество": "Ильич",
    "Серия": "0012",
    "Номер": "004521",
    "Первичный балл": "30",
    "Балл": "50",
}
TITLES = {
    "one cell": ["04 - Химия 2020.05.26"],
    "a code and a space": ["04 Химия 2020.05.26"],
    "a code of one digit": ["4 - Химия 2020.05.26"],
    "in quotation marks": ["“04 - Химия 2020.05.26”"],
    "without a code": ["Химия 2020.05.26"],
    "subject and date apart": ["04 - Химия", "2020.05.26"],
    "code, subject and date apart": ["04", "Химия", "2020.05.26"],
    "an Excel date": ["Химия", dt.date(2020, 5, 26)],
    "a number and a subject": [4, "Химия 2020.05.26"],
    "repeated by merged cells": ["04 - Химия 2020.05.26"] * 8,
    "a year": ["Химия", 2020],
    "with a region": ["23 - Край", "04 - Химия 2020.05.26"],
}

Rows = list[list[object]]


def pupils(header: list[str], number: int = 1) -> Rows:
    return [[{**PUPIL, "Номер": f"{n:06d}"}.get(name, "") for name in header] for n in range(number)]


def written(rows: Rows, kind: str) -> bytes | str:
    if kind == "xlsx":
        return builders.xlsx(rows)
    return builders.csv_text([[c.isoformat() if isinstance(c, dt.date) else c for c in row] for row in rows])


def blocks(reading: FileReading) -> list[tuple[str, int]]:
    assert not reading.rejected, reading.remarks
    return [(said(block), len(block.row_numbers)) for block in reading.blocks]


def said(block: Block) -> str:
    return block.constants["subject"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
def test_a_title_in_any_column_begins_a_block(
    read: Reader, title: list[object], header: list[str], kind: str
) -> None:
    for column in range(len(header) - len(title) + 1):
        placed: list[object] = [""] * column + title
        rows: Rows = [["03 - Физика 2020.06.06"], [*header], *pupils(header, 2)]
        rows += [[], placed, [*header], *pupils(header, 3)]

        reading = read(f"2020/{column}.{kind}", written(rows, kind))

        assert blocks(reading) == [("physics", 2), ("chemistry", 3)], column
        assert reading.rows_skipped == 0


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_the_lines_between_two_blocks_are_titles_whatever_they_begin_with(
    read: Reader, header: list[str]
) -> None:
    lines: Rows = [["Протокол проверки"], ["23 - Край"], [2020], [], ["", "", "04 - Химия 2020.05.26"], []]
    rows: Rows = [*lines[:3], ["03 - Физика 2020.06.06"], [*header], *pupils(header, 2), *lines, [*header]]

    reading = read("protocol.xlsx", builders.xlsx([*rows, *pupils(header, 3)]))

    assert blocks(reading) == [("physics", 2), ("chemistry", 3)]


@pytest.mark.parametrize(
    ("lines", "day"),
    [
        ([["04 - Химия", "2020.05.26"]], "2020-05-26"),
        ([["04", "Химия", dt.date(2020, 5, 26)]], "2020-05-26"),
        ([["Предмет:", "Химия"], ["Дата экзамена:", "26.05.2020"]], "2020-05-26"),
        ([["Химия"], ["Дата проведения: 26.05.2020"], ["Дата печати", "30.06.2020"]], "2020-05-26"),
        ([["Химия 2020"], ["Дата печати:", "30.06.2020"]], None),
        ([["Химия 2020"], ["Дата: 26.05.2020"], ["Дата экзамена: 27.05.2020"]], None),
    ],
)
def test_the_day_of_an_exam_may_stand_apart_from_its_subject(read: Reader, lines: Rows, day: object) -> None:
    block = only_block(read("protocol.xlsx", builders.xlsx([*lines, CODE_FIRST, *pupils(CODE_FIRST)])))

    assert (block.constants["subject"], block.constants["reporting_year"]) == ("chemistry", "2020")
    assert block.constants.get("exam_date") == day


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_block_without_a_header_of_its_own_is_not_taken_for_the_subject_above(
    read: Reader, header: list[str]
) -> None:
    rows: Rows = [["03 - Физика 2020.06.06"], [*header], *pupils(header, 2)]
    rows += [["", "", "04 - Химия 2020.05.26"], *pupils(header, 3)]

    reading = read("protocol.xlsx", builders.xlsx(rows))

    assert blocks(reading) == [("physics", 2), ("chemistry", 3)]
    assert [block.constants["exam_date"] for block in reading.blocks] == ["2020-06-06", "2020-05-26"]


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("column", range(8))
def test_the_words_of_a_footer_may_stand_in_any_column(read: Reader, header: list[str], column: int) -> None:
    def footer(label: str, score: object) -> list[object]:
        row: list[object] = [""] * len(header)
        row[header.index("Балл")] = score
        row[column if header[column] != "Балл" else 0] = label
        return row

    rows: Rows = [["03 - Физика 2020.06.06"], [*header], *pupils(header, 2)]
    rows += [footer("Средние", 50), footer("Минимальная граница", 36), footer("Всего участников", 2)]

    reading = read("protocol.xlsx", builders.xlsx(rows))

    assert blocks(reading) == [("physics", 2)]
    assert reading.rows_skipped == 3
    assert reading.blocks[0].constants["printed_minimum"] == "36"
    assert reading.blocks[0].footer["participants"] == "2"


def test_a_footer_whose_number_stands_in_the_key_column_is_a_footer(read: Reader) -> None:
    rows: Rows = [["03 - Физика 2020.06.06"], NUMBER_FIRST, *pupils(NUMBER_FIRST, 2)]
    rows += [["", "", 2, "Всего участников"], ["Минимальная граница", "", 36]]

    reading = read("protocol.xlsx", builders.xlsx(rows))

    assert blocks(reading) == [("physics", 2)]
    assert reading.blocks[0].footer["participants"] == "2"
    assert reading.blocks[0].constants["printed_minimum"] == "36"


@pytest.mark.parametrize("column", range(4))
def test_the_exam_of_a_further_block_of_appeals_is_its_own(read: Reader, column: int) -> None:
    header = [[c for i, c in enumerate(row) if i not in (0, 8)] for row in APPEALS]
    (row,) = ([c for i, c in enumerate(row) if i not in (0, 8)] for row in appeal(""))
    rows = [["03 - Физика 2020.06.06"], *header, row]
    rows += [["", ""], [*[""] * column, "04 - Химия 2020.05.26"], *header, row]

    reading = read("appeals.csv", builders.csv_text(rows))

    assert not reading.rejected, reading.remarks
    assert [block.columns["subject_ege"] for block in reading.blocks] == [["physics"], ["chemistry"]]


FORM = ["Код ОО", "Отчётный год", "Педагогических работников", "Высшая категория", "Первая категория"]


def test_rows_that_lack_a_code_stay_rows_of_data_above_a_repeated_header(read: Reader) -> None:
    rows: Rows = [FORM, ["101", 2022, 5, 1, 1], ["МБОУ СОШ № 3", 2022, 7, 2, 2], FORM, ["102", 2022, 6, 1, 1]]

    reading = read("form.xlsx", builders.xlsx(rows))

    assert only_block(reading).columns["school_code"] == ["101", "МБОУ СОШ № 3", "102"]
    assert reading.rows_skipped == 1


def test_short_rows_of_data_above_a_further_header_are_data(read: Reader) -> None:
    scores: Rows = [["Код ОО", "Отчётный год", "ИСБШ"], ["006003", 2022, 70.5], ["6005", 2022, ""]]
    minima: Rows = [["Год", "Экзамен", "Предмет", "Минимальный балл"], [2022, "ЕГЭ", "Физика", 36]]

    reading = read("two.xlsx", builders.xlsx([*scores, *minima, *minima]))

    assert [(b.dataset, b.row_numbers) for b in reading.blocks] == [
        ("social_index", [2, 3]),
        ("thresholds", [5, 7]),
    ]
