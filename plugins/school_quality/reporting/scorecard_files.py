"""The files of the scorecards: those that changed are written, the others taken from the release before."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from school_quality.reporting import reuse
from school_quality.reporting.press import PRESSES, Press, environment
from school_quality.reporting.reuse import Record, Written
from school_quality.reporting.scorecard import Scorecard

FOLDER = "scorecards"
FORMATS = ("html", "pdf")
# Cards that are built and not yet printed: keeps memory flat, whatever the number of schools.
AHEAD = 64


def write_scorecards(
    cards: Iterable[Scorecard],
    directory: Path,
    release: dict[str, Any],
    *,
    previous: Path | None = None,
    tell: Callable[[str], None] = lambda message: None,
    formats: Sequence[str] = FORMATS,
) -> tuple[Record, int]:
    """Write ``scorecards/<school_id>.<format>`` of each card below ``directory``.

    They are printed in threads with a Typst compiler each, which works outside the interpreter's lock.

    Args:
        cards: cards that name no release yet.
        directory: folder of the documents.
        release: the one that cards written now are of.
        previous: folder of the documents of the release before.
        tell: is told in Russian how far the work is.
        formats: what is written, of `FORMATS`.

    Returns:
        What there is now, and how many cards of it were written, not taken from the release before.

    Raises:
        ValueError: a ``school_id`` cannot be the name of a file.
    """
    (directory / FOLDER).mkdir(parents=True, exist_ok=True)
    before = reuse.read_record(previous)
    record: Record = {}
    fresh = 0
    desks = threading.local()

    def print_card(card: Scorecard, inputs: str) -> Written:
        if not hasattr(desks, "press"):
            desks.press = Press()
        files = {}
        for kind in formats:
            name = f"{FOLDER}/{card.school_id}.{kind}"
            content = _content(kind, card, desks.press)
            reuse.write(directory / name, content)
            files[name] = reuse.checksum(content)
        return Written(inputs, files)

    waiting = iter(cards)
    with ThreadPoolExecutor(PRESSES) as pool:
        while batch := list(islice(waiting, AHEAD)):
            printing: dict[str, Future[Written]] = {}
            for card in batch:
                if not re.fullmatch(r"\w+", card.school_id):
                    raise ValueError(f"school_id {card.school_id!r} cannot be a file name")
                inputs = reuse.fingerprint(json.dumps(asdict(card), ensure_ascii=False), *formats)
                known = before.get(card.school_id)
                if known and previous and known.inputs == inputs and reuse.take(known, previous, directory):
                    record[card.school_id] = known
                else:
                    printing[card.school_id] = pool.submit(print_card, card.of_release(release), inputs)
            record |= {school: task.result() for school, task in printing.items()}
            fresh += len(printing)
            tell(f"Карточки школ: {len(record)}")
    return record, fresh


def _content(kind: str, card: Scorecard, press: Press) -> bytes:
    if kind == "pdf":
        return press.print("scorecard.typ", card)
    return environment().get_template("scorecard.html.j2").render(card=card).encode()
