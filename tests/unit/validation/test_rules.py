"""The catalogue is consistent, complete, and what everybody else cites."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from school_quality import datasets
from school_quality.model import Remark
from school_quality.settings import expectations_dir, project_root
from school_quality.validation import catalogue, render, rule
from school_quality.validation.rules import CatalogueError, load_catalogue

GOOD = {"id": "one", "level": "row", "message": "Плохо.", "advice": "Исправьте."}


def load(tmp_path: Path, *rules: dict[str, object]) -> object:
    lines = ["rules:"]
    for item in rules:
        fields = [f"{key}: {value!r}" for key, value in item.items()]
        lines.append("  - " + "\n    ".join(fields))
    path = tmp_path / "rules.yml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return load_catalogue(path)


def test_a_rule_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="twice"):
        load(tmp_path, GOOD, GOOD)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"level": "whatever"}, "level"),
        ({"message": ""}, "missing"),
        ({"severity": "high"}, "unknown keys"),
        ({"executes": "everything"}, "executes"),
        ({"executes": "years"}, "between"),
        ({"predicate": "a <= b"}, "datasets"),
        ({"level": "file", "executes": "range"}, "judges rows"),
        ({"query": "select 1"}, "datasets"),
        ({"reads": ["scale"]}, "belong to a query"),
        ({"datasets": ["x"], "query": "select row_id from {batch}", "reads": ["nothing"]}, "undeclared"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    with pytest.raises(CatalogueError, match=complaint):
        load(tmp_path, GOOD | change)


def test_an_unknown_rule_is_an_error_of_the_code() -> None:
    with pytest.raises(KeyError):
        rule("no_such_rule")


def test_rules_name_declared_datasets_and_their_columns() -> None:
    declared = datasets.load()

    for found in catalogue().values():
        for name in found.datasets:
            assert name in declared, found.id
            assert set(found.judges) <= {*declared[name].columns, "file", "row_number"}, found.id


def test_rules_stand_in_the_order_file_row_warning() -> None:
    levels = [found.level for found in catalogue().values()]

    assert levels == sorted(levels, key=["file", "row", "warning"].index)


def test_a_remark_is_rendered_with_its_details() -> None:
    remark = Remark("out_of_range", "row", column="ИСБШ", value="140", details={"min": "0", "max": "100"})

    assert render(remark) == ("Значение должно быть от 0 до 100.", "Проверьте число.")


def test_a_placeholder_without_a_detail_is_left_empty() -> None:
    message, advice = render(Remark("broken_quotes", "file"))

    assert message == "В файле .csv открыта и не закрыта кавычка."
    assert "{" not in message + advice


def test_every_rule_says_in_russian_what_is_wrong_and_what_to_do() -> None:
    for found in catalogue().values():
        for text in (found.message, found.advice):
            assert re.match(r"[А-ЯЁ«{0-9]", text), found.id
            # words that only some rows get are whole sentences
            assert re.search(r"\.({\w+})?$", text), found.id
            assert len(text) < 200, found.id


def test_every_rule_is_cited_by_the_code_or_executed_by_a_suite() -> None:
    package = project_root() / "plugins" / "school_quality"
    folders = [package / "reading", package / "landing", package / "reporting"]
    texts = [path.read_text("utf-8") for folder in folders for path in folder.rglob("*.py")]
    texts += [path.read_text("utf-8") for path in expectations_dir().glob("*.json")]
    code = "\n".join(texts)

    unused = [name for name in catalogue() if f'"{name}"' not in code and f"'{name}'" not in code]

    assert unused == []


def test_the_code_cites_only_rules_of_the_catalogue() -> None:
    package = project_root() / "plugins" / "school_quality"
    cited = re.compile(r"(?:Remark|_remark|Rejected)\(\s*[\"']([a-z0-9_]+)[\"']")
    found = {
        name
        for folder in ("reading", "landing")
        for path in (package / folder).rglob("*.py")
        for name in cited.findall(path.read_text("utf-8"))
    }

    assert found
    assert found - set(catalogue()) == set()
