"""What the pages show, gathered from the data root: no page writes or computes anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from school_quality.portal import documents
from school_quality.reporting.press import environment
from school_quality.settings import Settings
from school_quality.warehouse import build, releases, status

OUTCOMES = {"accepted": "принят", "partly": "принят частично", "rejected": "не принят"}
STATUSES = {
    "received": "сдано", "partly": "сдано частично", "late": "просрочено", "missing": "не сдано",
    "not_due": "срок не настал",
}  # fmt: skip
NODE_STATUSES = {
    "success": "готово", "pass": "пройдена", "warn": "предупреждение", "fail": "не пройдена",
    "error": "ошибка", "runtime error": "ошибка", "skipped": "пропущено", "no-op": "не нужно",
}  # fmt: skip


def release_page(settings: Settings, *, is_staff: bool) -> str:
    """The current release with its documents; others than the staff get no links to what they may not see."""
    release = releases.current(settings)
    if release is None:
        return _page("release", is_staff=is_staff, release=None)
    return _page(
        "release",
        is_staff=is_staff,
        release=release,
        cards=documents.cards(settings, release.release_id),
        official=documents.edition(settings, release.release_id, with_drafts=is_staff),
        open=documents.edition(settings, release.release_id, "open", with_drafts=False),
    )


def framed_page(name: str, source: str) -> str:
    """A page of Great Expectations or dbt below the portal's own navigation; ``source`` is its address."""
    return _page("framed", section=name, source=source)


def missing_page(settings: Settings, *, is_staff: bool) -> str:
    """What the schools of the current release have not handed in, by dataset and period."""
    release = releases.current(settings)
    found = status.submissions(settings, release.reporting_year) if release else []
    return _page(
        "missing",
        is_staff=is_staff,
        release=release,
        submissions=found,
        titles=_titles(),
        words=STATUSES,
    )


def remarks_page(settings: Settings) -> str:
    """The workbooks for the senders and what became of each file."""
    from school_quality.reporting.remarks import remarks_dir

    return _page(
        "remarks",
        workbooks=sorted(path.name for path in remarks_dir(settings).glob("*.xlsx")),
        files=status.files(settings),
        titles=_titles(),
        words=OUTCOMES,
    )


def timings_page(settings: Settings) -> str:
    """How long each dbt node of the last build took, the slowest first; empty while a build goes on."""
    results = sorted(build.read_results(settings.warehouse), key=lambda result: -result.seconds)
    return _page("timings", results=results, words=NODE_STATUSES)


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
