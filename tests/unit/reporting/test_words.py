"""Numbers and words as people read them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from school_quality.reporting import words
from school_quality.reporting.layout.footnotes import Footnotes
from school_quality.reporting.layout.rendering import breakable, displayable


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "нет данных"), (0, "0"), (1234.56, "1\u00a0234,6"), (-0.5, "−0,5"), (-0.0001, "0"), (7.0, "7")],
)
def test_a_number_has_a_decimal_comma_and_no_trailing_zeros(value: float | None, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (33.333, "33,3\u00a0%"),
        (30.0, "30\u00a0%"),
        (29.96, "29,96\u00a0%"),
        (0.0, "0\u00a0%"),
        (None, "нет данных"),
    ],
)
def test_a_percent_that_is_not_whole_does_not_look_whole(value: float | None, text: str) -> None:
    assert words.percent(value) == text


@given(st.floats(min_value=1e-8, max_value=1e6))
def test_only_zero_is_shown_as_zero(value: float) -> None:
    assert words.precise(value) != "0"
    assert words.precise(-value).startswith("−")


@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "ученик"), (3, "ученика"), (5, "учеников"), (11, "учеников"), (21, "ученик"), (112, "учеников")],
)
def test_a_noun_follows_its_number(count: int, text: str) -> None:
    assert words.plural(count, "ученик", "ученика", "учеников") == text


def test_neighbouring_codes_are_joined_in_the_order_of_the_document() -> None:
    assert words.code_ranges(["1.10", "1.9", "1.8", "1.2", "1.1", "2.1"]) == "1.1, 1.2, 1.8–1.10, 2.1"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (12.5, "%", "12,5\u00a0%"),
        (-7.5, "п. п.", "выросла на\u00a07,5\u00a0п.\u00a0п."),
        (7.5, "п. п.", "снизилась на\u00a07,5\u00a0п.\u00a0п."),
        (0, "п. п.", "не изменилась"),
        (1, "да/нет", "да"),
        (0, "в списке", "не в списке"),
        (2, "уровень", "победитель"),
        (3, "чел.", "3"),
        (0.0054, "индекс", "0,0054"),
    ],
)
def test_a_value_is_shown_in_its_unit(value: float, unit: str, text: str) -> None:
    assert words.indicator_value(value, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1, "документов", "1\u00a0документ"),
        (3, "документов", "3\u00a0документа"),
        (11, "семинаров", "11\u00a0семинаров"),
        (-2, "чел.", "−2\u00a0чел."),
        (3, "%", "3\u00a0%"),
        (None, "чел.", "нет данных"),
    ],
)
def test_a_count_is_told_with_what_is_counted(value: float | None, unit: str, text: str) -> None:
    shown = words.NO_DATA if value is None else words.indicator_value(value, unit)

    assert words.with_noun(shown, value, unit) == text


def test_marks_of_one_row_stand_in_the_order_of_their_numbers() -> None:
    footnotes = Footnotes()
    footnotes.cite(["мало участников"])

    marks = footnotes.cite(["годы сравнимы не полностью", "мало участников"])

    assert marks == "1,2"


@given(st.text())
def test_printed_texts_have_only_characters_of_the_font(text: str) -> None:
    shown = displayable(text)

    assert displayable(shown) == shown


def test_russian_texts_are_printed_as_they_are() -> None:
    text = 'МБОУ СОШ № 5 «Ёлка» — 12,5 % (−3) й ≥ "x"'

    assert displayable(text) == text


def test_only_a_word_that_no_column_holds_may_be_broken_and_never_an_address() -> None:
    short, address = "общеобразовательное учреждение", "https://example.org/" + "a" * 60

    assert breakable(json.dumps([short, address])) == json.dumps([short, address])
    assert json.loads(breakable(json.dumps(["А" * 45], ensure_ascii=False))) == [
        "\u200b".join(["А" * 10] * 4 + ["А" * 5])
    ]
