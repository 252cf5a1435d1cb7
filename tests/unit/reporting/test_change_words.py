"""What differs between two releases, cell by cell, in the words of the centre's staff."""

from __future__ import annotations

import pytest

from school_quality.reporting import change_words, words
from school_quality.warehouse import changes
from school_quality.warehouse.changes import Change


def change(what: str) -> Change:
    return Change("6017", "17", "17", "Район", "2022", None, None, what, None, None, ("new_file",), ())


TOLD = (*changes.STATUS_COLUMNS, *changes.INDICATOR_COLUMNS, *changes.PROCEDURE_COLUMNS)


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
