"""The data dictionary, its picture and the promise of columns, held to the contracts."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree

from school_quality.settings import project_root
from school_quality.warehouse import catalogue, generated
from school_quality.warehouse.contract import tables

DOCS = project_root() / "docs"


def promised() -> dict[tuple[str, str, str], str]:
    """Types of the columns that this major version promises."""
    with (DOCS / "contract.csv").open(encoding="utf-8", newline="") as file:
        return {(row["schema"], row["table"], row["column"]): row["type"] for row in csv.DictReader(file)}


def test_every_published_column_is_explained_in_russian() -> None:
    unexplained = [
        (table.name, column.name)
        for table in tables()
        for column in table.columns
        if not catalogue.meaning(table, column)
    ]

    assert not unexplained


def test_the_dictionary_explains_nothing_that_is_not_there() -> None:
    words = catalogue.dictionary()
    columns = {column.name for table in tables() for column in table.columns}
    names = {table.name for table in tables()}

    assert not set(words["columns"]) - columns
    assert set(words["tables"]) == names


def test_a_column_is_explained_once() -> None:
    own = {column.name for table in tables() for column in table.columns if column.meaning}

    assert own
    assert not own & set(catalogue.dictionary()["columns"])


def test_what_is_made_of_the_contracts_is_current() -> None:
    """If not: ``python -m school_quality.warehouse``."""
    assert generated.stale() == []


def test_the_picture_shows_every_mart_and_the_line_from_a_fact_to_its_school() -> None:
    picture = ElementTree.fromstring(catalogue.picture())  # noqa: S314 -- our own
    texts = {element.text for element in picture.iter() if element.text}

    assert {table.name for table in tables() if table.schema == "marts"} <= texts
    assert "fct_procedure_result → dim_school" in texts
    assert "fct_indicator_value → dim_indicator" in texts


def test_no_promised_column_disappears_or_changes_its_type() -> None:
    """A removal is announced, and made in a new major version together with this list (docs/analysts.md)."""
    now = {
        (table.schema, table.name, column.name): column.data_type
        for table in tables()
        for column in table.columns
    }

    broken = {column: kind for column, kind in promised().items() if now.get(column) != kind}

    assert not broken


def test_every_new_column_joins_the_promise() -> None:
    """If not: ``python -m school_quality.warehouse``."""
    now = {(table.schema, table.name, column.name) for table in tables() for column in table.columns}

    assert not now - set(promised())


def test_the_guide_names_every_query_and_each_has_its_answer() -> None:
    guide = (DOCS / "analysts.md").read_text(encoding="utf-8")
    queries = sorted((DOCS / "queries").glob("*.sql"))

    assert len(queries) == 20
    for query in queries:
        question = query.read_text(encoding="utf-8").splitlines()[0].removeprefix("-- ")
        assert f"[{question}](queries/{query.name})" in guide
        assert Path(query).with_suffix(".csv").is_file()
