"""CSV: encodings, delimiters and quotes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.reading.conftest import Reader, only_block, rejection

from school_quality.model import FileReading
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


def ragged(reading: FileReading) -> list[tuple[int | None, str]]:
    """Row and value of each row that is rejected for its width."""
    assert {r.rule for r in reading.remarks} <= {"ragged_row"}
    return [(r.row_number, r.value) for r in reading.remarks]


def test_rows_with_more_or_fewer_cells_than_the_header_are_rejected_by_row(read: Reader) -> None:
    text = HEADER.replace(";", ",") + "101,2022,78,7\n102,2022\n103,2022,50\n104,2022,60\n"

    reading = read("index.csv", text)

    assert ragged(reading) == [(2, "4 вместо 3"), (3, "2 вместо 3")]
    assert only_block(reading).row_numbers == [2, 3, 4, 5]


def test_a_file_in_which_most_rows_are_ragged_is_rejected(read: Reader) -> None:
    text = HEADER.replace(";", ",") + "101,2022,78,7\n102,2022,50\n"

    assert ragged(read("half.csv", text)) == [(2, "4 вместо 3")]
    assert rejection(read("most.csv", text + "103,2022,60,5\n")) == "ragged_rows"


def test_empty_cells_behind_the_last_column_shift_nothing(read: Reader) -> None:
    block = only_block(read("index.csv", HEADER.strip() + ";;\n101;2022;50;;;;\n102;2022;\n"))

    assert block.columns["social_index"] == ["50", ""]


def test_titles_and_totals_of_another_width_are_no_ragged_rows(read: Reader) -> None:
    text = "Индекс\n" + HEADER + "101;2022;50\nСредние;50\n"

    reading = read("index.csv", text)

    assert (ragged(reading), reading.rows_skipped) == ([], 1)


def test_one_endless_row_does_not_widen_all_the_others(read: Reader) -> None:
    text = HEADER + "101;2022;50\n" * 10_000 + ";" * 2_000 + "\n"

    assert rejection(read("wide.csv", text)) == "sheet_too_large"


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
