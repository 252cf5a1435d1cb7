"""The same table in every format comes out the same."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile

import openpyxl
import pytest
import xlwt
from tests.unit.reading import builders
from tests.unit.reading.conftest import Reader, only_block, rejection

HEADER = ["Код ОО", "Учебный год", "Полугодие", "Учителей", "Прошли курсы по работе со слабоуспевающими"]
ROWS = [HEADER, ["000101", "2022-2023", 1, 20, 7], ["000102", "2022-2023", 1, 31, 0]]
EXPECTED = {
    "school_code": ["000101", "000102"],
    "academic_year": ["2022-2023", "2022-2023"],
    "half_year": ["1", "1"],
    "teachers": ["20", "31"],
    "trained_teachers": ["7", "0"],
}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("form.xlsx", builders.xlsx(ROWS)),
        ("form.xlsm", builders.xlsx(ROWS)),
        ("form.xls", builders.xls(ROWS)),
        ("form.xlsb", builders.xlsb(ROWS)),
        ("form.ods", builders.ods(ROWS)),
        ("excel_5.xls", builders.xls_5(ROWS)),
        ("excel_5_with_its_code_page.xls", builders.xls_5(ROWS, code_page=1251)),
        ("page.xls", builders.page(ROWS)),
        ("page.html", builders.page(ROWS, encoding="utf-16")),
        ("spreadsheet.xls", builders.spreadsheet("".join(map(builders.xml_row, ROWS)))),
        ("spreadsheet.xml", builders.spreadsheet("".join(map(builders.xml_row, ROWS)), encoding="cp1251")),
        ("form.csv", builders.csv_text(ROWS)),
        ("comma.csv", builders.csv_text(ROWS, ",")),
        ("tab.csv", builders.csv_text(ROWS, "\t")),
        ("called_otherwise.csv", builders.xlsx(ROWS)),
        ("called_otherwise.xlsx", builders.csv_text(ROWS)),
    ],
)
def test_a_form_reads_the_same_in_every_format(read: Reader, name: str, content: bytes | str) -> None:
    reading = read(name, content)

    block = only_block(reading)
    assert (block.dataset, block.row_numbers) == ("form_teacher_courses", [2, 3])
    assert block.columns == EXPECTED
    assert block.headers["trained_teachers"] == HEADER[4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
def test_a_csv_reads_the_same_in_every_encoding(read: Reader, encoding: str) -> None:
    reading = read("form.csv", builders.csv_text(ROWS).encode(encoding))

    assert only_block(reading).columns == EXPECTED


def test_numbers_dates_and_odd_spaces_become_plain_text(read: Reader) -> None:
    header = ["Код ОО", "Роль", "Организация", "Действует с", "Действует по"]
    rows = [
        [101.0, "куратор", "МКУ\u00a0Центр", dt.date(2022, 9, 12), dt.datetime(2023, 8, 31)],
        ["  000102\u00a0", "тьютор", "Центр", "12.09.2022", None],
    ]

    reading = read("support.xlsx", builders.xlsx([header, *rows]))

    assert only_block(reading).columns == {
        "school_code": ["101", "000102"],
        "role": ["куратор", "тьютор"],
        "organisation": ["МКУ Центр", "Центр"],
        "valid_from": ["2022-09-12", "12.09.2022"],
        "valid_to": ["2023-08-31", ""],
    }


def test_a_formula_error_keeps_its_text_in_an_xlsx(read: Reader) -> None:
    data = builders.xlsx(ROWS)
    xml = builders.sheet_xml(data).replace(
        '<c r="D3" t="n"><v>31</v></c>', '<c r="D3" t="e"><f>A9</f><v>#REF!</v></c>'
    )

    reading = read("form.xlsx", builders.with_sheet_xml(data, xml))

    assert only_block(reading).columns["teachers"] == ["20", "#REF!"]


def test_a_formula_error_at_the_edge_of_a_sheet_is_not_lost(read: Reader) -> None:
    data = builders.xlsx([*ROWS[:2], [None, None, None, None, None]])
    xml = builders.sheet_xml(data).replace(
        "</sheetData>", '<row r="4"><c r="E4" s="0" t="e"><v>#DIV/0!</v></c></row></sheetData>'
    )

    reading = read("form.xlsx", builders.with_sheet_xml(data, xml))

    block = only_block(reading)
    assert block.row_numbers == [2, 4]
    assert block.columns["trained_teachers"] == ["7", "#DIV/0!"]


@pytest.mark.parametrize("styled", [False, True])
def test_a_formula_whose_value_was_not_saved_is_an_error_and_an_empty_text_is_none(
    read: Reader, styled: bool
) -> None:
    data = builders.xlsx([HEADER, *([code, 2022, "", 20, None] for code in (101, 102, 103, 104))])
    xml = builders.sheet_xml(data)
    cells = (
        '<c r="D3"><f>1+2</f><v></v></c><c r="E3" t="str"><f>A1</f><v></v></c>',
        '<c r="D4"><f t="shared" si="0"/><v/></c>',
        '<c r="D5"><f>1+2</f></c>',
    )
    for row, cell in enumerate(cells, 3):
        xml = xml.replace(f'<c r="D{row}" t="n"><v>20</v></c>', cell)
    data = builders.with_sheet_xml(data, xml)
    if styled:
        styles = '<cellXfs count="1"><xf numFmtId="9"/></cellXfs>'
        data = builders.rezip(data, {"xl/styles.xml": f"<styleSheet>{styles}</styleSheet>".encode()})

    columns = only_block(read("form.xlsx", data)).columns

    assert columns["teachers"][1:] == ["#НЕВЫЧИСЛЕНО!"] * 3
    assert columns["trained_teachers"] == [""] * 4


def test_a_formula_whose_value_was_not_saved_is_an_error_in_an_ods(read: Reader) -> None:
    data = builders.ods([*ROWS, ["000103", "2022-2023", 1, 40, 0]])
    before = '<table:table-cell office:value-type="float" office:value="40"/>'
    xml = zipfile.ZipFile(io.BytesIO(data)).read("content.xml").decode()
    assert before in xml
    xml = xml.replace(before, '<table:table-cell table:formula="of:=1+2"/>')

    reading = read("form.ods", builders.rezip(data, {"content.xml": xml.encode()}))

    assert only_block(reading).columns["teachers"] == ["20", "31", "#НЕВЫЧИСЛЕНО!"]


def test_a_formula_error_of_the_second_sheet_lands_in_the_second_sheet(read: Reader) -> None:
    data = builders.xlsx({"Пояснения": [["Текст"]], "Форма": ROWS})
    with_error = builders.rezip(
        data,
        {
            "xl/worksheets/sheet2.xml": b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/'
            b'spreadsheetml/2006/main"><sheetData><row r="1">'
            + b"".join(
                f'<c r="{"ABCDE"[i]}1" t="inlineStr"><is><t>{h}</t></is></c>'.encode()
                for i, h in enumerate(HEADER)
            )
            + b'</row><row r="2"><c r="A2"><v>101</v></c><c r="D2" t="e"><v>#N/A</v></c></row>'
            b"</sheetData></worksheet>"
        },
    )

    reading = read("form.xlsx", with_error)

    assert reading.skipped_sheets == ["Пояснения"]
    assert only_block(reading).columns["teachers"] == ["#N/A"]


def test_a_formula_error_keeps_its_text_in_an_xls(read: Reader) -> None:
    reading = read("form.xls", builders.xls([*ROWS[:2], ["000102", "2022-2023", 1]], {(2, 3): "#REF!"}))

    assert only_block(reading).columns["teachers"] == ["20", "#REF!"]


def test_a_formula_error_keeps_its_text_in_an_ods(read: Reader) -> None:
    data = builders.ods([*ROWS[:2], ["000102", "2022-2023", 1, "ОШИБКА", 0]])
    with_error = builders.rezip(
        data,
        {
            "content.xml": _part(data, "content.xml")
            .replace(
                '<table:table-cell office:value-type="string"><text:p>ОШИБКА</text:p>',
                '<table:table-cell office:value-type="string" office:string-value=""'
                ' table:formula="of:=[.A99]"'
                ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
                ' calcext:value-type="error"><text:p>#REF!</text:p>',
            )
            .encode()
        },
    )

    reading = read("form.ods", with_error)

    assert only_block(reading).columns["teachers"] == ["20", "#REF!"]


def _shown_as_percentages(name: str) -> bytes:
    """The form with its last column in the formats ``0%``, ``0.0%`` and a text with the sign."""
    shares = [[*ROWS[1][:4], 0.07], [*ROWS[2][:4], 0.285], ["000103", "2022-2023", 1, 5, 3]]
    formats = ["0%", "0.0%", '0" %"']
    file = io.BytesIO()
    if name.endswith(".xlsx"):
        book = openpyxl.Workbook()
        for row in (HEADER, *shares):
            book.active.append(row)
        for number, code in enumerate(formats):
            book.active.cell(number + 2, 5).number_format = code
        book.save(file)
    elif name.endswith(".xls"):
        old = xlwt.Workbook()
        sheet = old.add_sheet("Форма")
        for column, header in enumerate(HEADER):
            sheet.write(0, column, header)
        for number, row in enumerate(shares):
            for column, cell in enumerate(row[:4]):
                sheet.write(number + 1, column, cell)
            sheet.write(number + 1, 4, row[4], xlwt.easyxf(num_format_str=formats[number]))
        old.save(file)
    elif name.endswith(".xlsb"):
        return builders.xlsb([HEADER, *shares], styles={(1, 4): 1, (2, 4): 1})
    else:
        data = builders.ods([HEADER, *shares])
        content = _part(data, "content.xml")
        for share in ("0.07", "0.285"):
            value = f'office:value="{share}"'
            content = content.replace(
                f'office:value-type="float" {value}', f'office:value-type="percentage" {value}'
            )
            content = content.replace(
                f'{value} office:value-type="float"', f'{value} office:value-type="percentage"'
            )
        return builders.rezip(data, {"content.xml": content.encode()})
    return file.getvalue()


@pytest.mark.parametrize("name", ["form.xlsx", "form.xls", "form.xlsb", "form.ods"])
def test_a_number_that_is_shown_as_a_percentage_is_what_people_see(read: Reader, name: str) -> None:
    reading = read(name, _shown_as_percentages(name))

    assert only_block(reading).columns["trained_teachers"] == ["7 %", "28.5 %", "3"]


def _part(data: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name).decode()


def test_a_workbook_with_zip64_fields_is_read(read: Reader) -> None:
    data = builders.xlsx(ROWS)
    at = data.find(b"PK\x01\x02")
    directory, tail = data[at : data.rfind(b"PK\x05\x06")], data[data.rfind(b"PK\x05\x06") :]
    wide = b""
    while directory:
        packed, size, name, extra, comment = struct.unpack_from("<LLHHH", directory, 20)
        end = 46 + name + extra + comment
        head = bytearray(directory[: 46 + name])
        struct.pack_into("<LLHHH", head, 20, 0xFFFFFFFF, 0xFFFFFFFF, name, 20, 0)
        wide += bytes(head) + struct.pack("<HHQQ", 1, 16, size, packed)
        directory = directory[end:]
    tail = tail[:12] + struct.pack("<L", len(wide)) + tail[16:]

    assert only_block(read("form.xlsx", data[:at] + wide + tail)).columns == EXPECTED


def test_a_date_cell_as_roadmap_item_is_marked(read: Reader) -> None:
    header = ["Код ОО", "Учебный год", "Четверть", "Пункт", "Статус", "Дата", "Документ"]
    rows = [
        [None, "2022-2023", 1, dt.date(2022, 3, 4), "выполнено", None, None],
        [None, "2022-2023", 1, 4.1, "выполнено", None, None],
        [None, "2022-2023", 1, "4.3.", "выполнено", None, None],
    ]

    reading = read("roadmap.xlsx", builders.xlsx([header, *rows]))

    assert only_block(reading).columns["item"] == ["\x01date:2022-03-04", "4.1", "4.3."]


def test_a_number_cell_as_indicator_code_is_marked(read: Reader) -> None:
    header = ["Код ОО", "Отчётный год", "Показатель", "Практика", "Ссылка"]
    rows = [["000101", 2022, 1.1, "Практика", None], ["000101", 2022, "1.10, 1.11", "Другая", None]]

    reading = read("practices.xlsx", builders.xlsx([header, *rows]))

    assert only_block(reading).columns["indicator_codes"] == ["\x01number:1.1", "1.10, 1.11"]


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("empty.csv", b"", "file_empty"),
        ("blank.csv", b"\r\n \r\n", "file_empty"),
        ("empty_sheet.xlsx", builders.xlsx([]), "file_empty"),
        ("truncated.xlsx", builders.xlsx(ROWS)[:2000], "file_unreadable"),
        ("truncated.xls", builders.xls(ROWS)[:2600], "file_unreadable"),
        ("page.xls", builders.page([["Код ОО"]], encoding="cp1251"), "unknown_header"),
        ("page.xls", "<html><p>Код ОО</p></html>".encode("cp1251"), "not_a_table"),
        ("other.xml", "<?xml version='1.0'?><a><b>Код ОО</b></a>", "not_a_table"),
        ("picture.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(40), "not_a_table"),
        ("paper.csv", b"%PDF-1.7 ...", "not_a_table"),
        (
            "letter.docx",
            builders.archive({"[Content_Types].xml": "<x/>", "word/document.xml": "<x/>"}),
            "not_a_table",
        ),
        ("letter.csv", "Уважаемые коллеги!\nТаблица будет позже.\n", "unknown_header"),
        ("other.xlsx", builders.xlsx([["Школа", "Завтраков"], ["СОШ № 1", 3]]), "unknown_header"),
        ("header_only.csv", builders.csv_text(ROWS[:1]), "no_rows"),
    ],
)
def test_what_is_no_table_is_rejected_with_the_right_rule(
    read: Reader, name: str, content: bytes | str, rule: str
) -> None:
    assert rejection(read(name, content)) == rule


def test_errors_and_dates_of_an_xlsb_are_what_people_see(read: Reader) -> None:
    header = ["Код ОО", "Роль", "Организация", "Действует с", "Действует по"]
    rows = [["000101", "куратор", b"\x17", 44816, None], ["000102", "тьютор", "Центр", b"\x2a", 45169]]

    reading = read("support.xlsb", builders.xlsb([header, *rows], styles={(1, 3): 2, (2, 4): 2}))

    columns = only_block(reading).columns
    assert columns["organisation"] == ["#REF!", "Центр"]
    assert columns["valid_from"] == ["2022-09-12", "#N/A"]
    assert columns["valid_to"] == ["", "2023-08-31"]
