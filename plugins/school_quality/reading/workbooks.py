"""Workbooks by content: what a file is, whether it is safe to read, and its sheets (contracts, sections 2
and 2.5)."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum

from school_quality.reading import biff, biff12, containers, delimited, limits, markup
from school_quality.reading.containers import Part, unpack
from school_quality.reading.failures import Rejected
from school_quality.reading.scans import SheetScan, percent_text
from school_quality.reading.sheets_xml import OdsScanner, percent_styles, scan_xlsx_sheet
from school_quality.reading.tables import Sheet
from school_quality.reading.texts import Cell

ZIP_MAGIC = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_BINARY = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"{\\rtf",
    b"II*\x00",
    b"MM\x00*",
    b"RIFF",
)
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_SHEET_PART = re.compile(r"xl/worksheets/[^/]+\.xml")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b([^>]*)>")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b([^>]*)>")
_ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*[\"']([^\"']*)[\"']")
_LARGE = 4_000_000
"""Cells of a sheet from which on its blank rows are worth sparing."""
_MAX_RATIO = 1032
"""Deflate cannot do better: an entry is no larger unpacked than this times its packed size."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Bytes that are safe to read, and what was seen on the way: scans of the sheets by number."""

    data: bytes
    kind: Literal["workbook", "csv", "page", "spreadsheet"]
    scans: Mapping[int, SheetScan]
    has_no_code_page: bool = False  # its texts are cp1251, which calamine takes for cp1252

    @property
    def is_csv(self) -> bool:
        return self.kind == "csv"


def check(data: bytes) -> Checked:
    """What a file is; raises `Rejected` where it is no table that is safe to read."""
    if not data:
        raise Rejected("file_empty")
    if len(data) > limits.FILE_BYTES:
        raise Rejected("file_too_large")
    if data.startswith((ZIP_MAGIC, _EMPTY_ZIP)):
        return Checked(data, "workbook", _scan_zipped(data))
    if data.startswith(biff.OLE_MAGIC):
        found = biff.scan(data)
        return Checked(data, "workbook", found.sheets, found.has_no_code_page)
    if data.startswith(_BINARY):
        raise Rejected("not_a_table")
    return Checked(data, markup.kind(data) or "csv", {})


def cells(checked: Checked) -> list[Sheet]:
    """The sheets with their cells; raises `Rejected` where they cannot be read after all."""
    match checked.kind:
        case "csv":
            return delimited.read(checked.data)
        case "page":
            return markup.read_page(checked.data)
        case "spreadsheet":
            return markup.read_spreadsheet(checked.data)
        case "workbook":
            sheets = _sheets(checked.data, checked.scans)
            return [_in_cp1251(sheet) for sheet in sheets] if checked.has_no_code_page else sheets


def _scan_zipped(data: bytes) -> Mapping[int, SheetScan]:
    parts = {p.name.lower(): p for p in containers.directory(data)}
    if "xl/workbook.xml" in parts:
        return _scan_xlsx(data, parts)
    if "xl/workbook.bin" in parts:
        return _scan_xlsb(data, parts)
    mimetype, content = parts.get("mimetype"), parts.get("content.xml")
    if mimetype is None or content is None or not _text(data, mimetype).startswith(_ODS):
        raise Rejected("not_a_table")
    manifest = parts.get("meta-inf/manifest.xml")
    if manifest is not None and b"encryption-data" in _text(data, manifest):
        raise Rejected("file_encrypted")
    scanner = OdsScanner()
    scanner.feed(unpack(data, content))
    return scanner.sheets


def _text(data: bytes, part: Part) -> bytes:
    return b"".join(unpack(data, part))


def _scan_xlsx(data: bytes, parts: dict[str, Part]) -> dict[int, SheetScan]:
    """Scans of the sheets in which something was seen, by number of the sheet."""
    styles = parts.get("xl/styles.xml")
    percents = percent_styles(_text(data, styles)) if styles else frozenset()
    scans: dict[str, SheetScan] = {}
    for name, part in parts.items():
        if _SHEET_PART.fullmatch(name):
            if scan := scan_xlsx_sheet(data, part, percents):
                scans[name] = scan
        elif part.size < part.packed * _MAX_RATIO and part.packed * _MAX_RATIO > limits.UNPACKED_BYTES // 10:
            # its declared size may lie: reading it through compares it with the real one
            for _ in unpack(data, part):
                continue
    if not scans:
        return {}
    names = _sheet_parts(data, parts)
    return {number: scans[name] for number, name in enumerate(names) if name in scans}


def _scan_xlsb(data: bytes, parts: dict[str, Part]) -> dict[int, SheetScan]:
    """The same of an ``.xlsb``; every part is read through, so that none is larger than it says."""
    unpacked = {name: _text(data, part) for name, part in parts.items() if name.startswith("xl/")}
    percents = biff12.percent_styles(unpacked.get("xl/styles.bin", b""))
    targets = _targets(data, parts, "xl/_rels/workbook.bin.rels")
    scans: dict[int, SheetScan] = {}
    for number, relation in enumerate(biff12.sheet_relations(unpacked["xl/workbook.bin"])):
        if scan := biff12.scan(unpacked.get(targets.get(relation.encode(), ""), b""), percents):
            scans[number] = scan
    return scans


def _targets(data: bytes, parts: dict[str, Part], name: str) -> dict[bytes, str]:
    """Relation -> part of the container, in lower case."""
    relations = parts.get(name)
    if relations is None:
        raise Rejected("file_unreadable")
    targets: dict[bytes, str] = {}
    for relation in _RELATION.finditer(_text(data, relations)):
        attributes = dict(_ATTRIBUTE.findall(relation[1]))
        target = attributes.get(b"Target", b"").decode("utf-8", "replace").lower()
        targets[attributes.get(b"Id", b"")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return targets


def _sheet_parts(data: bytes, parts: dict[str, Part]) -> list[str]:
    """The parts of the sheets in the order of the workbook, in lower case."""
    targets = _targets(data, parts, "xl/_rels/workbook.xml.rels")
    names: list[str] = []
    for sheet in _SHEET.finditer(_text(data, parts["xl/workbook.xml"])):
        attributes = dict(_ATTRIBUTE.findall(sheet[1]))
        identity = next((v for k, v in attributes.items() if k.endswith(b":id")), b"")
        names.append(targets.get(identity, ""))
    return names


def _sheets(data: bytes, scans: Mapping[int, SheetScan]) -> list[Sheet]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets: list[Sheet] = []
        for number, metadata in enumerate(workbook.sheets_metadata):
            name = metadata.name
            if metadata.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = workbook.get_sheet_by_name(name)
            if _box(sheet) > limits.SHEET_CELLS:
                raise Rejected("sheet_too_large", sheet=name)
            rows = _rows(sheet)
            scan = scans.get(number)
            if scan is not None:
                _put_errors(rows, scan)
                _put_percents(rows, scan)
            sheets.append(Sheet(name, rows))
    except PasswordError as error:
        raise Rejected("file_encrypted") from error
    except (CalamineError, ValueError, OSError, OverflowError) as error:
        raise Rejected("file_unreadable") from error
    if not sheets:
        raise Rejected("not_a_table")
    return sheets


def _box(sheet: CalamineSheet) -> int:
    """Cells of the box from A1 to the last one; ``total_height`` of calamine is one short of it."""
    return (sheet.end[0] + 1) * (sheet.end[1] + 1) if sheet.end else 0


def _rows(sheet: CalamineSheet) -> list[list[Cell]]:
    """All rows from the first one of the sheet; blank rows of a large sheet share one list."""
    if _box(sheet) < _LARGE:
        rows: list[list[Cell]] = sheet.to_python(skip_empty_area=False)
        return rows
    left = [""] * sheet.start[1]
    blank: list[Cell] = [""] * (sheet.end[1] + 1)
    return [blank if row.count("") == len(row) else [*left, *row] for row in sheet.iter_rows()]


def _put_errors(rows: list[list[Cell]], scan: SheetScan) -> None:
    """calamine hands error cells over as empty strings, or leaves them out at the edges of a sheet."""
    for (row, column), text in scan.errors.items():
        if row < len(rows):
            rows[row] = list(rows[row])  # blank rows of a large sheet are one list
        while len(rows) <= row:
            rows.append([""] * (len(rows[0]) if rows else 0))
        missing = column + 1 - len(rows[row])
        if missing > 0:
            for other in rows:
                other.extend([""] * (column + 1 - len(other)))
        rows[row][column] = text


def _put_percents(rows: list[list[Cell]], scan: SheetScan) -> None:
    """A number that is shown as a percentage is the text that people see, ``40 %`` and not 0.4."""
    for row, column in scan.percents:
        cell = rows[row][column] if row < len(rows) and column < len(rows[row]) else ""
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            rows[row][column] = percent_text(cell)


# each byte from 0x80 on: what calamine makes of it (cp1252, all bytes defined) -> what it is
_CP1251 = {
    ord(bytes([byte]).decode("cp1252", "ignore") or chr(byte)): bytes([byte]).decode("cp1251", "replace")
    for byte in range(0x80, 0x100)
}


def _in_cp1251(sheet: Sheet) -> Sheet:
    rows: list[list[Cell]] = [
        [c.translate(_CP1251) if isinstance(c, str) else c for c in r] for r in sheet.rows
    ]
    return Sheet(sheet.name.translate(_CP1251), rows)
