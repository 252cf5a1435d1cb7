"""Reading many files, in one process or several; the cell texts go straight into the spool."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from school_quality.landing.spool import BlockMeta, Chunk, Spool
from school_quality.model import FileReading, Remark
from school_quality.reading import read_file
from school_quality.reading.sources import Source, SourceChanged

POOL_BYTES = 8_000_000
"""Below this, starting processes costs more than they save."""
POOL_FILES = 300

GROUPS_PER_PROCESS = 4
"""Files are dealt into so many groups a process: small enough to even out, large enough for full chunks."""


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read; ``file`` is its number in the batch."""

    file: int
    source: Source


@dataclass(slots=True)
class Found:
    """What was read: readings without their blocks, whose rows are in the chunks."""

    readings: dict[int, FileReading] = field(default_factory=dict)
    blocks: list[BlockMeta] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    waiting: list[Job] = field(default_factory=list)  # changed since the scan: the next time

    def add(self, other: Found) -> None:
        self.readings |= other.readings
        self.blocks += other.blocks
        self.chunks += other.chunks
        self.waiting += other.waiting


def read_jobs(
    jobs: Sequence[Job], folder: Path, first_spool: int, processes: int, progress: Callable[[str], None]
) -> Found:
    """Read files into ``folder``. Spools are numbered from ``first_spool``; no two of a batch may be the same."""
    size = sum(job.source.size for job in jobs)
    if processes < 2 or len(jobs) < 2 or (size < POOL_BYTES and len(jobs) < POOL_FILES):
        return read_group(jobs, folder, first_spool)
    found = Found()
    broken: list[Job] = []
    groups = list(dealt(jobs, processes * GROUPS_PER_PROCESS))
    # spawn: a fork would copy the threads of DuckDB half-way through their work
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        waiting = {
            pool.submit(read_group, group, folder, first_spool + number): group for number, group in enumerate(groups)
        }
        done = 0
        for future in as_completed(waiting):
            group = waiting[future]
            done += len(group)
            try:
                found.add(future.result())
            except BrokenProcessPool:
                broken += group
            progress(f"Прочитано файлов: {done} из {len(jobs)}")
    for number, job in enumerate(broken):
        found.add(read_alone(job, folder, first_spool + len(groups) + number, context))
    return found


def read_alone(job: Job, folder: Path, spool: int, context: multiprocessing.context.SpawnContext) -> Found:
    """Read a file of a group whose process died, in a process of its own: it may be the one that kills."""
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(read_group, [job], folder, spool).result()
        except BrokenProcessPool:
            source = job.source
            reading = FileReading(source.file_id, source.path, source.context)
            reading.remarks.append(Remark("reading_limit", "file"))
            return Found({job.file: reading})


def read_group(jobs: Sequence[Job], folder: Path, number: int) -> Found:
    """Read files one after the other into one spool."""
    spool = Spool(folder, number)
    found = Found()
    for job in jobs:
        try:
            reading = read_file(job.source)
        except SourceChanged:
            found.waiting.append(job)
            continue
        if reading.rejected:
            reading.blocks.clear()
        for block in reading.blocks:
            spool.add(job.file, block)
        reading.blocks = []
        found.readings[job.file] = reading
    spool.close()
    found.blocks, found.chunks = spool.blocks, spool.chunks
    return found


def dealt(jobs: Sequence[Job], groups: int) -> Iterator[list[Job]]:
    """Deal files into groups of about the same size, the largest first."""
    hands: list[list[Job]] = [[] for _ in range(groups)]
    sizes = [0] * groups
    for job in sorted(jobs, key=lambda j: -j.source.size):
        smallest = sizes.index(min(sizes))
        hands[smallest].append(job)
        # a file costs something even if it is empty
        sizes[smallest] += job.source.size + 4096
    yield from (hand for hand in hands if hand)
