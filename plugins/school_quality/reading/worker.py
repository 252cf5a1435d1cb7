"""The reading process: ``python -m school_quality.reading.worker``, fed with sources over its standard input.

A hostile file may abort it (calamine runs out of memory) or hang it; `workers` notices and goes on with
another one.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import resource
import sys

from school_quality.model import FileReading, Remark
from school_quality.reading.frames import read_frame, write_frame
from school_quality.reading.reader import read_here
from school_quality.reading.sources import Source, SourceChanged

ADDRESS_SPACE = 6 * 1024**3
"""A sheet of 20 million cells needs under 3 GB; a hostile one asks for hundreds."""


def read_guarded(source: Source) -> FileReading | None:
    """The reading of a source, ``None`` where it changed since the scan; a fault of the reader rejects the
    file."""
    try:
        return read_here(source)
    except SourceChanged:
        return None
    except (
        Exception
    ) as error:  # one file must never stop the others; its cells may be personal: only the place is told
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
        logging.getLogger(__name__).error("%s: %s at %s", source.file_id, type(error).__name__, where)
        remark = Remark("file_unreadable", "file")
        return FileReading(source.file_id, source.path, source.context, remarks=[remark])


def main() -> None:
    """Answer batches of sources (pickled lists) with lists of their readings, until the input ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > ADDRESS_SPACE:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, hard))
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not end up among the answers
    # cells are millions of objects without a cycle among them: the collector would only walk over them
    gc.freeze()
    gc.disable()
    while True:
        gc.collect()
        try:
            batch: list[Source] = pickle.loads(read_frame(sys.stdin.fileno()))  # noqa: S301 - from our own parent
        except EOFError:
            return
        write_frame(answers, pickle.dumps([read_guarded(source) for source in batch], protocol=5))


if __name__ == "__main__":
    main()
