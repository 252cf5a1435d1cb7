"""The draft order ("проект приказа") that follows from the report: what is ordered, to whom, by when.

Source: clause 5 of the order ("приказы с указанием конкретных рекомендаций для ОО"). It is a draft: people
edit it, decide and sign. Dates are those of the roadmap; where it names none, or the date has passed, it is
said whose date is needed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from school_quality.reporting import words
from school_quality.reporting.content import methodology
from school_quality.reporting.content.advice import NO_PEER, is_form
from school_quality.reporting.content.facts import Reference, Row
from school_quality.reporting.papers.municipal_actions import (
    Advice,
    advice,
    dataset_title,
    overdue,
    overdue_text,
)
from school_quality.reporting.papers.municipal_facts import MunicipalFacts
from school_quality.reporting.papers.municipal_identification import name, names, period_name
from school_quality.reporting.papers.paper import (
    Appendix,
    Block,
    Column,
    Paper,
    Point,
    Signature,
    Text,
    approval,
    authority,
    grid,
    of_authority,
)

_DAY = words.NBSP.join(("__________", "20__", "г."))
BLANK_DATE = f"до «___» {_DAY} (день назначает начальник управления образования)"
# Spaced out, as orders have it, and never broken over two lines.
ORDERING = words.NBSP.join("приказываю")
BLANK_PLACE = "____________________ (место издания)"
# What of the submissions the order demands, and what stands beside the form.
UNSENT = {"missing": "", "partly": ", исправить замечания и сдать полностью"}
BLANK_NUMBER = f"от{words.NBSP}__________ №{words.NBSP}______"
BLANK_REQUISITES = ("от «___» __________ 20__ г.", "№ ________")

Demand = tuple[str, tuple[str, ...]]
"""A point of the order and its parts."""


def build_order(facts: MunicipalFacts, reference: Reference, imprint: str, as_of: date) -> Paper:
    """The draft for one municipality and the edition's period."""
    supported = [row["school_id"] for row in facts.supported]
    appendix = _appendix(facts, reference, as_of)
    points: list[Demand] = [
        (f"Организовать адресную поддержку школ: {names(supported, reference)}. Срок: {BLANK_DATE}.", ())
        if supported
        else (
            (
                "Принять к сведению: школ, которым нужна адресная поддержка, нет."
                if facts.is_support_known
                else "Принять к сведению: каким школам нужна адресная поддержка, данных нет."
            ),
            (),
        ),
    ]
    if appendix:
        points.append(
            (
                "Руководителям этих школ исполнить адресные меры в указанные сроки, ответственным службам "
                "оказать им помощь (приложение).",
                (),
            )
        )
    points += [
        *_overdue(facts, reference),
        *_submissions(facts, reference),
        (
            f"Исполнителям представить отчёт об исполнении приказа в управление образования {BLANK_DATE}.",
            (),
        ),
        ("Контроль за исполнением приказа оставляю за собой.", ()),
        ("Приказ вступает в силу со дня его подписания.", ()),
    ]
    blocks: list[Block] = [
        Text(
            "На основании справки об итогах работы со школами с низкими образовательными результатами и "
            f"школами, функционирующими в сложных социальных условиях, по итогам {period_of(reference)} "
            f"(от «___» __________ 20__ г. №{words.NBSP}______; методика — "
            f"{methodology.document(reference.version)}), в целях адресной помощи школам {ORDERING}:"
        ),
        *_numbered(points),
        Signature(
            f"Начальник {of_authority(facts.name)}",
            (
                "Проект внесён: ____________________________",
                "Исполнитель: ____________________________, тел. ______________",
                words.VPR_NOTE,
            ),
        ),
        *appendix,
    ]
    return Paper(
        file_name=f"draft_order_{facts.municipality_id}",
        title=f"{words.DOCUMENTS['draft_order']}: {facts.name}, {reference.period_label}",
        organisation=authority(facts.name),
        name="ПРИКАЗ",
        about=(
            "О мерах адресной поддержки школ с низкими образовательными результатами и школ, функционирующих "
            f"в сложных социальных условиях, по итогам {period_of(reference)}"
        ),
        requisites=BLANK_REQUISITES,
        blocks=tuple(blocks),
        imprint=imprint,
        is_draft=True,
        place=BLANK_PLACE,
        created=as_of.isoformat(),
    )


def _numbered(points: list[Demand]) -> Iterator[Point]:
    """``1.``, ``2.`` and their parts ``2.1.``, ``2.2.``"""
    for number, (text, parts) in enumerate(points, start=1):
        yield Point(f"{number}.", text)
        for part, about in enumerate(parts, start=1):
            yield Point(f"{number}.{part}.", about, level=1)


def period_of(reference: Reference) -> str:
    """The edition's period in the genitive: «2022 года», «1 четверти 2022-2023 учебного года»."""
    if reference.period is None:
        return f"{reference.year} года"
    part = reference.period.partition("-")[2]
    name_ = "четверти" if part.startswith("Q") else "полугодия"
    return f"{part[1:]}{words.NBSP}{name_} {reference.academic_year} учебного года"


def _codes(codes: str) -> str:
    return f"показатель {codes}" if codes.replace(".", "").isdigit() else f"показатели {codes}"


def _appendix(facts: MunicipalFacts, reference: Reference, as_of: date) -> list[Block]:
    """A row for each supported school and measure: what, who helps, from whom to learn, by when."""
    dates = _dates(facts.roadmap, as_of)
    schedules = methodology.roadmap_schedules(reference.version)
    rows = []
    for place, (school_id, lines) in enumerate(advice(facts).items(), start=1):
        for part, line in enumerate(lines, start=1):
            peers = f"Изучить опыт: {names(line.peers, reference)}" if line.peers else NO_PEER.capitalize()
            item = f", пункт {line.roadmap_item} дорожной карты" if line.roadmap_item else ""
            due = dates.get(line.roadmap_item)
            rows.append(
                (
                    f"{place}.{part}",
                    f"Руководитель {name(school_id, reference)}",
                    f"{line.text.rstrip('.')} ({_codes(line.codes)}{item}). {peers}.",
                    line.owner or "—",
                    f"до {words.day(due)}" if due else _whose_date(line, schedules),
                )
            )
    if not rows:
        return []
    return [
        Appendix(
            (f"Приложение к приказу {of_authority(facts.name)}", BLANK_NUMBER),
            "Адресные меры по школам",
            approval(facts.name),
        ),
        grid(
            "Что сделать, кто исполняет, кто помогает, к какому сроку",
            (
                Column("№", 10),
                Column("Исполнитель", 28),
                Column("Мера", 58),
                Column("Помогает", 18),
                Column("Срок", 22),
            ),
            rows,
        ),
        Text(
            f"Срок — ближайшая после {words.day(as_of)} дата пункта дорожной карты; где карта даты не "
            "называет, сказано, когда по карте и кто назначает день.",
            "small",
        ),
    ]


def _whose_date(line: Advice, schedules: dict[str, str]) -> str:
    """What stands in the place of a date that the roadmap does not name: its own words, and who decides."""
    schedule = schedules.get(line.roadmap_item, "")
    owner = line.owner or "управление образования"
    words_ = f"{schedule[:1].lower()}{schedule[1:]}; " if schedule else ""
    return f"{words_}день назначает {owner}"


def _dates(roadmap: list[Row], as_of: date) -> dict[str, date]:
    """The next date of each item at the day of judgement: the roadmap has the same days every year."""
    dates: defaultdict[str, list[date]] = defaultdict(list)
    for row in roadmap:
        due = row["due_on"]
        if row["school_id"] is None and due is not None:
            while due < as_of:
                due = _a_year_later(due)
            dates[row["item"]].append(due)
    return {item: min(found) for item, found in dates.items()}


def _a_year_later(day: date) -> date:
    return day.replace(year=day.year + 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _overdue(facts: MunicipalFacts, reference: Reference) -> list[Demand]:
    """A point for each owner with overdue items of the roadmap."""
    known = methodology.roadmap_names(reference.version)
    own = [row for row in facts.roadmap if row["school_id"] is None]
    return [
        (
            f"{owner}: исполнить просроченные пункты дорожной карты и сообщить об исполнении: "
            f"{overdue_text(late, known)}. Срок: {BLANK_DATE}.",
            (),
        )
        for owner, late in overdue(own).items()
    ]


def _submissions(facts: MunicipalFacts, reference: Reference) -> list[Demand]:
    """What is missing or not complete: a point for schools, which send forms, one for what others send.

    A part for each form: which schools it is of.
    """
    demands = (
        (
            True,
            f"Руководителям школ представить {BLANK_DATE} данные, которые не сданы или сданы не полностью:",
        ),
        (
            False,
            f"Центру оценки качества образования запросить у отправителей {BLANK_DATE} данные, которых нет:",
        ),
    )
    found: list[Demand] = []
    for of_schools, demand in demands:
        missing: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
        for row in facts.submissions:
            if (
                is_form(row["dataset"]) == of_schools
                and row["status"] in UNSENT
                and reference.period in (None, row["period"])
            ):
                missing[dataset_title(row["dataset"]), row["period"], row["status"]].append(row["school_id"])
        parts = tuple(
            f"«{title}» ({period_name(period)}){UNSENT[status]}: {names(schools, reference)}."
            for (title, period, status), schools in sorted(missing.items())
        )
        if parts:
            found.append((demand, parts))
    return found
