"""A reading process in which a file of four letters is the hostile one."""

from __future__ import annotations

import os
import time

from school_quality.model import FileReading
from school_quality.reading import worker
from school_quality.reading.sources import Source

_read = worker.read_together


def read_fragile(sources: list[Source]) -> list[FileReading | None]:
    for source in sources:
        content = source.load()
        if content == b"kill":
            os.abort()
        if content == b"hang":
            time.sleep(600)
    return _read(sources)


if __name__ == "__main__":
    worker.read_together = read_fragile
    worker.main()
