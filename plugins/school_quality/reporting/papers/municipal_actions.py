"""Parts of the report that call for action: recommendations, measures, roadmap, missing submissions.

Source: clauses 5 (roadmap, targeted recommendations) and 6 (measures, decisions) of the order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date

from school_quality import datasets, terms
from school_quality.reporting import words
from school_quality.reporting.content import methodology
from school_quality.reporting.content.advice import no_peer
from school_quality.reporting.content.facts import Reference, Row
from school_quality.reporting.papers.municipal_facts import MunicipalFacts
from school_quality.reporting.papers.municipal_identification import name, names, period_name
from school_quality.reporting.papers.paper import Block, Column, Grid, Heading, Text, grid

STATUSES = terms.words("execution_status")
SUBMISSIONS = terms.words("submission_status")
# A report names the first measures of a school; the scorecard and the workbook have the rest.
MEASURES = 5


@dataclass(frozen=True, slots=True)
class Advice:
    """A measure for a school; indicators with the same measure stand together."""

    school_id: str
    text: str
    codes: str
    points_lost: int | None
    owner: str
    roadmap_item: str
    peers: tuple[str, ...]


def advice(facts: MunicipalFacts) -> dict[str, list[Advice]]:
    """The first measures of each supported school by rank, in the order of its schools."""
    by_school: defaultdict[str, dict[str, list[Row]]] = defaultdict(dict)
    for row in facts.recommendations:
        text = row["measure_text"] or f"Разобрать показатель {row['indicator_code']}: меры в каталоге нет"
        by_school[row["school_id"]].setdefault(text, []).append(row)
    return {
        status["school_id"]: [
            _advice(status["school_id"], text, rows)
            for text, rows in list(by_school[status["school_id"]].items())[:MEASURES]
        ]
        for status in facts.supported
    }


def _advice(school_id: str, text: str, rows: list[Row]) -> Advice:
    lost = [row["points_lost"] for row in rows]
    peers = dict.fromkeys(row["peer_school_id"] for row in rows if row["peer_school_id"])
    return Advice(
        school_id=school_id,
        text=text,
        codes=words.code_ranges(row["indicator_code"] for row in rows),
        points_lost=None if None in lost else sum(lost),
        owner=rows[0]["owner"] or "",
        roadmap_item=rows[0]["roadmap_item"] or "",
        peers=tuple(peers),
    )


def recommendations(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """Targeted recommendations for each supported school, and who supports it."""
    blocks: list[Block] = [Heading("Адресные рекомендации школам")]
    if not facts.supported:
        blocks.append(
            Text(
                "Школ с адресной поддержкой в этом году нет."
                if facts.is_support_known
                else "Каким школам нужна адресная поддержка, данных нет."
            )
        )
        return blocks
    assignments: defaultdict[str, list[str]] = defaultdict(list)
    for row in facts.support:
        organisation = str(row["organisation"] or "")
        if row["mentor_school_id"]:
            organisation = name(row["mentor_school_id"], reference)
        role = str(words.ROLES.get(row["role"], row["role"]))
        is_named = organisation.casefold() in (role.casefold(), "")
        assignments[row["school_id"]].append(role if is_named else f"{role}: {organisation}")
    none = no_peer(facts.supported[0])
    for school_id, lines in advice(facts).items():
        supporters = "; ".join(dict.fromkeys(assignments[school_id]))
        title = name(school_id, reference) + (f" ({supporters})" if supporters else "")
        if not lines:
            blocks.append(Text(f"{title}: оценённые показатели получили полный балл или оценок нет."))
            continue
        blocks.append(
            grid(
                title,
                (
                    Column("Что сделать", 50),
                    Column("Показатели", 20),
                    Column("Потеряно баллов", 16, "right"),
                    Column("Отвечает", 16),
                    Column("Пункт карты", 12, "center"),
                    Column("У кого учиться", 24),
                ),
                (
                    (
                        line.text,
                        line.codes,
                        words.HIDDEN if line.points_lost is None else str(line.points_lost),
                        line.owner or "—",
                        line.roadmap_item or "—",
                        names(line.peers, reference) if line.peers else none,
                    )
                    for line in lines
                ),
            )
        )
    return blocks


def measures(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """Measures that the schools reported."""
    taken = [row for row in facts.measures if row["reporting_year"] == reference.year]
    if not taken:
        return [
            Heading("Принятые меры"),
            Text(f"О мерах {reference.academic_year} учебного года школы не сообщали."),
        ]
    counts = Counter(row["status"] for row in taken)
    summary = ", ".join(f"{label} {counts[status]}" for status, label in STATUSES.items() if counts[status])
    return [
        Heading("Принятые меры"),
        Text(f"За {reference.academic_year} учебный год сообщили о мерах: {len(taken)} ({summary})."),
        measures_table("Меры, о которых сообщили школы", taken, reference),
    ]


def measures_table(caption: str, taken: list[Row], reference: Reference) -> Grid:
    return grid(
        caption,
        (
            Column("Школа", 26),
            Column("Показатели", 19),
            Column("Мера", 36),
            Column("Решение", 26),
            Column("Сроки", 18),
            Column("Статус", 18),
        ),
        (
            (
                name(row["school_id"], reference),
                words.code_ranges(row["indicator_codes"]),
                row["measure"],
                row["decision"] or "—",
                "–".join(words.day(row[side]) for side in ("starts_on", "ends_on") if row[side]) or "—",
                STATUSES[row["status"]],
            )
            for row in taken
        ),
    )


def decisions(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """A table to fill by hand: what is decided for each supported school, by whom and when."""
    blocks: list[Block] = [
        Heading("Управленческие решения"),
        Text("Заполняется при подписании: что решено, кто отвечает, к какому сроку."),
    ]
    schools = [name(row["school_id"], reference) for row in facts.supported] or [""]
    blocks.append(
        grid(
            "Решения, которые предстоит принять",
            (Column("Школа", 34), Column("Решение", 50), Column("Ответственный", 24), Column("Срок", 16)),
            ((school, "", "", "") for school in schools),
            is_form=True,
        )
    )
    return blocks


def roadmap(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """Execution of the roadmap in the edition's period; what is overdue at the day of judgement by owner."""
    own = [row for row in facts.roadmap if row["school_id"] is None]
    items = [row for row in own if reference.period in (None, row["period"])]
    blocks: list[Block] = [Heading("Исполнение дорожной карты")]
    if not own:
        blocks.append(Text("Сведений о дорожной карте нет."))
        return blocks
    known = methodology.roadmap_names(reference.version)
    order = {item: place for place, item in enumerate(known)}
    items.sort(key=lambda row: (order.get(row["item"], len(order)), row["due_on"] or date.max, row["period"]))
    counts = Counter(row["status"] for row in items)
    summary = ", ".join(f"{label} — {counts[status]}" for status, label in STATUSES.items() if counts[status])
    blocks.append(
        Text(
            "Пунктов (пункт с несколькими сроками считается по каждому): "
            f"{len(items)}{f' ({summary})' if summary else ''}."
        )
    )
    blocks.append(overdue_table(own, known))
    if items:
        blocks.append(
            grid(
                "Пункты дорожной карты",
                (
                    Column("№", 8),
                    Column("Мероприятие", 40),
                    Column("Период", 15),
                    Column("Срок", 18),
                    Column("Ответственные", 26),
                    Column("Исполнение", 26),
                ),
                (
                    (
                        row["item"],
                        known.get(row["item"], ""),
                        period_name(row["period"]),
                        words.day(row["due_on"]) or "без даты",
                        ", ".join(row["owners"] or ()) or "—",
                        _execution(row),
                    )
                    for row in items
                ),
            )
        )
    blocks += _school_reports(facts, reference)
    return blocks


def _execution(row: Row) -> str:
    parts = [STATUSES.get(row["status"], row["status"])]
    if row["is_overdue"]:
        parts.append("просрочено")
    parts += [words.day(row["reported_on"]), row["document"] or ""]
    return ", ".join(part for part in parts if part)


def overdue(own: list[Row]) -> dict[str, list[Row]]:
    """Overdue items of the municipality by owner; an item with several owners stands with each of them."""
    by_owner: defaultdict[str, list[Row]] = defaultdict(list)
    for row in own:
        if row["is_overdue"]:
            for owner in row["owners"] or ("Ответственный не назван",):
                by_owner[owner].append(row)
    return dict(sorted(by_owner.items()))


def overdue_text(late: list[Row], known: dict[str, str]) -> str:
    """Items with their dates and what is known of them; periods of one item stand together."""
    dates: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in late:
        dates[row["item"], row["status"]].append(words.day(row["due_on"]))
    return "; ".join(
        f"{item} «{known.get(item, '')}» — {words.plural(len(days), 'срок', 'сроки', 'сроки')} "
        f"{', '.join(days)}, {STATUSES.get(status, status)}"
        for (item, status), days in dates.items()
    )


def overdue_table(own: list[Row], known: dict[str, str]) -> Block:
    by_owner = overdue(own)
    if not by_owner:
        return Text("Просроченных пунктов нет.")
    return grid(
        "Просрочено, по ответственным",
        (
            Column("Ответственный", 28),
            Column("Пунктов", 14, "right"),
            Column("Пункты, сроки, что известно", 84),
        ),
        (
            (
                owner,
                str(len(late)),
                overdue_text(late, known),
            )
            for owner, late in by_owner.items()
        ),
    )


def _school_reports(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """What schools reported of the roadmap themselves and did not do in time."""
    late = [
        row
        for row in facts.roadmap
        if row["school_id"] is not None and row["is_overdue"] and reference.period in (None, row["period"])
    ]
    if not late:
        return []
    by_school: defaultdict[str, list[str]] = defaultdict(list)
    for row in late:
        by_school[row["school_id"]].append(f"{row['item']} (срок {words.day(row['due_on'])})")
    schools = "; ".join(f"{names([id_], reference)} — {', '.join(items)}" for id_, items in by_school.items())
    return [Text(f"Просрочено школами, по их сообщениям: {schools}.")]


def submissions(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """What has not come, came in part or late, by dataset."""
    blocks: list[Block] = [Heading("Несданные данные")]
    found = [row for row in facts.submissions if reference.period in (None, row["period"])]
    if not found:
        blocks.append(Text("Всё, чему наступил срок, сдано вовремя и полностью."))
        return blocks
    by_form: defaultdict[tuple[date, str, str, str], list[str]] = defaultdict(list)
    for row in found:
        by_form[row["due_on"], dataset_title(row["dataset"]), row["period"], row["status"]].append(
            row["school_id"]
        )
    blocks.append(
        grid(
            "Кто и что не сдал",
            (
                Column("Что", 34),
                Column("Период", 15),
                Column("Срок", 18),
                Column("Состояние", 20),
                Column("Школы", 46),
            ),
            (
                (
                    title,
                    period_name(period),
                    words.day(due_on),
                    SUBMISSIONS[status],
                    names(schools, reference),
                )
                for (due_on, title, period, status), schools in sorted(by_form.items())
            ),
        )
    )
    return blocks


def dataset_title(dataset: str) -> str:
    known = datasets.load()
    return known[dataset].title if dataset in known else dataset
