"""Documents of a release: scorecards, the list of identified schools, papers of municipalities, the site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from school_quality.reporting.cards.scorecard_files import write_scorecards
from school_quality.reporting.content.facts import open_warehouse, read_reference
from school_quality.reporting.layout.rendering import Press, environment
from school_quality.reporting.lists.identification import Identification, build_identification
from school_quality.reporting.lists.identification_workbook import identification_workbook
from school_quality.reporting.papers.municipal import write_reports
from school_quality.reporting.website.site import write_site

__all__ = ["DocumentsReport", "Edition", "write_documents"]

Edition = Literal["official", "open"]
"""Official: for the authority; open: for the public site, from a warehouse where cells are suppressed."""


@dataclass(frozen=True, slots=True)
class DocumentsReport:
    """How many schools have a card, how many cards were written now, how many schools are identified.

    ``papers`` of municipalities and ``pages`` of the site are counted, too.
    """

    scorecards: int
    written: int
    identified: int
    papers: int
    pages: int


def write_documents(
    warehouse: Path,
    directory: Path,
    *,
    year: int,
    period: str | None,
    release: dict[str, Any],
    municipality: str | None = None,
    edition: Edition = "official",
    previous: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> DocumentsReport:
    """Write the documents of a year, or the edition of a quarter or half-year.

    Writes ``scorecards/<school_id>.html``, ``.pdf`` and ``.xlsx`` for every school of the year,
    ``reports/identified_schools.html`` and ``.pdf`` (and ``.xlsx`` in the official edition), the papers of
    municipalities (`municipal.write_reports`), the pages of ``site/`` (`site.write_site`), and
    ``documents.json``, what the cards were made of. Identical input gives identical bytes.

    Args:
        warehouse: DuckDB file with the schema ``marts``, opened read-only.
        directory: where ``scorecards/``, ``reports/`` and ``site/`` are made.
        year: reporting year.
        period: ``2022-Q1``, ``2022-H2`` …; None for the year.
        release: what the documents cite: ``release_id``, ``as_of`` (a date or ISO text).
        municipality: id or name of the only one for which documents are written; None for all.
        edition: for whom; what must not be known is suppressed in the warehouse already.
        previous: folder of the same edition's documents of the release before. Files of cards whose inputs
            did not change since (release and day aside) are shared with it and name the release that wrote
            them.
        progress: is told in Russian how far the work is.

    Raises:
        UsageError: the warehouse has no school in that year, or no such period or municipality.
    """
    tell = progress or (lambda message: None)
    with open_warehouse(warehouse) as connection:
        reference = read_reference(connection, year, period, municipality)
        identification = build_identification(connection, reference, release)
        _write_identification(identification, directory / "reports", release, edition)
        tell(f"Список школ: {identification.schools}")
        cards, written = write_scorecards(
            connection, reference, directory, release, edition=edition, previous=previous, tell=tell
        )
        papers = write_reports(connection, reference, directory, release, edition=edition)
        tell(f"Справки и другие документы районов: {papers}")
        pages = write_site(connection, reference, directory, release, edition=edition)
        tell(f"Страницы сайта: {pages}")
    return DocumentsReport(cards, written, identification.schools, papers, pages)


def _write_identification(
    identification: Identification, directory: Path, release: dict[str, Any], edition: Edition
) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    html = environment().get_template("identified.html.j2").render(list=identification)
    (directory / "identified_schools.html").write_text(html, encoding="utf-8")
    (directory / "identified_schools.pdf").write_bytes(Press().print("identified.typ", identification))
    if edition == "official":
        workbook = identification_workbook(identification, release.get("as_of"))
        (directory / "identified_schools.xlsx").write_bytes(workbook)
