"""Papers of a municipality: the report ("справка"), the draft order and the analysis of effectiveness.

Each has one content (`Paper`), written as DOCX to be edited and signed and as PDF to be read and printed.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from school_quality.reporting import words
from school_quality.reporting.content import methodology
from school_quality.reporting.content.advice import is_form
from school_quality.reporting.content.facts import Reference, updated_note
from school_quality.reporting.layout.rendering import Press
from school_quality.reporting.papers.draft_order import build_order
from school_quality.reporting.papers.effectiveness import build_effectiveness
from school_quality.reporting.papers.municipal_actions import (
    decisions,
    measures,
    overdue,
    recommendations,
    roadmap,
    submissions,
)
from school_quality.reporting.papers.municipal_facts import MunicipalFacts, read_municipalities
from school_quality.reporting.papers.municipal_identification import (
    changes,
    groups,
    identification,
    is_comparable,
    names,
    practices,
    told,
)
from school_quality.reporting.papers.municipal_indicators import by_task
from school_quality.reporting.papers.municipal_tasks import tasks
from school_quality.reporting.papers.paper import (
    Block,
    Bullets,
    Heading,
    Paper,
    Signature,
    Text,
    approval,
    authority,
)
from school_quality.reporting.papers.word import docx


def write_reports(
    connection: duckdb.DuckDBPyConnection,
    reference: Reference,
    directory: Path,
    release: dict[str, Any],
    *,
    edition: str = "official",
) -> int:
    """Write the papers of every municipality of the reference into ``directory/reports``.

    ``municipal_<id>`` as .docx and .pdf; in the annual edition ``effectiveness_<id>`` likewise; in the
    official edition ``draft_order_<id>.docx``. Identical input gives identical bytes.

    Args:
        connection: a build or published warehouse, official or open.
        reference: dimensions, year, period and, where papers are wanted for one only, the municipality.
        directory: folder of the release's documents.
        release: ``release_id`` and ``as_of`` (a date or ISO text), shown in the papers.
        edition: ``official`` or ``open``; the open one has nothing to sign and orders nothing.

    Returns:
        How many files were written.
    """
    is_open = edition == "open"
    folder = directory / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    as_of = date.fromisoformat(str(release.get("as_of") or date(reference.year + 1, 8, 31))[:10])
    press = Press()
    written = 0
    for facts in read_municipalities(connection, reference):
        imprint = words.imprint(release, f"методика {reference.version}", facts.name)
        papers = [build_report(facts, reference, imprint, as_of, is_open=is_open)]
        if reference.period is None:
            papers.append(build_effectiveness(facts, reference, imprint, as_of, is_open=is_open))
        if not is_open:
            papers.append(build_order(facts, reference, imprint, as_of))
        for paper in papers:
            if not re.fullmatch(r"\w+", paper.file_name):
                raise ValueError(f"{paper.file_name!r} cannot be a file name")
            (folder / f"{paper.file_name}.docx").write_bytes(docx(paper, press))
            written += 1
            if not paper.is_draft:
                (folder / f"{paper.file_name}.pdf").write_bytes(press.print("paper.typ", paper))
                written += 1
    return written


def build_report(
    facts: MunicipalFacts, reference: Reference, imprint: str, as_of: date, *, is_open: bool
) -> Paper:
    """The report of one municipality: all parts for the year, those of its period for a part of it."""
    annual = reference.period is None
    blocks: list[Block] = [*_head(facts, reference, as_of, is_open=is_open)]
    if annual:
        blocks += identification(facts, reference)
        blocks += changes(facts, reference)
    blocks += by_task(facts, reference)
    blocks += groups(facts, reference)
    if annual:
        blocks += tasks(facts, reference)
        blocks += practices(facts, reference)
        blocks += recommendations(facts, reference)
    if not is_open:
        blocks += measures(facts, reference)
        blocks += decisions(facts, reference)
    blocks += roadmap(facts, reference)
    if not is_open:
        blocks += submissions(facts, reference)
        blocks.append(
            Signature(
                "Руководитель центра оценки качества образования",
                ("Исполнитель: ____________________________, тел. ______________",),
            )
        )
    return Paper(
        file_name=f"municipal_{facts.municipality_id}",
        title=f"Справка: {facts.name}, {reference.period_label}",
        organisation=authority(facts.name),
        name="СПРАВКА",
        about=(
            "об итогах работы со школами с низкими образовательными результатами и школами, функционирующими "
            "в "
            f"сложных социальных условиях: {reference.period_label}"
        ),
        requisites=None if is_open else ("«___» __________ 20__ г.", "№ ________"),
        blocks=tuple(blocks),
        imprint=imprint,
        approval=() if is_open else approval(facts.name),
        created=as_of.isoformat(),
    )


def _counted(school_ids: list[str], reference: Reference) -> str:
    """How many schools, and which: ``2 (СОШ № 1, СОШ № 3)``, or ``нет``."""
    return f"{len(school_ids)} ({names(school_ids, reference)})" if school_ids else names((), reference)


def _head(facts: MunicipalFacts, reference: Reference, as_of: date, *, is_open: bool) -> list[Block]:
    """What a tired reader gets in a minute, the note on ВПР, and of what day the data are."""
    low, risk, supported = (
        [row["school_id"] for row in facts.statuses if row[column]]
        for column in ("is_low_results", "is_risk_zone", "is_supported")
    )
    lines = [
        f"Школ: {len(facts.statuses)}. Данные на {words.day(as_of)}.",
        f"ШНОР по расчёту: {told(facts.statuses, 'is_low_results', _counted(low, reference))}.",
        f"В зоне риска по расчёту: {told(facts.statuses, 'is_risk_zone', _counted(risk, reference))}.",
        f"Получают адресную поддержку: {told(facts.statuses, 'is_supported', str(len(supported)))}.",
    ]
    if reference.period is None and is_comparable(facts):
        for change, label in (("left", "Вышли из ШНОР"), ("entered", "Вошли в ШНОР")):
            found = [row["school_id"] for row in facts.statuses if row["change_from_previous_year"] == change]
            text = told(facts.statuses, "change_from_previous_year", names(found, reference))
            lines.append(f"{label} за год: {text}.")
    late = [row for row in facts.roadmap if row["school_id"] is None and row["is_overdue"]]
    owners = ", ".join(overdue(late))
    lines.append(
        f"Просрочено пунктов дорожной карты: {len(late)}{f' (ответственные: {owners})' if owners else ''}."
    )
    if not is_open:
        unsent = {
            row["school_id"]
            for row in facts.submissions
            if is_form(row["dataset"])
            and row["status"] in ("missing", "partly")
            and reference.period in (None, row["period"])
        }
        lines.append(f"Школ, которые сдали не всё: {len(unsent)}.")
    blocks: list[Block] = [
        Heading("Главное"),
        Bullets(tuple(lines)),
        Text(words.VPR_NOTE, "important"),
        Text(
            f"Статусы и баллы вычислены по методике {reference.version} "
            f"({methodology.document(reference.version)}); «нет данных» — не ноль: ноль баллов — это оценка.",
            "small",
        ),
    ]
    if is_open:
        blocks.append(Text(words.HIDDEN_NOTE, "small"))
    if updated := updated_note(facts.statuses):
        blocks.append(Text(updated, "small"))
    return blocks
