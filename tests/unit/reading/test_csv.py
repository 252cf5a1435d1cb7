"""CSV: encodings, delimiters and quotes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.reading.conftest import Reader, only_block, rejection

from school_quality.reading import delimited
from school_quality.reading.failures import Rejected

HEADER = "Код ОО;Отчётный год;ИСБШ\n"
PRACTICES = "Код ОО;Отчётный год;Показатель;Практика;Ссылка\n"


def test_a_quoted_delimiter_a_doubled_quote_and_a_line_break_stay_in_their_cell(read: Reader) -> None:
    text = PRACTICES + '101;2022;2.7;"Школа; ""открытая""\nлаборатория";\n102;2022;2.8;Б;\n'

    block = only_block(read("practices.csv", text))

    assert block.columns["practice"] == ['Школа; "открытая"\nлаборатория', "Б"]
    assert block.row_numbers == [2, 3]


@pytest.mark.parametrize(
    "text",
    [
        HEADER + '101;2022;"50\n102;2022;60\n',
        HEADER + '"101;2022;50\n102;2022;60\n103;2022;70"\n',
        HEADER + '101;2022;"50" рублей\n',
    ],
)
def test_a_quote_that_does_not_close_rejects_the_file(read: Reader, text: str) -> None:
    assert rejection(read("index.csv", text)) == "broken_quotes"


def test_a_quote_inside_a_cell_is_a_quote(read: Reader) -> None:
    block = only_block(read("practices.csv", PRACTICES + '101;2022;2.7;Клуб "Дебаты";\n'))

    assert block.columns["practice"] == ['Клуб "Дебаты"']


@pytest.mark.parametrize(
    "data",
    [
        HEADER.encode() + "101;2022;пятьдесят\n".encode("cp1251"),
        HEADER.encode("cp1251") + "101;2022;пятьдесят\n".encode(),
        b"\xef\xbb\xbf" + HEADER.encode("cp1251"),
        (HEADER + "101;2022;50\n").encode("cp866"),
        (HEADER + "101;2022;50\n").encode("utf-16")[:-1],
    ],
)
def test_mixed_or_unknown_encodings_reject_the_file(read: Reader, data: bytes) -> None:
    assert rejection(read("index.csv", data)) == "broken_encoding"


def test_nul_bytes_reject_the_file(read: Reader) -> None:
    assert rejection(read("index.csv", (HEADER + "101;2022;5\x000\n").encode())) == "broken_encoding"
    assert rejection(read("other.csv", bytes(range(256)) * 4)) == "not_a_table"


def test_a_decimal_comma_between_commas_is_not_cut_in_two(read: Reader) -> None:
    text = "Код ОО,Отчётный год,ИСБШ\n101,2022,78,7\n"

    assert rejection(read("index.csv", text)) == "ragged_rows"


def test_delimiters_after_the_last_column_shift_nothing(read: Reader) -> None:
    block = only_block(read("index.csv", HEADER + "101;2022;50;;;\n102;2022\n"))

    assert block.columns["social_index"] == ["50", ""]


def test_a_title_with_many_commas_does_not_choose_the_delimiter(read: Reader) -> None:
    text = "Индекс, по школам, районам, и так, далее, и так, далее\n" + HEADER + "101;2022;78,7\n"

    assert only_block(read("index.csv", text)).columns["social_index"] == ["78,7"]


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="cp1251", exclude_characters="\x00"), max_size=8),
            min_size=3,
            max_size=3,
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_text_comes_back_as_it_was_or_the_file_is_rejected(rows: list[list[str]], encoding: str) -> None:
    quoted = [";".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    text = HEADER + "".join(line + "\n" for line in quoted)

    try:
        (sheet,) = delimited.read(text.encode(encoding))
    except Rejected:
        return

    assert [list(row) for row in sheet.rows[1:]] == rows
