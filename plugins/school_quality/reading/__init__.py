"""Reading: from files in the inbox to blocks of cell texts with provenance, pupils as pseudonyms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from school_quality.datasets import declarations_fingerprint
from school_quality.model import FileReading
from school_quality.reading.reader import READER_VERSION, read_here
from school_quality.reading.sources import Source, of_files, scan

__all__ = [
    "READER_VERSION",
    "Source",
    "declarations_fingerprint",
    "of_files",
    "read_file",
    "read_files",
    "scan",
]


def read_files(sources: Iterable[Source], processes: int = 2) -> Iterator[FileReading]:
    """Read sources in their order."""
    for source in sources:
        yield read_here(source)


def read_file(source: Source) -> FileReading:
    """Read one source."""
    return next(read_files([source], processes=1))
