"""Small files of each format from rows of cells."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping, Sequence

import openpyxl
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

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
