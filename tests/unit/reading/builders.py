"""Small files of each format from rows of cells."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

import openpyxl
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from xlwt.CompoundDoc import XlsDoc

Rows = Sequence[Sequence[object]]


def csv_text(rows: Rows, delimiter: str = ";") -> str:
    return "".join(delimiter.join("" if c is None else str(c) for c in row) + "\r\n" for row in rows)


def xlsx(sheets: Mapping[str, Rows] | Rows) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in (sheets if isinstance(sheets, Mapping) else {"Лист1": sheets}).items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def xls(rows: Rows, errors: Mapping[tuple[int, int], str] | None = None) -> bytes:
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("Лист1")
    date = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if isinstance(cell, dt.date):
                sheet.write(r, c, cell, date)
            elif cell is not None:
                sheet.write(r, c, cell)
    for (r, c), text in (errors or {}).items():
        sheet.row(r).set_cell_error(c, text)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def ods(rows: Rows) -> bytes:
    document = OpenDocumentSpreadsheet()
    table = Table(name="Лист1")
    for row in rows:
        line = TableRow()
        for cell in row:
            if isinstance(cell, (int, float)):
                line.addElement(TableCell(valuetype="float", value=str(cell)))
            elif cell is None:
                line.addElement(TableCell())
            else:
                text = TableCell(valuetype="string")
                text.addElement(P(text=str(cell)))
                line.addElement(text)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    stream = io.BytesIO()
    document.write(stream)
    return stream.getvalue()


def rezip(data: bytes, changes: Mapping[str, bytes]) -> bytes:
    """A container with some of its parts replaced."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name, old.read(name)))
    return stream.getvalue()


def sheet_xml(data: bytes) -> str:
    """The first worksheet part of an ``.xlsx``."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read("xl/worksheets/sheet1.xml").decode()


def with_sheet_xml(data: bytes, xml: str) -> bytes:
    return rezip(data, {"xl/worksheets/sheet1.xml": xml.encode()})


def archive(entries: Mapping[str, bytes | str], level: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", level) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return stream.getvalue()


def page(rows: Rows, before: str = "", encoding: str = "utf-8") -> bytes:
    """An HTML page with one table."""
    lines = "".join(
        "<tr>" + "".join(f"<td>{'' if c is None else c}</td>" for c in row) + "</tr>" for row in rows
    )
    return f"<html><body>{before}<table border=1>{lines}</table></body></html>".encode(encoding)


def spreadsheet(body: str, styles: str = "", encoding: str = "utf-8") -> bytes:
    """An XML Spreadsheet 2003 with the rows of one worksheet."""
    name = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>\r\n<?mso-application progid="Excel.Sheet"?>\r\n'
        f'<Workbook xmlns="{name}" xmlns:ss="{name}"><Styles>{styles}</Styles>'
        f'<Worksheet ss:Name="Лист1"><Table>{body}</Table></Worksheet></Workbook>'
    ).encode(encoding)


def xml_row(row: Sequence[object], attributes: str = "") -> str:
    """A row of an XML Spreadsheet 2003; an empty cell is left out, and the next one tells its place."""
    cells = ""
    follows = 1
    for column, cell in enumerate(row, 1):
        if cell is None:
            continue
        kind = "Number" if isinstance(cell, (int, float)) else "String"
        place = f' ss:Index="{column}"' if column != follows else ""
        cells += f'<Cell{place}><Data ss:Type="{kind}">{cell}</Data></Cell>'
        follows = column + 1
    return f"<Row{attributes}>{cells}</Row>"


def record(kind: int, body: bytes) -> bytes:
    """A record of an ``.xlsb``."""
    number = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length = b""
    size = len(body)
    while True:
        length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            return number + length + body


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb_cell(column: int, cell: object, style: int = 0) -> bytes:
    head = struct.pack("<II", column, style)
    if isinstance(cell, bytes):  # the code of an error
        return record(3, head + cell)
    if isinstance(cell, (int, float)):
        return record(5, head + struct.pack("<d", cell))
    return record(6, head + wide(str(cell)))


def xlsb(
    rows: Rows,
    more: bytes = b"",
    styles: Mapping[tuple[int, int], int] | None = None,
    extent: bytes = bytes(16),
) -> bytes:
    """An ``.xlsb``; style 1 shows a percentage, style 2 a date; ``more`` are records behind the rows."""
    parts = [record(129, b""), record(148, extent), record(145, b"")]
    for r, row in enumerate(rows):
        parts.append(record(0, struct.pack("<I", r) + bytes(21)))
        parts += [
            xlsb_cell(c, cell, (styles or {}).get((r, c), 0))
            for c, cell in enumerate(row)
            if cell is not None
        ]
    sheet = b"".join([*parts, more, record(146, b""), record(130, b"")])
    formats = (0, 9, 14)
    cell_formats = b"".join(record(47, struct.pack("<HH", 0, n) + bytes(12)) for n in formats)
    main = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    book = record(131, b"") + record(143, b"")
    book += record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Лист1")) + record(144, b"")
    return archive(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
            f'Type="{main}/officeDocument" Target="xl/workbook.bin"/></Relationships>',
            "xl/workbook.bin": book + record(132, b""),
            "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{package}/relationships"><Relationship '
            f'Id="rId1" Type="{main}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
            "xl/worksheets/sheet1.bin": sheet,
            "xl/styles.bin": record(278, b"")
            + record(617, struct.pack("<I", 3))
            + cell_formats
            + record(618, b"")
            + record(279, b""),
        }
    )


def xls_5(rows: Rows, code_page: int | None = None) -> bytes:
    """An ``.xls`` of Excel 5/95: its texts are bytes in cp1251."""

    def item(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    page_record = item(0x42, struct.pack("<H", code_page)) if code_page else b""
    name = "Лист1".encode("cp1251")
    start = item(0x809, struct.pack("<HHHH", 0x500, 5, 0, 0)) + page_record
    bound = len(start) + 4 + 7 + len(name) + 4
    start += item(0x85, struct.pack("<IHB", bound, 0, len(name)) + name) + item(0x0A, b"")
    sheet = item(0x809, struct.pack("<HHHH", 0x500, 0x10, 0, 0))
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if isinstance(cell, (int, float)):
                sheet += item(0x203, struct.pack("<HHHd", r, c, 0, cell))
            elif cell is not None:
                text = str(cell).encode("cp1251")
                sheet += item(0x204, struct.pack("<HHHH", r, c, 0, len(text)) + text)
    stream = io.BytesIO()
    XlsDoc().save(stream, start + sheet + item(0x0A, b""))
    return stream.getvalue()
