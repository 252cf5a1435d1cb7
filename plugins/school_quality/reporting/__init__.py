"""Documents of a release: a scorecard for each school and the list of identified schools."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from school_quality.reporting.facts import open_warehouse, read_reference, read_schools
from school_quality.reporting.identification import Identification, build_identification
from school_quality.reporting.press import Press, environment
from school_quality.reporting.scorecard import Scorecard, build_scorecard
from school_quality.reporting.workbook import identification_workbook

__all__ = ["DocumentsReport", "write_documents"]

PRESSES = min(4, os.cpu_count() or 1)
# Cards that are built and not yet printed: keeps memory flat, whatever the number of schools.
AHEAD = 64


@dataclass(frozen=True, slots=True)
class DocumentsReport:
    """How many schools got a scorecard, HTML and PDF, and how many stand in the list of identified ones."""

    scorecards: int
    identified: int


def write_documents(
    warehouse: Path,
    directory: Path,
    *,
    year: int,
    period: str | None,
    release: dict[str, Any],
    municipality: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> DocumentsReport:
    """Write the documents of a year, or the edition of a quarter or half-year.

    Writes ``scorecards/<school_id>.html`` and ``.pdf`` for every school of the year and
    ``reports/identified_schools.html``, ``.pdf`` and ``.xlsx``. Identical input gives identical bytes.

    Args:
        warehouse: DuckDB file with the schema ``marts``, opened read-only.
        directory: where ``scorecards/`` and ``reports/`` are made.
        year: reporting year.
        period: ``2022-Q1``, ``2022-H2`` …; None for the year.
        release: what the documents cite: ``release_id``, ``as_of`` (a date or ISO text).
        municipality: id or name of the only one for which documents are written; None for all.
        progress: is told in Russian how far the work is.

    Raises:
        UsageError: the warehouse has no school in that year, or no such period or municipality.
    """
    tell = progress or (lambda message: None)
    with open_warehouse(warehouse) as connection:
        reference = read_reference(connection, year, period, municipality)
        identification = build_identification(connection, reference, release)
        _write_identification(identification, directory / "reports", release)
        tell(f"Список школ: {identification.schools}")
        cards = (build_scorecard(facts, reference, release) for facts in read_schools(connection, reference))
        written = _write_scorecards(cards, directory / "scorecards", tell)
    return DocumentsReport(scorecards=written, identified=identification.schools)


def _write_identification(identification: Identification, directory: Path, release: dict[str, Any]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    html = environment().get_template("identified.html.j2").render(list=identification)
    (directory / "identified_schools.html").write_text(html, encoding="utf-8")
    (directory / "identified_schools.pdf").write_bytes(Press().print("identified.typ", identification))
    workbook = identification_workbook(identification, release.get("as_of"))
    (directory / "identified_schools.xlsx").write_bytes(workbook)


def _write_scorecards(cards: Iterator[Scorecard], directory: Path, tell: Callable[[str], None]) -> int:
    """HTML here, PDF in threads with a compiler each: Typst works outside the interpreter's lock."""
    directory.mkdir(parents=True, exist_ok=True)
    template = environment().get_template("scorecard.html.j2")
    presses = threading.local()

    def print_pdf(card: Scorecard) -> None:
        if not hasattr(presses, "press"):
            presses.press = Press()
        (directory / f"{card.school_id}.pdf").write_bytes(presses.press.print("scorecard.typ", card))

    written = 0
    with ThreadPoolExecutor(PRESSES) as pool:
        while batch := list(islice(cards, AHEAD)):
            printing: list[Future[None]] = []
            for card in batch:
                if not re.fullmatch(r"\w+", card.school_id):
                    raise ValueError(f"school_id {card.school_id!r} cannot be a file name")
                printing.append(pool.submit(print_pdf, card))
                (directory / f"{card.school_id}.html").write_text(
                    template.render(card=card), encoding="utf-8"
                )
            for task in printing:
                task.result()
            written += len(batch)
            tell(f"Карточки школ: {written}")
    return written
