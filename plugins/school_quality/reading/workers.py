"""Reading in child processes: a file that aborts or hangs one is rejected, the others go on."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Literal, cast

from school_quality.model import FileReading, Remark
from school_quality.reading.frames import read_frame, write_frame
from school_quality.reading.pseudonyms import load_key
from school_quality.reading.sources import Source

MODULE = "school_quality.reading.worker"
BATCH_FILES = 32
BATCH_BYTES = 4_000_000
WINDOW_BYTES = 64_000_000
"""Source bytes that may be read ahead of what the caller has taken: memory stays flat."""
SECONDS = 60.0
SECONDS_A_MEGABYTE = 5.0
"""After this a process is stopped and its file rejected (`reading_limit`)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive sources that one process reads."""

    first: int
    sources: list[Source]

    @property
    def size(self) -> int:
        return sum(s.size for s in self.sources)


@dataclass(slots=True)
class Worker:
    """A reading process; started when it is first needed and again after it died."""

    process: subprocess.Popen[bytes] | None = None

    def ask(self, sources: list[Source]) -> list[FileReading | None] | None:
        """The readings of some sources; ``None`` where the process died of them, or took too long, and is
        gone."""
        if self.process is None:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
            )
        seconds = SECONDS + sum(s.size for s in sources) / 1e6 * SECONDS_A_MEGABYTE
        try:
            write_frame(self._stream("stdin").fileno(), pickle.dumps(sources, protocol=5))
            answer = read_frame(self._stream("stdout").fileno(), seconds)
        except (EOFError, OSError):
            self.stop()
            return None
        return cast("list[FileReading | None]", pickle.loads(answer))  # noqa: S301 - from our own child

    def _stream(self, name: Literal["stdin", "stdout"]) -> IO[bytes]:
        stream: IO[bytes] | None = getattr(self.process, name)
        if stream is None:
            raise EOFError
        return stream

    def stop(self) -> None:
        if self.process is None:
            return
        process, self.process = self.process, None
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        process.wait()


_kept: list[Worker] | None = None  # idle processes, while someone keeps them


@contextmanager
def kept() -> Iterator[None]:
    """Keep the reading processes from one `read_all` to the next: each costs half a second to start.

    The key and the declarations that they have read stay with them.
    """
    global _kept
    if _kept is not None:
        yield
        return
    _kept = []
    try:
        yield
    finally:
        idle, _kept = _kept, None
        for worker in idle:
            worker.stop()


@dataclass(slots=True)
class _Shared:
    """What the threads that feed the processes share with the caller."""

    batches: list[Batch]
    answers: dict[int, list[FileReading | None]] = field(
        default_factory=dict
    )  # by the first number of a batch
    taken: int = 0  # batches given to a worker
    ahead: int = 0  # bytes given out and not taken by the caller
    stopped: bool = False
    failure: BaseException | None = None
    changed: threading.Condition = field(default_factory=threading.Condition)


def batches_of(sources: Sequence[Source]) -> list[Batch]:
    """Consecutive sources by numbers and bytes that are worth a message."""
    batches: list[Batch] = []
    first, size = 0, 0
    for number, source in enumerate(sources):
        if number > first and (number - first >= BATCH_FILES or size + source.size > BATCH_BYTES):
            batches.append(Batch(first, list(sources[first:number])))
            first, size = number, 0
        size += source.size
    if len(sources) > first:
        batches.append(Batch(first, list(sources[first:])))
    return batches


def read_all(sources: Sequence[Source], processes: int) -> Iterator[FileReading]:
    """Readings in the order of ``sources``, read by up to ``processes`` child processes."""
    load_key()  # made here, if it has to be, and not by two children at once
    batches = batches_of(sources)
    shared = _Shared(batches)
    threads = [
        threading.Thread(target=_feed, args=(shared,), name=f"reading-{n}", daemon=True)
        for n in range(max(1, min(processes, len(batches))))
    ]
    for thread in threads:
        thread.start()
    try:
        for batch in batches:
            with shared.changed:
                while batch.first not in shared.answers and shared.failure is None:
                    shared.changed.wait()
                if shared.failure is not None:
                    raise shared.failure
                readings = shared.answers.pop(batch.first)
            yield from filter(None, readings)
            with shared.changed:
                shared.ahead -= batch.size
                shared.changed.notify_all()
    finally:
        with shared.changed:
            shared.stopped = True
            shared.changed.notify_all()
        for thread in threads:
            thread.join()


def _feed(shared: _Shared) -> None:
    worker = _kept.pop() if _kept else Worker()
    try:
        while (batch := _next(shared)) is not None:
            _read_batch(shared, worker, batch)
    except BaseException as error:
        with shared.changed:
            shared.failure = error
            shared.changed.notify_all()
    finally:
        if _kept is None or shared.failure is not None:
            worker.stop()
        else:
            _kept.append(worker)


def _next(shared: _Shared) -> Batch | None:
    with shared.changed:
        while True:
            if shared.stopped or shared.taken == len(shared.batches):
                return None
            batch = shared.batches[shared.taken]
            if shared.ahead == 0 or shared.ahead + batch.size <= WINDOW_BYTES:
                shared.taken += 1
                shared.ahead += batch.size
                return batch
            shared.changed.wait()


def _read_batch(shared: _Shared, worker: Worker, batch: Batch) -> None:
    """Read a batch in one message; where that kills or hangs the process, one file at a time, to find which
    it was."""
    readings = worker.ask(batch.sources)
    if readings is None:
        readings = []
        for source in batch.sources:
            if shared.stopped:
                break
            answer = worker.ask([source])
            if answer is None:
                remark = Remark("reading_limit", "file")
                answer = [FileReading(source.file_id, source.path, source.context, remarks=[remark])]
            readings += answer
    with shared.changed:
        shared.answers[batch.first] = readings
        shared.changed.notify_all()
