"""Tables in markup: HTML pages and XML Spreadsheet 2003, which information systems save as ``.xls``.

Both come as they lie on a sheet of Excel: a merged cell holds its value once, top left. Both are read as
streams, so what they repeat or nest is refused by its size before it is laid out. Entities are never defined
by a file, nothing outside it is opened.
"""

from __future__ import annotations

import codecs
import datetime as dt
import re
import xml.parsers.expat
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lxml import etree

from school_quality.reading import delimited, limits
from school_quality.reading.failures import Rejected
from school_quality.reading.scans import NOT_COMPUTED, is_percent, percent_text
from school_quality.reading.tables import Sheet
from school_quality.reading.texts import Cell

_HEAD = 64 * 1024
_PROLOG = r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!(?i:doctype)[^>\[]*(?:\[.*?\]\s*)?>\s*)*"
_WORKBOOK = re.compile(_PROLOG + r"<(?:\w+:)?Workbook[\s>]", re.DOTALL)
_TAG = re.compile(r"\s*<[a-z!?]", re.IGNORECASE)
_TABLE = re.compile(r"<table[\s>]", re.IGNORECASE)

Kind = Literal["page", "spreadsheet"]


def kind(data: bytes) -> Kind | None:
    """Which of the two some bytes are; ``None``: neither."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace")
    else:
        text = data.removeprefix(codecs.BOM_UTF8).decode("latin-1")
    if not _TAG.match(text):
        return None
    if _WORKBOOK.match(text, 0, _HEAD):
        return "spreadsheet"
    return "page" if _TABLE.search(text) else None


@dataclass(slots=True)
class _Grid:
    """Cells of a sheet as they are met, by rows and columns from 0; refused where their box is too large."""

    rows: list[list[Cell]] = field(default_factory=list)
    width: int = 0
    covered: dict[int, int] = field(default_factory=dict)  # column -> last row that a cell above reaches

    def put(self, row: int, column: int, value: Cell) -> None:
        """Set a cell; columns of a row come in rising order."""
        self._check(row, column)
        self.width = max(self.width, column + 1)
        while len(self.rows) <= row:
            self.rows.append([])
        cells = self.rows[row]
        cells.extend([""] * (column - len(cells)))
        cells.append(value)

    def cover(self, row: int, column: int, across: int, down: int) -> None:
        """A cell takes the places below it as well."""
        if down:
            self._check(row, column + across)
            self.covered |= dict.fromkeys(range(column, column + across + 1), row + down)

    def free(self, row: int, column: int) -> int:
        """The first column from ``column`` on that no cell above reaches."""
        while self.covered.get(column, -1) >= row:
            column += 1
        return column

    def _check(self, row: int, column: int) -> None:
        box = max(self.width, column + 1) * max(len(self.rows), row + 1)
        if column >= limits.SHEET_COLUMNS or box > limits.SHEET_CELLS:
            raise Rejected("sheet_too_large")

    def sheet(self, name: str) -> Sheet:
        for cells in self.rows:
            cells.extend([""] * (self.width - len(cells)))
        return Sheet(name, self.rows)


# ---- HTML ----

_BLOCKS = frozenset(
    {"br", "caption", "center", "div", "dl", "form", "hr", "li", "ol", "p", "pre", "section", "ul"}
)
_BLOCKS |= {"dd", "dt", *(f"h{level}" for level in range(1, 7))}
_UNSEEN = frozenset({"script", "style", "title", "noscript", "template"})
_END = "school-quality-end"
_MAX_ACROSS, _MAX_DOWN = 1000, 65534
"""What browsers make of larger spans (HTML Living Standard, 4.9.11)."""
_SHOWN_NUMBER = re.compile(r"[-+]?[\d\s]+(?:[.,]\d+)?(%?)")


def read_page(data: bytes) -> list[Sheet]:
    """A page as one sheet: every row of its tables and every line between them is a row, in their order.

    A table in a table (a page's layout) is laid out where it stands. A page that is cut off is rejected.
    """
    page = _Page()
    parser = etree.HTMLParser(target=page, encoding="utf-8", huge_tree=True)
    text = delimited.decode(data) + f'<hr id="{_END}">'
    encoded = text.encode("utf-8", "replace")
    try:
        for at in range(0, len(encoded), limits.CHUNK):
            parser.feed(encoded[at : at + limits.CHUNK])
        parser.close()
    except etree.LxmlError as error:
        raise Rejected("file_unreadable") from error
    if not page.is_whole:
        raise Rejected("file_unreadable")
    return [page.grid.sheet("")]


class _Page:
    """What the parser calls (lxml's interface of parser targets)."""

    def __init__(self) -> None:
        self.grid = _Grid()
        self.is_whole = False  # the mark at the end was met outside tables, comments and scripts
        self._tables: list[int] = []  # of each open table: the column in which its table around it goes on
        self._row, self._column = -1, 0
        self._in_row = False
        self._cell: tuple[int, Mapping[str, str]] | None = None  # column and attributes of the open cell
        self._text: list[str] = []
        self._unseen = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "table":
            self._finish()
            self._tables.append(self._column)
            self._in_row = False
            if len(self._tables) > limits.ENTRIES:
                raise Rejected("sheet_too_large")
        elif tag == "tr":
            self._finish()
            self._next_row(0)
        elif tag in ("td", "th"):
            self._finish()
            if not self._in_row:
                self._next_row(self._column)
            column = self.grid.free(self._row, self._column)
            across = max(1, min(_span(attributes.get("colspan")), _MAX_ACROSS))
            down = min(_span(attributes.get("rowspan")) or _MAX_DOWN, _MAX_DOWN)
            self.grid.cover(self._row, column, across - 1, down - 1)
            self._cell = column, dict(attributes)
            self._column = column + across
        elif tag in _BLOCKS:
            self._break()
            self.is_whole = self.is_whole or (attributes.get("id") == _END and not self._tables)

    def end(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen -= 1
        elif tag in ("td", "th", "tr", "table"):
            self._finish()
            if tag == "table" and self._tables:
                self._column = self._tables.pop()
                self._in_row = False
        elif tag in _BLOCKS:
            self._break()

    def data(self, text: str) -> None:
        if not self._unseen:
            self._text.append(text)

    def close(self) -> None:
        self._finish()

    def _next_row(self, column: int) -> None:
        self._row += 1
        self._column = column
        self._in_row = True

    def _break(self) -> None:
        if self._cell is None:
            self._finish()
        else:
            self._text.append("\n")

    def _finish(self) -> None:
        """Put what was gathered: into its cell, or as a line of its own."""
        text = " ".join("".join(self._text).split())
        self._text.clear()
        cell, self._cell = self._cell, None
        if text and cell is None:
            self._next_row(0)
            self.grid.put(self._row, 0, text)
            self._in_row = False
        elif text and cell is not None:
            self.grid.put(self._row, cell[0], _exact(text, cell[1].get("x:num", "")))


def _span(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 1


def _exact(shown: str, number: str) -> Cell:
    """Excel saves the number behind a rounded one that the page shows."""
    match = _SHOWN_NUMBER.fullmatch(shown)
    if not number or match is None:
        return shown
    try:
        value = float(number)
    except ValueError:
        return shown
    return percent_text(value) if match[1] else value


# ---- XML Spreadsheet 2003 ----

_NAMESPACE = "urn:schemas-microsoft-com:office:spreadsheet"
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")


def read_spreadsheet(data: bytes) -> list[Sheet]:
    """The worksheets of an XML Spreadsheet 2003 (Microsoft, XML Spreadsheet Reference)."""
    book = _Book()
    try:
        book.parser.Parse(data, True)
    except (xml.parsers.expat.ExpatError, ValueError, LookupError) as error:
        raise Rejected("file_unreadable") from error
    if not book.grids:
        raise Rejected("not_a_table")
    return [grid.sheet(name) for name, grid in book.grids]


class _Book:
    def __init__(self) -> None:
        self.grids: list[tuple[str, _Grid]] = []
        self.parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self._percents: set[str] = set()
        self._style = ""  # that is being declared
        self._columns: dict[int, str] = {}  # style of a column
        self._row = self._column = 0  # where the next row and cell stand
        self._row_style = ""
        self._last_of_row = 0  # the last row that the open row stands for
        self._cell: dict[str, str] | None = None
        self._type = ""
        self._text: list[str] | None = None
        self._value: Cell | None = None
        self._comments = 0

    def _doctype(self, *_: object) -> None:
        raise Rejected("file_unreadable")

    def _start(self, name: str, named: dict[str, str]) -> None:
        namespace, _, tag = name.rpartition(" ")
        if namespace != _NAMESPACE:
            return
        # some writers leave the prefix of attributes out
        attributes = {k.removeprefix(_NAMESPACE + " "): v for k, v in named.items()}
        if tag == "Style":
            self._style = attributes.get("ID", "")
            if attributes.get("Parent") in self._percents:
                self._percents.add(self._style)
        elif tag == "NumberFormat":
            shown = attributes.get("Format", "")
            is_share = shown == "Percent" or is_percent(shown)
            (self._percents.add if is_share else self._percents.discard)(self._style)
        elif tag == "Worksheet":
            if len(self.grids) == limits.ENTRIES:
                raise Rejected("too_many_entries")
            self.grids.append((attributes.get("Name", ""), _Grid()))
            self._row, self._columns, self._column = 0, {}, 0
        elif tag == "Column":
            first = _at(attributes, self._column)
            self._column = first + _number(attributes.get("Span")) + 1
            if "StyleID" in attributes and self._column <= limits.SHEET_COLUMNS:
                self._columns |= dict.fromkeys(range(first, self._column), attributes["StyleID"])
        elif tag == "Row":
            self._row = _at(attributes, self._row)
            self._last_of_row = self._row + _number(attributes.get("Span"))
            self._row_style = attributes.get("StyleID", "")
            self._column = 0
        elif tag == "Cell" and self.grids:
            self._column = _at(attributes, self._column)
            self._cell, self._value = attributes, None
        elif tag == "Comment":
            self._comments += 1
        elif tag == "Data" and self._cell is not None and not self._comments:
            self._type, self._text = attributes.get("Type", "String"), []

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        namespace, _, tag = name.rpartition(" ")
        if namespace != _NAMESPACE:
            return
        if tag == "Comment":
            self._comments -= 1
        elif tag == "Data" and self._text is not None:
            self._value, self._text = _typed(self._type, "".join(self._text)), None
        elif tag == "Cell" and self._cell is not None:
            self._place(self._cell)
            self._cell = None
        elif tag == "Row":
            self._row = self._last_of_row + 1

    def _place(self, attributes: dict[str, str]) -> None:
        grid = self.grids[-1][1]
        value = NOT_COMPUTED if self._value is None and "Formula" in attributes else self._value
        style = attributes.get("StyleID") or self._row_style or self._columns.get(self._column, "")
        if isinstance(value, float) and style in self._percents:
            value = percent_text(value)
        if value is not None and value != "":
            if grid.free(self._row, self._column) != self._column:
                raise Rejected("file_unreadable")  # below a merged cell: Excel does not open it either
            grid.put(self._row, self._column, value)
        across = _number(attributes.get("MergeAcross"))
        grid.cover(self._row, self._column, across, _number(attributes.get("MergeDown")))
        self._column += across + 1


def _number(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Rejected("file_unreadable")
    return int(text)


def _at(attributes: dict[str, str], follows: int) -> int:
    """The place of a row, column or cell from 0; one that stands before its turn is a damaged file."""
    if "Index" not in attributes:
        return follows
    index = _number(attributes["Index"]) - 1
    if index < follows:
        raise Rejected("file_unreadable")
    return index


def _typed(kind_of_data: str, text: str) -> Cell:
    if kind_of_data == "Number" and _NUMBER.fullmatch(text.strip()):
        return float(text)
    if kind_of_data == "Boolean" and text.strip() in ("0", "1"):
        return text.strip() == "1"
    if kind_of_data == "DateTime":
        try:
            return dt.datetime.fromisoformat(text.strip())
        except ValueError:
            return text
    return text
