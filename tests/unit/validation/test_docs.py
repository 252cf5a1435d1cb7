"""Data Docs: pages of counts, from the results of Great Expectations, that need nothing from the network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from school_quality import datasets
from school_quality.settings import Settings
from school_quality.validation import check, keep, write_index
from school_quality.validation.docs import data_docs_dir, results_dir

ROWS = {
    "form_pupils": """
        select 9000 + i as row_id, '6017' as school_id, 2022 as reporting_year, 1 as "quarter", 777 as pupils,
            if(i < 3, 888, 5) as failing, 5 as disability, 0 as non_native, 1 as failing_in_extra_classes,
            7 as social from range(100) as r(i)""",
    "form_staff": """
        select 1 as row_id, '6017' as school_id, 2022 as reporting_year, 5 as teachers, 1 as highest_category,
            1 as first_category""",
    "oge_results": """
        select 1 as row_id, '6017' as school_id, 2022 as reporting_year, null::date as exam_date,
            'math' as subject, 'a' as pupil_id, 'b' as pupil_name_id, true as has_document,
            32 as primary_score, 5 as mark, true as is_counted, 8 as printed_minimum""",
}


def judged(settings: Settings, dataset: str, rows: str = "") -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create table scale as select 2022 as reporting_year, 'oge' as exam, 9 as grade, "
            "'math' as subject, 31 as max_score, 7 as max_2, 14 as max_3, 21 as max_4"
        )
        connection.execute(f"create table typed as {rows or ROWS[dataset]}")
        keep(settings, check(connection, dataset, "typed"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = Settings.load(tmp_path_factory.mktemp("root"))
    for dataset in ROWS:
        judged(settings, dataset)
    return write_index(settings).parent


def test_there_is_a_page_for_each_dataset_and_an_index(pages: Path) -> None:
    names = {path.name for path in pages.iterdir()}

    assert names == {"index.html", "form_pupils.html", "form_staff.html", "oge_results.html"}


def test_no_page_asks_another_host_for_anything(pages: Path) -> None:
    for path in pages.iterdir():
        assert not re.search(r"https?://|<script|<link", path.read_text("utf-8")), path.name


def test_the_index_names_datasets_rows_and_what_was_broken(pages: Path) -> None:
    text = (pages / "index.html").read_text("utf-8")

    assert datasets.get("form_pupils").title in text
    assert '<td class="n">100</td><td class="n">3</td>' in text
    assert "«Неуспевающих» больше, чем «Обучающихся»" in text


def test_what_each_row_has_of_its_own_is_an_ellipsis_in_the_index(pages: Path) -> None:
    text = (pages / "index.html").read_text("utf-8")

    assert "Первичный балл больше максимума работы (…)." in text
    assert not re.search(r"\(\w* ?\)|[{}]", text.split("<table>")[1])


def test_the_page_of_a_suite_shows_its_verdicts(pages: Path) -> None:
    broken = (pages / "form_pupils.html").read_text("utf-8")
    good = (pages / "form_staff.html").read_text("utf-8")

    assert "3 unexpected values found. 3% of 100 total rows." in broken
    assert "unexpected values found" not in good


def test_results_and_pages_hold_counts_and_no_row_and_no_value(pages: Path) -> None:
    kept = (pages.parent / "validation" / "form_pupils.json").read_text("utf-8")

    assert '"unexpected_count": 3' in kept
    for text in (kept, (pages / "form_pupils.html").read_text("utf-8")):
        assert not re.search(r"\b(?:888|777|900[0-9])\b", text)


def test_only_the_last_run_of_a_dataset_is_kept(tmp_path: Path) -> None:
    settings = Settings.load(tmp_path)
    judged(settings, "form_pupils")

    judged(settings, "form_pupils", ROWS["form_pupils"].replace("888", "5"))

    index = write_index(settings).read_text("utf-8")
    assert [path.name for path in results_dir(settings).iterdir()] == ["form_pupils.json"]
    assert "больше, чем" not in index
    assert "unexpected values found" not in (data_docs_dir(settings) / "form_pupils.html").read_text("utf-8")


def test_the_index_needs_no_great_expectations(pages: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from school_quality.settings import Settings
from school_quality.validation import write_index
write_index(Settings.load(Path({str(pages.parent.parent)!r})))
assert "great_expectations" not in sys.modules
"""

    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("content", ["", "[]", "{}"], ids=["cut off", "of an older version", "empty"])
def test_a_kept_result_of_another_shape_is_left_out_of_the_index(tmp_path: Path, content: str) -> None:
    settings = Settings(tmp_path)
    judged(settings, "form_staff")
    (results_dir(settings) / "form_pupils.json").write_text(content, encoding="utf-8")

    index = write_index(settings).read_text("utf-8")

    assert "form_staff.html" in index
    assert "form_pupils.html" not in index
