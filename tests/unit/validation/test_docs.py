"""Data Docs: pages of counts that need nothing from the network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from school_quality.settings import Settings
from school_quality.validation import RuleResult, Validation, keep
from school_quality.validation.docs import data_docs, data_docs_dir, kept
from school_quality.validation.run import expectations


def results(dataset: str, failed: int) -> list[RuleResult]:
    return [
        RuleResult(dataset, item["meta"]["rule"], item["meta"]["column"], 100, failed)
        for item in expectations(dataset)
    ]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("root") / "data_docs"
    lines = [*results("form_pupils", 3), *results("form_staff", 0), *results("oge_results", 1)]
    return data_docs(lines, directory).parent


def test_there_is_a_page_for_each_dataset_and_an_index(pages: Path) -> None:
    names = {path.name for path in pages.iterdir()}

    assert names == {"index.html", "form_pupils.html", "form_staff.html", "oge_results.html"}


def test_no_page_asks_another_host_for_anything(pages: Path) -> None:
    for path in pages.iterdir():
        assert not re.search(r"https?://|<script|<link", path.read_text("utf-8")), path.name


def test_the_index_names_datasets_and_what_was_broken(pages: Path) -> None:
    text = (pages / "index.html").read_text("utf-8")

    assert "Контингент" in text
    assert "«Неуспевающих» больше, чем «Обучающихся»" in text


def test_what_each_row_has_of_its_own_is_an_ellipsis_in_the_index(pages: Path) -> None:
    text = (pages / "index.html").read_text("utf-8")

    assert "Отметка выше, чем по шкале за … первичных баллов (…)." in text
    assert "Первичный балл больше максимума работы (…)." in text
    assert not re.search(r"\(\w* ?\)|[{}]", text.split("<table>")[1])


def test_the_page_of_a_suite_shows_its_verdicts(pages: Path) -> None:
    broken = (pages / "form_pupils.html").read_text("utf-8")
    good = (pages / "form_staff.html").read_text("utf-8")

    assert "3 unexpected values found. 3% of 100 total rows." in broken
    assert "unexpected values found" not in good


def test_only_the_last_run_of_a_dataset_is_kept(tmp_path: Path) -> None:
    settings = Settings.load(tmp_path)

    keep(settings, Validation("form_staff", [], results("form_staff", 3)))
    keep(settings, Validation("form_pupils", [], results("form_pupils", 1)))
    keep(settings, Validation("form_staff", [], results("form_staff", 0)))

    assert {(r.dataset, r.failed) for r in kept(settings)} == {("form_pupils", 1), ("form_staff", 0)}


def test_pages_of_an_earlier_run_are_replaced(tmp_path: Path) -> None:
    directory = data_docs_dir(Settings.load(tmp_path))
    data_docs(results("form_staff", 0), directory)

    data_docs(results("form_olympiad", 0), directory)

    assert {path.name for path in directory.iterdir()} == {"index.html", "form_olympiad.html"}
