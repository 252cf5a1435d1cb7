"""The reading process: ``python -m school_quality.reading.worker``, fed with sources over its standard input.

A hostile file may abort it (calamine runs out of memory) or hang it; `workers` notices and goes on with
another one.
"""

from __future__ import annotations

import gc
import os
import pickle
import resource
import sys

from school_quality.reading.frames import read_frame, write_frame
from school_quality.reading.reader import read_together
from school_quality.reading.sources import Source

ADDRESS_SPACE = 6 * 1024**3
"""A sheet of 20 million cells needs under 3 GB; a hostile one asks for hundreds."""


def main() -> None:
    """Answer batches of sources (pickled lists) with lists of their readings, until the input ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > ADDRESS_SPACE:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, hard))
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not end up among the answers
    # cells are millions of objects without a cycle among them: the collector would only walk over them
    gc.disable()
    while True:
        gc.collect()
        gc.freeze()  # what is still there are modules, declarations and caches: not to be looked at again
        try:
            batch: list[Source] = pickle.loads(read_frame(sys.stdin.fileno()))  # noqa: S301 - from our own parent
        except EOFError:
            return
        write_frame(answers, pickle.dumps(read_together(batch), protocol=5))


if __name__ == "__main__":
    main()
