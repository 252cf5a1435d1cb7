"""Files to what they turned out to be: the way through recognition, without a look at any other file.

Small files go through each stage together: a stage that stays in the cache of the processor costs half of
what it does when each file goes through all stages by itself (*measured*: 160 us a form against 260).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from school_quality.model import FileReading, Remark
from school_quality.reading import blocks, delimited, workbooks
from school_quality.reading.context import Consulted
from school_quality.reading.failures import Rejected
from school_quality.reading.headers import GUESS, NearMiss
from school_quality.reading.sources import Source, SourceChanged
from school_quality.reading.tables import BROKEN_HEADER, Sheet, SheetTables, find_tables
from school_quality.reading.texts import cell_text

READER_VERSION = "5"
"""Part of every receipt. Bump it when the reader would make other rows, remarks or counts of the same bytes:
files that were rejected, or had rows rejected, are then read again. Changed declarations and seeds need no
bump: ``declarations_fingerprint`` tells."""

KEEPS_MORE_SINCE = {"vpr_results": 5, "ege_results": 5, "oge_results": 5}
"""Dataset -> the version since which more of its accepted files lands: 5 keeps tasks. Files that an older one
landed are read again."""


def keeps_more(dataset: str | None, reader_version: str) -> bool:
    """Whether this reader would land more of an accepted file than the version that landed it."""
    since = KEEPS_MORE_SINCE.get(dataset or "", 0)
    return reader_version.isdecimal() and int(reader_version) < since


LARGE_CELLS = 50_000
"""A file with more is finished before the next one is opened: what is read of it is held once."""


@dataclass(slots=True)
class _Work:
    """A file between two stages; ``reading`` is there as soon as its outcome is known."""

    source: Source
    path: Consulted
    stage: int = 0
    data: bytes = b""
    checked: workbooks.Checked | None = None
    is_csv: bool = False
    sheets: list[Sheet] = field(default_factory=list)
    found: list[SheetTables] = field(default_factory=list)
    reading: FileReading | None = None
    is_changed: bool = False

    @property
    def is_over(self) -> bool:
        return self.reading is not None or self.is_changed

    @property
    def is_large(self) -> bool:
        return sum(len(s.rows) * len(s.rows[0]) for s in self.sheets if s.rows) > LARGE_CELLS


def read_together(sources: Sequence[Source]) -> list[FileReading | None]:
    """The readings of some sources, ``None`` for one that changed since the scan.

    Never raises for what a file holds, nor for a fault of the reader: that rejects the file. A hostile file
    may kill the process.
    """
    works = [_Work(source, Consulted(source.context)) for source in sources]
    for number in range(len(_STAGES)):
        for work in works:
            while not work.is_over and (work.stage <= number or work.is_large):
                _advance(work)
    for work in works:
        if work.reading is not None:
            work.reading.consulted = tuple(sorted(work.path.fields))
    return [work.reading for work in works]


def read_here(source: Source) -> FileReading:
    """`read_together` for one source; `SourceChanged` where it is not what was scanned any more."""
    (reading,) = read_together([source])
    if reading is None:
        raise SourceChanged(source.path)
    return reading


def _advance(work: _Work) -> None:
    """Take a file through its next stage."""
    source = work.source
    try:
        _STAGES[work.stage](work)
    except Rejected as rejected:
        work.reading = _rejected(source, rejected.remark)
    except SourceChanged:
        work.is_changed = True
    except (MemoryError, RecursionError, OverflowError):
        work.reading = _rejected(source, Remark("reading_limit", "file"))
    except (
        Exception
    ) as error:  # one file must never stop the others; its cells may be personal: only the place is told
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
        logging.getLogger(__name__).error("%s: %s at %s", source.file_id, type(error).__name__, where)
        work.reading = _rejected(source, Remark("file_unreadable", "file"))
    work.stage += 1
    if work.is_over:
        work.data, work.checked, work.sheets, work.found = b"", None, [], []


def _rejected(source: Source, remark: Remark) -> FileReading:
    return FileReading(source.file_id, source.path, source.context, remarks=[remark])


def _load(work: _Work) -> None:
    if work.source.rejection is not None:
        work.reading = _rejected(work.source, work.source.rejection)
    else:
        work.data = work.source.load()


def _check(work: _Work) -> None:
    work.checked, work.data = workbooks.check(work.data), b""
    work.is_csv = work.checked.is_csv


def _take_cells(work: _Work) -> None:
    if work.checked is not None:
        work.sheets, work.checked = workbooks.cells(work.checked), None


def _find_tables(work: _Work) -> None:
    work.found = [find_tables(sheet) for sheet in work.sheets]


def _make_blocks(work: _Work) -> None:
    """The rows of all tables, or why nothing of the file is taken."""
    source = work.source
    reading = FileReading(source.file_id, source.path, source.context)
    rows_read = 0
    missed: list[NearMiss] = []  # sheets without a table, and what they lack to be one
    for sheet, found in zip(work.sheets, work.found, strict=True):
        if found.broken is not None:
            raise _of(replace(found.broken, sheet=sheet.name))
        if not found.tables:
            reading.skipped_sheets.append(sheet.name)
            if found.near is not None:
                missed.append(replace(found.near, remark=replace(found.near.remark, sheet=sheet.name)))
            continue
        for table in found.tables:
            if work.is_csv:
                reading.remarks += delimited.ragged_rows(sheet, table.header, table.rows)
            if table.header.copy_at is not None:
                left_out = cell_text(sheet.rows[table.header.row][table.header.copy_at])
                reading.remarks.append(Remark("working_copy", "warning", sheet=sheet.name, column=left_out))
            blocks.take_titles(table, found.tables[0])
            made = blocks.make(sheet, table, work.path)
            reading.blocks += made.blocks
            reading.rows_skipped += made.skipped
            rows_read += made.skipped + sum(len(b.row_numbers) for b in made.blocks)
            if reading.dataset is None:
                reading.dataset = made.blocks[0].dataset if made.blocks else table.header.dataset.name
    missed.sort(key=lambda near: -near.score)
    if reading.dataset is None:
        if missed:
            raise _of(missed[0].remark)
        raise Rejected("file_empty" if all(not sheet.rows for sheet in work.sheets) else "unknown_header")
    if missed and missed[0].score >= GUESS:
        # letters or names of a header that would have to be guessed: nothing of the file is taken
        raise _of(missed[0].remark)
    for near in missed:
        if near.score >= BROKEN_HEADER:
            reading.remarks.append(replace(near.remark, rule="sheet_almost_known", level="warning"))
    if rows_read == 0:
        raise Rejected("no_rows")
    if sum(remark.rule == "ragged_row" for remark in reading.remarks) * 2 > rows_read:
        raise Rejected("ragged_rows")
    work.reading = reading


_STAGES: tuple[Callable[[_Work], None], ...] = (_load, _check, _take_cells, _find_tables, _make_blocks)


def _of(remark: Remark) -> Rejected:
    rejected = Rejected(remark.rule)
    rejected.remark = remark
    return rejected
