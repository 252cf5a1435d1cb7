"""One file to what it turned out to be: the way through recognition, without a look at any other file."""

from __future__ import annotations

from dataclasses import replace

from school_quality.model import FileReading, Remark
from school_quality.reading import blocks, delimited, workbooks
from school_quality.reading.failures import Rejected
from school_quality.reading.sources import Source
from school_quality.reading.tables import Sheet, SheetTables, find_tables

READER_VERSION = "1"
"""Part of every receipt. Bump it when the reader would make other rows, remarks or counts of the same bytes:
files that were rejected, or had rows rejected, are then read again. Changed declarations and seeds need no
bump: ``declarations_fingerprint`` tells."""


def read_here(source: Source) -> FileReading:
    """Read ``source`` in this process. Never raises for what the file holds; a hostile file may kill the
    process."""
    if source.rejection is not None:
        return _rejected(source, source.rejection)
    try:
        return _read(source)
    except Rejected as rejected:
        return _rejected(source, rejected.remark)
    except (MemoryError, RecursionError, OverflowError):
        return _rejected(source, Remark("reading_limit", "file"))


def _rejected(source: Source, remark: Remark) -> FileReading:
    return FileReading(source.file_id, source.path, source.context, remarks=[remark])


def _read(source: Source) -> FileReading:
    sheets, is_csv = workbooks.read(source.load())
    reading = FileReading(source.file_id, source.path, source.context)
    rows_read = 0
    nearest: SheetTables | None = None
    nearest_sheet = ""
    for sheet in sheets:
        found = find_tables(sheet)
        if found.broken is not None:
            raise _of(found.broken, sheet)
        if not found.tables:
            reading.skipped_sheets.append(sheet.name)
            if found.near is not None and (
                nearest is None or nearest.near is None or found.near.score > nearest.near.score
            ):
                nearest, nearest_sheet = found, sheet.name
            continue
        for table in found.tables:
            if is_csv:
                delimited.check_width(sheet, table.header, table.rows)
            made = blocks.make(sheet, table, source.context)
            reading.blocks += made.blocks
            reading.rows_skipped += made.skipped
            rows_read += made.skipped + sum(len(b.row_numbers) for b in made.blocks)
            if reading.dataset is None:
                reading.dataset = made.blocks[0].dataset if made.blocks else table.header.dataset.name
    if reading.dataset is None:
        if nearest is not None and nearest.near is not None:
            raise _of(nearest.near.remark, Sheet(nearest_sheet, []))
        if all(not sheet.rows for sheet in sheets):
            raise Rejected("file_empty")
        raise Rejected("unknown_header")
    if nearest is not None and nearest.near is not None and nearest.near.score >= 1:
        # letters or names of a header that would have to be guessed: nothing of the file is taken
        raise _of(nearest.near.remark, Sheet(nearest_sheet, []))
    if rows_read == 0:
        raise Rejected("no_rows")
    return reading


def _of(remark: Remark, sheet: Sheet) -> Rejected:
    rejected = Rejected(remark.rule)
    rejected.remark = replace(remark, sheet=sheet.name)
    return rejected
