"""What the pages show, gathered from the data root: no page writes or computes anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from school_quality import terms
from school_quality.portal import documents
from school_quality.reporting.layout.rendering import environment
from school_quality.settings import Settings
from school_quality.warehouse import build, school_names, status
from school_quality.warehouse.publication import releases

AT_ONCE = 300
"""With more schools than this the page of a release lists municipalities instead, and lists are cut off."""


def release_page(settings: Settings, *, is_staff: bool, municipality: str | None = None) -> str:
    """The current release with its documents; readers who are no staff get no link to what they may not
    see.

    Args:
        settings: where the releases are.
        is_staff: whether the reader may see everything.
        municipality: only the documents of the one with this id. Without it a release of many schools shows
            what is about all of them, and a list of the municipalities.
    """
    release = releases.current(settings)
    if release is None:
        return _page("release", is_staff=is_staff, release=None)
    cards = documents.cards(settings, release.release_id)
    schools = Counter((card.municipality_id, card.municipality) for card in cards)
    by_municipality = len(cards) > AT_ONCE and len(schools) > 1
    shown = municipality or ("" if by_municipality else None)
    editions = (
        documents.edition(settings, release.release_id, with_drafts=is_staff),
        documents.edition(settings, release.release_id, "open", with_drafts=False),
    )
    official, open_ = (
        edition
        if shown is None
        else replace(edition, reports=[each for each in edition.reports if each.municipality_id == shown])
        for edition in editions
    )
    return _page(
        "release",
        is_staff=is_staff,
        release=release,
        cards=cards if shown is None else [card for card in cards if card.municipality_id == shown],
        municipalities=list(schools.items()) if by_municipality else [],
        municipality=municipality,
        official=official,
        open=open_,
    )


def framed_page(name: str, source: str) -> str:
    """A page of Great Expectations or dbt below the portal's own navigation; ``source`` is its address."""
    return _page("framed", section=name, source=source)


def missing_page(settings: Settings, *, is_staff: bool) -> str:
    """What the schools of the current release have not handed in, or late, by dataset and period."""
    release = releases.current(settings)
    found = status.submissions(settings, release.reporting_year) if release else []
    return _page(
        "missing",
        is_staff=is_staff,
        release=release,
        submissions=found,
        titles=_titles(),
        words=terms.words("submission_status"),
        at_once=AT_ONCE,
        listed=school_names.listed,
    )


def remarks_page(settings: Settings) -> str:
    """The workbooks for the senders and what became of each file."""
    from school_quality.reporting.lists.remarks import remarks_dir

    return _page(
        "remarks",
        workbooks=sorted(path.name for path in remarks_dir(settings).glob("*.xlsx")),
        files=status.files(settings),
        not_read=status.not_read(settings),
        titles=_titles(),
        words=terms.words("file_outcome"),
    )


def timings_page(settings: Settings) -> str:
    """How long each dbt node of the last build took, the slowest first; empty while a build goes on."""
    results = sorted(build.read_results(settings.warehouse), key=lambda result: -result.seconds)
    return _page("timings", results=results, words=terms.words("node_status"))


def dbt_docs(settings: Settings) -> str | None:
    """dbt's documentation as one page, of the manifest of the last build; None before the first.

    The same page as ``dbt docs generate --static --empty-catalog`` makes, without the seconds of a dbt start:
    columns and types come from the models' contracts, not from a look into the database.
    """
    import dbt.task.docs

    manifest = settings.warehouse / "target" / "manifest.json"
    if not manifest.is_file():
        return None
    page = (Path(dbt.task.docs.__file__).parent / "index.html").read_text(encoding="utf-8")
    catalog = '{"metadata": {}, "nodes": {}, "sources": {}, "errors": null}'
    for name, text in (("MANIFEST", manifest.read_text(encoding="utf-8")), ("CATALOG", catalog)):
        page = page.replace(f'"{name}.JSON INLINE DATA"', text.replace("</", "<\\/"))
    return page


def _page(name: str, *, is_staff: bool = True, **content: Any) -> str:
    template = environment().get_template(f"portal/{name}.html.j2")
    return template.render(page=content.pop("section", name), is_staff=is_staff, **content)


def _titles() -> dict[str, str]:
    from school_quality import datasets

    return {name: dataset.title for name, dataset in datasets.load().items()}
