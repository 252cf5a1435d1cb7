"""Files that the page hands out, each from one folder that nothing can leave."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from school_quality.settings import Settings
from school_quality.warehouse import releases

FOLDERS = ("scorecards", "reports", "site")
"""What of a release is for every reader. The warehouse itself holds the remarks to files and is not."""

REPORT_TITLES = {"identified_schools": "Список выявленных школ"}


@dataclass(frozen=True, slots=True)
class Card:
    """A school's scorecard: its formats by suffix, as paths within the release."""

    municipality: str
    school: str
    formats: dict[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """A report in all its formats, as paths within the release; ``site/`` pages are reports, too."""

    title: str
    formats: dict[str, str]


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


def cards(settings: Settings, release_id: str) -> list[Card]:
    """The scorecards of a release by municipality and school."""
    from school_quality.reporting.facts import open_warehouse

    folder = settings.published / release_id
    found = _by_stem(folder, "scorecards")
    with open_warehouse(folder / "warehouse.duckdb") as connection:
        schools = connection.execute(
            """
            select school_id, coalesce(municipality_name, '—'), coalesce(school_name, school_id)
            from marts.dim_school
            left join marts.dim_municipality using (municipality_id)
            order by municipality_name, school_number, school_name, school_id
            """
        ).fetchall()
    return [
        Card(municipality, name, found[school_id])
        for school_id, municipality, name in schools
        if school_id in found
    ]


def reports(settings: Settings, release_id: str) -> list[Report]:
    """The reports of a release and the start page of its public site."""
    folder = settings.published / release_id
    found = [
        Report(REPORT_TITLES.get(stem, stem.replace("_", " ")), formats)
        for stem, formats in _by_stem(folder, "reports").items()
    ]
    if (folder / "site" / "index.html").is_file():
        found.append(Report("Страницы для сайта", {"html": "site/index.html"}))
    return found


def _by_stem(release: Path, folder: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for path in sorted((release / folder).rglob("*")):
        if path.is_file():
            name = path.relative_to(release)
            stem = str(name.relative_to(folder).with_suffix(""))
            found.setdefault(stem, {})[path.suffix.lstrip(".")] = name.as_posix()
    return found
