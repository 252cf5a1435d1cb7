"""From a sheet of cells to tables: header, titles above it, rows, footers (contracts, sections 2 and 2.5).

Rows whose school key looks like one are rows of data and cost nothing more than that look; only the others
are examined: blank rows, totals, repeated headers, titles and headers of further blocks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from school_quality.model import Remark
from school_quality.reading.headers import HEADER_ROWS, SCHOOL_KEYS, Header, NearMiss, recognise
from school_quality.reading.texts import Cell, cell_text, fold

TOTAL = re.compile(
    r"(?:итого|итог|всего|в среднем|средн(?:ие|ее|ий балл|ий процент|яя оценка|яя отметка)"
    r"|минимальн(?:ая граница|ый балл|ый порог)|максимальный балл|total)(?![а-яa-z])"
)
_LETTER = re.compile(r"[^\W\d_]")
_TOTAL_INITIALS = frozenset("ИиВвСсМмTt")
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
    if header is None:
        return found
    table = _open(rows, header, 0)
    found.tables.append(table)
    start = header.row + 1
    while start < len(rows):
        next_header = _fill(rows, table, start, found)
        if next_header is None or found.broken is not None:
            break
        header, above = next_header
        table = _open(rows, header, above)
        found.tables.append(table)
        start = header.row + 1
    return found


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


def _open(rows: Sequence[Sequence[Cell]], header: Header, above: int) -> Table:
    """A table with the titles that stand between row ``above`` and its header, nearest first."""
    first = header.row - (header.height - 1)
    titles: list[str] = []
    pairs: dict[str, str] = {}
    for row in reversed(rows[max(above, first - HEADER_ROWS) : first]):
        texts = _cells(row)
        if len(texts) == 2:
            pairs.setdefault(fold(texts[0]).rstrip(":"), texts[1])
        titles += texts if len(texts) <= 4 else []
    return Table(header, titles, pairs)


def _fill(
    rows: Sequence[Sequence[Cell]], table: Table, start: int, found: SheetTables
) -> tuple[Header, int] | None:
    """Sort the rows from ``start`` into the table; returns the header of a further block and where its
    titles begin."""
    header = table.header
    pending: list[int] = []  # rows that are titles if a header follows, and rows of data if not
    cursor = start

    def keep(until: int) -> None:
        table.rows.extend(pending)
        pending.clear()
        table.rows.extend(range(cursor, until))

    for number in _suspects(rows, header, start):
        if number < cursor:
            continue
        if number > cursor:
            keep(number)
        cursor = number + 1
        row = rows[number]
        if is_blank(row):
            continue
        if _is_total(row, header):
            keep(number)
            table.footers.append(number)
            continue
        outcome = recognise(rows, number)
        if isinstance(outcome, Header):
            if outcome.folded == header.folded and not pending:
                cursor = outcome.row + 1
                table.repeated += cursor - number
                continue
            return outcome, pending[0] if pending else number
        if outcome is not None and outcome.score >= BROKEN_HEADER:
            found.broken = outcome.remark
            return None
        if len(_cells(row)) <= 2 and all(isinstance(c, str) for c in row):
            pending.append(number)
        else:
            keep(number)
            table.rows.append(number)
    keep(len(rows))
    return None


def _key_column(header: Header) -> int | None:
    for name in (*SCHOOL_KEYS, "reporting_year"):
        if name in header.columns:
            return header.columns[name]
    return None


def _suspects(rows: Sequence[Sequence[Cell]], header: Header, start: int) -> list[int]:
    """Rows that may be something else than data: the key cell is no code, number or login, or a total is
    named."""
    key = _key_column(header)
    if key is None:
        return list(range(start, len(rows)))
    found: list[int] = []
    for number in range(start, len(rows)):
        row = rows[number]
        try:
            cell = row[key]
        except IndexError:
            found.append(number)
            continue
        if type(cell) is str and not (cell[:1].isdigit() or cell[:3] in ("sch", "edu")):
            stripped = cell.strip()
            if not (stripped[:1].isdigit() or stripped[:3].lower() in ("sch", "edu")):
                found.append(number)
                continue
        first = row[0]
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
        # a label may also stand behind its sums, in a row that names no school
        is_label = is_first or i not in free_text or (is_keyless and TOTAL.fullmatch(fold(cell).rstrip(" :")))
        if is_label and TOTAL.match(fold(cell)):
            # a person may be called like a total; a footer names nobody
            # and its number may stand in any column, that of the names too
            named = (
                name is not None and name != i and name < len(row) and _LETTER.search(cell_text(row[name]))
            )
            return not named
        is_first = False
    return False
