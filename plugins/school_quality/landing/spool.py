"""Between reading and typing: the cell texts of many files in a few Arrow files, one table a dataset.

Blocks of small files are gathered until a chunk is worth writing, so that five thousand workbooks of one
row cost five thousand appends and a few files. Nothing here knows what a field means, but for the task
cells of ВПР, which are reduced to their sum; pupils are already pseudonyms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from school_quality.model import Block

CHUNK_CELLS = 1_000_000
"""Cells held in memory before a chunk is written: some tens of MB."""

NOT_ATTEMPTED = frozenset({"", "x", "х", "не пройд.", "не пройд", "не пройдено"})
"""Task cells (folded) that say "no points": Latin and Cyrillic x, a theme that was not taught yet."""

KEYS = {
    "row_id": pa.int64(),
    "source_row": pa.int64(),
    "file": pa.int32(),
    "block": pa.int64(),
    "row_number": pa.int32(),
}
PROCEDURE = re.compile(r"failed_pct:(ege|oge|vpr)_(\w+)_(\d{1,2})")
"""Name of a column of a table of percentages, `reading.procedures.ProcedureColumn.key`."""

TASKS = {"task_sum": pa.int32(), "stray_header": pa.string(), "stray_value": pa.string()}


@dataclass(frozen=True, slots=True)
class BlockMeta:
    """A block without its rows. ``block`` and ``file`` are the numbers that the rows carry."""

    block: int
    file: int
    dataset: str
    sheet: str
    headers: dict[str, str]
    footer: dict[str, str]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One Arrow IPC file of text rows; ``fields`` are its text columns."""

    path: Path
    fields: tuple[str, ...]
    rows: int


TaskSummary = tuple[Sequence[int | None], Sequence[str | None], Sequence[str | None]]
"""The columns of `TASKS`."""


class Waiting(NamedTuple):
    """A block that waits to be written; ``of_row``: for each row the first row of its table row."""

    columns: dict[str, list[str]]
    constants: dict[str, str]
    tasks: TaskSummary | None
    row_numbers: list[int]
    of_row: Sequence[int]
    file: int
    number: int
    first_row: int


@dataclass(slots=True)
class Gathered:
    """Blocks of one dataset that wait to be written."""

    blocks: list[Waiting] = field(default_factory=list)
    rows: int = 0
    cells: int = 0


@dataclass(slots=True)
class Spool:
    """Writes the blocks of a batch into ``folder``; ``rows`` counts the table rows of each file."""

    folder: Path
    blocks: list[BlockMeta] = field(default_factory=list)
    chunks: dict[str, list[Chunk]] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)
    _gathered: dict[str, Gathered] = field(default_factory=dict)
    _next_row: int = 0

    def add(self, file: int, block: Block) -> None:
        """Take the rows of a block, whose lists may be forgotten afterwards."""
        table_rows = len(block.row_numbers)
        block, of_row = melted(block)
        rows = len(block.row_numbers)
        number, first_row = len(self.blocks), self._next_row
        self._next_row += rows
        self.rows[file] = self.rows.get(file, 0) + table_rows
        self.blocks.append(
            BlockMeta(
                block=number,
                file=file,
                dataset=block.dataset,
                sheet=block.sheet,
                headers=block.headers,
                footer=block.footer,
            )
        )
        if any(len(texts) != rows for texts in block.columns.values()):
            lengths = {name: len(texts) for name, texts in block.columns.items()}
            raise ValueError(f"block of {block.dataset}: {rows} rows, cells by column {lengths}")
        gathered = self._gathered.setdefault(block.dataset, Gathered())
        tasks = task_summary(block.tasks, rows) if block.tasks else None
        gathered.blocks.append(
            Waiting(block.columns, block.constants, tasks, block.row_numbers, of_row, file, number, first_row)
        )
        gathered.rows += rows
        gathered.cells += rows * (len(block.columns) + len(block.constants))
        if gathered.cells > CHUNK_CELLS:
            self._write(block.dataset)

    def flush(self) -> None:
        """Write what still waits."""
        for dataset in list(self._gathered):
            self._write(dataset)

    def _write(self, dataset: str) -> None:
        gathered = self._gathered.pop(dataset)
        if not gathered.rows:
            return
        fields = tuple(sorted({n for w in gathered.blocks for n in (*w.columns, *w.constants)}))
        arrays = [pa.array(values, kind) for values, kind in zip(_keys(gathered), KEYS.values(), strict=True)]
        arrays += [
            pa.array(values, kind) for values, kind in zip(_tasks(gathered), TASKS.values(), strict=True)
        ]
        arrays += [pa.array(_texts(gathered, name), pa.string()) for name in fields]
        table = pa.Table.from_arrays(arrays, names=[*KEYS, *TASKS, *fields])
        chunks = self.chunks.setdefault(dataset, [])
        path = self.folder / f"{dataset}.{len(chunks)}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        chunks.append(Chunk(path, fields, gathered.rows))


def melted(block: Block) -> tuple[Block, Sequence[int]]:
    """A table of percentages as one row a cell; with it, for each row, the first row of its table row.

    Columns named by a procedure become ``procedure, exam, subject, grade, failed_pct``; empty cells make no
    row, but a table row of empty cells stays as one without a procedure. Other blocks come back as they
    are.
    """
    if block.dataset != "procedure_results":
        return block, range(len(block.row_numbers))
    procedures = {name: PROCEDURE.fullmatch(name) for name in block.columns}
    made = ("procedure", "exam", "subject", "grade", "failed_pct")
    kept = {name: texts for name, texts in block.columns.items() if not procedures[name]}
    columns: dict[str, list[str]] = {name: [] for name in (*kept, *made)}
    row_numbers: list[int] = []
    of_row: list[int] = []
    for row, row_number in enumerate(block.row_numbers):
        cells = [
            (name, *match.groups(), block.columns[name][row])
            for name, match in procedures.items()
            if match and block.columns[name][row]
        ] or [("", "", "", "", "")]
        first = len(row_numbers)
        for cell in cells:
            for name, text in zip(made, cell, strict=True):
                columns[name].append(text)
            for name, texts in kept.items():
                columns[name].append(texts[row])
            row_numbers.append(row_number)
            of_row.append(first)
    return replace(block, columns=columns, row_numbers=row_numbers), of_row


def _keys(gathered: Gathered) -> tuple[list[int], ...]:
    """The columns of `KEYS`."""
    row_ids: list[int] = []
    source_rows: list[int] = []
    files: list[int] = []
    blocks: list[int] = []
    row_numbers: list[int] = []
    for block in gathered.blocks:
        rows, first = len(block.row_numbers), block.first_row
        row_ids.extend(range(first, first + rows))
        source_rows.extend([first + row for row in block.of_row])
        files.extend([block.file] * rows)
        blocks.extend([block.number] * rows)
        row_numbers.extend(block.row_numbers)
    return row_ids, source_rows, files, blocks, row_numbers


def _texts(gathered: Gathered, name: str) -> list[str | None]:
    """A column of texts; null where a block has no such column."""
    column: list[str | None] = []
    for block in gathered.blocks:
        texts = block.columns.get(name)
        column.extend([block.constants.get(name)] * len(block.row_numbers) if texts is None else texts)
    return column


def _tasks(gathered: Gathered) -> tuple[list[int | None], list[str | None], list[str | None]]:
    """The columns of `TASKS`."""
    sums: list[int | None] = []
    headers: list[str | None] = []
    values: list[str | None] = []
    for block in gathered.blocks:
        none = [None] * len(block.row_numbers)
        found = block.tasks or (none, none, none)
        sums.extend(found[0])
        headers.extend(found[1])
        values.extend(found[2])
    return sums, headers, values


def task_summary(tasks: dict[str, list[str]], rows: int) -> TaskSummary:
    """Per row: the sum of the task cells, and the first odd cell: header and text.

    Works on the few distinct texts of a column, not on its cells.
    """
    total = np.zeros(rows, dtype=np.int64)
    stray = np.full(rows, -1, dtype=np.int64)
    for number, cells in enumerate(tasks.values()):
        encoded = pa.array(cells, pa.string()).dictionary_encode()
        points = [task_points(text) for text in encoded.dictionary.to_pylist()]
        codes = encoded.indices.to_numpy()
        total += np.array([p or 0 for p in points], dtype=np.int64)[codes]
        is_stray = np.array([p is None for p in points], dtype=bool)[codes]
        stray[is_stray & (stray < 0)] = number
    headers: list[str | None] = [None] * rows
    values: list[str | None] = [None] * rows
    names = list(tasks)
    for row in np.flatnonzero(stray >= 0).tolist():
        headers[row] = names[stray[row]]
        values[row] = tasks[names[stray[row]]][row]
    sums: list[int] = total.tolist()
    return sums, headers, values


def task_points(text: str) -> int | None:
    """Points of a task cell; 0 where it was not attempted, null for a text that is neither."""
    if text.isascii() and text.isdigit():
        return int(text)
    folded = text.replace("\u00a0", " ").strip().lower()
    if folded in NOT_ATTEMPTED:
        return 0
    return int(folded) if folded.isascii() and folded.isdigit() else None
