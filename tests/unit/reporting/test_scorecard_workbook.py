"""The workbook of a school: the numbers of its card, as numbers."""

from __future__ import annotations

import io
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from invented import FORMULA_NAME
from openpyxl.workbook import Workbook

from school_quality.reporting import words, write_documents
from school_quality.reporting.layout.sheets import Column, Sheet, print_sheets

RELEASE = {"release_id": "2022-007", "as_of": "2023-08-31"}
# The first cell that scrolls: heading and key columns stay.
FROZEN = {
    "Сводка": "B2",
    "Показатели": "C2",
    "По годам": "C2",
    "Процедуры": "B2",
    "Задания": "C2",
    "Рекомендации": "C2",
    "Источники": "B2",
}
SHEETS = list(FROZEN)
OF_RESULTS = {"Задания", "Источники"}


@pytest.fixture(scope="module")
def books(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Workbook]:
    directory = tmp_path_factory.mktemp("workbooks")
    write_documents(warehouse, directory, year=2022, period=None, release=RELEASE)
    return {path.stem: openpyxl.load_workbook(path) for path in (directory / "scorecards").glob("*.xlsx")}


def table(book: Workbook, sheet: str) -> list[dict[str, Any]]:
    """The rows of a sheet by the texts of its heading."""
    head, *lines = book[sheet].iter_rows(values_only=True)
    return [dict(zip(map(str, head), line, strict=True)) for line in lines]


def test_a_workbook_has_the_sheets_of_a_card_and_those_of_its_sources(books: dict[str, Workbook]) -> None:
    assert books["101"].sheetnames == SHEETS
    assert books["103"].sheetnames == [sheet for sheet in SHEETS if sheet not in OF_RESULTS]


def test_every_sheet_has_a_frozen_heading_and_a_filter(books: dict[str, Workbook]) -> None:
    for book in books.values():
        for sheet in book:
            assert sheet.freeze_panes == FROZEN[sheet.title]
            assert sheet.auto_filter.ref


def test_a_printed_sheet_can_be_read_and_names_school_and_page(books: dict[str, Workbook]) -> None:
    book = books["101"]

    assert {sheet.title: sheet.page_setup.fitToWidth or 1 for sheet in book} == {
        "Сводка": 1, "Показатели": 2, "По годам": 1, "Процедуры": 2, "Задания": 2, "Рекомендации": 2,
        "Источники": 1,
    }  # fmt: skip
    assert book["Показатели"].print_title_cols == "$A:$B"
    for sheet in book:
        assert sheet.print_title_rows == "$1:$1"
        assert "карта школы" in sheet.oddFooter.left.text
        assert sheet.oddFooter.right.text == "&A, с. &P из &N"


def test_texts_keep_a_gap_to_the_numbers_at_their_left(books: dict[str, Workbook]) -> None:
    text = books["101"]["Показатели"]["B2"].alignment

    assert (text.horizontal, text.indent) == ("left", 1)


def test_an_ampersand_in_a_name_is_no_code_of_the_foot() -> None:
    sheet = Sheet("Сводка", (Column("Что", 10),), (("текст",),))

    book = print_sheets([sheet], "Школа &D & сад", "", None)

    assert openpyxl.load_workbook(io.BytesIO(book))["Сводка"].oddFooter.left.text == "Школа &&D && сад"


def test_no_text_is_a_formula_or_a_link(books: dict[str, Workbook]) -> None:
    cells = [
        cell
        for book in books.values()
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]

    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert all(cell.hyperlink is None for cell in cells)
    texts = {cell.value for cell in cells}
    assert FORMULA_NAME.replace("№ ", "№\u00a0") in texts
    assert "=1+1" in texts


def test_values_points_and_counts_are_numbers(books: dict[str, Workbook]) -> None:
    (row,) = (row for row in table(books["101"], "Показатели") if row["Код"] == "1.11")

    assert row["Значение"] == 35.0
    assert (row["Числитель"], row["Знаменатель"], row["Участников"]) == (7, 20, 20)
    assert (row["Интервал от, %"], row["Интервал до, %"]) == (18.1, 56.7)
    assert (row["Баллы"], row["Максимум"]) == (0, 3)
    assert row["Основание"] == "Приказ № 1496, раздел 4, показатель 1.11"
    assert row["Откуда"] == "Выгрузка ВПР (ФИС ОКО) или статистика по отметкам"


def test_a_missing_value_is_an_empty_cell_with_its_reason(books: dict[str, Workbook]) -> None:
    (row,) = (row for row in table(books["101"], "Показатели") if row["Код"] == "2.2")

    assert row["Значение"] is None
    assert row["Баллы"] is None
    assert (row["Что это"], row["Причина"]) == ("нет данных", "форма не сдана")


def test_an_indicator_of_supported_schools_is_no_data_where_support_is_unknown(
    warehouse: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copy(warehouse, tmp_path / "warehouse.duckdb"))
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update marts.fct_school_status set is_supported = null where school_id = '102'")

    write_documents(copy, tmp_path / "out", year=2022, period=None, release=RELEASE)
    book = openpyxl.load_workbook(tmp_path / "out" / "scorecards" / "102.xlsx")
    (row,) = (row for row in table(book, "Показатели") if row["Код"] == "2.2")

    assert (row["Что это"], row["Причина"]) == (
        "нет данных",
        "нужна ли школе адресная поддержка, неизвестно",
    )


def test_the_summary_has_status_task_points_and_the_total_as_numbers(books: dict[str, Workbook]) -> None:
    rows = {(row["Что"], row["Пояснение"]): row for row in table(books["101"], "Сводка")}

    assert rows["ШНОР", "по расчёту; низкие образовательные результаты"]["Значение"] == "да"
    assert rows["ШНОР", "по официальному списку"]["Значение"] == "нет"
    total = rows["Общий итог", words.OWN_TOTAL_NOTE]
    assert (total["Значение"], total["Из скольких"], total["Доля, %"]) == (1, 6, 16.7)
    assert total["Район, %"] == 50.0
    assert rows["Важно", None]["Значение"] == words.VPR_NOTE
    assert "выпуск 2022-007" in rows["Выпуск", None]["Значение"]


def test_results_stand_with_the_distance_to_the_threshold_and_the_district(
    books: dict[str, Workbook],
) -> None:
    (row,) = (row for row in table(books["101"], "Процедуры") if row["Процедура"].startswith("ВПР"))

    assert (row["Писали"], row["Не писали"], row["Не справились"]) == (20, 3, 7)
    assert row["Не справились, %"] == 35.0
    assert (row["Низкий результат"], row["До порога, учеников"]) == ("да", 2)
    assert row["Район: не справились, %"] == 25.0


def test_every_recommendation_stands_with_owner_item_and_peer(books: dict[str, Workbook]) -> None:
    rows = [row for row in table(books["101"], "Рекомендации") if row["Код"]]  # after the forms to send

    assert [(row["Код"], row["Потеряно баллов"], row["Отвечает"]) for row in rows] == [
        ("1.11", 3, "МКУО КМЦ"),
        ("1.4", 3, "МКУО КМЦ"),
    ]
    assert rows[0]["Пункт дорожной карты"] == "4.2"
    assert rows[0]["Её Код ОО"] == "102"


def test_a_source_is_a_file_a_sheet_and_rows(books: dict[str, Workbook]) -> None:
    (row,) = table(books["101"], "Источники")

    assert (row["Код"], row["Файл"], row["Лист"]) == ("1.11", "2022/5/Математика.xlsx", "Протокол")
    assert (row["Строки с"], row["Строки по"], row["Учтено строк"]) == (4, 30, 20)
    assert row["Получен"] == datetime(2022, 9, 1)


def test_earlier_years_stand_in_a_sheet_of_their_own(books: dict[str, Workbook]) -> None:
    rows = [row for row in table(books["101"], "По годам") if row["Код"] == "1.11"]

    assert [(row["Период"], row["Значение"]) for row in rows] == [("2021", 22.0), ("2022", 35.0)]


def test_the_edition_of_a_quarter_has_the_values_of_the_quarter(warehouse: Path, tmp_path: Path) -> None:
    write_documents(warehouse, tmp_path, year=2022, period="2022-Q1", release=RELEASE)

    book = openpyxl.load_workbook(tmp_path / "scorecards" / "101.xlsx")
    assert "Процедуры" not in book.sheetnames
    assert {row["Период"] for row in table(book, "Показатели")} == {"2022-Q1"}
    assert "Общий итог" not in {row["Что"] for row in table(book, "Сводка")}
