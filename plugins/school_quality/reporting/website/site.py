"""The static pages of a release: overview of a municipality, its indicators, its schools, downloads.

They work from a folder and from a web server, link relatively, load nothing from elsewhere, need no script:
``site.js`` adds sorting and searching. A few municipalities are read, written and forgotten before the
next ones, so memory follows the largest one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from school_quality.reporting.content.facts import (
    BATCH,
    Reference,
    Row,
    merged_schools,
    read_statuses,
    read_unsent,
    rows,
)
from school_quality.reporting.layout.rendering import TEMPLATES, environment
from school_quality.reporting.layout.sheets import print_sheets
from school_quality.reporting.website import site_pages as pages
from school_quality.reporting.website.site_downloads import FORMATS, Group, data_files, reports_of
from school_quality.reporting.website.site_workbook import build_sheets

FOLDER = "site"
STYLES = ("style.css", "site/site.css")
SCRIPT = "site.js"
WORKBOOK = "schools.xlsx"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands: ``root`` leads to the site's start page, ``district`` to its municipality's."""

    root: str
    district: str


def write_site(
    connection: duckdb.DuckDBPyConnection,
    reference: Reference,
    directory: Path,
    release: dict[str, Any],
    *,
    edition: str,
) -> int:
    """Write ``site/`` beside ``scorecards/`` and ``reports/``, after them: it links what is there.

    With one municipality its overview is the start page, with several each has a folder below ``districts/``.
    Identical input gives identical bytes.

    Args:
        connection: a warehouse of the edition; what must not be known is suppressed in it already.
        reference: dimensions and district figures, also which municipality and period the pages are about.
        directory: the folder of the edition's documents.
        release: ``release_id`` and ``as_of``, cited on each page.
        edition: ``official`` or ``open``.

    Returns:
        The number of pages.
    """
    writer = _Writer(directory / FOLDER, pages.Imprint.of(reference, release, edition))
    writer.text("style.css", "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in STYLES))
    writer.text(SCRIPT, (TEMPLATES / "site" / SCRIPT).read_text(encoding="utf-8"))
    statuses = _statuses(connection, reference)
    before = _places(connection, reference)
    ids = list(statuses)
    slugs = _slugs(ids)
    summaries = []
    tables: list[pages.Link] = []
    for district in _read_districts(connection, reference, statuses, before, edition):
        municipality = district.reference.municipality_id or ""
        folder = "" if len(ids) == 1 else f"districts/{slugs[municipality]}/"
        links = reports_of(directory, municipality, single=len(ids) == 1)
        writer.book(f"{folder}{WORKBOOK}", district, release)
        tables.append(_table(f"Школы и показатели: {district.name}", folder))
        summaries.append(_write_district(writer, district, folder, links, directory))
    if len(ids) > 1:
        writer.page(
            "index.html",
            "start",
            districts=[
                replace(summary, href=f"districts/{slugs[id_]}/index.html")
                for id_, summary in zip(ids, summaries, strict=True)
            ],
            links=reports_of(directory, None, single=False),
        )
    groups = data_files(connection, reference, directory, edition)
    if tables:
        note = (
            "Статусы, группы и индексы школ, значения и баллы всех показателей: книга Excel на каждый район."
        )
        groups.insert(0, Group("Школы и показатели", note, tuple(tables)))
    writer.page("downloads.html", "downloads", groups=groups)
    return writer.pages


def _statuses(connection: duckdb.DuckDBPyConnection, reference: Reference) -> dict[str, list[Row]]:
    """Statuses of the schools of each municipality of the year; municipalities by name."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for status in read_statuses(connection, reference):
        if status["municipality_id"] is not None:
            found[status["municipality_id"]].append(status)
    return {
        id_: found[id_]
        for id_ in sorted(found, key=lambda id_: (reference.municipalities.get(id_) or "", id_))
    }


def _table(title: str, folder: str) -> pages.Link:
    return pages.Link(title, ((FORMATS["xlsx"], f"{folder}{WORKBOOK}"),))


def _slugs(ids: Iterable[str]) -> dict[str, str]:
    """A folder name for each municipality: its id, or the id's bytes where that could be no file name."""
    return {
        id_: id_ if re.fullmatch(r"\w{1,80}", id_, re.ASCII) else f"x{id_.encode().hex()[:120]}"
        for id_ in ids
    }


def _places(connection: duckdb.DuckDBPyConnection, reference: Reference) -> dict[str, Row]:
    """Group and cluster of each school in the year before."""
    found = rows(
        connection,
        "select school_id, school_group, cluster from marts.fct_school_status where reporting_year = ?",
        [reference.year - 1],
    )
    return {row["school_id"]: row for row in found}


def _read_districts(
    connection: duckdb.DuckDBPyConnection,
    reference: Reference,
    statuses: dict[str, list[Row]],
    before: dict[str, Row],
    edition: str,
) -> Iterator[pages.District]:
    """Each municipality with the values of the year or period; ``before`` as in `pages.District`.

    Several small ones are read together: a query for each would read the whole table as often as there are
    municipalities.
    """
    merged = merged_schools(reference.schools, reference.year)
    for batch in _batches(statuses):
        values = rows(
            connection,
            "select v.* from marts.fct_indicator_value as v"
            " where v.reporting_year = $1 and list_contains($2, v.municipality_id)"
            " and ($3 is null or v.period = $3)"
            " order by v.school_id, v.indicator_code, v.component, v.period",
            [reference.year, batch, reference.period],
        )
        figures = rows(
            connection,
            "select * from marts.fct_municipality_value where reporting_year = $1"
            " and list_contains($2, municipality_id) and ($3 is null or period = $3)",
            [reference.year, batch, reference.period],
        )
        ids = [status["school_id"] for id_ in batch for status in statuses[id_]]
        unsent = read_unsent(connection, reference.year, ids) if edition == "official" else {}
        by_school: defaultdict[str, defaultdict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in values:
            by_school[row["municipality_id"]][row["school_id"]].append(row)
        by_indicator: defaultdict[str, dict[tuple[str, str, str], Row]] = defaultdict(dict)
        for row in figures:
            key = row["indicator_code"], row["component"], row["period"]
            by_indicator[row["municipality_id"]][key] = row
        for id_ in batch:
            yield pages.District(
                replace(reference, municipality_id=id_),
                tuple(statuses[id_]),
                dict(by_school[id_]),
                by_indicator[id_],
                merged,
                before,
                unsent,
            )


def _batches(statuses: dict[str, list[Row]]) -> Iterator[list[str]]:
    """Municipalities in their order, as many together as have about a batch of schools."""
    batch: list[str] = []
    for id_ in statuses:
        batch.append(id_)
        if sum(len(statuses[each]) for each in batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _write_district(
    writer: _Writer, district: pages.District, folder: str, links: list[pages.Link], directory: Path
) -> pages.DistrictSummary:
    up = "../" * folder.count("/")
    overview = pages.build_overview(district)
    writer.page(
        f"{folder}index.html",
        "district",
        place=Place(up, ""),
        page=overview,
        links=[_table("Школы и показатели", ""), *(link.moved(up) for link in links)],
    )
    indicators = [pages.build_indicator(district, code) for code in district.codes]
    writer.page(
        f"{folder}indicators.html", "indicators", place=Place(up, ""), page=overview, indicators=indicators
    )
    for place, indicator in enumerate(indicators):
        writer.page(
            f"{folder}indicators/{indicator.code}.html",
            "indicator",
            place=Place(f"{up}../", "../"),
            page=indicator,
            district=overview,
            before=indicators[place - 1] if place else None,
            after=indicators[place + 1] if place + 1 < len(indicators) else None,
        )
    medians = {indicator.code: indicator.median for indicator in indicators}
    for status in district.statuses:
        school = pages.build_school(district, status, medians, directory)
        writer.page(
            f"{folder}schools/{school.school_id}.html",
            "school",
            place=Place(f"{up}../", "../"),
            page=school,
            district=overview,
        )
    return overview.summary


class _Writer:
    """Lays pages out below a folder and counts them."""

    def __init__(self, folder: Path, imprint: pages.Imprint) -> None:
        self._folder = folder
        self._imprint = imprint
        self._made: set[Path] = set()
        self.pages = 0

    def page(self, name: str, template: str, *, place: Place | None = None, **content: Any) -> None:
        text = (
            environment()
            .get_template(f"site/{template}.html.j2")
            .render(imprint=self._imprint, place=place or Place("", ""), **content)
        )
        self.text(name, text)
        self.pages += 1

    def book(self, name: str, district: pages.District, release: dict[str, Any]) -> None:
        """The workbook of a municipality."""
        title = f"{district.name}: школы и показатели, {district.reference.period_label}"
        self._path(name).write_bytes(
            print_sheets(build_sheets(district), title, self._imprint.text, release.get("as_of"))
        )

    def text(self, name: str, text: str) -> None:
        self._path(name).write_text(text, encoding="utf-8")

    def _path(self, name: str) -> Path:
        path = self._folder / name
        if path.parent not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        path.unlink(missing_ok=True)  # an old one may be shared with another release
        return path
