"""HTML pages and XML Spreadsheet 2003, which information systems save as ``.xls``: nothing may shift."""

from __future__ import annotations

import time

import pytest
from tests.unit.reading import builders
from tests.unit.reading.conftest import Reader, only_block, rejection
from tests.unit.reading.test_formats import HEADER, ROWS

from school_quality.reading import delimited, markup
from school_quality.reading.texts import Cell

INDEX = ["Код ОО", "Отчётный год", "ИСБШ"]


def laid_out(page: str) -> list[list[Cell]]:
    (sheet,) = markup.read_page(page.encode())
    return sheet.rows


def sheet_of(body: str, styles: str = "") -> list[list[Cell]]:
    (sheet,) = markup.read_spreadsheet(builders.spreadsheet(body, styles))
    return sheet.rows


# ---- pages ----


def test_lines_and_tables_of_a_page_are_rows_in_their_order() -> None:
    page = """<html><head><title>Отчёт</title><style>td {color: red}</style></head><body>
        <h2>Кадры&nbsp;школ,<br>2022&nbsp;год</h2><table><caption>Таблица&nbsp;1</caption>
        <thead><tr><th>Код<th>Год<tbody><tr><td>006003&nbsp;<td><b>20</b>22<tr><td><p>а</p><p>б</p><td>5</table>
        Всего школ: 2 <table><tr><td>7</table></body></html>"""

    assert laid_out(page) == [
        ["Кадры школ,", ""],
        ["2022 год", ""],
        ["Таблица 1", ""],
        ["Код", "Год"],
        ["006003", "2022"],
        ["а б", "5"],
        ["Всего школ: 2", ""],
        ["7", ""],
    ]


def test_merged_cells_hold_their_value_once_and_shift_nothing() -> None:
    page = """<table>
        <tr><td rowspan=2>1</td><td colspan=2>2</td><td>3</td></tr>
        <tr><td>4</td><td rowspan=0>5</td><td>6</td></tr>
        <tr><td>7</td><td></td><td>8</td></tr></table>"""

    assert laid_out(page) == [["1", "2", "", "3"], ["", "4", "5", "6"], ["7", "", "", "8"]]


def test_a_table_in_a_table_is_read_where_it_stands(read: Reader) -> None:
    form = builders.page(ROWS).decode().replace("<html><body>", "").replace("</body></html>", "")
    layout = f"<table><tr><td>Меню</td><td>{form}</td><td>Подвал</td></tr></table>"

    block = only_block(read("layout.xls", layout))

    assert block.columns["school_code"][:2] == ["000101", "000102"]
    assert laid_out("<table><tr><td>1<table><tr><td>2<td>3</table><td>4<td>5</table>") == [
        ["1", "", ""],
        ["2", "3", ""],
        ["", "4", "5"],
    ]


def test_a_page_of_excel_gives_the_numbers_behind_what_it_shows() -> None:
    page = """<table><tr><td x:num="12.3456">12,3</td><td x:num="0.4">40%</td><td x:num>7</td>
        <td x:num="44835">01.10.2022</td><td x:str="006003">006003</td>
        <td x:err="#REF!">#ССЫЛКА!</td></tr></table>"""

    assert laid_out(page) == [[12.3456, "40 %", "7", "01.10.2022", "006003", "#ССЫЛКА!"]]


@pytest.mark.parametrize(
    "end",
    ["", "</table><!-- ", "</table><script>", "</table><p title='", "</table><table><tr><td>1"],
)
def test_a_page_that_is_cut_off_is_rejected(read: Reader, end: str) -> None:
    page = builders.page(ROWS).decode().removesuffix("</table></body></html>")

    assert rejection(read("cut.xls", page + end)) == "file_unreadable"


def test_entities_of_a_page_are_never_followed(read: Reader) -> None:
    entities = '<!DOCTYPE html [<!ENTITY a "00"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
    rows = [INDEX, ["000101", 2022, "&a;&b;"]]

    block = only_block(read("page.xls", entities.encode() + builders.page(rows)))

    assert block.columns["social_index"] == ["&a;&b;"]


@pytest.mark.parametrize(
    ("page", "rule"),
    [
        ("<table>" * 2000 + "</table>" * 2000, "sheet_too_large"),
        ("<table><tr>" + "<td colspan=1000>1" * 18 + "</table>", "sheet_too_large"),
        ("<table>" + "<tr><td colspan=999 rowspan=65534>1" * 30 + "</table>", "sheet_too_large"),
        ("<table><tr>" + "<td>1" * 2000 + "</tr>" + "<tr><td>1" * 10_001 + "</table>", "sheet_too_large"),
        ("<table><tr>" + "<td>1" * 16_385 + "</table>", "sheet_too_large"),
        ("<table>" + "<tr>" * 100_000 + "</table>", "file_empty"),
        ("<table>" + "<div>" * 100_000 + "</table>", "file_empty"),
        ("<table><td" + " a" * 100_000 + "></table>", "file_empty"),
        ("<table><td>" + "<!--" * 100_000 + "</table>", "file_unreadable"),
        ("<table><td>" + "<a " * 100_000 + "</table>", "file_unreadable"),
    ],
)
def test_a_hostile_page_is_refused_at_once(read: Reader, page: str, rule: str) -> None:
    started = time.monotonic()

    assert rejection(read("hostile.xls", page)) == rule
    assert time.monotonic() - started < 5


def test_a_page_of_200_000_cells_is_read_in_seconds(read: Reader) -> None:
    rows = [[*INDEX, *[None] * 7], *[["000101", 2010 + n % 90, 50, *"абвгдеж"] for n in range(20_000)]]
    data = builders.page(rows)
    started = time.monotonic()

    block = only_block(read("large.xls", data))

    assert len(block.row_numbers) == 20_000
    assert time.monotonic() - started < 20


def test_a_csv_whose_first_cell_is_in_angle_brackets_is_no_page() -> None:
    assert markup.kind(b"<5;6\n7;8\n") is None
    assert delimited.read(b"<5;6\n7;8\n")[0].rows[0] == ["<5", "6"]


# ---- XML Spreadsheet 2003 ----


def test_cells_stand_where_their_index_says() -> None:
    body = """<Column/><Row ss:Index="2"><Cell ss:Index="2"><Data ss:Type="String">б</Data></Cell><Cell/>
        <Cell><Data ss:Type="Number">4</Data></Cell></Row><Row ss:Span="2"/>
        <Row><Cell Index="3"><Data Type="Number">1.50</Data></Cell></Row>"""

    assert sheet_of(body) == [
        ["", "", "", ""],
        ["", "б", "", 4.0],
        *[["", "", "", ""]] * 3,
        ["", "", 1.5, ""],
    ]


def test_a_form_with_left_out_cells_reads_like_a_workbook(read: Reader) -> None:
    rows = [HEADER, ["000101", None, 1, None, 7], [None, "2022-2023", None, 31, None]]

    from_xml = only_block(read("form.xml", builders.spreadsheet("".join(map(builders.xml_row, rows)))))

    assert from_xml.columns == only_block(read("form.xlsx", builders.xlsx(rows))).columns


def test_each_type_of_data_is_read_and_comments_are_not() -> None:
    body = """<Row><Cell><Data ss:Type="DateTime">2022-10-05T00:00:00.000</Data></Cell>
        <Cell><Data ss:Type="Boolean">1</Data></Cell><Cell><Data ss:Type="Error">#REF!</Data></Cell>
        <Cell><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40"><B>а</B>б</ss:Data>
        <Comment ss:Author="Кто-то"><ss:Data>примечание</ss:Data></Comment></Cell>
        <Cell><Data ss:Type="String">006003</Data></Cell><Cell ss:Formula="=RC[-1]"/>
        <Cell><Data ss:Type="Number">1_000</Data></Cell></Row>"""

    (row,) = sheet_of(body)

    assert [str(cell) for cell in row] == [
        "2022-10-05 00:00:00",
        "True",
        "#REF!",
        "аб",
        "006003",
        "#НЕВЫЧИСЛЕНО!",
        "1_000",
    ]


def test_merged_cells_of_a_spreadsheet_shift_the_next_one() -> None:
    body = """<Row><Cell ss:MergeAcross="2" ss:MergeDown="1"><Data ss:Type="String">а</Data></Cell>
        <Cell><Data ss:Type="String">б</Data></Cell></Row>
        <Row><Cell ss:Index="4"><Data ss:Type="String">в</Data></Cell></Row>"""

    assert sheet_of(body) == [["а", "", "", "б"], ["", "", "", "в"]]


def test_percentages_by_the_style_of_cell_row_or_column_are_what_people_see() -> None:
    styles = """<Style ss:ID="p"><NumberFormat ss:Format="0%"/></Style><Style ss:ID="n"><NumberFormat
        ss:Format="Percent"/></Style><Style ss:ID="h" ss:Parent="p"/><Style ss:ID="s"/>"""
    share = '<Data ss:Type="Number">0.285</Data>'
    body = f"""<Column ss:Index="3" ss:StyleID="h"/>
        <Row><Cell ss:StyleID="n">{share}</Cell><Cell>{share}</Cell><Cell>{share}</Cell></Row>
        <Row ss:StyleID="p"><Cell>{share}</Cell><Cell ss:StyleID="s">{share}</Cell></Row>"""

    assert sheet_of(body, styles) == [["28.5 %", 0.285, "28.5 %"], ["28.5 %", 0.285, ""]]


NUMBER = '<Cell {}><Data ss:Type="Number">1</Data></Cell>'
ONE = NUMBER.format("")


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ('<Row ss:Index="20000001">' + ONE + "</Row>", "sheet_too_large"),
        ('<Row ss:Index="1048576">' + NUMBER.format('ss:Index="20"') + "</Row>", "sheet_too_large"),
        ("<Row>" + NUMBER.format('ss:Index="16385"') + "</Row>", "sheet_too_large"),
        ('<Row ss:Span="999999999"/><Row>' + ONE + "</Row>", "sheet_too_large"),
        ("<Row>" + NUMBER.format('ss:MergeAcross="99999999" ss:MergeDown="9"') + "</Row>", "sheet_too_large"),
        ("<Row>" + NUMBER.format('ss:MergeAcross="99999"') + ONE + "</Row>", "sheet_too_large"),
        ("<Row>" + ONE + NUMBER.format('ss:Index="1"') + "</Row>", "file_unreadable"),
        ('<Row/><Row ss:Index="1">' + ONE + "</Row>", "file_unreadable"),
        ("<Row>" + NUMBER.format('ss:Index="-5"') + "</Row>", "file_unreadable"),
        ("<Row>" + NUMBER.format('ss:Index="1e9"') + "</Row>", "file_unreadable"),
        ("<Row>" + NUMBER.format('ss:MergeDown="1"') + "</Row><Row>" + ONE + "</Row>", "file_unreadable"),
    ],
)
def test_repeats_and_places_beyond_the_sheet_are_refused(read: Reader, rows: str, rule: str) -> None:
    assert rejection(read("hostile.xml", builders.spreadsheet(rows))) == rule


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE Workbook [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE Workbook [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Workbook SYSTEM "http://example.org/workbook.dtd">',
    ],
)
def test_a_spreadsheet_that_declares_entities_is_refused(read: Reader, declaration: str) -> None:
    data = builders.spreadsheet("<Row><Cell><Data>&b;</Data></Cell></Row>").decode()
    hostile = data.replace("<Workbook", declaration + "<Workbook")

    assert rejection(read("laughs.xml", hostile)) == "file_unreadable"


def test_a_spreadsheet_that_is_cut_off_or_nested_without_end_is_refused(read: Reader) -> None:
    data = builders.spreadsheet("".join(map(builders.xml_row, ROWS)))
    nested = builders.spreadsheet("<Row>" * 200_000 + "</Row>" * 200_000)

    assert rejection(read("cut.xls", data[:-40])) == "file_unreadable"
    assert rejection(read("nested.xls", nested)) == "file_empty"


def test_a_spreadsheet_of_200_000_cells_is_read_in_seconds(read: Reader) -> None:
    rows = [[*INDEX, *[None] * 7], *[["000101", 2010 + n % 90, 50, *"абвгдеж"] for n in range(20_000)]]
    data = builders.spreadsheet("".join(map(builders.xml_row, rows)))
    started = time.monotonic()

    block = only_block(read("large.xml", data))

    assert len(block.row_numbers) == 20_000
    assert time.monotonic() - started < 20
