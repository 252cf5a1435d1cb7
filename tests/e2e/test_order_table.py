"""The golden test: the table of order No 1496 (clause 3.2) gives exactly its ten schools, through the DAG."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import openpyxl
import pytest

from e2e.conftest import Cli, low_schools, query

pytestmark = pytest.mark.seconds(100)

SECONDARY = (3, 5, 17, 39, 43, 51)
BASIC = (7, 11, 22, 30, 31, 44, 46, 49, 50)
LOW_2021 = [5, 7, 11, 17, 22, 39, 43, 49, 50, 51]
LOW_INDEX_2022 = [3, 30, 31, 44, 46]

# The table of clause 3.2 as printed: % of twos in Russian 5, Russian 6, maths 5, maths 6; failed ОГЭ maths.
ORDER_TABLE = """\
5;;;;49;32
7;85,7;42,9;42,9;;
11;45,5;;57,9;32;70
17;;;;34,2;39
22;100;;33,3;;33
39;45,5;;40,4;50;
43;;;45,8;37;
49;;100;;50;
50;50;;;33,3;
51;;;33,3;50;
"""
HEADER = (
    "школы",
    "ВПР Русский 5 кл. % «2»",
    "ВПР Русский 6 кл. % «2»",
    "ВПР Математика 5 кл. % «2»",
    "ВПР Математика 6 кл. % «2»",
    "ОГЭ- математика % не преодолевших",
)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_register_and_lists(inbox: Path) -> None:
    register = "Код ОО;Логин ФИС ОКО;Номер;Наименование;Вид;Тип;Код муниципалитета;Муниципалитет;Местность;"
    register += "Обучающихся;Действует с;Действует по\n"
    for kind, numbers in (("СОШ", SECONDARY), ("ООШ", BASIC)):
        for number in numbers:
            register += f"006{number:03};sch9806{number:02};{number};{kind} № {number};МБОУ;{kind};6;"
            register += "Славянский район;село;200;01.09.2000;\n"
    write(inbox / "Реестр.csv", register)

    lists = "Учебный год;Список;Код ОО;Документ\n"
    lists += "".join(f"2021-2022;ШНОР;006{number:03};федеральная выборка\n" for number in LOW_2021)
    lists += "".join(f"2022-2023;Низкий ИОР;006{number:03};письмо\n" for number in LOW_INDEX_2022)
    write(inbox / "Списки.csv", lists)


def write_table_csv(path: Path, table: str) -> None:
    write(path, ";".join(HEADER) + "\n" + table)


def write_table_excel(path: Path, table: str) -> None:
    """The same as a centre's own workbook: the year in a title, numbers as text, line breaks in headers."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Результаты оценочных процедур ШНОР в 2021 году"])
    sheet.append([])
    sheet.append([name.replace(" ", "\n", 1) for name in HEADER])
    for line in table.splitlines():
        sheet.append([cell or None for cell in line.split(";")])
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def changed(percent: str) -> str:
    """The order's table with another percent of twos of school 50 in maths 6."""
    assert "50;50;;;33,3;" in ORDER_TABLE
    return ORDER_TABLE.replace("50;50;;;33,3;", f"50;50;;;{percent};")


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory, cli: Cli) -> Path:
    """A data root where the DAG has published the order's table."""
    data = tmp_path_factory.mktemp("order")
    write_register_and_lists(data / "inbox")
    write_table_csv(data / "inbox" / "2021" / "Таблица приказа.csv", ORDER_TABLE)

    done = cli("run", "--year", 2022, "--data", data)

    assert done.returncode == 0, done.stdout + done.stderr
    return data


def test_exactly_the_ten_schools_of_the_order_have_low_results(order: Path) -> None:
    assert low_schools(order, 2021) == LOW_2021


def test_each_school_has_the_low_procedures_that_the_table_shows(order: Path) -> None:
    columns = ("vpr_russian_5", "vpr_russian_6", "vpr_math_5", "vpr_math_6", "oge_math_9")
    expected = {}
    for line in ORDER_TABLE.splitlines():
        number, *cells = line.split(";")
        low = [
            name
            for name, cell in zip(columns, cells, strict=True)
            if cell and float(cell.replace(",", ".")) >= 30
        ]
        expected[int(number)] = sorted(low)

    found = query(
        order,
        "select school_number, low_procedure_ids from marts.fct_school_status "
        "join marts.dim_school using (school_id) where reporting_year = 2021 and is_low_results",
    )

    assert dict(found) == expected


def test_the_supported_schools_of_2022_are_those_ten_and_the_low_index_list(order: Path) -> None:
    found = query(
        order,
        "select school_number from marts.fct_school_status join marts.dim_school using (school_id) "
        "where reporting_year = 2022 and is_supported order by 1",
    )

    assert [number for (number,) in found] == sorted(LOW_2021 + LOW_INDEX_2022)


def test_every_school_has_a_scorecard_in_html_and_pdf(order: Path) -> None:
    cards = order / "published" / "current" / "scorecards"

    assert len(list(cards.glob("*.html"))) == len(SECONDARY) + len(BASIC)
    assert {path.stem for path in cards.glob("*.pdf")} == {path.stem for path in cards.glob("*.html")}


def test_the_datasets_that_came_are_announced_and_no_others(order: Path, environment: dict[str, str]) -> None:
    with sqlite3.connect(Path(environment["AIRFLOW_HOME"]) / "airflow.db") as connection:
        events = connection.execute(
            "select distinct asset.name from asset_event join asset on asset.id = asset_event.asset_id"
        ).fetchall()

    assert sorted(name for (name,) in events) == ["official_list", "procedure_results", "school_register"]


def test_the_run_is_on_record_and_its_notice_says_what_is_missing(order: Path) -> None:
    found = query(order, "select dag_id, run_type, outcome, period, files_read from meta.run")
    [notice] = [path.read_text(encoding="utf-8") for path in (order / "notices").iterdir()]

    assert found == [("recompute_annual", "manual", "published", "2022", 3)]
    assert "опубликован выпуск" in notice
    assert "Не сдано школами в срок" in notice


def test_a_second_run_says_that_nothing_changed_and_makes_no_release(order: Path, cli: Cli) -> None:
    releases = sorted(path.name for path in (order / "published").iterdir())

    done = cli("run", "--year", 2022, "--data", order)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Ничего не изменилось" in done.stdout
    assert sorted(path.name for path in (order / "published").iterdir()) == releases


@pytest.mark.slow
@pytest.mark.parametrize(
    ("percent", "low", "write_table"),
    [
        pytest.param("29,9", [n for n in LOW_2021 if n != 50], write_table_excel, id="29,9-drops-out-excel"),
        pytest.param("30,0", LOW_2021, write_table_csv, id="30,0-stays-csv"),
    ],
)
def test_thirty_percent_is_the_edge(
    order: Path, tmp_path: Path, release: Cli, percent: str, low: list[int], write_table: object
) -> None:
    data = tmp_path / "data"
    shutil.copytree(order, data, symlinks=True)
    (data / "inbox" / "2021" / "Таблица приказа.csv").unlink()
    name = "Исправленная таблица" + (".xlsx" if write_table is write_table_excel else ".csv")
    write_table(data / "inbox" / "2021" / name, changed(percent))  # type: ignore[operator]

    done = release(data, 2022)

    assert done.returncode == 0, done.stdout + done.stderr

    assert low_schools(data, 2021) == low
    changes = query(data, "select what, before, after from meta.release_change where what = 'is_low_results'")
    assert changes == ([("is_low_results", "true", "false")] if percent == "29,9" else [])
