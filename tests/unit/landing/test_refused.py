"""Which rejected rows are still open, and who is told of them (contracts, 2.5 and 3)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import openpyxl
import pytest

from school_quality.landing import ingest, withdraw
from school_quality.landing.refused import standing
from school_quality.reporting.lists.remarks import remarks_dir, write_remarks
from school_quality.settings import Settings

from .conftest import REGISTER

Put = Callable[..., Path]

HEADER = (
    "Код ОО;Учебный год;Четверть;Обучающихся;Неуспевающих;С ОВЗ;Русский язык не родной;"
    "Неуспевающих на дополнительных занятиях;В социально сложных условиях\n"
)
GOOD_3 = "006003;2022-2023;1;107;4;1;1;1;1\n"
GOOD_7 = "006007;2022-2023;1;50;4;1;1;1;1\n"
BAD_3 = "006003;2022-2023;1;107;400;1;1;1;1\n"


@pytest.fixture
def registered(settings: Settings, put: Put) -> Settings:
    put("реестр.csv", REGISTER, age=1000)
    ingest(settings)
    return settings


def open_rows(settings: Settings) -> list[tuple[object, ...]]:
    """(dataset, row, school, year, quarter) of the last batch."""
    batch = sorted(p for p in settings.landing.iterdir() if p.name.isdigit())[-1]
    return duckdb.sql(
        "select dataset, row_number, school_id, reporting_year, period_number "
        f"from '{batch}/open_rows.parquet' order by all"
    ).fetchall()


def told(settings: Settings) -> dict[str, list[list[object]]]:
    """Rows of the sheet of remarks by the workbook's name."""
    write_remarks(settings)
    found = {}
    for path in remarks_dir(settings).glob("*.xlsx"):
        sheet = openpyxl.load_workbook(path)["Замечания"]
        found[path.stem] = [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)]
    return found


def test_a_rejected_row_is_open_for_its_school_and_period_only(registered: Settings, put: Put) -> None:
    put("форма.csv", HEADER + BAD_3 + GOOD_7 + GOOD_3.replace(";1;107", ";2;107"))

    ingest(registered)

    assert open_rows(registered) == [("form_pupils", 2, "6003", 2022, 1)]
    assert standing(registered).has_rejections


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        pytest.param(";7;107", ("6003", 2022, 7), id="no such quarter"),
        pytest.param(";весна;107", ("6003", 2022, None), id="not a number"),
    ],
)
def test_a_row_without_a_right_period_is_answered_by_a_row_of_its_school(
    registered: Settings, put: Put, wrong: str, expected: tuple[str, int, int | None]
) -> None:
    put("форма.csv", HEADER + GOOD_3.replace(";1;107", wrong) + GOOD_7, age=100)
    ingest(registered)
    before = open_rows(registered)
    put("исправлено.csv", HEADER + GOOD_3)

    ingest(registered)

    assert before == [("form_pupils", 2, *expected)]
    assert open_rows(registered) == []


def test_a_row_of_an_unknown_school_is_closed_when_its_file_is_sent_again(
    registered: Settings, put: Put
) -> None:
    put("форма.csv", HEADER + GOOD_3.replace("006003", "999999") + GOOD_7, age=100)
    ingest(registered)
    before = open_rows(registered)
    put("другая.csv", HEADER + GOOD_3, age=50)
    ingest(registered)
    meanwhile = open_rows(registered)
    put("исправлено.csv", HEADER + GOOD_3 + GOOD_7)

    ingest(registered)

    assert before == meanwhile == [("form_pupils", 2, None, 2022, 1)]
    assert open_rows(registered) == []


@pytest.mark.parametrize("path", ["форма.csv", "форма исправлена.csv"])
def test_a_row_is_closed_when_a_later_receipt_brings_its_key(
    registered: Settings, put: Put, path: str
) -> None:
    put("форма.csv", HEADER + BAD_3 + GOOD_7, age=100)
    ingest(registered)
    put(path, HEADER + GOOD_3)
    (corrected,) = ingest(registered).landed

    closed = open_rows(registered), standing(registered).has_rejections, told(registered)
    withdraw(registered, corrected.file_id)

    assert closed[:2] == ([], False)
    assert not [line for lines in closed[2].values() for line in lines if line[-1] == "строка не принята"]
    assert open_rows(registered) == [("form_pupils", 2, "6003", 2022, 1)]


def test_an_earlier_receipt_answers_nothing(registered: Settings, put: Put) -> None:
    put("раньше.csv", HEADER + GOOD_3, age=100)
    ingest(registered)
    put("позже.csv", HEADER + BAD_3 + GOOD_7)

    ingest(registered)

    assert open_rows(registered) == [("form_pupils", 2, "6003", 2022, 1)]


def test_a_file_overwritten_by_another_says_nothing_any_more(registered: Settings, put: Put) -> None:
    put("форма.csv", HEADER + GOOD_3.replace("1;107", "7;107") + GOOD_7, age=100)
    ingest(registered)
    put("форма.csv", HEADER + GOOD_3 + GOOD_7)

    ingest(registered)

    assert open_rows(registered) == []
    assert not standing(registered).has_rejections


def test_a_file_that_is_rejected_whole_takes_nothing_back(registered: Settings, put: Put) -> None:
    put("форма.csv", HEADER + BAD_3 + GOOD_7, age=100)
    ingest(registered)
    put("форма.csv", "это не таблица")

    ingest(registered)

    assert open_rows(registered) == [("form_pupils", 2, "6003", 2022, 1)]


def test_a_row_that_a_later_register_makes_good_is_closed(registered: Settings, put: Put) -> None:
    put("форма.csv", HEADER + GOOD_3 + GOOD_7.replace("006007", "006008"))
    ingest(registered)
    before = open_rows(registered)
    put("новая школа.csv", REGISTER.split("\n")[0] + "\n" + REGISTER.split("\n")[2].replace("06007", "06008"))

    ingest(registered)

    assert before == [("form_pupils", 3, None, 2022, 1)]
    assert open_rows(registered) == []


def test_all_rows_of_a_wrong_file_are_open(registered: Settings, put: Put) -> None:
    rows = [GOOD_3.replace("2022-2023", f"{2011 + n}-{2012 + n}") for n in range(10)]
    put("не то.csv", HEADER + "".join(r.replace(";4;", ";400;") for r in rows) + GOOD_7)

    (receipt,) = ingest(registered).landed

    assert (receipt.outcome, receipt.rows_rejected) == ("rejected", 11)
    assert ("form_pupils", 12, "6007", 2022, 1) in open_rows(registered)
    assert len(open_rows(registered)) == 11


def test_a_remark_names_the_school_and_both_numbers_and_goes_to_the_school_too(
    registered: Settings, put: Put
) -> None:
    put("форма.csv", HEADER + BAD_3 + GOOD_7)
    ingest(registered)

    found = told(registered)

    assert set(found) == {"ЦОКО", "Школа 6003"}
    for (line,) in found.values():
        assert line[2:7] == [2, "6003", "СОШ № 3", "Неуспевающих", "400"]
        assert "400 из 107" in str(line[7])


def test_a_file_sent_again_without_rows_is_warned_of_until_the_former_is_withdrawn(
    registered: Settings, put: Put
) -> None:
    second = GOOD_7.replace(";1;50", ";2;50")
    put("форма.csv", HEADER + GOOD_3 + GOOD_7 + second, age=100)
    (first,) = ingest(registered).landed
    far = GOOD_7.replace("006007", "007003")
    put(
        "форма (2).csv", HEADER + GOOD_3 + far + far.replace(";1;50", ";2;50")
    )  # a third of the keys: another

    ingest(registered)
    apart = told(registered)
    put("форма.csv", HEADER + GOOD_3)
    ingest(registered)
    lines = told(registered)["Школа 6003"]
    withdraw(registered, first.file_id)

    assert apart == {}
    assert [line[0] for line in lines] == ["форма.csv"]
    assert "форма.csv»: 1." in str(lines[0][7])
    assert first.file_id[:12] in str(lines[0][8])
    assert told(registered) == {}


def test_a_form_of_another_quarter_is_no_file_sent_again(registered: Settings, put: Put) -> None:
    put("форма.csv", HEADER + GOOD_3 + GOOD_7, age=100)
    ingest(registered)
    put("форма.csv", HEADER + GOOD_3.replace(";1;107", ";2;107"))

    ingest(registered)

    assert told(registered) == {}
