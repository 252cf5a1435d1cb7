"""What a school's scorecard says, as finished Russian text: templates only lay it out.

A pure function of the marts: the same facts give the same card, in HTML and in PDF.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from school_quality.reporting import words
from school_quality.reporting.cards.deficits import WorkDeficits, build_deficits
from school_quality.reporting.cards.indicators import Indicators, build_indicators
from school_quality.reporting.cards.merged import Merged, build_merged, shows_hidden
from school_quality.reporting.cards.procedures import SUPPRESSED, Procedures, build_procedures
from school_quality.reporting.cards.support import SupportLine, build_support, no_support
from school_quality.reporting.content import methodology, statuses
from school_quality.reporting.content.advice import Advice, build_advice, build_owed, no_advice
from school_quality.reporting.content.facts import Reference, Row, SchoolFacts, updated_note
from school_quality.reporting.content.statuses import StatusMark, TaskLine, Verdict


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A whole card; ``total`` is the system's own calculation, empty in editions of parts of a year.

    ``owed`` are the forms to send first, before the measures of ``advice``.
    """

    school_id: str
    title: str
    school_name: str
    school_line: str
    period_label: str
    edition: str
    verdict: Verdict
    statuses: tuple[StatusMark, ...]
    tasks_title: str
    tasks: tuple[TaskLine, ...]
    total: str
    total_note: str
    district_total: str
    procedures: Procedures
    deficits: tuple[WorkDeficits, ...]
    indicators: Indicators
    owed: tuple[str, ...]
    advice: tuple[Advice, ...]
    advice_note: str
    support: tuple[SupportLine, ...]
    support_note: str
    merged: Merged
    notes: tuple[str, ...]
    vpr_note: str
    imprint: str

    def of_release(self, release: dict[str, Any]) -> Scorecard:
        """The card as the release prints it: with ``release_id`` and ``as_of``, the day of its data."""
        as_of = words.day(release.get("as_of"))
        return replace(
            self,
            edition=f"данные на {as_of}" if as_of else "",
            imprint=words.imprint(release, *filter(None, [self.imprint])),
        )


def build_scorecard(facts: SchoolFacts, reference: Reference) -> Scorecard:
    """The card of one school for the reference's year or period; it names no release yet.

    Args:
        facts: rows of the school's marts.
        reference: dimensions and district figures.
    """
    school, status = facts.school, facts.status
    name = words.school_name(school.get("school_name"), school["school_id"])
    current = [row for row in facts.values if reference.includes(row)]
    procedures = build_procedures(facts, reference)
    versions = sorted({row["methodology_version"] for row in current if row["methodology_version"]})
    annual = reference.period is None
    return Scorecard(
        school_id=str(school["school_id"]),
        title=f"{name}: карта школы, {reference.period_label}",
        school_name=name,
        school_line=_school_line(facts, reference),
        period_label=reference.period_label,
        edition="",
        verdict=_verdict(facts, reference),
        statuses=statuses.status_marks(status),
        tasks_title="Баллы по задачам" if annual else "Что известно по задачам",
        tasks=statuses.task_lines(current, status, reference),
        total=statuses.total(status) if annual else "",
        total_note=words.OWN_TOTAL_NOTE,
        district_total=statuses.district_total(status, reference) if annual else "",
        procedures=procedures,
        deficits=build_deficits(facts, reference),
        indicators=build_indicators(_history(facts, reference), current, facts.status, reference),
        owed=build_owed(facts.unsent, reference),
        advice=build_advice(facts, reference),
        advice_note=no_advice(status),
        support=build_support(facts, reference),
        support_note=no_support(status),
        merged=build_merged(facts, reference),
        notes=_notes(current, facts, procedures, reference),
        vpr_note=words.VPR_NOTE,
        imprint=f"методика {', '.join(versions)}" if versions else "",
    )


def _verdict(facts: SchoolFacts, reference: Reference) -> Verdict:
    """The verdict; of a school in the risk zone with what is falling."""
    verdict = statuses.verdict(facts.status, reference)
    falling = statuses.falls(facts.status, facts.falls, reference)
    return replace(verdict, details=(falling, *verdict.details)) if falling else verdict


def _history(facts: SchoolFacts, reference: Reference) -> list[Row]:
    """Rows up to the period of the edition: a card of the first quarter does not know the second."""
    return [row for row in facts.values if reference.period is None or row["period"] <= reference.period]


def _school_line(facts: SchoolFacts, reference: Reference) -> str:
    school, status = facts.school, facts.status
    parts = [
        reference.municipalities.get(status["municipality_id"], ""),
        f"Код ОО {school['school_id']}",
        words.SCHOOL_TYPES.get(school.get("school_type") or "", ""),
        school.get("locality") or "",
    ]
    if school.get("open_to"):
        successor = reference.schools.get(school.get("successor_school_id") or "")
        heir = f", правопреемник — {successor['school_name']}" if successor else ""
        parts.append(f"закрыта после {words.day(school['open_to'])}{heir}")
    if facts.merged:
        parts.append(f"присоединённых школ: {len(facts.merged)}")
    return " · ".join(part for part in parts if part)


def _notes(
    values: list[Row], facts: SchoolFacts, procedures: Procedures, reference: Reference
) -> tuple[str, ...]:
    notes = []
    if _is_hidden(values, facts):
        notes.append(words.HIDDEN_NOTE)
    district = [
        row
        for (municipality, _), row in reference.district_procedures.items()
        if municipality == facts.status["municipality_id"]
    ]
    if updated := updated_note([facts.status], district):
        notes.append(updated)
    clauses = _clauses(values, reference)
    if clauses:
        notes.append(f"Основание: {'; '.join(clauses)}.")
    sources = _sources(values)
    if sources:
        where = " Файл, лист и строки каждого числа — в таблице XLSX." if facts.sources else ""
        notes.append(f"Откуда числа: {'; '.join(sources)}.{where}")
    meanings = _meanings(values, facts.version)
    if meanings:
        notes.append(f"Что за числа. {'; '.join(meanings)}.")
    if procedures.identifying or procedures.others:
        is_partial = any(row.get("hidden_schools") for row in reference.district_procedures.values())
        except_hidden = " и скрытых школ" if is_partial else ""
        limit = (
            f" Низкий результат — не меньше {words.percent(100 * procedures.threshold)}."
            if procedures.threshold
            else ""
        )
        notes.append(
            f"Не справились: «2» по ВПР, ниже минимального балла на ОГЭ и ЕГЭ, от всех, кто писал.{limit} "
            "На полосе: доля, её интервал (линия), район (синяя метка), граница низкого результата "
            "(пунктир). До порога: на сколько учеников меньше (больше) должно не справиться, чтобы вывод "
            "стал другим. "
            f"Район: доля по всем ученикам района, кроме сводных таблиц{except_hidden}."
        )
    notes.append(
        "Интервал: 95 %, по Уилсону; чем меньше учеников, тем он шире. По годам: до пяти лет, большая точка "
        "— последняя. «Нет данных» — не ноль: ноль баллов — это оценка, а здесь оценивать нечего."
    )
    return tuple(notes)


def _is_hidden(values: list[Row], facts: SchoolFacts) -> bool:
    """Whether the card shows anything as hidden."""
    return (
        bool(facts.status.get("suppressed"))
        or any(row["status"] == "suppressed" for row in values)
        or any(SUPPRESSED in (row["flags"] or ()) for row in facts.procedures)
        or shows_hidden(facts.merged)
    )


def _sources(values: list[Row]) -> list[str]:
    """The forms and exports behind the values that exist, each with the codes that it feeds."""
    codes: defaultdict[str, set[str]] = defaultdict(set)
    for row in values:
        if row["status"] in ("scored", "no_points"):
            seed = methodology.indicator(row["methodology_version"], row["indicator_code"], row["component"])
            if seed and seed["source_form"]:
                codes[seed["source_form"]].add(row["indicator_code"])
    ordered = sorted(codes.items(), key=lambda item: min(words.code_key(code) for code in item[1]))
    return [f"{source[0].lower()}{source[1:]} — {words.code_ranges(found)}" for source, found in ordered]


def _clauses(values: list[Row], reference: Reference) -> list[str]:
    """Clauses of the order behind the values; those that end with the indicator's code are joined."""
    clauses: defaultdict[str, set[str]] = defaultdict(set)
    for row in values:
        code = row["indicator_code"]
        indicator = reference.indicators.get((row["methodology_version"], code, row["component"]), {})
        clause = str(indicator.get("clause") or "")
        if clause.endswith(f"показатель {code}"):
            clauses[clause.removesuffix(f"показатель {code}") + "{noun} {codes}"].add(code)
        elif clause:
            clauses[clause + " ({noun} {codes})"].add(code)
    ordered = sorted(clauses.items(), key=lambda item: min(words.code_key(code) for code in item[1]))
    return [
        clause.replace("{noun}", words.plural(len(codes), "показатель", "показатели", "показатели")).replace(
            "{codes}", words.code_ranges(codes)
        )
        for clause, codes in ordered
    ]


def _meanings(values: list[Row], version: str) -> list[str]:
    """What the ratios mean that stand on the card as bare numbers, each with the codes that it is about."""
    codes: defaultdict[str, set[str]] = defaultdict(set)
    for row in values:
        if row["status"] in ("scored", "no_points"):
            seed = methodology.indicator(row["methodology_version"], row["indicator_code"], row["component"])
            if seed and seed["family"] in words.MEANINGS:
                codes[seed["family"]].add(row["indicator_code"])
    zero_twos = words.percent(methodology.parameter(version, "zero_twos_pct"))
    return [
        f"{words.code_ranges(codes[family])}: {text.format(zero_twos=zero_twos)}"
        for family, text in words.MEANINGS.items()
        if family in codes
    ]
