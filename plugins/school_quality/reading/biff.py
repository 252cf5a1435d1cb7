"""What calamine does not tell about an ``.xls``: errors, percentages, encryption, cells
beyond the sheet.

Sources: [MS-CFB] (compound file) and [MS-XLS] (records). Only what is needed is read; a damaged file is
rejected.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from school_quality.reading.failures import Rejected
from school_quality.reading.scans import PERCENT_FORMATS, SheetScan, is_percent

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END_OF_CHAIN = 0xFFFFFFFE
ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
_BOUND_SHEET, _BOF, _FILE_PASS, _FORMULA, _BOOL_ERROR = 0x85, 0x809, 0x2F, 0x06, 0x205
# NUMBER, LABEL, LABELSST, RK, BLANK, MULRK, MULBLANK, RSTRING
_CELLS = frozenset({0x203, 0x204, 0xFD, 0x27E, 0x201, 0xBD, 0xBE, 0xD6, _FORMULA, _BOOL_ERROR})
_SEVERAL_NUMBERS, _FORMAT_RECORD, _STYLE = 0xBD, 0x41E, 0xE0
_COLUMNS = 256
_CODE_PAGE, _EXCEL_97 = 0x42, 0x600


class CompoundFile:
    """The streams of an OLE file, by name; damaged chains raise `Rejected`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        try:
            self._read_header()
        except (struct.error, IndexError, MemoryError) as error:
            raise Rejected("file_unreadable") from error

    def _read_header(self) -> None:
        data = self._data
        self._sector: int = 1 << struct.unpack_from("<H", data, 30)[0]
        self._mini_sector: int = 1 << struct.unpack_from("<H", data, 32)[0]
        if self._sector not in (512, 4096) or self._mini_sector > self._sector:
            raise Rejected("file_unreadable")
        first_directory, self._mini_cutoff, first_mini = struct.unpack_from("<I4xII", data, 48)
        next_difat, difat_count = struct.unpack_from("<II", data, 68)
        fat_sectors = [s for s in struct.unpack_from("<109I", data, 76) if s < _END_OF_CHAIN]
        per_sector = self._sector // 4
        for _ in range(difat_count):
            if next_difat >= _END_OF_CHAIN:
                break
            entries = struct.unpack_from(f"<{per_sector}I", data, self._offset(next_difat))
            fat_sectors += [s for s in entries[:-1] if s < _END_OF_CHAIN]
            next_difat = entries[-1]
        if len(fat_sectors) > len(data) // self._sector:
            raise Rejected("file_unreadable")
        self._fat: list[int] = []
        for s in fat_sectors:
            self._fat += struct.unpack_from(f"<{per_sector}I", data, self._offset(s))
        directory = self._chain(first_directory)
        self.streams: dict[str, tuple[int, int]] = {}
        root = (0, 0)
        for at in range(0, len(directory) - 127, 128):
            entry = directory[at : at + 128]
            length = struct.unpack_from("<H", entry, 64)[0]
            kind = entry[66]
            start, size = struct.unpack_from("<I", entry, 116)[0], struct.unpack_from("<I", entry, 120)[0]
            if kind == 5:
                root = (start, size)
            elif kind == 2 and 2 <= length <= 64:
                self.streams[entry[: length - 2].decode("utf-16-le", "replace")] = (start, size)
        self._mini = self._chain(root[0])[: root[1]] if root[1] else b""
        mini_fat = self._chain(first_mini) if first_mini < _END_OF_CHAIN else b""
        self._mini_fat = struct.unpack(f"<{len(mini_fat) // 4}I", mini_fat)

    def _offset(self, sector: int) -> int:
        return (sector + 1) * self._sector

    def _chain(self, sector: int) -> bytes:
        parts: list[bytes] = []
        while sector < _END_OF_CHAIN:
            if sector >= len(self._fat) or len(parts) > len(self._fat):
                raise Rejected("file_unreadable")
            at = self._offset(sector)
            parts.append(self._data[at : at + self._sector])
            sector = self._fat[sector]
        return b"".join(parts)

    def read(self, name: str) -> bytes:
        """The bytes of a stream."""
        start, size = self.streams[name]
        if size >= self._mini_cutoff:
            content = self._chain(start)[:size]
        else:
            parts: list[bytes] = []
            while start < _END_OF_CHAIN:
                if start >= len(self._mini_fat) or len(parts) > len(self._mini_fat):
                    raise Rejected("file_unreadable")
                at = start * self._mini_sector
                parts.append(self._mini[at : at + self._mini_sector])
                start = self._mini_fat[start]
            content = b"".join(parts)[:size]
        if len(content) < size:
            raise Rejected("file_unreadable")
        return content


@dataclass(frozen=True, slots=True)
class BookScan:
    """``sheets``: number of a sheet -> what was seen in it, for sheets that have something of the kind.

    ``has_no_code_page``: texts are bytes (before Excel 97), and nothing says of which code page.
    """

    sheets: Mapping[int, SheetScan]
    has_no_code_page: bool


def scan(data: bytes) -> BookScan:
    """Look through the workbook.

    Raises `Rejected`: no workbook in the file, a password, a damaged file, cells beyond the 256 columns of a
    sheet.
    """
    compound = CompoundFile(data)
    names = {name.lower(): name for name in compound.streams}
    if "encryptedpackage" in names:
        raise Rejected("file_encrypted")
    book = names.get("workbook") or names.get("book")
    if book is None:
        raise Rejected("not_a_table")
    try:
        return _scan(compound.read(book))
    except (struct.error, IndexError) as error:
        raise Rejected("file_unreadable") from error


def _scan(stream: bytes) -> BookScan:
    scans: defaultdict[int, SheetScan] = defaultdict(SheetScan)
    starts: dict[int, int] = {}
    formats = set(PERCENT_FORMATS)
    styles = 0
    percents: set[int] = set()  # styles with such a format; they come before the sheets
    sheet = -1
    has_no_code_page = False
    at, end = 0, len(stream)
    unpack = struct.Struct("<HH").unpack_from
    while at + 4 <= end:
        kind, length = unpack(stream, at)
        body = at + 4
        if kind in _CELLS and length >= 6:
            row, column = unpack(stream, body)
            if column >= _COLUMNS:
                raise Rejected("sheet_too_large")
            if kind == _BOOL_ERROR and stream[body + 7]:
                scans[sheet].errors[row, column] = ERRORS.get(stream[body + 6], "#N/A")
            elif kind == _FORMULA and stream[body + 12 : body + 14] == b"\xff\xff" and stream[body + 6] == 2:
                scans[sheet].errors[row, column] = ERRORS.get(stream[body + 8], "#N/A")
            elif percents:
                # several numbers of a row stand in one record, each with its style before it
                for number in range((length - 6) // 6 if kind == _SEVERAL_NUMBERS else 1):
                    if struct.unpack_from("<H", stream, body + 4 + 6 * number)[0] in percents:
                        scans[sheet].percents.add((row, column + number))
        elif kind == _BOF:
            sheet = starts.get(at, sheet)
            if at == 0:
                has_no_code_page = struct.unpack_from("<H", stream, body)[0] < _EXCEL_97
        elif kind == _CODE_PAGE:
            has_no_code_page = False
        elif kind == _BOUND_SHEET:
            starts[struct.unpack_from("<I", stream, body)[0]] = len(starts)
        elif kind == _FORMAT_RECORD and b"%" in (code := stream[body + 2 : body + length]):
            # the code is ASCII or UTF-16 behind its length: both are read well enough to find the sign
            if is_percent(code.replace(b"\0", b"").decode("latin-1")):
                formats.add(struct.unpack_from("<H", stream, body)[0])
        elif kind == _STYLE:
            if struct.unpack_from("<H", stream, body + 2)[0] in formats:
                percents.add(styles)
            styles += 1
        elif kind == _FILE_PASS:
            raise Rejected("file_encrypted")
        at = body + length
    return BookScan({number: scan for number, scan in scans.items() if scan}, has_no_code_page)
