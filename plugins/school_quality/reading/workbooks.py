"""Workbooks by content: what a file is, whether it is safe to read, and its sheets (contracts, sections 2 and 2.5)."""

from __future__ import annotations

import io
import re
import zipfile

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

from school_quality.reading import biff, delimited, limits
from school_quality.reading.failures import Rejected
from school_quality.reading.sheets_xml import OdsScanner, SheetScan, scan_xlsx_sheet, unpack
from school_quality.reading.tables import Sheet

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
_SHEET_PART = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b([^>]*)>")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b([^>]*)>")
_ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*[\"']([^\"']*)[\"']")
_MAX_RATIO = 1032
"""Deflate cannot do better: an entry is no larger unpacked than this times its packed size."""


def read(data: bytes) -> tuple[list[Sheet], bool]:
    """(sheets, whether they come from a CSV); raises `Rejected` where the bytes are no table that is safe to read."""
    if not data:
        raise Rejected("file_empty")
    if len(data) > limits.FILE_BYTES:
        raise Rejected("file_too_large")
    if data.startswith(ZIP_MAGIC) or data.startswith(_EMPTY_ZIP):
        return _read_zipped(data), False
    if data.startswith(biff.OLE_MAGIC):
        return _sheets(data, dict(enumerate_errors(biff.formula_errors(data)))), False
    if data.startswith(_BINARY):
        raise Rejected("not_a_table")
    return delimited.read(data), True


def enumerate_errors(errors: dict[int, dict[tuple[int, int], str]]) -> list[tuple[int, SheetScan]]:
    """Errors by the number of a sheet, as scans."""
    return [(number, SheetScan(cells)) for number, cells in errors.items()]


def open_zip(data: bytes) -> zipfile.ZipFile:
    """A ZIP container whose directory is of sane size; raises `Rejected` otherwise."""
    try:
        check_directory(data)
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Rejected("file_unreadable") from error
    check_entries(archive.infolist())
    return archive


def check_directory(tail: bytes) -> None:
    """Look at the end record before the whole directory is read: a million entries cost seconds and memory."""
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise Rejected("file_unreadable")
    entries = int.from_bytes(tail[at + 10 : at + 12], "little")
    size = int.from_bytes(tail[at + 12 : at + 16], "little")
    if entries > limits.ENTRIES or size > limits.ENTRIES * 4096:
        raise Rejected("too_many_entries")


def check_entries(entries: list[zipfile.ZipInfo]) -> None:
    """Number, declared size and encryption of the entries of an archive or workbook."""
    if len(entries) > limits.ENTRIES:
        raise Rejected("too_many_entries")
    if any(e.flag_bits & 1 for e in entries):
        raise Rejected("file_encrypted")
    if sum(e.file_size for e in entries) > limits.UNPACKED_BYTES:
        raise Rejected("unpacked_too_large")


def _read_zipped(data: bytes) -> list[Sheet]:
    archive = open_zip(data)
    with archive:
        entries = {e.filename: e for e in archive.infolist()}
        names = {name.lower() for name in entries}
        if "xl/workbook.xml" in names:
            return _sheets(data, _scan_xlsx(archive, entries))
        mimetype = entries.get("mimetype")
        if (
            mimetype is not None
            and mimetype.file_size < 200
            and b"".join(unpack(archive, mimetype)).startswith(_ODS)
        ):
            content = entries.get("content.xml")
            if content is None:
                raise Rejected("file_unreadable")
            if _has_encryption(archive, entries):
                raise Rejected("file_encrypted")
            scanner = OdsScanner()
            scanner.feed(unpack(archive, content))
            return _sheets(data, scanner.sheets)
    raise Rejected("not_a_table")


def _has_encryption(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> bool:
    manifest = entries.get("META-INF/manifest.xml")
    return manifest is not None and any(b"encryption-data" in chunk for chunk in unpack(archive, manifest))


def _scan_xlsx(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> dict[int, SheetScan]:
    """Scans of the sheets with formula errors, by number of the sheet."""
    with_errors: dict[str, SheetScan] = {}
    for name, entry in entries.items():
        if _SHEET_PART.fullmatch(name):
            scan = scan_xlsx_sheet(archive, entry)
            if scan.errors:
                with_errors[name.lower()] = scan
        elif (
            entry.file_size < entry.compress_size * _MAX_RATIO
            and entry.compress_size * _MAX_RATIO > limits.UNPACKED_BYTES // 10
        ):
            # its declared size may lie: reading it through compares it with the real one
            for _ in unpack(archive, entry):
                continue
    if not with_errors:
        return {}
    parts = _sheet_parts(archive, entries)
    return {number: with_errors[part] for number, part in enumerate(parts) if part in with_errors}


def _sheet_parts(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> list[str]:
    """The parts of the sheets in the order of the workbook."""
    lowered = {name.lower(): entry for name, entry in entries.items()}
    relations = lowered.get("xl/_rels/workbook.xml.rels")
    if relations is None:
        raise Rejected("file_unreadable")
    targets: dict[bytes, str] = {}
    for relation in _RELATION.finditer(b"".join(unpack(archive, relations))):
        attributes = dict(_ATTRIBUTE.findall(relation[1]))
        target = attributes.get(b"Target", b"").decode("utf-8", "replace").lower()
        targets[attributes.get(b"Id", b"")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    parts: list[str] = []
    for sheet in _SHEET.finditer(b"".join(unpack(archive, lowered["xl/workbook.xml"]))):
        attributes = dict(_ATTRIBUTE.findall(sheet[1]))
        identity = next((v for k, v in attributes.items() if k.endswith(b":id")), b"")
        parts.append(targets.get(identity, ""))
    return parts


def _sheets(data: bytes, scans: dict[int, SheetScan]) -> list[Sheet]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets: list[Sheet] = []
        for number, metadata in enumerate(workbook.sheets_metadata):
            name = metadata.name
            if metadata.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = workbook.get_sheet_by_name(name)
            if sheet.total_height * sheet.total_width > limits.SHEET_CELLS:
                raise Rejected("sheet_too_large", sheet=name)
            rows = sheet.to_python(skip_empty_area=False)
            scan = scans.get(number)
            if scan is not None:
                _put_errors(rows, scan)
            sheets.append(Sheet(name, rows))
    except PasswordError as error:
        raise Rejected("file_encrypted") from error
    except (CalamineError, ValueError, OSError, OverflowError) as error:
        raise Rejected("file_unreadable") from error
    if not sheets:
        raise Rejected("not_a_table")
    return sheets


def _put_errors(rows: list[list[object]], scan: SheetScan) -> None:
    """calamine hands error cells over as empty strings, or leaves them out at the edges of a sheet."""
    for (row, column), text in scan.errors.items():
        while len(rows) <= row:
            rows.append([""] * (len(rows[0]) if rows else 0))
        missing = column + 1 - len(rows[row])
        if missing > 0:
            for other in rows:
                other.extend([""] * (column + 1 - len(other)))
        rows[row][column] = text
