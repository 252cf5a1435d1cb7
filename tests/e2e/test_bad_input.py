"""Bad input is reported and does not stop the run; with nothing accepted, nothing is published."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.conftest import Cli, low_schools, query
from e2e.test_order_table import LOW_2021, ORDER_TABLE, write, write_register_and_lists, write_table_csv

pytestmark = [pytest.mark.slow, pytest.mark.seconds(90)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bad")


@pytest.fixture(scope="module")
def without_results(data: Path, cli: Cli) -> str:
    """Only a register and lists: the output of a run that must fail."""
    write_register_and_lists(data / "inbox")

    done = cli("run", "--year", 2022, "--data", data)

    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def with_rejections(data: Path, without_results: str, cli: Cli) -> str:
    """The order's table, and beside it a damaged file, an unknown header and an unknown school."""
    write_table_csv(data / "inbox" / "2021" / "Таблица.csv", ORDER_TABLE + "77;40;40;;;\n")
    (data / "inbox" / "Повреждённый.xlsx").write_bytes(b"PK\x03\x04 and then nothing of a workbook")
    write(data / "inbox" / "Меню столовой.csv", "Блюдо;Цена\nСуп;50\n")

    done = cli("run", "--year", 2022, "--data", data)

    assert done.returncode == 3, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_without_an_accepted_result_nothing_is_published(data: Path, without_results: str) -> None:
    assert "Публиковать нечего" in without_results
    assert "Traceback" not in without_results
    (notice, *_) = sorted((data / "notices").glob("*.txt"))
    text = notice.read_text(encoding="utf-8")
    assert "публиковать нечего.\n" in text
    assert "ОШИБКА" not in text


def test_the_good_rows_are_published_all_the_same(data: Path, with_rejections: str) -> None:
    assert low_schools(data, 2021) == LOW_2021


def test_files_and_rows_that_were_rejected_are_reported(data: Path, with_rejections: str) -> None:
    rows = query(
        data, "select path, row_number, message from meta.rejected_row join meta.source_file using (file_id)"
    )

    by_file = {Path(path).name: (row_number, message) for path, row_number, message in rows}
    assert set(by_file) == {"Таблица.csv", "Повреждённый.xlsx", "Меню столовой.csv"}
    assert by_file["Таблица.csv"][0] == len(ORDER_TABLE.splitlines()) + 2
    assert all(message for _, message in by_file.values())
    assert list((data / "rejected" / "remarks").glob("*.xlsx"))


def test_a_later_failure_leaves_the_release_in_force(data: Path, with_rejections: str, cli: Cli) -> None:
    before = (data / "published" / "current").resolve()

    done = cli("run", "--year", 2020, "--data", data)

    assert done.returncode == 1, done.stdout + done.stderr
    assert (data / "published" / "current").resolve() == before


def test_a_wrong_parameter_is_a_usage_error_in_russian(data: Path, cli: Cli) -> None:
    done = cli("run", "--year", 2022, "--period", "2021-Q1", "--data", data)

    assert done.returncode == 2
    assert "не относится к отчётному году 2022" in done.stderr
