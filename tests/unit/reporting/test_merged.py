"""A merged school's past stands with its successor's, under its own name and with its own numbers."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from invented import insert
from test_documents import printed, visible
from test_scorecard_workbook import table

from school_quality.reporting import words, write_documents
from school_quality.reporting.cards.merged import NO_YEARS, build_merged
from school_quality.reporting.cards.scorecard_files import build_school_card
from school_quality.reporting.content.facts import (
    Reference,
    SchoolFacts,
    merged_schools,
    open_warehouse,
    read_reference,
    read_schools,
)

RELEASE = {"release_id": "2022-007", "as_of": "2023-08-31"}


def school(school_id: str, open_to: str | None, successor: str | None, number: int = 9) -> dict[str, Any]:
    return {
        "school_id": school_id,
        "municipality_id": "1",
        "school_number": number,
        "school_name": f"МБОУ СОШ № {number}",
        "open_to": open_to,
        "successor_school_id": successor,
    }


def register(*schools: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Rows of ``dim_school`` by code, with dates."""
    return {
        row["school_id"]: row | {"open_to": date.fromisoformat(row["open_to"]) if row["open_to"] else None}
        for row in schools
    }


@pytest.fixture(scope="module")
def merged(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """School 301 went into 302 in 2020, that into 102 in 2021; 303 goes into 102 after the card's year."""
    path = tmp_path_factory.mktemp("merged") / "warehouse.duckdb"
    shutil.copy(warehouse, path)
    with duckdb.connect(str(path)) as connection:
        insert(
            connection,
            "marts.dim_school",
            school("301", "2020-08-31", "302", 11),
            school("302", "2021-08-31", "102", 12),
            school("303", "2023-08-31", "102", 13),
        )
        for year, points in ((2020, 40), (2021, 34)):
            insert(
                connection,
                "marts.fct_school_status",
                {
                    "school_id": "302",
                    "municipality_id": "1",
                    "reporting_year": year,
                    "is_low_results": year == 2021,
                    "is_risk_zone": False,
                    "official_low_results": year == 2021,
                    "points": points,
                    "max_points": 80,
                    "score_pct": 100 * points / 80,
                },
            )
            insert(
                connection,
                "marts.fct_indicator_value",
                {
                    "school_id": "302",
                    "municipality_id": "1",
                    "indicator_code": "1.11",
                    "reporting_year": year,
                    "period": str(year),
                    "status": "scored",
                    "value": points / 2,
                    "points": 1,
                    "max_points": 3,
                },
            )
    return path


@pytest.fixture
def hidden(merged: Path, tmp_path: Path) -> Path:
    """The open edition, in which status, points and value of school 302 in 2021 are hidden."""
    path = tmp_path / "open.duckdb"
    shutil.copy(merged, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("alter table marts.fct_school_status add column suppressed varchar[]")
        connection.execute(
            "update marts.fct_school_status set points = null, max_points = null, score_pct = null,"
            " is_low_results = null, official_low_results = null,"
            " suppressed = ['points', 'max_points', 'score_pct', 'is_low_results']"
            " where school_id = '302' and reporting_year = 2021"
        )
        connection.execute(
            "update marts.fct_indicator_value set status = 'suppressed', reason = 'few_pupils', value = null,"
            " points = null where school_id = '302' and reporting_year = 2021"
        )
    return path


def read(path: Path, school_id: str, period: str | None = None) -> tuple[SchoolFacts, Reference]:
    with open_warehouse(path) as connection:
        reference = read_reference(connection, 2022, period)
        found = {
            facts.school["school_id"]: facts
            for facts in read_schools(connection, reference, with_sources=False)
        }
    return found[school_id], reference


def test_card_and_workbook_of_the_successor_show_the_merged_schools_and_their_own_past(
    merged: Path, tmp_path: Path
) -> None:
    write_documents(merged, tmp_path, year=2022, period=None, release=RELEASE)

    page = visible(tmp_path / "scorecards" / "102.html").replace("\u00a0", " ")
    past = "2020 — не ШНОР и не зона риска, 40 из 80 баллов (50 %)"
    assert "присоединённых школ: 2" in page
    assert f"МБОУ СОШ № 12 (Код ОО 302) до 31.08.2021: {past}; 2021 — ШНОР, в списках: ШНОР, 34 из 80" in page
    assert f"МБОУ СОШ № 11 (Код ОО 301) до 31.08.2020, через МБОУ СОШ № 12: {NO_YEARS}." in page
    assert "№ 13" not in page
    assert past in printed(tmp_path / "scorecards" / "102.pdf").replace("\u00a0", " ")
    book = openpyxl.load_workbook(tmp_path / "scorecards" / "102.xlsx")
    rows = [row for row in table(book, "По годам") if row["Код ОО"] == "302"]
    assert [(row["Школа"], row["Период"], row["Значение"]) for row in rows] == [
        ("МБОУ СОШ №\u00a012", "2020", 20.0),
        ("МБОУ СОШ №\u00a012", "2021", 17.0),
    ]
    (site,) = (tmp_path / "site").rglob("schools/102.html")
    assert "Присоединены: МБОУ СОШ № 12 (Код ОО 302) до 31.08.2021" in visible(site).replace("\u00a0", " ")
    assert "Присоединённые школы" not in visible(tmp_path / "scorecards" / "101.html")


def test_points_and_plots_of_the_successor_are_its_own(merged: Path, warehouse: Path) -> None:
    before, after = (build_school_card(*read(path, "102")).card for path in (warehouse, merged))

    assert replace(after, merged=before.merged, school_line=before.school_line) == before


def test_what_the_open_edition_hides_of_a_merged_school_is_hidden_on_the_card(hidden: Path) -> None:
    printed_card = build_school_card(*read(hidden, "102"))

    years = printed_card.card.merged.schools[0].years
    assert years[1] == "2021 — статус скрыт, баллы: скрыто"
    assert words.HIDDEN_NOTE in printed_card.card.notes
    (history,) = (sheet for sheet in printed_card.sheets if sheet.title == "По годам")
    assert [row[4] for row in history.rows if row[1] == "302"] == ["2020"]


def test_a_change_of_a_merged_school_writes_the_card_of_its_successor_again(
    merged: Path, hidden: Path
) -> None:
    formats = ("html", "xlsx")

    one, other = (build_school_card(*read(path, "102")).inputs(formats) for path in (merged, hidden))

    assert all(one[kind] != other[kind] for kind in formats)


def test_the_edition_of_a_quarter_tells_no_totals(merged: Path) -> None:
    years = build_merged(*read(merged, "102", "2022-Q1")).schools[0].years

    assert years == ("2020 — не ШНОР и не зона риска", "2021 — ШНОР, в списках: ШНОР")


def test_several_schools_and_chains_are_found_the_last_merged_first() -> None:
    schools = register(
        school("1", "2018-08-31", "2"),
        school("2", "2020-08-31", "4"),
        school("3", "2021-08-31", "4"),
        school("4", None, None),
        school("5", None, "4"),
        school("6", "2021-08-31", "unknown"),
    )

    found = {id_: [row["school_id"] for row in rows] for id_, rows in merged_schools(schools, 2022).items()}

    assert found == {"2": ["1"], "4": ["5", "3", "2", "1"]}


def test_a_merger_after_the_year_is_none_yet_and_a_circle_ends() -> None:
    later = register(school("1", "2018-08-31", "2"), school("2", "2023-08-31", "3"), school("3", None, None))
    circle = register(school("1", "2018-08-31", "2"), school("2", "2019-08-31", "1"))

    assert {id_: len(rows) for id_, rows in merged_schools(later, 2022).items()} == {"2": 1}
    assert {id_: len(rows) for id_, rows in merged_schools(circle, 2022).items()} == {"1": 1, "2": 1}
