"""What the pages offer for download: the documents beside the site, and the tables of the release."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from school_quality import terms
from school_quality.reporting.content.facts import Reference
from school_quality.reporting.website.site_pages import Link
from school_quality.warehouse import catalogue

FORMATS = {
    "html": "страница", "pdf": "PDF", "docx": "Word", "xlsx": "Excel", "parquet": "Parquet", "csv": "CSV",
    "duckdb": "DuckDB",
}  # fmt: skip

WHOLE = "Все таблицы одним файлом"

REPORTS = ("identified_schools", "municipal", "effectiveness")


@dataclass(frozen=True, slots=True)
class Group:
    """Downloads of one kind; each line is a title with its formats."""

    title: str
    note: str
    links: tuple[Link, ...]


def reports_of(directory: Path, municipality: str | None, *, single: bool) -> list[Link]:
    """The reports that lie beside the site, of a municipality (None: those of all of them together).

    Only the kinds of `REPORTS`: a draft order is not decided yet and no page leads to it.
    """
    owners = {municipality or "", ""} if single else {municipality or ""}
    titles = terms.words("document")
    return [
        Link(titles[kind], _named(formats))
        for (kind, owner), formats in _reports(directory).items()
        if owner in owners
    ]


def _reports(directory: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Addresses by format, by kind of report and municipality (empty: all)."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for path in sorted((directory / "reports").glob("*.*")):
        for kind in REPORTS:
            if path.stem == kind or path.stem.startswith(f"{kind}_"):
                owner = path.stem.removeprefix(kind).removeprefix("_")
                found.setdefault((kind, owner), {})[path.suffix[1:]] = f"../reports/{path.name}"
    return found


def data_files(
    connection: duckdb.DuckDBPyConnection, reference: Reference, directory: Path, edition: str
) -> list[Group]:
    """The documents of all kinds and the tables, as the release has them in the end.

    Tables of the official edition are written at publication; those of the open one lie in ``data/``.
    """
    titles = terms.words("document")
    documents = []
    for (kind, owner), formats in _reports(directory).items():
        name = reference.municipalities.get(owner) or owner
        documents.append(Link(titles[kind] + (f": {name}" if name else ""), _named(formats)))
    groups = [Group("Документы", "Карточки школ — на страницах школ.", tuple(documents))]
    tables = [
        name
        for (name,) in connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
        ).fetchall()
    ]
    if edition == "official":
        files = {name: {"parquet": f"../parquet/{name}.parquet"} for name in tables}
    else:
        files = {}
        for path in sorted((directory / "data").rglob("*.*")):
            where = f"../{path.relative_to(directory).as_posix()}"
            files.setdefault(path.stem, {})[path.suffix[1:]] = where
    links = tuple(
        Link(f"{name} — {catalogue.title(name) or WHOLE}", _named(formats)) for name, formats in files.items()
    )
    if links:
        note = "Для расчётов. Parquet читают Excel (Power Query), Python, R, DuckDB и программы BI."
        groups.append(Group("Таблицы", note, links))
    return [group for group in groups if group.links]


def _named(formats: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((FORMATS.get(suffix, suffix.upper()), href) for suffix, href in sorted(formats.items()))
