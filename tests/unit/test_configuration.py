"""The tests that stop a build whose seeds name what nobody declared: each finds what it is made for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest

from school_quality import seeds
from school_quality.settings import dbt_project_dir

Row = dict[str, str]
Change = Callable[[list[Row]], list[Row]]


def problems(test: str, changes: Mapping[str, Change]) -> list[dict[str, Any]]:
    """What a test of ``tests/config`` finds in the seeds, some of them changed."""
    sql = (dbt_project_dir() / "tests/config" / f"{test}.sql").read_text(encoding="utf-8")
    with duckdb.connect() as connection:

        def ref(name: str) -> str:
            connection.execute(f"create or replace table {name} as select * from {seeds.relation(name)}")
            if name in changes:
                columns = list(seeds.rows(name)[0])
                rows = [[row[c] or None for c in columns] for row in changes[name](list(seeds.rows(name)))]
                connection.execute(f"delete from {name}")
                marks = ", ".join("?" for _ in columns)
                connection.executemany(f"insert into {name} values ({marks})", rows)
            return name

        found = connection.execute(jinja2.Template(sql).render(ref=ref))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def edit(code: str, **values: str) -> Change:
    """The rows with the given values in those of an indicator or a dataset."""
    return lambda rows: [
        {**row, **values} if code in (row.get("indicator_code"), row["dataset"]) else row for row in rows
    ]


def without(dataset: str) -> Change:
    return lambda rows: [row for row in rows if row["dataset"] != dataset]


@pytest.mark.parametrize("test", ["indicators_read_what_is_declared", "forms_are_read_and_have_a_date"])
def test_the_committed_seeds_have_no_problem(test: str) -> None:
    assert problems(test, {}) == []


@pytest.mark.parametrize(
    ("change", "named", "problem"),
    [
        (edit("2.5", dataset="form_metodical"), "form_metodical", "не объявлен"),
        (edit("2.5", numerator="shared_municipl"), "shared_municipl", "такого поля"),
        (edit("2.2", numerator="highest_category|second_category"), "second_category", "такого поля"),
        (edit("2.2", denominator="pupils"), "pupils", "такого поля"),
        (edit("2.2", denominator=""), "form_staff", "нужен denominator"),
        (edit("2.5", numerator=""), "form_methodical", "нужны dataset и numerator"),
        (edit("2.5", period_type="quarter"), "form_methodical", "период"),
        (edit("3.3", dataset="form_teacher_courses", numerator="teachers", denominator="teachers"),
         "form_teacher_courses", "период"),
        (edit("1.10", numerator="pupils"), "vpr_results", "не читает поля"),
        (edit("1.10", subject="rusian"), "rusian", "предмета"),
        (edit("1.9", subject="russian|mathematics"), "mathematics", "предмета"),
        (edit("1.10", exam="vrp"), "russian", "экзамена"),
    ],
)  # fmt: skip
def test_an_indicator_that_reads_what_is_not_there_stops_the_build(
    change: Change, named: str, problem: str
) -> None:
    found = problems("indicators_read_what_is_declared", {"indicators": change})

    assert named in {row["named_value"] for row in found if problem in row["problem"]}, found


def test_an_indicator_of_a_dataset_that_nothing_reads_stops_the_build() -> None:
    changes = {
        "indicators": edit("2.5", dataset="task_completion"),
        "datasets": edit("task_completion", unread="nobody needs it"),
    }

    found = problems("indicators_read_what_is_declared", changes)

    assert "task_completion" in {row["named_value"] for row in found if "непрочитанный" in row["problem"]}


@pytest.mark.parametrize(
    ("changes", "dataset", "problem"),
    [
        ({"indicators": without("form_documents")}, "form_documents", "ни один показатель"),
        ({"submission_calendar": without("form_documents")}, "form_documents", "нет срока"),
        ({"submission_calendar": edit("form_staff", dataset="form_stuff")}, "form_stuff", "не объявлен"),
        ({"submission_calendar": edit("form_staff", period_type="quarter")}, "form_staff", "период"),
        ({"counted_people": edit("form_staff", whole="teacher")}, "form_staff", "такого поля у формы нет"),
    ],
)
def test_a_form_with_a_forgotten_step_stops_the_build(
    changes: dict[str, Change], dataset: str, problem: str
) -> None:
    found = problems("forms_are_read_and_have_a_date", changes)

    assert dataset in {row["dataset"] for row in found if problem in row["problem"]}, found


def test_each_year_is_judged_by_the_edition_that_was_the_last_to_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "dbt_project/seeds/methodology/methodology_versions.csv"
    file.parent.mkdir(parents=True)
    file.write_text(
        "methodology_version,first_reporting_year,last_reporting_year\nnew,2023,\nold,2010,\ntrial,2022,2022\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("SCHOOL_QUALITY_HOME", str(tmp_path))
    seeds.rows.cache_clear()
    try:
        found = [seeds.edition(year) for year in (2021, 2022, 2023, 2030)]
    finally:
        seeds.rows.cache_clear()

    assert found == ["old", "trial", "new", "new"]
