"""Codes are worded once, in the seed ``terms``: every value has a word, and no other place spells one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml

from school_quality import seeds, terms
from school_quality.landing import receipts
from school_quality.warehouse import catalogue, contract
from school_quality.warehouse.publication import runs

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "plugins" / "school_quality"
SUPERSET = PROJECT / "bi" / "superset" / "assets"

ORDINARY = {"да", "нет", "год", "группа", "сетевое взаимодействие"}
"""Words of the seed that are words of the language first, or a form's title, too."""

NAMES = {"шнор", "шссу", "иор", "исбш", "«500+»", "500+"}
"""Names that the order itself gives: everybody who writes about these writes them so."""

OTHERWISE = {
    "dags": "a DAG file names itself; a test compares the name with the seed",
    "plugins/school_quality/datasets": "what senders write, not what we say",
    "plugins/school_quality/landing/parsers.py": "what senders write, not what we say",
    "plugins/school_quality/reading": "what senders write, not what we say",
}
"""Where a term may be spelt, and why."""


# --- every code has a word ------------------------------------------------------------------------------


def _accepted() -> Iterator[tuple[str, str, list[str]]]:
    """Model, column and values of each ``accepted_values`` of the marts."""
    for path in sorted((PROJECT / "dbt_project" / "models" / "marts").glob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            for column in model["columns"]:
                for test in column.get("data_tests", []):
                    if isinstance(test, dict) and "accepted_values" in test:
                        yield model["name"], column["name"], test["accepted_values"]["arguments"]["values"]


def _kinds(model: str, column: str) -> list[str]:
    """The kinds of terms that the dictionary spells out for a column."""
    (text,) = [
        catalogue.wording(table, known) or ""
        for table in contract.tables()
        for known in table.columns
        if (table.name, known.name) == (model, column)
    ]
    return re.findall(r"\{(\w+)\}", text)


def test_marts_accept_values() -> None:
    assert len(list(_accepted())) > 5


@pytest.mark.parametrize(("model", "column", "values"), list(_accepted()))
def test_every_value_that_a_mart_accepts_has_a_word(model: str, column: str, values: list[str]) -> None:
    kinds = _kinds(model, column)

    assert kinds, f"dictionary.yml: {model}.{column} names no kind of terms in braces"
    wordless = set(values) - {code for kind in kinds for code in terms.words(kind)}
    assert not wordless, f"terms.csv: no word for {sorted(wordless)} of {model}.{column}"


def test_every_outcome_of_a_file_has_a_word() -> None:
    assert set(terms.words("file_outcome")) == set(get_args(receipts.Outcome))


def test_every_outcome_of_a_run_has_a_word() -> None:
    _, description = runs.COLUMNS["outcome"]

    assert set(terms.words("run_outcome")) == set(re.findall(r"[a-z_]+", description)) - {"or"}


def test_every_reason_to_hide_has_a_word() -> None:
    steps = "\n".join(
        path.read_text(encoding="utf-8") for path in (PACKAGE / "warehouse").rglob("open_marts/*.sql")
    )
    lines = [line for line in steps.splitlines() if " as why" in line or "hidden_value.why = " in line]
    told = {word for line in lines for word in re.findall(r"(?:then|else|^ +) ?'(\w+)'", line)}

    assert {"few_pupils", "complementary"} <= told
    assert told <= set(terms.words("hidden_reason"))


def test_the_limit_that_people_read_is_the_limit_that_hides() -> None:
    (limit,) = (row["value"] for row in seeds.rows("disclosure_limits") if row["parameter"] == "min_pupils")

    assert terms.words("hidden_reason")["few_pupils"] == f"меньше {limit} учеников"


def test_a_kind_that_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError):
        terms.words("no_such_kind")


@pytest.mark.parametrize("path", sorted((PROJECT / "dags").glob("*.py")), ids=lambda path: path.stem)
def test_a_dag_is_called_as_its_notice_calls_it(path: Path) -> None:
    names = re.findall(r'dag_display_name="([^"]+)"', path.read_text(encoding="utf-8"))

    assert names == [terms.words("run")[path.stem]]


# --- no other place spells one --------------------------------------------------------------------------


def _python(text: str) -> Iterator[tuple[int, str]]:
    """The literals of a module, without docstrings and other statements that are only a text."""
    tree = ast.parse(text)
    loose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in loose:
            yield node.lineno, node.value


def _template(text: str) -> Iterator[tuple[int, str]]:
    """What a Jinja or Typst template says: literals, and the text between tags and expressions."""
    for number, line in enumerate(text.splitlines(), 1):
        for literal in re.findall(r'"([^"]*)"', line):
            yield number, literal
        for part in re.split(r"<[^>]*>|\{[{%#].*?[}%#]\}|[\[\]]", line):
            yield number, part


def _yaml(text: str) -> Iterator[tuple[int, str]]:
    """The lines of an asset, and the literals of its SQL but those made of the seed.

    A title may be a term: no YAML can read the seed.
    """
    for number, line in enumerate(re.sub(terms.CASE, "", text).splitlines(), 1):
        yield number, line
        yield from ((number, literal) for literal in re.findall(r"'([^']*)'", line))


READERS = {".py": _python, ".j2": _template, ".typ": _template, ".yaml": _yaml, ".yml": _yaml}


def _sources() -> Iterator[Path]:
    folders = (
        PACKAGE,
        SUPERSET,
        PROJECT / "dags",
        PROJECT / "dbt_project" / "models" / "semantic",
        PROJECT / "dbt_project" / "models" / "marts",
    )
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(PROJECT).as_posix()
            if path.suffix in READERS and not name.startswith(tuple(OTHERWISE)):
                yield path


def _bare(text: str) -> str:
    return text.strip(" \n\t.,:;—·%()'\"").casefold()


def _spelt(suffix: str, text: str) -> list[str]:
    """Lines that spell a term of the seed, or call it otherwise."""
    rows = seeds.rows("terms")
    known = (
        {_bare(row[column]) for row in rows for column in ("word", "phrase") if row[column]}
        - ORDINARY
        - NAMES
    )
    banned = [words for row in rows for words in row["not_called"].split("|") if words]
    return [
        f"{number}: {said.strip()}"
        for number, said in READERS[suffix](text)
        if _bare(said) in known or any(words in said.casefold() for words in banned)
    ]


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".py", 'WORDS = {"no_data": "нет данных"}'),
        (".py", 'print(f"{name}: не относится к школе")'),
        (".py", 'HEAD = "Доля баллов, %"'),
        (".j2", "<td>{% if hidden %}скрыто{% endif %}</td>"),
        (".typ", 'let word = "Скрыто"'),
        (".yaml", "sql: |\n  case status when 'partly' then 'сдано частично' end"),
        (".yaml", "verbose_name: Покрытие, %"),
    ],
)
def test_a_spelt_term_is_found(suffix: str, text: str) -> None:
    assert _spelt(suffix, text)


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".py", '"""«нет данных»"""'),
        (".py", 'x = "в списке нет школы"'),
        (".j2", "<p>Скрыто то, что мало.</p>"),
    ],
)
def test_a_sentence_is_no_term(suffix: str, text: str) -> None:
    assert not _spelt(suffix, text)


def test_no_other_place_spells_a_term() -> None:
    found = [
        f"{path.relative_to(PROJECT)}:{line}"
        for path in _sources()
        for line in _spelt(path.suffix, path.read_text(encoding="utf-8"))
    ]

    assert not found, "worded beside dbt_project/seeds/reference/terms.csv:\n" + "\n".join(found)


def test_the_words_in_superset_are_those_of_the_seed() -> None:
    assets = [path.read_text(encoding="utf-8") for path in sorted(SUPERSET.rglob("*.yaml"))]

    assert sum(len(terms.CASE.findall(text)) for text in assets) == 3
    assert [terms.with_words(text) for text in assets] == assets, "python -m school_quality.terms"


def test_a_reworded_term_is_written_into_superset(monkeypatch: pytest.MonkeyPatch) -> None:
    asset = "sql: |\n  select\n      case why /* terms: reason */\n          else why\n      end as why\n"
    monkeypatch.setattr(terms, "words", lambda kind: {"small": "мало"} if kind == "reason" else {})

    made = terms.with_words(asset)

    assert "          when 'small' then 'мало'\n          else why\n      end as why\n" in made
    assert terms.with_words(made) == made


def test_every_group_has_a_colour_in_superset() -> None:
    board = yaml.safe_load((SUPERSET / "dashboards" / "district.yaml").read_text(encoding="utf-8"))

    assert set(terms.words("school_group").values()) <= set(board["metadata"]["label_colors"])
