"""Blank forms: made from the declarations, with the schools in them, and accepted as they are when filled."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from school_quality import datasets, landing
from school_quality.datasets import Dataset, Field
from school_quality.errors import UsageError
from school_quality.settings import Settings
from school_quality.templates import SCHOOL_NAME_HEADER, open_schools, write_templates

pytestmark = pytest.mark.seconds(30)

REGISTER = """Код ОО;Логин ФИС ОКО;Номер;Наименование;Вид;Тип;Код муниципалитета;Муниципалитет;Местность;\
Обучающихся;Действует с;Действует по
000101;900101;1;Школа первая;МБОУ;СОШ;001;Первый район;город;500;;
000102;900102;2;Школа вторая;МБОУ;ООШ;001;Первый район;село;100;01.09.2015;
000103;900103;3;Школа закрытая;МБОУ;ООШ;001;Первый район;село;;;30.12.2020
000201;900201;1;Школа другого района;МБОУ;СОШ;002;Второй район;город;300;;
"""
YEAR = 2022
FORMS = [dataset for dataset in datasets.load().values() if dataset.is_form]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOOL_QUALITY_PII_KEY", "00" * 32)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings.load(tmp_path / "data")
    found.inbox.mkdir(parents=True)
    (found.inbox / "реестр.csv").write_text(REGISTER, encoding="utf-8")
    landing.ingest(found)
    return found


def header(sheet: Any) -> list[str]:
    return [cell.value for cell in sheet[1]]


def test_without_a_register_there_is_nothing_to_fill(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Реестр"):
        write_templates(Settings.load(tmp_path), YEAR, tmp_path / "forms")


def test_every_form_is_written_for_every_period_and_municipality(settings: Settings, tmp_path: Path) -> None:
    written = write_templates(settings, YEAR, tmp_path)

    names = {str(path.relative_to(tmp_path)) for path in written}
    assert len(names) == len(written)
    assert "Первый район/Контингент, 4 четверть, 2022-2023.xlsx" in names
    assert "Второй район/Курсы учителей, 2 полугодие, 2022-2023.xlsx" in names
    assert "Первый район/Кадры, 2022-2023.xlsx" in names
    periods = {"year": 1, "any": 1, "half_year": 2, "quarter": 4}
    assert len(written) == 2 * sum(periods[dataset.period] for dataset in FORMS)


def test_schools_that_are_closed_in_that_year_are_left_out(settings: Settings) -> None:
    assert [school.code for school in open_schools(settings, YEAR)] == ["000201", "000101", "000102"]
    assert "000103" in [school.code for school in open_schools(settings, 2020)]


def test_one_school_gets_forms_of_its_own(settings: Settings, tmp_path: Path) -> None:
    written = write_templates(settings, YEAR, tmp_path, school="102")

    assert {path.parent.name for path in written} == {"Школа 000102"}
    sheet = openpyxl.load_workbook(tmp_path / "Школа 000102" / "Кадры, 2022-2023.xlsx").active
    assert sheet.max_row == 2
    assert sheet["A2"].value == "000102"


@pytest.mark.parametrize("name", ["2", "002", "второй район"])
def test_a_municipality_is_named_by_code_or_name(settings: Settings, tmp_path: Path, name: str) -> None:
    written = write_templates(settings, YEAR, tmp_path, municipality=name)

    assert {path.parent.name for path in written} == {"Второй район"}


def test_an_unknown_school_or_municipality_is_a_mistake_of_the_user(
    settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="999"):
        write_templates(settings, YEAR, tmp_path, school="999")
    with pytest.raises(UsageError, match="Третий"):
        write_templates(settings, YEAR, tmp_path, municipality="Третий район")


def test_headers_are_the_declared_ones_and_schools_and_period_are_filled_in(
    settings: Settings, tmp_path: Path
) -> None:
    write_templates(settings, YEAR, tmp_path)

    sheet = openpyxl.load_workbook(
        tmp_path / "Первый район" / "Контингент, 1 четверть, 2022-2023.xlsx"
    ).active
    declared = [field.header for field in datasets.get("form_pupils").fields.values()]
    assert [name for name in header(sheet) if name != SCHOOL_NAME_HEADER] == declared
    rows = [[cell.value for cell in row[:5]] for row in sheet.iter_rows(min_row=2)]
    assert rows == [
        ["000101", "Школа первая", "2022-2023", 1, None],
        ["000102", "Школа вторая", "2022-2023", 1, None],
    ]


def test_codes_are_text_cells_and_nothing_is_hidden_or_locked(settings: Settings, tmp_path: Path) -> None:
    for path in write_templates(settings, YEAR, tmp_path):
        book = openpyxl.load_workbook(path)
        for sheet in book.worksheets:
            assert sheet.sheet_state == "visible"
            assert not sheet.protection.sheet
            assert not any(column.hidden for column in sheet.column_dimensions.values())
        sheet = book.worksheets[0]
        for name in ("Код ОО", "Пункт", "Показатель"):
            if name in header(sheet):
                column = header(sheet).index(name) + 1
                formats = sheet.column_dimensions[openpyxl.utils.get_column_letter(column)]
                assert formats.number_format == "@", (path.name, name)


def test_lists_and_limits_are_those_of_the_declaration(settings: Settings, tmp_path: Path) -> None:
    write_templates(settings, YEAR, tmp_path)

    sheet = openpyxl.load_workbook(tmp_path / "Первый район" / "Методическая работа, 2022-2023.xlsx").active
    checks = {str(check.sqref): check for check in sheet.data_validations.dataValidation}
    names = header(sheet)
    of = {
        name: checks[f"{letter}2:{letter}3"]
        for name, letter in ((n, openpyxl.utils.get_column_letter(names.index(n) + 1)) for n in names)
        if f"{letter}2:{letter}3" in checks
    }
    assert of["Инновационные проекты"].formula1 == '"нет,участник,победитель"'
    assert (of["Педагогических работников"].type, of["Педагогических работников"].formula2) == (
        "whole",
        "100000",
    )
    whole = openpyxl.utils.get_column_letter(names.index("Педагогических работников") + 1)
    assert of["Прошли курсы за 3 года"].formula2 == f"${whole}2"


def test_the_same_register_gives_the_same_bytes(settings: Settings, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in write_templates(settings, YEAR, tmp_path / "a")]
    second = [path.read_bytes() for path in write_templates(settings, YEAR, tmp_path / "b")]

    assert first == second


def entry(dataset: Dataset, field: Field, row: int) -> Any:
    """What a diligent person would fill in."""
    if field.type == "int":
        wholes = {part: declared.whole for declared in dataset.parts for part in declared.parts}
        depth, name = 0, field.name
        while name in wholes:
            name, depth = wholes[name], depth + 1
        return (100, 30, 5)[depth] + row
    if field.allowed:
        return field.allowed[row % len(field.allowed)]
    values = {
        "date": datetime(2022, 10, 17 + row),
        "item": ("4.1", "3")[row % 2],
        "indicator_codes": ("1.10", "1.1, 2.10")[row % 2],
        "text": f"текст {row}",
    }
    return values[field.type]


def fill(path: Path, dataset: Dataset) -> int:
    """Fill a form as a person would; returns how many rows it has then."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    columns = {name: place for place, name in enumerate(header(sheet), start=1)}
    rows = sheet.max_row - 1 if sheet["A2"].value else 2
    given = {"school_code": "000101", "year": 2022, "academic_year": "2022-2023"}
    for row in range(rows):
        for field in dataset.fields.values():
            cell = sheet.cell(row + 2, columns[field.header])
            if field.name == "municipality_name":
                cell.value = "Первый район"
            elif cell.value is None:
                period = field.name in ("quarter", "half_year")
                cell.value = 1 if period else given.get(field.type) or entry(dataset, field, row)
    book.save(path)
    return rows


def filled(settings: Settings, tmp_path: Path) -> dict[str, tuple[Path, int]]:
    """The first form of each dataset, filled, by dataset."""
    folder = tmp_path / "forms"
    titles = {dataset.title: dataset for dataset in FORMS}
    found: dict[str, tuple[Path, int]] = {}
    for path in write_templates(settings, YEAR, folder, municipality="Первый район"):
        dataset = titles[path.stem.split(",")[0]]
        if dataset.name not in found:
            found[dataset.name] = path, fill(path, dataset)
    return found


def check_accepted(settings: Settings, expected: dict[str, int]) -> None:
    report = landing.ingest(settings)

    outcomes = {receipt.dataset: receipt for receipt in report.receipts}
    assert {name: (r.outcome, r.rows_accepted) for name, r in outcomes.items()} == {
        name: ("accepted", rows) for name, rows in expected.items()
    }


def test_filled_forms_are_accepted_as_they_are(settings: Settings, tmp_path: Path) -> None:
    forms = filled(settings, tmp_path)

    for path, _ in forms.values():
        shutil.copy(path, settings.inbox)

    check_accepted(settings, {name: rows for name, (_, rows) in forms.items()})


@pytest.mark.skipif(
    shutil.which("soffice") is None or not Path("/usr/lib/libreoffice/program/libsclo.so").is_file(),
    reason="LibreOffice Calc is not installed",
)
@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_forms_that_went_through_libreoffice_are_accepted(
    settings: Settings, tmp_path: Path, kind: str
) -> None:
    forms = filled(settings, tmp_path)
    command = [
        "soffice",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--headless",
        "--convert-to",
        kind,
    ]

    subprocess.run(
        [*command, "--outdir", str(settings.inbox), *(str(path) for path, _ in forms.values())],
        check=True,
        capture_output=True,
        timeout=300,
    )

    check_accepted(settings, {name: rows for name, (_, rows) in forms.items()})


def test_a_form_sent_back_empty_is_rejected_with_remarks(settings: Settings, tmp_path: Path) -> None:
    write_templates(settings, YEAR, tmp_path)
    shutil.copy(tmp_path / "Первый район" / "Кадры, 2022-2023.xlsx", settings.inbox)

    report = landing.ingest(settings)

    assert [(r.outcome, r.rows_read, r.rows_rejected) for r in report.receipts] == [("rejected", 2, 2)]


def test_dates_of_the_register_decide_to_the_day(settings: Settings) -> None:
    codes = {year: {school.code for school in open_schools(settings, year)} for year in (2014, 2015)}

    assert codes[2015] - codes[2014] == {"000102"}
