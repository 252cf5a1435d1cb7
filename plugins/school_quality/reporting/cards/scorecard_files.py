"""The files of the scorecards: those that changed are written, the others taken from the release before."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from school_quality.reporting.cards.scorecard import Scorecard, build_scorecard
from school_quality.reporting.cards.scorecard_workbook import build_sheets
from school_quality.reporting.content.facts import Reference, SchoolFacts, read_schools
from school_quality.reporting.layout import unchanged
from school_quality.reporting.layout.rendering import PRESSES, Press, as_json, environment
from school_quality.reporting.layout.sheets import Sheet, print_sheets
from school_quality.reporting.layout.unchanged import Record, Written

FOLDER = "scorecards"
FORMATS = ("html", "pdf", "xlsx")
# Cards that are built and not yet printed: keeps memory flat, whatever the number of schools.
AHEAD = 32
# Progress is told once for so many cards.
TOLD = 100


@dataclass(frozen=True, slots=True)
class SchoolCard:
    """What is printed of a school: the card and the sheets of its workbook, of no release yet."""

    card: Scorecard
    sheets: tuple[Sheet, ...]

    def inputs(self, formats: Sequence[str]) -> dict[str, str]:
        """The fingerprint of what each format is made of."""
        card = unchanged.fingerprint(as_json(self.card))
        return {
            kind: unchanged.fingerprint(as_json(self.sheets)) if kind == "xlsx" else card for kind in formats
        }


def build_school_card(facts: SchoolFacts, reference: Reference) -> SchoolCard:
    """What is printed of one school for the reference's year or period."""
    card = build_scorecard(facts, reference)
    return SchoolCard(card, build_sheets(facts, reference, card))


def write_scorecards(
    connection: duckdb.DuckDBPyConnection,
    reference: Reference,
    directory: Path,
    release: dict[str, Any],
    *,
    edition: str = "official",
    previous: Path | None = None,
    tell: Callable[[str], None] = lambda message: None,
) -> tuple[int, int]:
    """Write the scorecards of every school of the reference, and ``documents.json``, what they were made of.

    Args:
        connection: a build or published warehouse, official or open.
        reference: dimensions, year, period and, where cards are wanted for one only, the municipality.
        directory: folder of the documents.
        release: ``release_id`` and ``as_of`` (a date or ISO text), shown on the cards that are written now.
        edition: ``official`` or ``open``; the open one names no files.
        previous: folder of the same edition's documents of the release before.
        tell: is told in Russian how far the work is.

    Returns:
        The number of cards, and of how many of them a file was written, not taken from the release before.
    """
    schools = read_schools(connection, reference, with_sources=edition == "official")
    cards = (build_school_card(facts, reference) for facts in schools)
    record, count, written = print_scorecards(cards, directory, release, previous=previous, tell=tell)
    unchanged.write_record(directory, record)
    if written < count:
        tell(f"Карточки без изменений, взяты из прошлого выпуска: {count - written}")
    return count, written


def print_scorecards(
    cards: Iterable[SchoolCard],
    directory: Path,
    release: dict[str, Any],
    *,
    previous: Path | None = None,
    tell: Callable[[str], None] = lambda message: None,
    formats: Sequence[str] = FORMATS,
) -> tuple[Record, int, int]:
    """Write ``scorecards/<school_id>.<format>`` of each card below ``directory``.

    They are printed in threads with a Typst compiler each, which works outside the interpreter's lock.

    Args:
        cards: what is printed.
        directory: folder of the documents.
        release: the one that cards written now are of.
        previous: folder of the documents of the release before.
        tell: is told in Russian how far the work is.
        formats: what is written, of `FORMATS`.

    Returns:
        Every file that there is now, the number of cards, and of how many of them a file was written and not
        taken from the release before.

    Raises:
        ValueError: a ``school_id`` cannot be the name of a file.
    """
    (directory / FOLDER).mkdir(parents=True, exist_ok=True)
    before = unchanged.read_record(previous)
    record: Record = {}
    count = fresh = 0
    desks = threading.local()

    def print_files(school: SchoolCard, names: dict[str, str]) -> Record:
        if not hasattr(desks, "press"):
            desks.press = Press()
        printed = {}
        for name, inputs in names.items():
            content = _content(name, school, release, desks.press)
            unchanged.write(directory / name, content)
            printed[name] = Written(inputs, unchanged.checksum(content))
        return printed

    printing: deque[Future[Record]] = deque()
    with ThreadPoolExecutor(PRESSES) as pool:
        for school in cards:
            names = _inputs(school, formats)
            kept = _keep(names, before, previous, directory)
            record |= kept
            if changed := {name: inputs for name, inputs in names.items() if name not in kept}:
                printing.append(pool.submit(print_files, school, changed))
                fresh += 1
            if len(printing) > AHEAD:
                record |= printing.popleft().result()
            count += 1
            if count % TOLD == 0:
                tell(f"Карточки школ: {count}")
        for task in printing:
            record |= task.result()
    if count % TOLD or not count:
        tell(f"Карточки школ: {count}")
    return record, count, fresh


def _keep(names: dict[str, str], before: Record, previous: Path | None, directory: Path) -> Record:
    """Those files that are taken from the release before, because their inputs are the same."""
    return {
        name: known
        for name, inputs in names.items()
        if (known := before.get(name)) is not None
        and known.inputs == inputs
        and previous is not None
        and unchanged.take(name, known, previous, directory)
    }


def _inputs(school: SchoolCard, formats: Sequence[str]) -> dict[str, str]:
    """Name and fingerprint of each file of a school."""
    school_id = school.card.school_id
    if not re.fullmatch(r"\w+", school_id):
        raise ValueError(f"school_id {school_id!r} cannot be a file name")
    return {f"{FOLDER}/{school_id}.{kind}": inputs for kind, inputs in school.inputs(formats).items()}


def _content(name: str, school: SchoolCard, release: dict[str, Any], press: Press) -> bytes:
    card = school.card.of_release(release)
    if name.endswith(".xlsx"):
        return print_sheets(school.sheets, card.title, card.imprint, release.get("as_of"))
    if name.endswith(".pdf"):
        return press.print("scorecard.typ", card)
    return environment().get_template("scorecard.html.j2").render(card=card).encode()
