"""CSV as it really comes: four encodings, three delimiters, quotes that must close (contracts, section 2)."""

from __future__ import annotations

import codecs
import csv
import io
import re

from school_quality.model import Remark
from school_quality.reading import limits
from school_quality.reading.failures import Rejected
from school_quality.reading.headers import HEADER_ROWS, Header, recognise
from school_quality.reading.tables import Sheet, is_blank
from school_quality.reading.texts import Cell

DELIMITERS = ";\t,"
_HEAD = 64 * 1024
_UTF8_WORD = re.compile(rb"(?:[\xd0\xd1][\x80-\xbf]){3}")
_BINARY = re.compile(rb"[\x01-\x08\x0e-\x1f]")
"""Control characters that no text has; a single NUL may be a slip of an export."""
_MARKUP = re.compile(r"\s*<(?:!doctype|html|head|body|table|\?xml|meta|script|style)", re.IGNORECASE)
# what a Russian text in cp1251 is made of, beside ASCII; anything else betrays another encoding
_PLAUSIBLE = re.compile(r"[А-Яа-яЁё№«»–—…“”„’‘°\u00a0×±·•§©®™\u00ad]")


def decode(data: bytes) -> str:
    """The text of a CSV or a page; rejected where its encoding is unknown, mixed or binary."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise Rejected("broken_encoding") from error
    else:
        if _BINARY.search(data):
            raise Rejected("not_a_table")
        text = _decode_bytes(data)
    if "\x00" in text:
        raise Rejected("broken_encoding")
    return text


def _decode_bytes(data: bytes) -> str:
    has_bom = data.startswith(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if has_bom or _UTF8_WORD.search(data):
            raise Rejected("broken_encoding") from error
    try:
        text = data.decode("cp1251")
    except UnicodeDecodeError as error:
        raise Rejected("broken_encoding") from error
    foreign = [ch for ch in text if ch > "\x7f"]
    if sum(1 for ch in foreign if _PLAUSIBLE.match(ch)) < 0.9 * len(foreign):
        raise Rejected("broken_encoding")
    return text


def read(data: bytes) -> list[Sheet]:
    """The one sheet of a CSV; its rows are the records, so that row numbers are those that Excel shows."""
    text = decode(data)
    if _MARKUP.match(text):
        raise Rejected("not_a_table")
    if not text.strip():
        raise Rejected("file_empty")
    delimiter = _delimiter(text)
    records = _records(text, delimiter)
    _check_quotes(records, delimiter, text)
    lengths = list(map(len, records))
    width = max(lengths, default=0)
    if width * len(records) > limits.SHEET_CELLS:
        raise Rejected("sheet_too_large")
    rows: list[list[Cell]] = [[*r, *[""] * (width - len(r))] for r in records]
    return [Sheet("", rows, lengths)]


def _records(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[list[str]] = []
    try:
        records.extend(reader)
    except csv.Error as error:
        raise Rejected("broken_quotes", where=f" (строка {reader.line_num})") from error
    return records


def _check_quotes(records: list[list[str]], delimiter: str, text: str) -> None:
    """A quote that closes some lines later swallows rows: a cell with whole rows in it is no cell."""
    if '"' not in text:
        return
    width = max(map(len, records), default=0)
    for number, record in enumerate(records, 1):
        for cell in record:
            if "\n" in cell and cell.count(delimiter) >= max(1, width - 1):
                raise Rejected("broken_quotes", where=f" (строка {number})")


def _delimiter(text: str) -> str:
    """The delimiter with which a header is recognised; without one, that which makes the widest rows."""
    head = text[:_HEAD]
    if len(text) > _HEAD:
        head = head[: head.rfind("\n") + 1] or head
    widths: dict[str, int] = {}
    for delimiter in DELIMITERS:
        if delimiter not in head:
            continue
        lenient = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
        try:
            rows: list[list[Cell]] = [list(r) for r, _ in zip(lenient, range(HEADER_ROWS + 1), strict=False)]
        except csv.Error:
            continue
        widths[delimiter] = max(map(len, rows), default=0)
        if any(isinstance(recognise(rows, n), Header) for n in range(min(HEADER_ROWS, len(rows)))):
            return delimiter
    return max(widths, key=lambda d: widths[d]) if widths else ";"


def ragged_rows(sheet: Sheet, header: Header, rows: list[int]) -> list[Remark]:
    """A remark on each record of another width than its header: a cell that is cut in two, such as ``78,7``
    between commas, or left out has shifted the others. Empty cells behind the last column shift nothing."""
    most = max(sheet.lengths[header.row - header.height + 1 : header.row + 1])
    least = max(column for column, name in enumerate(header.folded) if name) + 1
    remarks = []
    for number in rows:
        cells = sheet.lengths[number]
        if cells < least or (cells > most and not is_blank(sheet.rows[number][most:])):
            value = f"{cells} вместо {least}"
            remarks.append(Remark("ragged_row", "row", sheet.name, number + 1, value=value))
    return remarks
