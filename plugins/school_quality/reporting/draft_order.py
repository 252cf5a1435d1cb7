"""The draft order ("проект приказа") that follows from the report: what is ordered, to whom, by when.

Source: clause 5 of the order ("приказы с указанием конкретных рекомендаций для ОО"). It is a draft: people
edit it, decide and sign. Dates are those of the roadmap; where it names none, or the date has passed, a
blank is left.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from itertools import count

from school_quality.reporting import methodology, words
from school_quality.reporting.facts import Reference, Row
from school_quality.reporting.municipal_actions import advice, dataset_title, overdue
from school_quality.reporting.municipal_facts import MunicipalFacts
from school_quality.reporting.municipal_identification import name, names, period_name
from school_quality.reporting.paper import Block, Paper, Point, Signature, Text

BLANK_DATE = "до «___» __________ 20__ г."
BLANK_REQUISITES = ("от «___» __________ 20__ г.", "№ ________")


def build_order(facts: MunicipalFacts, reference: Reference, imprint: str, as_of: date) -> Paper:
    """The draft for one municipality and the edition's period."""
    blocks: list[Block] = [
        Text(
            "На основании справки об итогах работы со школами с низкими образовательными результатами и "
            "школами, "
            f"функционирующими в сложных социальных условиях ({reference.period_label}), в целях адресной "
            "помощи "
            "школам п р и к а з ы в а ю:"
        )
    ]
    number = count(1)
    supported = [row["school_id"] for row in facts.supported]
    if supported:
        blocks.append(
            Point(
                f"{next(number)}.",
                f"Организовать адресную поддержку школ: {names(supported, reference)}.",
            )
        )
        blocks += _by_school(facts, reference, as_of, number)
    else:
        blocks.append(
            Point(f"{next(number)}.", "Принять к сведению: школ, которым нужна адресная поддержка, нет.")
        )
    blocks += _overdue(facts, number)
    blocks += _submissions(facts, reference, number)
    blocks += [
        Point(f"{next(number)}.", f"Представить отчёт об исполнении приказа {BLANK_DATE}"),
        Point(
            f"{next(number)}.", "Контроль за исполнением приказа возложить на ____________________________."
        ),
        Point(f"{next(number)}.", "Приказ вступает в силу со дня его подписания."),
        Signature(
            "Начальник управления образования",
            (
                "Проект внесён: ____________________________",
                "Исполнитель: ____________________________, тел. ______________",
                f"{words.VPR_NOTE}",
            ),
        ),
    ]
    return Paper(
        file_name=f"draft_order_{facts.municipality_id}",
        title=f"Проект приказа: {facts.name}, {reference.period_label}",
        organisation=("УПРАВЛЕНИЕ ОБРАЗОВАНИЯ", facts.name),
        name="ПРИКАЗ",
        about=(
            "О мерах адресной поддержки школ с низкими образовательными результатами и школ, функционирующих "
            "в "
            f"сложных социальных условиях ({reference.period_label})"
        ),
        requisites=BLANK_REQUISITES,
        blocks=tuple(blocks),
        imprint=imprint,
        is_draft=True,
        created=as_of.isoformat(),
    )


def _by_school(facts: MunicipalFacts, reference: Reference, as_of: date, number: count[int]) -> list[Block]:
    """A point for each supported school, a part of it for each measure: what, who helps, by when."""
    blocks: list[Block] = []
    dates = _dates(facts.roadmap, as_of)
    for school_id, lines in advice(facts).items():
        if not lines:
            continue
        point = next(number)
        blocks.append(Point(f"{point}.", f"Руководителю {name(school_id, reference)}:"))
        for part, line in enumerate(lines, start=1):
            owner = f" Помощь оказывает {line.owner}." if line.owner else ""
            peers = f" Изучить опыт: {names(line.peers, reference)}." if line.peers else ""
            due = dates.get(line.roadmap_item)
            term = f"до {words.day(due)}" if due else BLANK_DATE
            item = f", пункт {line.roadmap_item} дорожной карты" if line.roadmap_item else ""
            blocks.append(
                Point(
                    f"{point}.{part}.",
                    f"{line.text.rstrip('.')} (показатели {line.codes}{item}).{owner}{peers} Срок: {term}",
                    level=1,
                )
            )
    return blocks


def _dates(roadmap: list[Row], as_of: date) -> dict[str, date]:
    """The next date of each item that has not passed at the day of judgement."""
    dates: defaultdict[str, list[date]] = defaultdict(list)
    for row in roadmap:
        if row["school_id"] is None and row["due_on"] is not None and row["due_on"] >= as_of:
            dates[row["item"]].append(row["due_on"])
    return {item: min(found) for item, found in dates.items()}


def _overdue(facts: MunicipalFacts, number: count[int]) -> list[Block]:
    """A point for each owner with overdue items of the roadmap."""
    known = methodology.roadmap_names(facts.version)
    own = [row for row in facts.roadmap if row["school_id"] is None]
    blocks: list[Block] = []
    for owner, late in overdue(own).items():
        items = "; ".join(
            f"{row['item']} «{known.get(row['item'], '')}» (срок был {words.day(row['due_on'])})"
            for row in late
        )
        blocks.append(
            Point(
                f"{next(number)}.",
                f"{owner}: исполнить просроченные пункты дорожной карты и сообщить об исполнении: {items}. "
                f"Срок: {BLANK_DATE}",
            )
        )
    return blocks


def _submissions(facts: MunicipalFacts, reference: Reference, number: count[int]) -> list[Block]:
    """A point for each form that is missing: which schools send it."""
    missing: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in facts.submissions:
        if row["status"] == "missing" and reference.period in (None, row["period"]):
            missing[dataset_title(row["dataset"]), row["period"]].append(row["school_id"])
    if not missing:
        return []
    point = next(number)
    return [
        Point(f"{point}.", "Руководителям школ представить данные, которые не сданы:"),
        *(
            Point(
                f"{point}.{part}.",
                f"«{title}» ({period_name(period)}): {names(schools, reference)}. Срок: {BLANK_DATE}",
                level=1,
            )
            for part, ((title, period), schools) in enumerate(sorted(missing.items()), start=1)
        ),
    ]
