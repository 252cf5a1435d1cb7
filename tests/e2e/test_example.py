"""The example district by the command line: what a newcomer sees, and what the commands say about it."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path

import pandas
import polars
import pytest

from e2e import traces
from e2e.conftest import PROJECT, Cli, Root, low_schools
from e2e.doors import open_to_others
from school_quality.settings import Settings
from school_quality.warehouse.readers import queries

pytestmark = [pytest.mark.slow, pytest.mark.seconds(220)]

DOCUMENT = re.compile(r"(?<!\d)\d{1,4} ?\d{6}(?!\d)")
"""Series and number of an identity document, zeros in front maybe lost."""


@pytest.fixture(scope="module")
def example(example_root: Root, copy_of_example: Callable[[], Path]) -> tuple[Path, str]:
    """The data root of the example after its first run, and what the run said."""
    return copy_of_example(), example_root.said


def test_nobody_else_on_the_machine_reads_what_the_run_wrote(
    example_root: Root,
) -> None:
    data = example_root.data
    written = [path for path in data.iterdir() if path.name != "inbox"]

    assert open_to_others(example_root.airflow_home, *written) == {}
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert {path.name for path in written} >= {"landing", "published", "rejected", "runs", "warehouse"}


def test_the_run_says_what_it_did_step_by_step(example: tuple[Path, str]) -> None:
    _, said = example

    for words in (
        "Файлов прочитано: 41",
        "не принято 2",
        "Построено: моделей",
        "Карточки школ: 15",
        "Школ в 2022 году: 15",
    ):
        assert words in said
    assert "ШНОР по результатам 2021 года: 5, 7, 11, 17, 22, 39, 43, 49, 50, 51" in said
    assert "published/current/scorecards" in said


def test_the_run_writes_the_papers_of_the_municipality(example: tuple[Path, str]) -> None:
    data, _ = example

    written = {path.name for path in (data / "published/current/reports").iterdir()}

    assert {"municipal_6.docx", "municipal_6.pdf", "draft_order_6.docx"} <= written
    assert {"effectiveness_6.docx", "effectiveness_6.pdf"} <= written


def test_the_screen_shows_nothing_of_airflow_and_dbt(example: tuple[Path, str]) -> None:
    _, said = example

    assert "[info" not in said
    assert "DAG TEST" not in said


def test_no_name_and_no_document_of_a_pupil_is_written_anywhere(
    example: tuple[Path, str], example_root: Root
) -> None:
    """The data root but for its inbox, and the home of Airflow: its logs, its database, the XComs in it."""
    data, _ = example
    surnames, documents = traces.people(data / "inbox")
    home = example_root.airflow_home

    def found(folder: Path, without: Path | None = None) -> set[tuple[str, str]]:
        hits = set()
        for file, text in traces.texts(folder, without):
            words = surnames.intersection(re.findall(r"[а-яё-]{4,}", text.lower()))
            digits = {digits.replace(" ", "").zfill(10) for digits in DOCUMENT.findall(text)}
            hits |= {(file.name, hit) for hit in words | (digits & documents)}
        return hits

    assert len(surnames) > 10
    assert len(documents) > 300
    assert {hit for _, hit in found(data / "inbox")} >= surnames, "the search finds what is there"
    assert (home / "airflow.db").is_file()
    assert found(data, without=data / "inbox") == set()
    assert found(home) == set()


def test_putting_the_examples_again_changes_no_file(example: tuple[Path, str], cli: Cli) -> None:
    data, _ = example
    changed = data / "inbox" / "Индексы" / "ИСБШ.csv"
    before = changed.stat().st_mtime_ns

    done = cli("examples", "--data", data)

    assert "новых файлов 0" in done.stdout
    assert changed.stat().st_mtime_ns == before


def test_status_names_the_school_that_sent_no_forms(example: tuple[Path, str], cli: Cli) -> None:
    data, _ = example

    done = cli("status", "--year", 2022, "--data", data)

    assert done.returncode == 0
    lines = [line for line in done.stdout.splitlines() if line.startswith("Олимпиада")]
    assert [line.split()[-1] for line in lines] == ["46"]


def test_explain_goes_down_to_the_rows_of_a_file(example: tuple[Path, str], cli: Cli) -> None:
    data, _ = example

    done = cli("explain", 17, "1.13", "--year", 2022, "--data", data)

    assert done.returncode == 0
    assert "Ф1 Математика 6, школа 17.xlsx" in done.stdout


def test_preview_shows_what_a_file_would_change_and_keeps_nothing(
    example: tuple[Path, str], tmp_path: Path, cli: Cli
) -> None:
    data, _ = example
    source = PROJECT / "data" / "examples" / "inbox" / "Индексы" / "ИСБШ.csv"
    rows = source.read_text(encoding="utf-8-sig").splitlines()
    corrected = ["006049;2022;90,0" if row.startswith("006049;2022;") else row for row in rows]
    (tmp_path / "ИСБШ.csv").write_text("\n".join(corrected), encoding="utf-8")
    before = sorted(path.relative_to(data) for path in data.rglob("*") if "warehouse" not in path.parts)

    done = cli("preview", tmp_path / "ИСБШ.csv", "--data", data)

    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split() for line in done.stdout.splitlines() if " 1.21 " in line] == [
        ["2022", "49", "1.21", "1", "0"]
    ]
    assert (
        sorted(path.relative_to(data) for path in data.rglob("*") if "warehouse" not in path.parts) == before
    )
    assert low_schools(data, 2021) == [5, 7, 11, 17, 22, 39, 43, 49, 50, 51]


def test_a_methodology_that_does_not_exist_is_a_usage_error(example: tuple[Path, str], cli: Cli) -> None:
    data, _ = example

    done = cli("what-if", "--year", 2022, "--version", "2099", "--data", data)

    assert done.returncode == 2
    assert "Версии методики «2099» нет" in done.stderr


def test_doctor_finds_the_release_and_the_key(example: tuple[Path, str], cli: Cli) -> None:
    data, _ = example

    done = cli("doctor", "--data", data)

    assert done.returncode == 0, done.stdout
    assert "период 2022" in done.stdout
    assert "SCHOOL_QUALITY_PII_KEY" in done.stdout


@pytest.mark.parametrize(
    "question", sorted((PROJECT / "docs" / "queries").glob("*.sql")), ids=lambda path: path.stem
)
def test_each_documented_question_has_its_documented_answer(
    example: tuple[Path, str], question: Path
) -> None:
    """If the example or the methodology changed on purpose: ``school-quality query … --csv …``, and look."""
    data, _ = example

    found = queries.as_csv(queries.answer(Settings.load(data), question.read_text(encoding="utf-8")))

    assert found == question.with_suffix(".csv").read_text(encoding="utf-8")


def test_a_query_on_the_command_line_prints_a_table_and_explains_a_fault(
    example: tuple[Path, str], tmp_path: Path, cli: Cli
) -> None:
    data, _ = example
    faulty = tmp_path / "faulty.sql"
    faulty.write_text("select no_such_column from marts.dim_school", encoding="utf-8")

    good = cli("query", PROJECT / "docs" / "queries" / "17_support.sql", "--data", data)
    bad = cli("query", faulty, "--data", data)

    assert good.returncode == 0
    assert "МКУО ЦОКО" in good.stdout
    assert bad.returncode == 2
    assert "Запрос не выполнен" in bad.stderr


def test_parquet_reads_in_one_line_of_pandas_and_of_polars(example: tuple[Path, str]) -> None:
    data, _ = example
    file = data / "published" / "current" / "parquet" / "fct_school_status.parquet"

    assert int(pandas.read_parquet(file)["is_low_results"].sum()) == 19
    assert polars.read_parquet(file)["is_low_results"].sum() == 19
