"""One file to what it turned out to be: the way through recognition, without a look at any other file."""

from __future__ import annotations

from dataclasses import replace

from school_quality.model import FileReading, Remark
from school_quality.reading import blocks, delimited, workbooks
from school_quality.reading.context import Consulted
from school_quality.reading.failures import Rejected
from school_quality.reading.headers import GUESS, NearMiss
from school_quality.reading.sources import Source
from school_quality.reading.tables import BROKEN_HEADER, find_tables

READER_VERSION = "1"
"""Part of every receipt. Bump it when the reader would make other rows, remarks or counts of the same bytes:
files that were rejected, or had rows rejected, are then read again. Changed declarations and seeds need no
bump: ``declarations_fingerprint`` tells."""


def read_here(source: Source) -> FileReading:
    """Read ``source`` in this process. Never raises for what the file holds; a hostile file may kill the
    process."""
    if source.rejection is not None:
        return _rejected(source, source.rejection)
    path = Consulted(source.context)
    try:
        reading = _read(source, path)
    except Rejected as rejected:
        reading = _rejected(source, rejected.remark)
    except (MemoryError, RecursionError, OverflowError):
        reading = _rejected(source, Remark("reading_limit", "file"))
    reading.consulted = tuple(sorted(path.fields))
    return reading


def _rejected(source: Source, remark: Remark) -> FileReading:
    return FileReading(source.file_id, source.path, source.context, remarks=[remark])


def _read(source: Source, path: Consulted) -> FileReading:
    sheets, is_csv = workbooks.read(source.load())
    reading = FileReading(source.file_id, source.path, source.context)
    rows_read = 0
    missed: list[NearMiss] = []  # sheets without a table, and what they lack to be one
    for sheet in sheets:
        found = find_tables(sheet)
        if found.broken is not None:
            raise _of(replace(found.broken, sheet=sheet.name))
        if not found.tables:
            reading.skipped_sheets.append(sheet.name)
            if found.near is not None:
                missed.append(replace(found.near, remark=replace(found.near.remark, sheet=sheet.name)))
            continue
        for table in found.tables:
            if is_csv:
                delimited.check_width(sheet, table.header, table.rows)
            made = blocks.make(sheet, table, path)
            reading.blocks += made.blocks
            reading.rows_skipped += made.skipped
            rows_read += made.skipped + sum(len(b.row_numbers) for b in made.blocks)
            if reading.dataset is None:
                reading.dataset = made.blocks[0].dataset if made.blocks else table.header.dataset.name
    missed.sort(key=lambda near: -near.score)
    if reading.dataset is None:
        if missed:
            raise _of(missed[0].remark)
        raise Rejected("file_empty" if all(not sheet.rows for sheet in sheets) else "unknown_header")
    if missed and missed[0].score >= GUESS:
        # letters or names of a header that would have to be guessed: nothing of the file is taken
        raise _of(missed[0].remark)
    for near in missed:
        if near.score >= BROKEN_HEADER:
            reading.remarks.append(replace(near.remark, rule="sheet_almost_known", level="warning"))
    if rows_read == 0:
        raise Rejected("no_rows")
    return reading


def _of(remark: Remark) -> Rejected:
    rejected = Rejected(remark.rule)
    rejected.remark = remark
    return rejected
