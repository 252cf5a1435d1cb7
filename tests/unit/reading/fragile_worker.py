"""A reading process in which a file of four letters is the hostile one."""

from __future__ import annotations

import os
import time

from school_quality.model import FileReading
from school_quality.reading import worker
from school_quality.reading.sources import Source

_read = worker.read_guarded


def read_fragile(source: Source) -> FileReading | None:
    content = source.load()
    if content == b"kill":
        os.abort()
    if content == b"hang":
        time.sleep(600)
    return _read(source)


if __name__ == "__main__":
    worker.read_guarded = read_fragile
    worker.main()
