"""Releases of the example district: a correction in a closed year, its causes, the proof, the way back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from e2e.conftest import Cli, query
from school_quality.settings import Settings
from school_quality.warehouse.publication import releases

pytestmark = [pytest.mark.slow, pytest.mark.seconds(130)]

INDEX = "Индексы/ИСБШ.csv"


@pytest.fixture(scope="module")
def published(cli: Cli, copy_of_example: Callable[[], Path]) -> tuple[Settings, str, str]:
    """A data root with two releases: the second has another social index of one school in a closed year."""
    data = copy_of_example()
    settings = Settings(data)
    first = str(releases.current_id(settings))
    lines = (data / "inbox" / INDEX).read_text(encoding="utf-8-sig").splitlines()
    code, year, value = lines[1].split(";")
    assert value != "1"
    corrected = data / "inbox" / "Индексы" / "ИСБШ исправленный.csv"
    corrected.write_text(f"{lines[0]}\n{code};{year};1\n", encoding="utf-8")
    for step in (("ingest",), ("build", "--year", 2022), ("publish",)):
        done = cli(*step, "--data", data)
        assert done.returncode in {0, 3}, done.stdout + done.stderr
    return settings, first, str(releases.current_id(settings))


def test_a_correction_is_told_with_its_file_in_the_release_on_the_screen_and_in_the_workbook(
    published: tuple[Settings, str, str], cli: Cli, tmp_path: Path
) -> None:
    settings, first, second = published

    found = query(settings.data_root, "select distinct cause, file_id from meta.release_change")
    shown = cli("diff", first, second, "--data", settings.data_root)
    book = tmp_path / "разница.xlsx"
    done = cli("diff", first, second, "--workbook", book, "--data", settings.data_root)

    assert len(found) == 1
    cause, file_id = found[0]
    assert cause == "corrected_file"
    assert f"исправленный файл, строк 1: Индексы/ИСБШ исправленный.csv ({file_id[:12]})" in shown.stdout
    assert "1.21" in shown.stdout
    assert done.returncode == 0
    sheet = openpyxl.load_workbook(book)["Изменения"]
    causes = {row[9] for row in sheet.iter_rows(min_row=2, values_only=True)}
    assert causes == {"исправленный файл — Индексы/ИСБШ исправленный.csv"}
    assert (settings.current / "reports" / "release_changes.xlsx").is_file()


def test_a_release_is_proved_in_a_copy_and_a_changed_number_is_found(
    published: tuple[Settings, str, str], cli: Cli
) -> None:
    import duckdb

    settings, first, second = published

    proved = cli("verify", second, "--data", settings.data_root)
    with duckdb.connect(str(settings.published / first / "warehouse.duckdb")) as connection:
        connection.execute("update marts.fct_indicator_value set points = points + 1 where points = 1")
    forged = cli("verify", first, "--data", settings.data_root)

    assert proved.returncode == 0, proved.stdout + proved.stderr
    assert "все повторились" in proved.stdout
    assert f"Выпуск {second} доказан" in proved.stdout
    assert forged.returncode == 1
    assert "файл warehouse.duckdb изменён" in forged.stdout
    assert "marts.fct_indicator_value" in forged.stdout
    assert cli("verify", "none", "--data", settings.data_root).returncode == 2


def test_landed_rows_that_are_missing_are_said_to_be(
    published: tuple[Settings, str, str], cli: Cli, tmp_path: Path
) -> None:
    settings, _, second = published
    shutil.copytree(settings.published, tmp_path / "published", symlinks=True)
    shutil.copytree(settings.landing, tmp_path / "landing")
    shutil.rmtree(sorted((tmp_path / "landing").glob("[0-9]*"))[-1])

    done = cli("verify", second, "--data", tmp_path)

    assert done.returncode == 2
    assert "Журнал квитанций кончается" in done.stderr
