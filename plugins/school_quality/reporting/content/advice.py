"""Targeted recommendations: what to do first, who answers for it, from whom to learn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from school_quality import datasets
from school_quality.reporting import words
from school_quality.reporting.content import methodology
from school_quality.reporting.content.facts import Reference, Row, SchoolFacts, is_hidden, is_open

MEASURES = 5
NO_PEER = "школы, у которой этому учиться, в районе нет"
NO_OPEN_PEER = "среди открытых данных школы, у которой этому учиться, нет"


@dataclass(frozen=True, slots=True)
class Advice:
    """One measure; ``details`` names indicators, points lost, owner, tasks and the schools to learn from."""

    rank: int
    text: str
    details: str


def build_advice(facts: SchoolFacts, reference: Reference) -> tuple[Advice, ...]:
    """The first measures by rank; indicators with the same measure stand together."""
    items = methodology.roadmap_names(facts.version)
    measures: dict[str, list[Row]] = {}
    for row in facts.recommendations:
        text = (
            row["measure_text"]
            or f"Разобрать показатель {row['indicator_code']}: меры для него в каталоге нет"
        )
        measures.setdefault(text, []).append(row)
    advice = []
    for rank, (text, rows) in enumerate(list(measures.items())[:MEASURES], start=1):
        codes = words.code_ranges(row["indicator_code"] for row in rows)
        known = [row["points_lost"] for row in rows]
        lost = words.HIDDEN if None in known else words.counted(sum(known), "балл", "балла", "баллов")
        peers = [
            reference.schools[row["peer_school_id"]]
            for row in rows
            if row["peer_school_id"] in reference.schools
        ]
        names = dict.fromkeys(words.school_name(peer["school_name"], peer["school_id"]) for peer in peers)
        first = rows[0]
        details = [
            f"{words.plural(len(rows), 'показатель', 'показатели', 'показатели')} {codes}: потеряно {lost}",
            first["owner"] and f"отвечает {first['owner']}",
            first["roadmap_item"] and _roadmap(first["roadmap_item"], items),
            _tasks(rows, reference),
            f"у кого учиться — {', '.join(names)}" if names else no_peer(facts.status),
        ]
        advice.append(Advice(rank, text, " · ".join(part for part in details if part)))
    return tuple(advice)


def _tasks(rows: list[Row], reference: Reference) -> str:
    """The tasks that a measure names, by work; empty where no deficit stands behind it."""
    by_work: defaultdict[str, list[str]] = defaultdict(list)
    for named in dict.fromkeys(named for row in rows for named in row["tasks"] or ()):
        procedure_id, _, task = named.partition(":")
        by_work[procedure_id].append(task)
    works = [
        f"{reference.procedures.get(work, {}).get('procedure_name') or work}: {', '.join(tasks)}"
        for work, tasks in by_work.items()
    ]
    return f"задания — {'; '.join(works)}" if works else ""


def no_peer(status: Row) -> str:
    """The words for «no school to learn from»; the open edition can speak of open schools only."""
    return NO_OPEN_PEER if is_open(status) else NO_PEER


def _roadmap(item: str, names: dict[str, str]) -> str:
    name = f" «{names[item]}»" if item in names else ""
    return f"дорожная карта, п.{words.NBSP}{item}{name}"


def is_form(dataset: str) -> bool:
    """Whether schools send the dataset; results, indices and the register come from others."""
    known = datasets.load()
    return dataset not in known or known[dataset].is_form


def build_owed(unsent: list[Row], reference: Reference) -> tuple[str, ...]:
    """What a school has to send before anything else, by form: the periods and the days that have passed.

    Args:
        unsent: its rows of ``fct_submission`` that are missing or not complete.
        reference: the edition's period.
    """
    owed: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    known = datasets.load()
    for row in unsent:
        if is_form(row["dataset"]) and reference.period in (None, row["period"]):
            owed[row["status"], row["dataset"]].append(row)
    lines = []
    for (status, dataset), rows in owed.items():
        title = known[dataset].title if dataset in known else dataset
        due = [
            (words.short_period(row["period"]) if "-" in row["period"] else "", words.day(row["due_on"]))
            for row in rows
        ]
        days = ", ".join(f"{period} (срок {day})".lstrip() for period, day in due)
        what = "Сдать" if status == "missing" else "Исправить замечания и сдать полностью"
        colon = ":" if due[0][0] else ""
        lines.append(f"{what}: «{title}» за {reference.academic_year} учебный год{colon} {days}.")
    return tuple(lines)


def no_advice(status: Row) -> str:
    """Why a card has no recommendations."""
    if is_hidden(status, "is_supported"):
        return "Рекомендации готовят для школ с адресной поддержкой. Получает ли её эта школа, скрыто."
    if status["is_supported"] is None:
        return (
            "Рекомендаций нет: за год нет процедур, по которым определяют ШНОР, "
            "и нужна ли адресная поддержка, неизвестно."
        )
    if not status["is_supported"]:
        return "Адресные рекомендации готовят для школ с адресной поддержкой."
    if is_hidden(status, "points"):
        return "Среди открытых показателей потерянных баллов нет, остальные скрыты."
    if status["points"] is None:
        return "Рекомендаций нет: ни один показатель не оценён."
    return "Все оценённые показатели получили полный балл."
