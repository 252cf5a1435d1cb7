"""What differs between two releases, cell by cell, in the words of the centre's staff."""

from __future__ import annotations

from dataclasses import replace

import pytest

from school_quality.reporting import words
from school_quality.reporting.lists import change_words
from school_quality.settings import project_root
from school_quality.warehouse.differences import comparison
from school_quality.warehouse.differences.changes import Change


def change(what: str) -> Change:
    return Change("6017", "17", "17", "Район", "2022", None, None, what, None, None, ("new_file",), ())


TOLD = (*comparison.STATUS_COLUMNS, *comparison.INDICATOR_COLUMNS, *comparison.PROCEDURE_COLUMNS)


@pytest.mark.parametrize("column", [*TOLD, "school", "reporting_year"])
def test_every_column_that_is_told_has_a_name_in_words(column: str) -> None:
    assert change_words.what(change(column)) != column


@pytest.mark.parametrize(
    ("what", "text", "shown"),
    [
        ("value/failing", "12.50", "12,5"),
        ("mean_score/vpr_math_5", "-7.0", f"{words.MINUS}7"),
        ("share_3_pct/vpr_math_5", "33.30", "33,3"),
        ("participants/vpr_math_5", "12", "12"),
        ("is_low_result/vpr_math_5", "true", "да"),
        ("reason", "no_form", "форма не сдана"),
        ("status", None, "—"),
    ],
)
def test_a_number_has_no_needless_digits_and_a_verdict_is_a_word(
    what: str, text: str | None, shown: str
) -> None:
    assert change_words.value(change(what), text) == shown


@pytest.mark.parametrize("column", ["value", "mean_score/vpr_math_5"])
def test_doubles_that_look_the_same_are_told_apart(column: str) -> None:
    moved = replace(change(column), before="33.123456789", after="33.123456788")

    assert change_words.sides(moved) == ("33,123456789", "33,123456788")


def test_a_line_whose_sides_read_the_same_is_not_told() -> None:
    same = replace(change("flags"), before="[]", after="")
    other = replace(change("flags"), before="[]", after="[small_n]")

    assert change_words.readable([same, other]) == [other]


def test_a_value_is_told_in_its_unit_and_its_component_by_name() -> None:
    fall = replace(change("value"), indicator_code="3.3", before="2.0", after="-1.35")
    share = replace(change("value/failing"), indicator_code="3.1")

    assert change_words.sides(fall)[1] == "выросла на\u00a01,35\u00a0п.\u00a0п."
    assert change_words.what(share) == "Значение (неуспевающие)"


def test_every_table_of_the_methodology_has_a_name_in_words() -> None:
    seeds = {path.name for path in (project_root() / "dbt_project/seeds/methodology").glob("*.csv")}

    assert seeds == set(change_words.SEEDS)
