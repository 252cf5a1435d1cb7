from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from school_quality.landing import parsers


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as found:
        parsers.define(found)
        yield found


def value(connection: duckdb.DuckDBPyConnection, macro: str, text: str) -> object:
    row = connection.execute(f"select {macro}($text)", {"text": text}).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("007", 7),
        ("1 112", 1112),
        ("1\u00a0112", 1112),
        ("71,0", 71),
        ("6036.0", 6036),
        ("-3", -3),
        ("−3", -3),
        (" 5 ", 5),
        ("", None),
        ("много", None),
        ("1 2", None),
        ("5.6", None),
        ("1.112", None),
        ("1,000", None),
        ("100.000", None),
        ("1e5", None),
        ("1e309", None),
        ("NaN", None),
        ("inf", None),
        ("#REF!", None),
        ("5 чел.", None),
    ],
)
def test_an_integer_is_what_cannot_be_read_otherwise(
    connection: duckdb.DuckDBPyConnection, text: str, number: int | None
) -> None:
    assert value(connection, "integer_value", text) == number


@given(number=st.integers(-(10**9), 10**9))
def test_every_way_of_writing_an_integer_gives_the_same_number(
    connection: duckdb.DuckDBPyConnection, number: int
) -> None:
    for text in (str(number), f"{number}.0", f"{number},00", f"{number:,}".replace(",", "\u00a0")):
        assert value(connection, "integer_value", text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("85,7", Decimal("85.7")),
        ("-3.25", Decimal("-3.25")),
        ("1e-05", Decimal("0.00001")),
        ("1 112,5", Decimal("1112.5")),
        ("1e309", None),
        ("inf", None),
        ("nan", None),
        ("12,5,1", None),
        ("", None),
    ],
)
def test_a_decimal_has_a_comma_or_a_point_and_is_finite(
    connection: duckdb.DuckDBPyConnection, text: str, number: Decimal | None
) -> None:
    assert value(connection, "decimal_value", text) == number


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2022-10-27", date(2022, 10, 27)),
        ("2022-10-27 11:51:12", date(2022, 10, 27)),
        ("30.09.2022", date(2022, 9, 30)),
        ("1.9.2022", date(2022, 9, 1)),
        ("21.03.2022 11:51:12", date(2022, 3, 21)),
        ("2022.06.23", date(2022, 6, 23)),
        ("1.9.2022 8:05", date(2022, 9, 1)),
        ("2022-10-27T11:51:12+03:00", date(2022, 10, 27)),
        ("30.09.2022 г.", date(2022, 9, 30)),
        ("30.09.2022г", date(2022, 9, 30)),
        ("30.09.2022 и 05.10.2022", None),
        ("30.09.2022 - 05.10.2022", None),
        ("2022-09-30 2022-10-05", None),
        ("30.09.2022 перенесено", None),
        ("31.02.2022", None),
        ("44805", None),
        ("", None),
    ],
)
def test_a_date_is_iso_or_russian(connection: duckdb.DuckDBPyConnection, text: str, day: date | None) -> None:
    assert value(connection, "date_value", text) == day


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2022-2023", 2022),
        ("2022–2023", 2022),
        ("2022−2023", 2022),
        ("2022/23", 2022),
        ("2022-2023 уч. год", 2022),
        ("2022-2024", None),
        ("2022", None),
        ("", None),
    ],
)
def test_an_academic_year_names_two_years_in_a_row(
    connection: duckdb.DuckDBPyConnection, text: str, year: int | None
) -> None:
    assert value(connection, "academic_year_value", text) == year


@pytest.mark.parametrize(
    ("text", "year"), [("2022", 2022), ("2022 год", 2022), ("2022-2023", 2022), ("год", None)]
)
def test_a_reporting_year_may_be_written_as_academic_year(
    connection: duckdb.DuckDBPyConnection, text: str, year: int | None
) -> None:
    assert value(connection, "year_value", text) == year


@pytest.mark.parametrize(
    ("text", "item"),
    [("4.1.", "4.1"), ("4.1", "4.1"), ("3", "3"), ("3.", "3"), ("2022-03-04", None), ("п. 4", None)],
)
def test_an_item_may_end_in_a_point(
    connection: duckdb.DuckDBPyConnection, text: str, item: str | None
) -> None:
    assert value(connection, "item_value", text) == item


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("1.10", "1.10"),
        ("1.11, 1.10", "1.10, 1.11"),
        ("1.4; 1.6", "1.4, 1.6"),
        ("1.4,1.4", "1.4"),
        ("1.4 1.6", None),
        ("1", None),
    ],
)
def test_indicator_codes_have_one_canonical_form(
    connection: duckdb.DuckDBPyConnection, text: str, codes: str | None
) -> None:
    assert value(connection, "codes_value", text) == codes


@pytest.mark.parametrize("text", ["#REF!", "#Н/Д", "#ССЫЛКА!", "#ДЕЛ/0!", "#NAME?", " #N/A "[1:]])
def test_a_formula_error_is_known_in_both_languages(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert value(connection, "is_formula_error", text) is True


@pytest.mark.parametrize("text", ["", "#1", "# примечание", "5"])
def test_other_texts_are_no_formula_error(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert value(connection, "is_formula_error", text) is False


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("3.0", 3),
        ("III", 3),
        ("iii", 3),
        ("ІІІ", 3),
        ("Ⅲ", 3),
        ("IV", 4),
        ("5", 5),
        ("VI", None),
        ("IIII", None),
        ("1,5", None),
        ("третья", None),
        ("", None),
    ],
)
def test_a_period_may_be_roman(connection: duckdb.DuckDBPyConnection, text: str, number: int | None) -> None:
    assert value(connection, "quarter_value", text) == number
    assert value(connection, "half_year_value", text) == number


@pytest.mark.parametrize(
    "text", ["3 четверть", "III четверть", "3-я четверть", "3 четв.", " 3\u00a0Четверть"]
)
def test_the_word_of_a_period_must_be_its_own(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert value(connection, "quarter_value", text) == 3
    assert value(connection, "half_year_value", text) is None
    assert value(connection, "quarter_value", text.replace("етв", "исл")) is None
    assert value(connection, "half_year_value", "II полугодие") == 2
    assert value(connection, "quarter_value", "2 полугодие") is None


@pytest.mark.parametrize("text", ["-", "–", "—", "−", " - ", "н/д", "Н/Д", "нет данных"])
def test_what_stands_for_no_count_is_an_empty_cell(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert value(connection, "count_text", text) == ""


@pytest.mark.parametrize("text", ["", "0", "12", "-3", "нет", "--", "#Н/Д", "много"])
def test_nothing_else_is_taken_for_an_empty_count(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert value(connection, "count_text", text) == text


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("27.12.22", date(2022, 12, 27)),
        ("7.1.22", date(2022, 1, 7)),
        ("27.12.22 г.", date(2022, 12, 27)),
        ("31.02.22", None),
        ("27.12.222", None),
        ("1.2.3", None),
        ("44922", None),
    ],
)
def test_a_date_may_have_a_year_of_two_digits(
    connection: duckdb.DuckDBPyConnection, text: str, day: date | None
) -> None:
    assert value(connection, "date_value", text) == day


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("006003", "6003"),
        ("006003 МБОУ СОШ № 3", "6003"),
        ("6003 - СОШ", "6003"),
        ("МКУО ЦОКО", None),
        ("3 отдел", None),
        ("006003 006005", None),
    ],
)
def test_a_mentor_may_be_a_code_with_its_name(
    connection: duckdb.DuckDBPyConnection, text: str, code: str | None
) -> None:
    assert value(connection, "named_code", text) == code
