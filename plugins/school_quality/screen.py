"""What the user sees: progress messages on the screen, everything else in a log file."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

progress = logging.getLogger("school_quality.progress")
"""Short Russian messages about what is being done; in an Airflow worker they go to the task's log."""


@contextmanager
def quiet(log_file: Path) -> Iterator[None]:
    """Send everything that is written to the screen to ``log_file``, except the progress messages.

    Works on file descriptors, because child processes and C libraries write too.
    """
    log_file.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    target = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace", buffering=1) as screen:
        handler = logging.StreamHandler(screen)
        handler.setFormatter(logging.Formatter("%(message)s"))
        before = progress.propagate, progress.level
        progress.addHandler(handler)
        progress.propagate = False
        progress.setLevel(logging.INFO)
        os.dup2(target, 1)
        os.dup2(target, 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, number in zip(saved, (1, 2), strict=True):
                os.dup2(descriptor, number)
                os.close(descriptor)
            os.close(target)
            progress.removeHandler(handler)
            progress.propagate, progress.level = before


_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What ends a line, moves the cursor or turns the direction of a text round."""


def one_line(text: str) -> str:
    """The text, with control characters as Python writes them: a name of a file must not forge a line."""
    return _BREAKS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Lines of a table with aligned columns: numbers to the right, texts to the left; None is a dash."""
    cells = [["—" if value is None else one_line(str(value)) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    right = [all(isinstance(row[i], int | float) for row in rows) for i in range(len(header))]
    return [
        "  ".join(
            text.rjust(width) if is_right else text.ljust(width)
            for text, width, is_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in [list(header), *cells]
    ]
