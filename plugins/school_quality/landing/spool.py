"""Between reading and typing: the cell texts of many files in a few Arrow files, one table a dataset.

Blocks of small files are gathered until a chunk is worth writing, so that five thousand workbooks of one
row cost five thousand appends and a few files. Nothing here knows what a field means, but for the task
cells of ВПР, which become a list of small numbers a pupil; pupils are already pseudonyms.
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
from school_quality.reading.texts import task_name

CHUNK_CELLS = 1_000_000
"""Cells held in memory before a chunk is written: some tens of MB."""

NOT_ATTEMPTED, NOT_TAUGHT, UNCLEAR, EMPTY = -1, -2, -3, -4
"""What a task cell of ВПР lands as where it holds no points (contracts 2.2)."""

WORDS = {"": EMPTY, "x": NOT_ATTEMPTED, "х": NOT_ATTEMPTED} | dict.fromkeys(
    ("не пройд.", "не пройд", "не пройдено"), NOT_TAUGHT
)
"""Task cells without points, folded: Latin and Cyrillic x, a theme that was not taught yet."""

MOST_POINTS = 127
"""No task gives more, whatever a cell says."""

KEYS = {
    "row_id": pa.int64(),
    "source_row": pa.int64(),
    "file": pa.int32(),
    "block": pa.int64(),
    "row_number": pa.int32(),
}
MELTED = {
    "procedure_results": "failed_pct",
    "score_distribution": "share_pct",
    "task_completion": "achieved_pct",
}
"""Datasets with a landed row for each of several cells of a table row -> the field of such a cell. The column
``cell`` names the column of the file in which it stands, "" where a table row has none."""

PROCEDURE = re.compile(r"failed_pct:(ege|oge|vpr)_(\w+)_(\d{1,2})")
"""Name of a column of a table of percentages, `reading.procedures.ProcedureColumn.key`."""

TASKS = {
    "task_sum": pa.int32(),
    "stray_header": pa.string(),
    "stray_value": pa.string(),
    "cells": pa.list_(pa.int8()),
}


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


TaskSummary = tuple[pa.Array, ...]
"""The columns of `TASKS` for the rows of a block."""


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
        arrays += _tasks(gathered)
        arrays += [pa.array(_texts(gathered, name), pa.string()) for name in fields]
        table = pa.Table.from_arrays(arrays, names=[*KEYS, *TASKS, *fields])
        chunks = self.chunks.setdefault(dataset, [])
        path = self.folder / f"{dataset}.{len(chunks)}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        chunks.append(Chunk(path, fields, gathered.rows))


def melted(block: Block) -> tuple[Block, Sequence[int]]:
    """A table of `MELTED` as one row a cell; with it, for each row, the first row of its table row.

    A table row of empty cells stays as one row without a cell. An empty cell of a table of percentages makes
    no row; that of a score or a task beside filled ones does, so that a correction replaces it. Other blocks
    come back as they are.
    """
    value = MELTED.get(block.dataset)
    if value is None:
        return block, range(len(block.row_numbers))
    places = _melted_columns(block)
    cells = {name: block.columns.get(name) or block.tasks[name] for name in places}
    kept = {name: texts for name, texts in block.columns.items() if name not in places}
    made = ("cell", *dict.fromkeys(name for fields in places.values() for name in fields), value)
    columns: dict[str, list[str]] = {name: [] for name in (*kept, *made)}
    row_numbers: list[int] = []
    of_row: list[int] = []
    for row, row_number in enumerate(block.row_numbers):
        filled = [name for name in places if cells[name][row].strip()]
        if filled and block.dataset != "procedure_results":
            filled = list(places)
        first = len(row_numbers)
        for name in filled or [""]:
            of_cell = {"cell": name, value: cells[name][row].strip(), **places[name]} if name else {}
            for column in made:
                columns[column].append(of_cell.get(column, ""))
            for column, texts in kept.items():
                columns[column].append(texts[row])
            row_numbers.append(row_number)
            of_row.append(first)
    return replace(block, columns=columns, row_numbers=row_numbers, tasks={}), of_row


def _melted_columns(block: Block) -> dict[str, dict[str, str]]:
    """The columns of a block that become rows, and the fields that their headers say."""
    if block.dataset == "procedure_results":
        found = {name: PROCEDURE.fullmatch(name) for name in block.columns}
        return {
            name: dict(zip(("exam", "subject", "grade"), match.groups(), strict=True))
            for name, match in found.items()
            if match
        }
    if block.dataset == "score_distribution":
        return {name: {"score": name} for name in block.tasks}
    return {
        name: {"task": task_name(name), "position": str(position), "max_points": block.maxima.get(name, "")}
        for position, name in enumerate(block.tasks, 1)
    }


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


def _tasks(gathered: Gathered) -> list[pa.Array]:
    """The columns of `TASKS`."""
    found = [
        block.tasks or tuple(pa.nulls(len(block.row_numbers), kind) for kind in TASKS.values())
        for block in gathered.blocks
    ]
    return [pa.concat_arrays(parts) for parts in zip(*found, strict=True)]


def task_summary(tasks: dict[str, list[str]], rows: int) -> TaskSummary:
    """Per row: the sum of the points, the first odd cell (header, text), and all cells as `task_cell` gives
    them.

    Works on the few distinct texts of a column, not on every cell.
    """
    cells = np.empty((rows, len(tasks)), dtype=np.int8)
    for number, texts in enumerate(tasks.values()):
        encoded = pa.array(texts, pa.string()).dictionary_encode()
        values = np.array([task_cell(text) for text in encoded.dictionary.to_pylist()], dtype=np.int8)
        cells[:, number] = values[encoded.indices.to_numpy()]
    is_stray = cells == UNCLEAR
    stray = np.flatnonzero(is_stray.any(axis=1))
    first = is_stray[stray].argmax(axis=1)
    headers: list[str | None] = [None] * rows
    texts_of: list[str | None] = [None] * rows
    names = list(tasks)
    for row, number in zip(stray.tolist(), first.tolist(), strict=True):
        headers[row] = names[number]
        texts_of[row] = tasks[names[number]][row]
    offsets = np.arange(rows + 1, dtype=np.int32) * len(tasks)
    return (
        pa.array(cells.clip(min=0).sum(axis=1, dtype=np.int32), pa.int32()),
        pa.array(headers, pa.string()),
        pa.array(texts_of, pa.string()),
        pa.ListArray.from_arrays(pa.array(offsets), pa.array(cells.reshape(-1))),
    )


def task_cell(text: str) -> int:
    """Points of a task cell, or why it has none: not attempted, not taught, empty, unclear."""
    folded = text if text.isdigit() else text.replace("\u00a0", " ").strip().lower()
    if folded.isascii() and folded.isdigit():
        points = int(folded[:4])
        return points if len(folded) < 4 and points <= MOST_POINTS else UNCLEAR
    return WORDS.get(folded, UNCLEAR)
