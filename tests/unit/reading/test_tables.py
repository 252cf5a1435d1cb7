"""Headers, totals, repeated headers, blocks; and what would have to be guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.reading import builders
from tests.unit.reading.conftest import Reader, only_block, rejection

from school_quality.reading.headers import Header, recognise
from school_quality.reading.texts import fold, fold_header

STAFF = ["Код ОО", "Отчётный год", "Педагогических работников", "Высшая категория", "Первая категория"]


def staff(*rows: list[object]) -> str:
    return builders.csv_text([STAFF, *rows])


@given(
    st.sampled_from(STAFF),
    st.sampled_from([str.lower, str.upper, str.title]),
    st.sampled_from([" ", "\u00a0", "\n", "  ", "\u202f"]),
    st.sampled_from(["", "*", " *", "  "]),
)
def test_case_spaces_line_breaks_yo_and_a_star_do_not_matter(
    name: str, case: object, space: str, tail: str
) -> None:
    written = "  " + case(name).replace(" ", space).replace("ё", "е") + tail  # type: ignore[operator]

    assert fold(written) == fold(name)


@pytest.mark.parametrize(
    ("cell", "folded"), [(2.0, "2"), (2, "2"), ("2.0", "2"), ("2,0", "2"), ("2 до", "2 до"), (5.5, "5.5")]
)
def test_a_header_cell_may_be_a_number(cell: object, folded: str) -> None:
    assert fold_header(cell) == folded  # type: ignore[arg-type]


def test_what_nobody_sees_in_a_cell_is_left_out(read: Reader) -> None:
    text = staff(["\u200b101", "2022\u00a0", "5", "1\ufeff", "1"])

    columns = only_block(read("form.csv", text)).columns

    assert [cells for (cells,) in columns.values()] == ["101", "2022", "5", "1", "1"]


@given(st.permutations(STAFF), st.integers(0, 55), st.integers(0, 3))
def test_a_header_is_found_in_any_order_in_the_first_60_rows(order: list[str], above: int, left: int) -> None:
    rows: list[list[object]] = [["Форма"] if n % 2 else [] for n in range(above)]
    rows.append([""] * left + list(order))

    header = recognise(rows, above)  # type: ignore[arg-type]

    assert isinstance(header, Header)
    assert header.dataset.name == "form_staff"
    assert {order[i - left] for i in header.columns.values()} == set(STAFF)


def test_a_header_below_row_60_is_not_looked_for(read: Reader) -> None:
    rows = [["Заметка"]] * 60 + [STAFF, ["101", 2022, 5, 1, 1]]

    assert rejection(read("form.xlsx", builders.xlsx(rows))) == "unknown_header"
    assert not read("form2.xlsx", builders.xlsx(rows[1:])).rejected


def test_totals_repeated_headers_and_blank_rows_are_no_data(read: Reader) -> None:
    text = staff(
        ["101", 2022, 5, 1, 1],
        ["", "", "", "", ""],
        [s.upper() for s in STAFF],
        ["102", 2022, 6, 1, 1],
        ["Всего по основным", "", 11, 2, 2],
        ["", "", 11, 2, "ИТОГО:"],
        ["  Средние", "", 5.5, 1, 1],
    )

    reading = read("form.csv", text)

    assert only_block(reading).row_numbers == [2, 5]
    assert reading.rows_skipped == 4


def test_a_school_whose_text_begins_like_a_total_is_data(read: Reader) -> None:
    rows = "101;2022;2.1;Всего понемногу;\n;2022;2.1;Итоговые линейки;\n"
    text = "Код ОО;Отчётный год;Показатель;Практика;Ссылка\n" + rows

    reading = read("practices.csv", text)

    assert only_block(reading).row_numbers == [2, 3]
    assert reading.rows_skipped == 0


def test_a_note_below_a_table_is_a_row_that_will_be_rejected(read: Reader) -> None:
    reading = read("form.csv", staff(["101", 2022, 5, 1, 1], ["Исполнитель", "", "", "", ""]))

    assert only_block(reading).columns["school_code"] == ["101", "Исполнитель"]


def test_a_second_block_has_its_own_title_and_column_order(read: Reader) -> None:
    text = (
        staff(["101", 2021, 5, 1, 1])
        + "Второй год\r\n"
        + builders.csv_text([STAFF[::-1], [1, 2, 7, 2022, "101"]])
    )

    reading = read("form.csv", text)

    assert [b.columns["teachers"] for b in reading.blocks] == [["5"], ["7"]]
    assert [b.row_numbers for b in reading.blocks] == [[2], [5]]
    assert reading.rows_skipped == 0


def test_a_damaged_header_below_a_good_table_rejects_the_file(read: Reader) -> None:
    text = staff(["101", 2021, 5, 1, 1]) + builders.csv_text([[*STAFF[:4], "Первой"], ["102", 2022, 1, 2, 7]])

    reading = read("form.csv", text)

    assert rejection(reading) == "missing_column"
    assert reading.remarks[0].row_number == 3


def test_several_sheets_and_forms_of_one_workbook_are_all_read(read: Reader) -> None:
    index = [["Код ОО", "Отчётный год", "ИСБШ"], ["101", 2022, 50]]
    data = builders.xlsx({"А": [STAFF, ["101", 2022, 5, 1, 1]], "Пояснения": [["Текст"]], "Б": index})

    reading = read("book.xlsx", data)

    assert [(b.sheet, b.dataset) for b in reading.blocks] == [("А", "form_staff"), ("Б", "social_index")]
    assert reading.skipped_sheets == ["Пояснения"]


def test_a_sheet_that_is_almost_a_form_is_skipped_with_a_warning(read: Reader) -> None:
    almost = [[*STAFF[:4], "Первая"], ["102", 2022, 5, 1, 1]]

    reading = read("book.xlsx", builders.xlsx({"А": [STAFF, ["101", 2022, 5, 1, 1]], "Б": almost}))

    assert only_block(reading).row_numbers == [2]
    assert [(r.rule, r.level, r.sheet) for r in reading.remarks] == [("sheet_almost_known", "warning", "Б")]
    assert reading.skipped_sheets == ["Б"]


def test_a_sheet_whose_header_would_have_to_be_guessed_rejects_the_workbook(read: Reader) -> None:
    doubtful = [["Kод ОО", *STAFF[1:]], ["102", 2022, 5, 1, 1]]

    reading = read("book.xlsx", builders.xlsx({"А": [STAFF, ["101", 2022, 5, 1, 1]], "Б": doubtful}))

    assert rejection(reading) == "lookalike_letters"


def test_a_missing_column_is_named_with_its_nearest_neighbour(read: Reader) -> None:
    reading = read(
        "form.csv",
        builders.csv_text([["Код ОО", "Отчётный год", "Педагоги", *STAFF[3:]], ["101", 2022, 5, 1, 1]]),
    )

    assert rejection(reading) == "missing_column"
    assert reading.remarks[0].details["missing"] == "«Педагогических работников»"
    assert reading.remarks[0].details["nearest"] == "«Педагоги»"


@pytest.mark.parametrize(
    "header", ["Наименование ОО", "Школа", "Название образовательной организации", "ОУ", "Учреждение"]
)
def test_in_the_place_of_the_code_stands_the_column_that_names_the_school(read: Reader, header: str) -> None:
    reading = read("form.csv", builders.csv_text([["№", header, *STAFF[1:]], [1, "СОШ № 3", 2022, 5, 1, 1]]))

    assert rejection(reading) == "missing_column"
    assert reading.remarks[0].details["nearest"] == f"«{header}»"


def test_of_two_lists_that_lack_as_much_the_one_is_meant_that_a_header_reminds_of(read: Reader) -> None:
    reading = read("index.csv", "Код ОО;Отчётный год;Индекс ИСБШ\n101;2022;50\n")

    assert rejection(reading) == "missing_column"
    assert reading.remarks[0].details["missing"] == "«ИСБШ»"


def test_a_list_without_a_year_anywhere_lacks_that_column(read: Reader) -> None:
    text = "Код ОО;Год отчёта;ИСБШ\n101;2022;50\n"

    reading = read("index.csv", text)

    assert rejection(reading) == "missing_column"
    assert reading.remarks[0].details["missing"] == "«Отчётный год»"
    assert reading.remarks[0].details["nearest"] == "«Год отчёта»"


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        (["Kод ОО", *STAFF[1:]], "lookalike_letters"),
        (["Код OО", *STAFF[1:]], "lookalike_letters"),
        ([*STAFF[:4], "Пepвaя категория"], "lookalike_letters"),
        ([*STAFF, "Код ОО"], "ambiguous_header"),
    ],
)
def test_a_header_that_would_have_to_be_guessed_rejects_the_file(
    read: Reader, header: list[str], rule: str
) -> None:
    assert (
        rejection(read("form.csv", builders.csv_text([header, ["101", 2022, 5, 1, 1, "102"][: len(header)]])))
        == rule
    )


def test_a_table_that_is_two_lists_at_once_is_rejected(read: Reader) -> None:
    assert (
        rejection(read("both.csv", "Код ОО;Отчётный год;ИСБШ;ИОР\n101;2022;50;0,1\n")) == "ambiguous_header"
    )


def test_columns_that_nobody_declared_decide_nothing(read: Reader) -> None:
    text = builders.csv_text([[*STAFF, "Примечание"], ["101", 2022, 5, 1, 1, "#Н/Д"]])

    assert set(only_block(read("form.csv", text)).columns) == {
        "school_code",
        "reporting_year",
        "teachers",
        "highest_category",
        "first_category",
    }


@pytest.mark.parametrize(
    "numbers",
    [
        [1, 2, 3, 4, 5],
        ["1", "2", "3", "4", "5"],
        ["1.", "2.", "3.", "4.", "5."],
        ["(1)", "(2)", "(3)", "(4)", "(5)"],
        ["гр. 1", "гр. 2", "гр. 3", "гр. 4", "гр. 5"],
        ["А", "Б", 1, 2, 3],
        ["A", "B", "C", "D", "E"],
    ],
)
def test_a_row_that_only_numbers_the_columns_belongs_to_the_header(
    read: Reader, numbers: list[object]
) -> None:
    rows = [STAFF, numbers, ["101", 2022, 5, 1, 1], STAFF, numbers, ["102", 2022, 6, 1, 1]]

    reading = read("form.xlsx", builders.xlsx(rows))

    assert only_block(reading).row_numbers == [3, 6]
    assert reading.rows_skipped == 2


def test_blank_rows_above_the_numbers_of_the_columns_do_not_matter(read: Reader) -> None:
    numbers = ["гр. 1", "гр.2", "графа 3", "гр. 4", "5"]
    rows = [STAFF, [], numbers, ["101", 2022, 5, 1, 1], STAFF, [], numbers, ["102", 2022, 6, 1, 1]]

    reading = read("form.xlsx", builders.xlsx(rows))

    assert only_block(reading).row_numbers == [4, 8]
    assert reading.rows_skipped == 2


def test_columns_without_a_header_may_be_numbered_too(read: Reader) -> None:
    rows = [["№", "", *STAFF], [1, "", 2, 3, 4, 5, 6], [1, "", "101", 2022, 5, 1, 1]]

    assert only_block(read("form.xlsx", builders.xlsx(rows))).row_numbers == [3]


@pytest.mark.parametrize(
    "row", [[1, 2, 3, 4, 6], [2, 3, 4, 5, 6], [1, 2, 3, 4, ""], [1, 2022, 5, 1, 1], ["А", "Б", "Г", 1, 2]]
)
def test_a_row_that_does_not_number_every_column_is_data(read: Reader, row: list[object]) -> None:
    assert only_block(read("form.xlsx", builders.xlsx([STAFF, row]))).row_numbers == [2]


def test_a_row_of_numbers_below_the_data_is_data(read: Reader) -> None:
    rows = [STAFF, ["101", 2022, 5, 1, 1], [1, 2, 3, 4, 5]]

    assert only_block(read("form.xlsx", builders.xlsx(rows))).row_numbers == [2, 3]


@pytest.mark.parametrize(
    "header",
    [
        ["Школа", "Муниципалитет", "7.\tКод ОГЭ", "8.\tКод ЕГЭ", "Статус организации", "Телефон"],
        ["Код ОО", "Пункт проведения ЕГЭ", "Адрес", "Год постройки"],
        ["Код ОО", "Углублённо: математика (ОГЭ)", "Смен", "Этажей", "Спортзал"],
        ["Логин", "Пароль", "ОО"],
        ["Код ОО", "Отчётный год", "Класс", "Литера", "Обучающихся"],
        ["Код ОО", "Учебный год", "Четверть", "Смен", "Кружков"],
    ],
)
def test_a_table_of_others_is_not_recognised(read: Reader, header: list[str]) -> None:
    data = builders.xlsx([header, ["1"] * len(header)])

    assert rejection(read("2022/сведения.xlsx", data)) == "unknown_header"


def test_a_table_of_percentages_that_says_nowhere_of_what_is_told_so(read: Reader) -> None:
    header = ["Код ОО", "Год", "ВПР Русский 5 кл.", "ВПР Математика 5 кл."]

    reading = read("таблица.xlsx", builders.xlsx([header, ["006003", 2022, 10, 20]]))

    assert rejection(reading) == "ambiguous_header"
    assert reading.remarks[0].details["header"].startswith("«ВПР Русский 5 кл.»")


def test_the_only_column_of_a_form_may_be_misspelt(read: Reader) -> None:
    reading = read("form.xlsx", builders.xlsx([["Код ОО", "Отчётный год", "И С Б Ш"], ["6003", 2022, 50]]))

    assert (rejection(reading), reading.remarks[0].details["nearest"]) == ("missing_column", "«И С Б Ш»")
