"""Files that the page hands out, each from one folder that nothing can leave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from school_quality import terms
from school_quality.settings import Settings
from school_quality.warehouse.publication import releases
from school_quality.warehouse.readers.opening import open_shut

FOLDERS = ("scorecards", "reports", "site", "open", "parquet")
"""The folders of a release for every reader: documents and marts. The warehouse file holds remarks, too."""

DRAFT = "draft_order_"
"""So begins the name of a document on which nobody has decided yet: it is for the staff only."""

TITLES = terms.words("document")
"""Titles of reports by the beginning of their names; the id of a municipality may follow."""

PARTS_OF_PAGES = {".css", ".js", ".json", ".svg", ".png", ".ico", ".woff2"}
"""What a browser fetches for a page of a site by itself; nobody opens it as a document."""


@dataclass(frozen=True, slots=True)
class Card:
    """A school's scorecard: its formats by suffix, as paths within the release."""

    municipality_id: str
    municipality: str
    school: str
    formats: dict[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """A report in all its formats, as paths within the release; ``municipality_id`` is empty for all."""

    municipality_id: str
    title: str
    formats: dict[str, str]


@dataclass(frozen=True, slots=True)
class Edition:
    """Reports, start page of the site (None: there is none) and data files of an edition of a release."""

    reports: list[Report]
    site: str | None
    data: list[str]


def within(folder: Path, name: str) -> Path | None:
    """The file ``name`` inside ``folder``; None if there is none, or it lies outside, links followed.

    A hidden file, or one in a hidden folder, does not exist either.
    """
    if "\0" in name or any(part.startswith(".") for part in Path(name).parts):
        return None
    root = folder.resolve()
    try:
        path = (root / name).resolve()
        return path if path.is_relative_to(root) and path.is_file() else None
    except OSError:  # a name longer than the file system allows
        return None


def published(settings: Settings, release_id: str, name: str) -> Path | None:
    """A document of a release that readers may see; None if there is none."""
    if release_id not in releases.all_ids(settings):
        return None
    folder, _, rest = name.partition("/")
    return within(settings.published / release_id / folder, rest) if folder in FOLDERS else None


def with_way_back(page: str, root: str) -> str:
    """An HTML document with a link to the page «Школы» above it; ``root`` is that page's relative address.

    In Airflow's frame a document has no address bar beside it, and the menu does not lead out of it.
    """
    link = f'<nav class="small" aria-label="Школы"><a href="{root}">← Все документы выпуска</a></nav>'
    return re.sub(r"<body[^>]*>", lambda body: body.group() + "\n" + link, page, count=1)


def cards(settings: Settings, release_id: str) -> list[Card]:
    """The scorecards of a release by municipality and school."""
    found = _by_stem(settings.published / release_id, "scorecards")
    with open_shut(releases.warehouse(settings, release_id)) as connection:
        schools = connection.execute(
            """
            select
                school_id, coalesce(municipality_id, ''), coalesce(municipality_name, '—'),
                coalesce(school_name, school_id)
            from marts.dim_school
            left join marts.dim_municipality using (municipality_id)
            order by municipality_name, municipality_id, school_number, school_name, school_id
            """
        ).fetchall()
    return [
        Card(municipality_id, municipality, name, found[school_id])
        for school_id, municipality_id, municipality, name in schools
        if school_id in found
    ]


def edition(settings: Settings, release_id: str, folder: str = "", *, with_drafts: bool) -> Edition:
    """What a release holds beside its scorecards; ``folder`` is ``open`` for the edition for everybody."""
    release = settings.published / release_id
    names = _municipalities(settings, release_id)
    reports = [
        Report(*_title(Path(stem).name, names), formats)
        for stem, formats in _by_stem(release, f"{folder}/reports".lstrip("/")).items()
        if with_drafts or not Path(stem).name.startswith(DRAFT)
    ]
    start = Path(folder, "site", "index.html")
    data = sorted((release / folder / "data").glob("[!.]*")) if folder else []
    return Edition(
        reports=sorted(reports, key=lambda report: report.title),
        site=start.as_posix() if (release / start).is_file() else None,
        data=[path.relative_to(release).as_posix() for path in data if path.is_file()],
    )


def is_for_staff(path: Path) -> bool:
    """Whether a document of a release is not for every reader: a draft."""
    return path.name.startswith(DRAFT)


def _title(stem: str, municipalities: dict[str, str]) -> tuple[str, str]:
    """Municipality and title of a report: of ``municipal_3`` ``3`` and «Справка по району: Район»."""
    for kind, title in TITLES.items():
        place = stem.removeprefix(f"{kind}_")
        if stem == kind:
            return "", title
        if place != stem:
            return place, f"{title}: {municipalities.get(place, place)}"
    return "", stem.replace("_", " ")


def _municipalities(settings: Settings, release_id: str) -> dict[str, str]:
    with open_shut(releases.warehouse(settings, release_id)) as connection:
        return dict(
            connection.execute(
                "select municipality_id, coalesce(municipality_name, municipality_id) "
                "from marts.dim_municipality"
            ).fetchall()
        )


def _by_stem(release: Path, folder: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for path in sorted((release / folder).rglob("*")):
        if path.is_file():
            name = path.relative_to(release)
            stem = str(name.relative_to(folder).with_suffix(""))
            found.setdefault(stem, {})[path.suffix.lstrip(".")] = name.as_posix()
    return found
