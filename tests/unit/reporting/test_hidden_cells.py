"""The open edition shows a hidden cell as hidden, never as missing and never as a number."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb
import openpyxl
import pytest
from invented import insert, summarise
from test_documents import printed, visible

from school_quality.reporting import words, write_documents

RELEASE = {"release_id": "2022-007", "as_of": "2023-08-31"}


@pytest.fixture(scope="module")
def documents(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """School 101 with its ОГЭ hidden, and everything from which it could be computed."""
    directory = tmp_path_factory.mktemp("open")
    path = directory / "open.duckdb"
    shutil.copy(warehouse, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("alter table marts.fct_school_status add column suppressed varchar[]")
        connection.execute(
            "update marts.fct_school_status set points = null, max_points = null, score_pct = null,"
            " coverage_pct = null, is_low_results = null, low_procedures = null, results_index = null,"
            " school_group = null, cluster = null, suppressed = ['points', 'max_points', 'score_pct',"
            " 'coverage_pct', 'is_low_results', 'low_procedures', 'results_index', 'school_group', 'cluster']"
            " where school_id = '101'"
        )
        connection.execute(
            "update marts.fct_indicator_value set status = 'suppressed', value = null, value_now = null,"
            " value_before = null, participants = null, points = null, flags = [],"
            " reason = case indicator_code when '1.4' then 'few_pupils' else 'complementary' end"
            " where school_id = '101' and indicator_code in ('1.4', '4.1')"
        )
        connection.execute(
            "update marts.fct_procedure_result set participants = null, failed = null, failed_pct = null,"
            " is_low_result = null, pupils_to_threshold = null, flags = ['suppressed']"
            " where procedure_id = 'oge_math_9'"
        )
        connection.execute("update marts.fct_recommendation set points_lost = null")
        unwritten = {"participants": 0, "flags": ["suppressed"]}
        work = {"school_id": "101", "municipality_id": "1", "procedure_id": "vpr_world_4"}
        insert(connection, "marts.fct_procedure_result", work | unwritten)
        summarise(connection)
    write_documents(path, directory, year=2022, period=None, release=RELEASE, edition="open")
    return directory


def test_hidden_cells_say_that_they_are_hidden_and_why(documents: Path) -> None:
    text = visible(documents / "scorecards" / "101.html").replace("\u00a0", " ")

    assert "Статус по расчёту скрыт" in text
    assert "ШНОР низкие образовательные результаты скрыто нет сравнить нельзя" in text
    assert "Индекс результатов (ИОР): скрыто." in text
    assert "Группа: скрыто. Кластер: скрыто." in text
    assert "Общий итог: скрыто." in text
    assert "1.4 Динамика ОГЭ: математика скрыто меньше 10 учеников — из 3" in text
    assert "скрыто: 1 (меньше 10 учеников)" in text
    assert "ОГЭ, математика 1 скрыто скрыто скрыто" in text
    assert "показатели 1.4, 1.11: потеряно скрыто" in text


def test_a_card_with_hidden_cells_has_the_note_and_one_without_has_not(documents: Path) -> None:
    assert words.HIDDEN_NOTE in visible(documents / "scorecards" / "101.html")
    assert words.HIDDEN_NOTE in printed(documents / "scorecards" / "101.pdf")
    assert words.HIDDEN not in visible(documents / "scorecards" / "201.html").casefold()
    assert "строки каждого числа — в таблице XLSX" not in visible(documents / "scorecards" / "101.html")


def test_the_workbook_has_the_word_in_the_place_of_the_number_and_no_sources(documents: Path) -> None:
    book = openpyxl.load_workbook(documents / "scorecards" / "101.xlsx")

    assert "Источники" not in book.sheetnames
    rows = {row[0]: row for row in book["Сводка"].iter_rows(values_only=True)}
    assert rows["Общий итог"][1:4] == ("скрыто", "скрыто", "скрыто")
    (result,) = (row for row in book["Процедуры"].values if str(row[0]).startswith("ОГЭ"))
    assert result[2] == "скрыто"
    assert not [cell for cell in result[3:16] if isinstance(cell, int | float)]
    (value,) = (row for row in book["Показатели"].values if row[1] == "1.4")
    assert value[4:6] == ("скрыто", "меньше 10 учеников")


def test_a_work_that_nobody_wrote_has_no_hidden_participants(documents: Path) -> None:
    book = openpyxl.load_workbook(documents / "scorecards" / "101.xlsx")

    heads, *rows = book["Процедуры"].values
    (unwritten,) = (dict(zip(heads, row, strict=True)) for row in rows if row[0] == "vpr_world_4")
    assert unwritten["Писали"] == 0
    assert unwritten["Низкий результат"] == words.HIDDEN


def test_the_open_edition_has_no_workbook_for_the_authority(documents: Path) -> None:
    assert {path.suffix for path in (documents / "reports").glob("identified_schools.*")} == {".html", ".pdf"}


def test_the_list_of_schools_does_not_say_of_a_hidden_status_that_it_cannot_be_determined(
    documents: Path,
) -> None:
    text = visible(documents / "reports" / "identified_schools.html")

    assert "ШНОР по расчёту скрыто: МБОУ СОШ № 1 <script>" in text
    assert not re.search(r"Определить нельзя[^.]*№\s1\b", text)
    assert words.HIDDEN_NOTE in text


def test_statuses_and_figures_of_the_district_that_are_kept_say_so(warehouse: Path, tmp_path: Path) -> None:
    path = tmp_path / "open.duckdb"
    shutil.copy(warehouse, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("alter table marts.fct_school_status add column suppressed varchar[]")
        connection.execute("alter table marts.fct_school_status add column being_updated varchar[]")
        connection.execute(
            "update marts.fct_school_status set being_updated = ['is_low_results', 'points', 'score_pct']"
            " where school_id = '101'"
        )
        connection.execute("alter table marts.fct_municipality_procedure add column is_being_updated boolean")
        connection.execute("update marts.fct_municipality_procedure set is_being_updated = true")

    write_documents(path, tmp_path, year=2022, period=None, release=RELEASE, edition="open")

    kept = "Уточняется, показано прежнее: ШНОР, общий итог"
    assert f"{kept}, {words.UPDATED_DISTRICT}." in visible(tmp_path / "scorecards/101.html")
    pages = {page: visible(page) for page in (tmp_path / "site").rglob("*.html")}
    saying = [page for page, text in pages.items() if f"{kept}." in text]
    assert {"101.html", "index.html"} <= {page.name for page in saying}
    assert f"{kept}." in printed(tmp_path / "reports/identified_schools.pdf")
    assert f"{kept}." in printed(tmp_path / "reports/municipal_1.pdf")
