"""What repeats a declaration is written from it, and a declared dataset has somebody who reads it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from school_quality import datasets, seeds
from school_quality.datasets import generated
from school_quality.settings import dbt_project_dir, expectations_dir, project_root

EVERY = list(datasets.load().values())


def declared(period: str, key: str, fields: str) -> datasets.Dataset:
    """A form with the columns that its fields need."""
    text = f"""
title: Музей
sender: Школа
kind: form
order: 50
period: {period}
key: {key}
columns: {{school_id: VARCHAR, reporting_year: INTEGER, quarter: INTEGER, rooms: INTEGER, guide: BOOLEAN,
          level: VARCHAR, note: VARCHAR, share: "DECIMAL(9,4)"}}
fields:
  school_code: {{header: Код ОО, type: school_code, required: true}}
{fields}
"""
    return datasets.parse("form_museum", text)


FIELDS = """
  rooms: {header: Залов, type: int, min: 0, max: 100}
  guide: {header: Экскурсовод, type: bool}
  level: {header: Уровень, type: enum, values: {school: [школьный], "it's": [районный]}}
  note: {header: Заметка, type: text}
  share: {header: Доля, type: decimal, min: 0, max: 100}
"""


def test_the_committed_files_are_what_the_declarations_say() -> None:
    assert generated.stale() == [], f"run: {generated.COMMAND}"


def test_a_stale_a_missing_and_a_foreign_file_are_named_and_put_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(
        dbt_project_dir(), tmp_path / "dbt_project", ignore=shutil.ignore_patterns("target", "logs")
    )
    shutil.copytree(expectations_dir(), tmp_path / "expectations")
    shutil.copytree(project_root() / "bi/superset/assets", tmp_path / "bi/superset/assets")
    superset = tmp_path / "bi/superset/assets/datasets/education_quality/submission.yaml"
    said = superset.read_text(encoding="utf-8")
    superset.write_text(said.replace("then 'Кадры'", "then 'Люди'"), encoding="utf-8")
    monkeypatch.setenv("SCHOOL_QUALITY_HOME", str(tmp_path))
    folder = tmp_path / "dbt_project/models/staging/declared"
    missing, stale, foreign = (folder / f"stg_{n}.sql" for n in ("form_staff", "form_pupils", "form_gone"))
    suite = tmp_path / "expectations/form_gone.json"
    missing.unlink()
    stale.write_text("select 1", encoding="utf-8")
    foreign.write_text("select 1", encoding="utf-8")
    suite.write_text("{}", encoding="utf-8")

    assert generated.write() == sorted([missing, stale, foreign, suite, superset])
    assert generated.stale() == []
    assert missing.exists()
    assert superset.read_text(encoding="utf-8") == said
    assert not foreign.exists()
    assert (tmp_path / "expectations/rules.yml").exists()


def test_numbers_of_a_form_are_its_counts_answers_and_choices() -> None:
    form = declared("year", "[school_id, reporting_year]", FIELDS)

    assert form.numbers == {
        "rooms": "rooms::bigint",
        "guide": "guide::bigint",
        "level": "(list_position(['school', 'it''s'], level) - 1)::bigint",
    }


def test_a_form_with_several_rows_a_school_has_no_numbers() -> None:
    assert declared("year", "[school_id, reporting_year, note]", FIELDS).numbers == {}
    assert declared("quarter", "[school_id, reporting_year]", FIELDS).numbers == {}
    assert list(declared("quarter", "[school_id, reporting_year, quarter]", FIELDS).numbers) == [
        "rooms",
        "guide",
        "level",
    ]


@pytest.mark.parametrize(
    ("header", "label"), [("Программа развития", "программа развития"), ("ВСОКО", "ВСОКО"), ("", "")]
)
def test_a_header_within_a_sentence_begins_small_or_is_an_abbreviation(header: str, label: str) -> None:
    assert generated.label(header) == label


@pytest.mark.parametrize("dataset", EVERY, ids=lambda d: d.name)
def test_a_dataset_has_a_reader_or_says_that_it_has_none(dataset: datasets.Dataset) -> None:
    """A reader is an indicator or a model that names the dataset; models that go over all do not count."""
    models = [p for p in (dbt_project_dir() / "models").rglob("*.sql") if p.stem != f"stg_{dataset.name}"]
    exams = re.sub("^(ege|oge)_results$", "' ~ exam ~ '_results", dataset.name)
    names = {f"ref('stg_{name}')" for name in (dataset.name, exams)}
    read = any(name in path.read_text("utf-8") for path in models for name in names)
    read |= any(row["dataset"] == dataset.name for row in seeds.rows("indicators"))

    assert read != bool(dataset.unread), dataset.unread
