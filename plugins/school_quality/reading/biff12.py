"""What calamine does not tell about an ``.xlsb``: extents before it reads, errors, percentages.

Source: [MS-XLSB], records (2.1.4) and their numbers (2.3.2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Set

from school_quality.reading import limits
from school_quality.reading.biff import ERRORS
from school_quality.reading.failures import Rejected
from school_quality.reading.scans import PERCENT_FORMATS, SheetScan, is_percent

_ROW, _BLANK, _ERROR, _FORMULA_ERROR = 0, 1, 3, 11
_LAST_CELL = 11  # records 1 to 11 are cells, of values and of formulas
_UNREAD = frozenset({*range(12, 19), 62})  # cells of other kinds, which calamine leaves out without a word
_SHEET, _FORMAT, _XF, _BEGIN_CELL_XFS, _END_CELL_XFS = 156, 44, 47, 617, 618
_CELL = struct.Struct("<II")


def sheet_relations(workbook: bytes) -> list[str]:
    """The relations of the sheets in the order of the workbook (``xl/workbook.bin``)."""
    found = []
    for kind, at, end in _records(workbook):
        if kind == _SHEET:
            found.append(_text(workbook, at + 8, end))
    return found


def percent_styles(styles: bytes) -> frozenset[int]:
    """Numbers of the cell styles of ``xl/styles.bin`` that show a share as a percentage."""
    formats = set(PERCENT_FORMATS)
    found: set[int] = set()
    style = -1
    for kind, at, end in _records(styles):
        if kind == _FORMAT and is_percent(_text(styles, at + 2, end)):
            formats.add(_unpack("<H", styles, at))
        elif kind in (_BEGIN_CELL_XFS, _END_CELL_XFS):
            style = 0 if kind == _BEGIN_CELL_XFS else -1
        elif kind == _XF and style >= 0:
            if _unpack("<H", styles, at + 2) in formats:
                found.add(style)
            style += 1
    return frozenset(found)


def scan(part: bytes, percents: Set[int]) -> SheetScan:
    """Check the extent of a worksheet part and find errors and cells of the styles ``percents``."""
    seen = SheetScan()
    row = last_row = last_column = 0
    for kind, at, end in _records(part):
        if kind == _ROW and end - at >= 4:
            row = _unpack("<I", part, at)
        elif _BLANK <= kind <= _LAST_CELL:
            if end - at < _CELL.size:
                raise Rejected("file_unreadable")
            column, style = _CELL.unpack_from(part, at)
            if column > last_column or row > last_row:
                last_column, last_row = max(last_column, column), max(last_row, row)
                if (last_column + 1) * (last_row + 1) > limits.SHEET_CELLS:
                    raise Rejected("sheet_too_large")
            if kind in (_ERROR, _FORMULA_ERROR):
                seen.errors[row, column] = ERRORS.get(_unpack("<B", part, at + 8), "#N/A")
            elif style & 0xFFFFFF in percents:
                seen.percents.add((row, column))
        elif kind in _UNREAD:
            raise Rejected("file_unreadable")
    return seen


def _records(part: bytes) -> Iterator[tuple[int, int, int]]:
    """(number, first byte, byte after the last) of each record."""
    at, size = 0, len(part)
    while at < size:
        try:
            kind = part[at]
            at += 1
            if kind & 0x80:
                kind = (kind & 0x7F) | (part[at] << 7)
                at += 1
            length = shift = 0
            while True:
                byte = part[at]
                at += 1
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 or shift == 28:
                    break
        except IndexError as error:
            raise Rejected("file_unreadable") from error
        if at + length > size:
            raise Rejected("file_unreadable")
        yield kind, at, at + length
        at += length


def _unpack(form: str, data: bytes, at: int) -> int:
    try:
        value: int = struct.unpack_from(form, data, at)[0]
    except struct.error as error:
        raise Rejected("file_unreadable") from error
    return value


def _text(data: bytes, at: int, end: int) -> str:
    """A text behind its length (XLWideString)."""
    length = 2 * _unpack("<I", data, at)
    if at + 4 + length > end:
        raise Rejected("file_unreadable")
    return data[at + 4 : at + 4 + length].decode("utf-16-le", "replace")
