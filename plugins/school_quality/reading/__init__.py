"""Reading: from files in the inbox to blocks of cell texts with provenance, pupils as pseudonyms.

`look` finds the sources (`scan`: only those that can be read), `read_files` reads them in child processes, in
order. What a file holds never raises: a file that cannot be read comes back with a remark of level ``file``
(rules of ``expectations/rules.yml``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from school_quality.datasets import declarations_fingerprint
from school_quality.model import FileReading
from school_quality.reading import workers
from school_quality.reading.reader import READER_VERSION, keeps_more
from school_quality.reading.sources import (
    Look,
    PassedOver,
    Reason,
    Source,
    SourceChanged,
    Stamp,
    look,
    of_files,
    scan,
)
from school_quality.reading.workers import kept as kept_processes

__all__ = [
    "READER_VERSION",
    "Look",
    "PassedOver",
    "Reason",
    "Source",
    "SourceChanged",
    "Stamp",
    "declarations_fingerprint",
    "keeps_more",
    "kept_processes",
    "look",
    "of_files",
    "read_file",
    "read_files",
    "scan",
]


def read_files(sources: Iterable[Source], processes: int = 2) -> Iterator[FileReading]:
    """Read sources in their order, in up to ``processes`` child processes, with flat memory.

    A source that changed since the scan is left out: it comes up again at the next scan. A file that aborts
    or hangs its process is rejected with ``reading_limit``.
    """
    return workers.read_all(list(sources), processes)


def read_file(source: Source) -> FileReading:
    """Read one source in a child process; `SourceChanged` where it is not what was scanned any more."""
    for reading in read_files([source], processes=1):
        return reading
    raise SourceChanged(source.path)
