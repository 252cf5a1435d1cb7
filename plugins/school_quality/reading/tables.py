"""From a sheet of cells to tables: header, titles above it, rows, footers (contracts, sections 2 and 2.5).

Rows whose school key is whole and that are filled are rows of data and cost nothing more than that look;
only the others are examined: blank rows, totals, repeated headers, titles and headers of further blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from school_quality.model import Remark
from school_quality.reading.headers import HEADER_ROWS, SCHOOL_KEYS, Header, NearMiss, recognise
from school_quality.reading.texts import Cell, cell_text, fold
from school_quality.reading.titles import names_subject

TOTAL = re.compile(
    r"(?:итого|итог|всего|в среднем|средн(?:ие|ее|ий балл|ий процент|яя оценка|яя отметка)"
    r"|минимальн(?:ая граница|ый балл|ый порог)|максимальный балл|total)(?![а-яa-z])"
)
_LETTER = re.compile(r"[^\W\d_]")
_TOTAL_INITIALS = frozenset("ИиВвСсМмTt")
_KEY = re.compile(r"\d+(?:[.,]0+)?|(?:.*\W)?(?:sch|edu)\d{6}(?:\D.*)?", re.IGNORECASE | re.DOTALL)
"""A cell that names a school, or a year, and nothing else: a code, a number, a name with its login."""
FEW_CELLS = 6
"""A row with no more cells than that may be a title or a footer, whatever its key cell looks like."""
TITLE_CELLS = 4
"""A title is written into few cells; merged cells may repeat it in all their columns."""
_NUMBERING = re.compile(r"[().\s]|^гр(?:афа)?\.?")
ALPHABETS = ("абвгдежзиклмнопрстуфхцчшщ", "abcdefghijklmnopqrstuvwxyz")
"""Letters of columns, as `fold` makes them."""
MIN_NUMBERED = 3
"""Fewer numbers than that may be a row of data."""
BROKEN_HEADER = 0.75
"""A row below a table with this share of the required names is a damaged header of a further block, not
data."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of a sheet; ``rows[0]`` is its first row, whatever stands in it."""

    name: str
    rows: list[list[Cell]]
    lengths: list[int] = field(default_factory=list)  # CSV only: cells of each record, before it was padded


@dataclass(slots=True)
class Table:
    """The rows below one header, as indices into the sheet."""

    header: Header
    titles: list[str]  # texts above the header, nearest first
    title_pairs: dict[str, str]  # label -> the next cell: ``Дата проведения`` -> ``22.09.2022``
    rows: list[int] = field(default_factory=list)
    footers: list[int] = field(default_factory=list)
    repeated: int = 0

    @property
    def skipped(self) -> int:
        return len(self.footers) + self.repeated


@dataclass(slots=True)
class SheetTables:
    """What a sheet holds: its tables, or why its nearest candidate is none."""

    tables: list[Table] = field(default_factory=list)
    near: NearMiss | None = None
    broken: Remark | None = None  # a damaged header below a good table: nothing of the file can be trusted


def find_tables(sheet: Sheet) -> SheetTables:
    """All tables of a sheet, in order."""
    rows = sheet.rows
    found = SheetTables()
    header = _first_header(rows, found)
    further = _Further(header, 0, header.row - header.height + 1) if header is not None else None
    while further is not None:
        table = _open(rows, further)
        found.tables.append(table)
        start = max(further.until, table.header.row + 1)
        if start == table.header.row + 1:
            start = _below_numbering(rows, table.header, start)
        further = _fill(rows, table, start, found)
    return found


@dataclass(frozen=True, slots=True)
class _Further:
    """A block that begins: its titles stand in the rows from ``above`` to ``until``; a block without a header
    of its own has that of the block before."""

    header: Header
    above: int
    until: int


def _first_header(rows: Sequence[Sequence[Cell]], found: SheetTables) -> Header | None:
    for number in range(min(HEADER_ROWS, len(rows))):
        outcome = recognise(rows, number)
        if isinstance(outcome, Header):
            return outcome
        if outcome is not None and (found.near is None or outcome.score > found.near.score):
            found.near = outcome
    return None


def is_blank(row: Sequence[Cell]) -> bool:
    """Nothing but empty cells and spaces."""
    return not any(cell != "" and (not isinstance(cell, str) or cell.strip()) for cell in row)


def _cells(row: Sequence[Cell]) -> list[str]:
    return [text for text in (cell_text(c) for c in row if c != "") if text]


def _open(rows: Sequence[Sequence[Cell]], block: _Further) -> Table:
    """A table with its titles, nearest first."""
    titles: list[str] = []
    pairs: dict[str, str] = {}
    for row in reversed(rows[max(block.above, block.until - HEADER_ROWS) : block.until]):
        texts = list(dict.fromkeys(_cells(row)))
        if len(texts) == 2:
            pairs.setdefault(fold(texts[0]).rstrip(":"), texts[1])
        if len(texts) <= TITLE_CELLS:
            # code, subject and date of an exam may stand in cells of their own
            titles += [" ".join(texts), *texts] if len(texts) > 1 and _names_pupils(block.header) else texts
    return Table(block.header, titles, pairs)


def _fill(rows: Sequence[Sequence[Cell]], table: Table, start: int, found: SheetTables) -> _Further | None:
    """Sort the rows from ``start`` into the table; returns the block that follows."""
    header = table.header
    pending: list[int] = []  # rows that are titles if a header follows, and rows of data if not
    cursor = start

    def keep(until: int) -> None:
        table.rows.extend(pending)
        pending.clear()
        table.rows.extend(range(cursor, until))

    def is_untitled_block() -> bool:
        """Rows of data come right below the title of another exam."""
        few = (texts for n in pending if len(texts := _cells(rows[n])) <= TITLE_CELLS)
        return _names_pupils(header) and names_subject(text for texts in few for text in texts)

    for number in _suspects(rows, header, start):
        if number < cursor:
            continue
        if number > cursor:
            if is_untitled_block():
                return _Further(header, pending[0], cursor)
            keep(number)
        cursor = number + 1
        row = rows[number]
        if is_blank(row):
            continue
        outcome = recognise(rows, number)
        if isinstance(outcome, Header):
            if outcome.folded == header.folded and not pending:
                cursor = outcome.row + 1
                table.repeated += cursor - number
                below = _below_numbering(rows, header, cursor)
                table.repeated += below > cursor
                cursor = below
                continue
            return _Further(outcome, pending[0] if pending else number, outcome.row - outcome.height + 1)
        if _is_total(row, header):
            keep(number)
            table.footers.append(number)
            continue
        if outcome is not None and outcome.score >= BROKEN_HEADER:
            found.broken = outcome.remark
            return None
        if _may_be_title(row, header):
            pending.append(number)
        elif is_untitled_block():
            return _Further(header, pending[0], number)
        else:
            keep(number)
            table.rows.append(number)
    if len(rows) > cursor and is_untitled_block():
        return _Further(header, pending[0], cursor)
    keep(len(rows))
    return None


def _names_pupils(header: Header) -> bool:
    return "first_name" in header.dataset.fields


def _has_name(row: Sequence[Cell], header: Header) -> bool:
    """Whether a row names a person, where the table has names."""
    column = header.columns.get("first_name")
    return column is not None and column < len(row) and bool(_LETTER.search(cell_text(row[column])))


def _may_be_title(row: Sequence[Cell], header: Header) -> bool:
    """Whether a row cannot be data, wherever its text stands: it lacks most of what a row of data has."""
    texts = set(_cells(row))
    if len(texts) == 1:
        return True
    if _has_key(row, header):
        # ``01``, ``Русский язык``, ``2022.06.23`` in cells of their own, the first one in the key column
        return (
            _names_pupils(header)
            and len(texts) <= TITLE_CELLS
            and not _has_name(row, header)
            and names_subject(texts)
        )
    if _names_pupils(header) and not _has_name(row, header):
        return True
    required = _required(header)
    filled = sum(1 for i in required if i < len(row) and row[i] != "")
    return len(texts) <= TITLE_CELLS and 2 * filled <= len(required)


def _are_filled(row: Sequence[Cell], columns: Iterable[int]) -> bool:
    return all(i < len(row) and row[i] != "" for i in columns)


def _required(header: Header) -> list[int]:
    """The columns that a row of data fills; of a table of percentages those of the procedures."""
    return [header.columns[n] for n in header.variants[0].required] or [
        i for name, i in header.columns.items() if name not in header.dataset.fields
    ]


def _mark(text: str) -> str:
    """The number or letter of a column without what stands around it."""
    return _NUMBERING.sub("", fold(text))


def _below_numbering(rows: Sequence[Sequence[Cell]], header: Header, start: int) -> int:
    """The row behind the one that numbers the columns, where there is one below a header."""
    number = next((n for n in range(start, len(rows)) if not is_blank(rows[n])), start)
    return number + 1 if number < len(rows) and _numbers_columns(rows[number], header) else start


def _numbers_columns(row: Sequence[Cell], header: Header) -> bool:
    """A row that only numbers columns: ``1 2 3``, ``А Б 1 2``, ``гр. 1``."""
    first = next((text for c in row if c != "" and (text := cell_text(c))), "")
    if _mark(first) not in ("1", "а", "a") or not _are_filled(row, header.columns.values()):
        return False
    marks = [_mark(text) for text in _cells(row)]
    letters = sum(1 for _ in takewhile(lambda mark: not mark.isdecimal(), marks))
    alphabet = next((a for a in ALPHABETS if marks[:letters] == list(a[:letters])), None)
    numbers = [str(n) for n in range(1, len(marks) - letters + 1)]
    return len(marks) >= MIN_NUMBERED and alphabet is not None and marks[letters:] == numbers


def _key_column(header: Header) -> int | None:
    for name in (*SCHOOL_KEYS, "group", "reporting_year"):
        if name in header.columns:
            return header.columns[name]
    return None


def _has_key(row: Sequence[Cell], header: Header) -> bool:
    key = _key_column(header)
    if key is None or key >= len(row):
        return False
    cell = row[key]
    return isinstance(cell, (int, float)) or (isinstance(cell, str) and bool(_KEY.fullmatch(cell.strip())))


def _suspects(rows: Sequence[Sequence[Cell]], header: Header, start: int) -> list[int]:
    """Rows that may be something else than data: few cells, a key cell that is no whole key, or a total
    is named."""
    key = _key_column(header)
    if key is None:
        return list(range(start, len(rows)))
    code = header.columns.get("pupil_code", key)
    needed = [] if _names_pupils(header) else _required(header)
    found: list[int] = []
    for number in range(start, len(rows)):
        row = rows[number]
        try:
            cell = row[key]
        except IndexError:
            found.append(number)
            continue
        if type(cell) is str:
            is_plain = cell.isdecimal() or (cell[:3] in ("sch", "edu") and cell[3:].isdecimal())
            if not is_plain and not _KEY.fullmatch(cell.strip()):
                found.append(number)
                continue
        if code != key and code < len(row):
            # of pupils who were absent few cells are filled
            pupil = row[code]
            if pupil.isdecimal() if type(pupil) is str else isinstance(pupil, (int, float)):
                continue
        if len(row) - row.count("") <= FEW_CELLS and not (needed and _are_filled(row, needed)):
            found.append(number)
            continue
        first = next(c for c in row if c != "")
        if type(first) is str and first[:1] in _TOTAL_INITIALS and TOTAL.match(fold(first)):
            found.append(number)
    return found


def _is_total(row: Sequence[Cell], header: Header) -> bool:
    free_text = {
        header.columns[f.name]
        for f in header.dataset.fields.values()
        if f.type in ("text", "pupil") and f.name in header.columns
    }
    name = header.columns.get("first_name")
    key = _key_column(header)
    is_keyless = key is not None and key < len(row) and cell_text(row[key]) == ""
    is_first = True
    for i, cell in enumerate(row):
        if not isinstance(cell, str):
            is_first = is_first and cell == ""
            continue
        if not cell.strip():
            continue
        label = fold(cell)
        if TOTAL.match(label):
            if _names_pupils(header):
                # a person may be called like a total; a footer names nobody
                # and its label may stand in any column, that of the names too
                return name == i or not _has_name(row, header)
            # a label may also stand behind its sums, in a row that names no school
            if is_first or i not in free_text or (is_keyless and TOTAL.fullmatch(label.rstrip(" :"))):
                return True
        is_first = False
    return False
