"""What calamine does not tell about ``.xlsx`` and ``.ods``: extents before it reads, errors, formulas
without a value, percentages.

calamine allots a dense box over all cells: one cell in the far corner of a 1.6 kB sheet makes it ask for 550
GB and abort the process. So the references are looked at first, in the unpacked XML, a chunk at a time.
"""

from __future__ import annotations

import html
import re
import xml.parsers.expat
from collections.abc import Iterator, Set

from school_quality.reading import limits
from school_quality.reading.containers import Part, unpack
from school_quality.reading.failures import Rejected
from school_quality.reading.scans import NOT_COMPUTED, PERCENT_FORMATS, SheetScan, is_percent

# Boxes of at most 20 million cells, as patterns of the references inside them: columns up to XZ and 29,999
# rows; up to AZ and 299,999 rows; up to S and all rows. A search finds the first cell that is outside or has
# no reference of the ordinary form; it costs a tenth of what calamine does.
_NEAR = (
    rb"[A-X]?[A-Z][12]?\d{1,4}",
    rb"A?[A-Z][12]?\d{1,5}",
    rb"[A-S](?:\d{1,6}|10[0-4]\d{4})",
)
_OUTSIDE = tuple(re.compile(rb'<c[ >/](?!r="' + near + rb'")') for near in _NEAR)
_TAG = re.compile(rb"<(?:\w+:)?(row|c)(?=[\s/>])([^>]*)>")
_REFERENCE = re.compile(rb"(?<![\w:])r\s*=\s*[\"']([A-Za-z]*)(\d*)[\"']")
_VALUE = re.compile(rb"<(?:\w+:)?v[^>]*>([^<]*)</")
_STYLE = re.compile(rb"(?<![\w:])s\s*=\s*[\"'](\d+)[\"']")
_ATTRIBUTE = re.compile(rb"(?<![\w:])(\w+)\s*=\s*\"([^\"]*)\"")
_NUMBER_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\b([^>]*)>")
_CELL_FORMATS = re.compile(rb"<(?:\w+:)?cellXfs\b(.*?)</(?:\w+:)?cellXfs>", re.DOTALL)
_FORMAT = re.compile(rb"<(?:\w+:)?xf\b([^>]*)>")
_FORMAT_ID = re.compile(rb"(?<![\w:])numFmtId\s*=\s*[\"'](\d+)[\"']")
_IS_ERROR = re.compile(rb"(?<![\w:])t\s*=\s*[\"']e[\"']")
_IS_TEXT = re.compile(rb"(?<![\w:])t\s*=\s*[\"']str[\"']")
_ONLY_FORMULA = (
    rb"<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>[^<]*</(?:\w+:)?f>)"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?</(?:\w+:)?c>"
)
_REST_OF_CELL = re.compile(_ONLY_FORMULA)
_CELL_OF_FORMULA = re.compile(rb"<c ([^<>]*)>" + _ONLY_FORMULA)
_MAY_END_SO = (b"</f></c>", b"/></c>", b"</f><v></v></c>")


def percent_styles(styles: bytes) -> frozenset[int]:
    """Numbers of the cell styles of ``styles.xml`` that show a share as a percentage."""
    formats = set(PERCENT_FORMATS)
    for tag in _NUMBER_FORMAT.finditer(styles):
        attributes = dict(_ATTRIBUTE.findall(tag[1]))
        code = html.unescape(attributes.get(b"formatCode", b"").decode("utf-8", "replace"))
        if is_percent(code) and (number := attributes.get(b"numFmtId", b"")).isdigit():
            formats.add(int(number))
    cell_formats = _CELL_FORMATS.search(styles)
    numbers = [_FORMAT_ID.search(xf[1]) for xf in _FORMAT.finditer(cell_formats[1] if cell_formats else b"")]
    return frozenset(style for style, number in enumerate(numbers) if number and int(number[1]) in formats)


def scan_xlsx_sheet(data: bytes, part: Part, percents: Set[int] = frozenset()) -> SheetScan:
    """Check the extent of a worksheet part and find formula errors, formulas without a value and cells of the
    styles ``percents``."""
    for outside in () if percents else _OUTSIDE:
        scan = _scan_near(unpack(data, part), outside)
        if scan is not None:
            return scan
    return _scan_exactly(unpack(data, part), percents)


def _scan_near(chunks: Iterator[bytes], outside: re.Pattern[bytes]) -> SheetScan | None:
    """The scan of a sheet whose cells are all ordinary and inside the box; ``None`` if one is not."""
    scan = SheetScan()
    carry = b""
    seen_data = False
    for chunk in chunks:
        xml = carry + chunk if carry else chunk
        # only whole cells are judged: the rest waits for the next chunk
        cut = xml.rfind(b"<c ") if len(chunk) == limits.CHUNK else len(xml)
        cut = cut if cut > 0 else len(xml)
        part, carry = (xml[:cut], xml[cut:]) if cut < len(xml) else (xml, b"")
        seen_data = seen_data or b"<sheetData" in part
        if outside.search(part):
            return None
        if b't="e"' in part:
            _errors_of(part, scan)
        if b"<f" in part and any(end in part for end in _MAY_END_SO):
            _formulas_of(part, scan)
    # another name space prefix hides the cells from the search
    return scan if seen_data else None


def _errors_of(part: bytes, scan: SheetScan) -> None:
    at = part.find(b'"e"')
    while at >= 0:
        start = part.rfind(b"<c ", 0, at)
        end = part.find(b">", at)
        tag = part[start:end]
        reference = _REFERENCE.search(tag)
        if start >= 0 and b">" not in tag and _IS_ERROR.search(tag) and reference:
            _note(scan, reference, part[end : end + 4096])
        at = part.find(b'"e"', at + 3)


def _formulas_of(part: bytes, scan: SheetScan) -> None:
    """Formulas without a value; an empty text is one."""
    for cell in _CELL_OF_FORMULA.finditer(part):
        reference = _REFERENCE.search(cell[1])
        if reference and not _IS_TEXT.search(cell[1]):
            scan.errors[int(reference[2]) - 1, _column(reference[1]) - 1] = NOT_COMPUTED


def _note(scan: SheetScan, reference: re.Match[bytes], after: bytes) -> None:
    value = _VALUE.search(after)
    column = _column(reference[1])
    scan.errors[int(reference[2]) - 1, column - 1] = value[1].decode("utf-8", "replace") if value else "#N/A"


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _scan_exactly(chunks: Iterator[bytes], percents: Set[int] = frozenset()) -> SheetScan:
    """Tag by tag, with implied references: for sheets that are large, oddly written or show percentages."""
    scan = SheetScan()
    carry = b""
    row = column = last_row = last_column = 0
    for chunk in chunks:
        xml = carry + chunk
        end = 0
        for tag in _TAG.finditer(xml):
            end = tag.end()
            reference = _REFERENCE.search(tag[2])
            if tag[1] == b"row":
                row = int(reference[2]) if reference and reference[2] else row + 1
                column = 0
                continue
            if reference and reference[1] and reference[2]:
                column, row = _column(reference[1]), int(reference[2])
            else:
                column += 1
                row = max(row, 1)
            if column > last_column or row > last_row:
                last_column, last_row = max(last_column, column), max(last_row, row)
                if last_column * last_row > limits.SHEET_CELLS:
                    raise Rejected("sheet_too_large")
            if _IS_ERROR.search(tag[2]):
                value = _VALUE.search(xml, end, end + 4096)
                scan.errors[row - 1, column - 1] = value[1].decode("utf-8", "replace") if value else "#N/A"
            elif _REST_OF_CELL.match(xml, end) and not _IS_TEXT.search(tag[2]):
                scan.errors[row - 1, column - 1] = NOT_COMPUTED
            elif percents and (style := _STYLE.search(tag[2])) and int(style[1]) in percents:
                scan.percents.add((row - 1, column - 1))
        carry = xml[max(end, len(xml) - 65536) :] if len(chunk) == limits.CHUNK else b""
    return scan


_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 "
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0 "
_ERROR_TEXT = re.compile(r"#[A-ZА-Я0-9/]+[!?]|#N/A|#Н/Д|(?:Err|Ошибка):\d{3}")


class OdsScanner:
    """Reads ``content.xml``: extents with repeated rows and columns, texts of formula errors, percentages.

    ``sheets`` maps the number of a table to its scan.
    """

    def __init__(self) -> None:
        self.sheets: dict[int, SheetScan] = {}
        self._parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._table = -1
        self._depth = 0  # tables in tables
        self._row = self._column = self._last_column = self._last_row = 0
        self._row_repeat = self._repeat = 1
        self._row_is_empty = True
        self._kinds: set[str] = set()
        self._has_formula = False
        self._text: list[str] | None = None

    def feed(self, chunks: Iterator[bytes]) -> None:
        try:
            for chunk in chunks:
                self._parser.Parse(chunk, False)
            self._parser.Parse(b"", True)
        except (xml.parsers.expat.ExpatError, ValueError) as error:
            raise Rejected("file_unreadable") from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == _TABLE + "table":
            self._table += 1
            self.sheets[self._table] = SheetScan()
            self._row = self._last_column = self._last_row = 0
        elif name == _TABLE + "table-row":
            self._row_repeat = int(attributes.get(_TABLE + "number-rows-repeated", "1"))
            self._row_is_empty = True
            self._column = 0
        elif name in (_TABLE + "table-cell", _TABLE + "covered-table-cell"):
            self._repeat = int(attributes.get(_TABLE + "number-columns-repeated", "1"))
            self._kinds = {v for k, v in attributes.items() if k.endswith(" value-type")}
            self._has_formula = _TABLE + "formula" in attributes
            self._text = []

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        if name in (_TABLE + "table-cell", _TABLE + "covered-table-cell"):
            text = "".join(self._text or ())
            if self._kinds or text:
                self._row_is_empty = False
                self._last_column = max(self._last_column, self._column + self._repeat)
            is_not_computed = self._has_formula and not self._kinds and not text
            is_shown = self._has_formula and _ERROR_TEXT.fullmatch(text.strip())
            is_error = is_not_computed or is_shown or "error" in self._kinds
            is_percentage = not is_error and "percentage" in self._kinds
            if (is_error or is_percentage) and self._repeat * self._row_repeat <= limits.ENTRIES:
                scan = self.sheets[self._table]
                shown = text.strip()
                unknown = NOT_COMPUTED if is_not_computed else "#N/A"
                for row in range(self._row, self._row + self._row_repeat):
                    for column in range(self._column, self._column + self._repeat):
                        if is_percentage:
                            scan.percents.add((row, column))
                        else:
                            scan.errors[row, column] = shown if shown.startswith("#") else unknown
            self._column += self._repeat
            self._text = None
        elif name == _TABLE + "table-row":
            self._row += self._row_repeat
            if not self._row_is_empty:
                self._last_row = self._row
            if self._last_row * self._last_column > limits.SHEET_CELLS:
                raise Rejected("sheet_too_large")
