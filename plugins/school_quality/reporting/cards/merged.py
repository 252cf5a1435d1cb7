"""Schools merged into a school: their past stands beside its own, never added to it.

A pooled number would be one that the order does not define, so each keeps its name, status and points.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from school_quality.reporting import words
from school_quality.reporting.content import statuses
from school_quality.reporting.content.facts import MergedFacts, Reference, Row, SchoolFacts, is_hidden

NOTE = (
    "Статус по расчёту и общий итог каждой — её собственные, с числами этой школы они не сложены. "
    "Значения по годам — в таблице XLSX."
)
QUARTER_NOTE = (
    "Статус по расчёту каждой — её собственный, с числами этой школы не сложен. "
    "Значения по годам — в таблице XLSX."
)
# A school on the way is named by its code where its name is longer.
LONGEST_NAME = 60
NO_YEARS = "за последние пять лет данных нет"


@dataclass(frozen=True, slots=True)
class MergedSchool:
    """A merged school: name with its code, until when it was one, and a text for each year of its status.

    ``years`` says so where there is none.
    """

    school_id: str
    name: str
    until: str
    years: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged schools of a card, the last merged first; ``note`` says whose numbers they are."""

    schools: tuple[MergedSchool, ...]
    note: str


def build_merged(facts: SchoolFacts, reference: Reference) -> Merged:
    """The schools merged into the card's one up to its year, also through others."""
    schools = tuple(
        MergedSchool(
            school_id=str(merged.school["school_id"]),
            name=title(merged.school),
            until=until(merged.school, str(facts.school["school_id"]), reference),
            years=tuple(_year(status, reference) for status in merged.statuses) or (NO_YEARS,),
        )
        for merged in facts.merged
    )
    note = NOTE if reference.period is None else QUARTER_NOTE
    return Merged(schools, note if schools else "")


def title(school: Row) -> str:
    """A merged school by name and code."""
    return (
        f"{words.school_name(school.get('school_name'), school['school_id'])} (Код ОО {school['school_id']})"
    )


def until(school: Row, successor_id: str, reference: Reference) -> str:
    """Until when a merged school was one, and into which it went first on its way to ``successor_id``."""
    day = words.day(school.get("open_to"))
    text = f"до {day}" if day else "(дата не указана)"
    first = school.get("successor_school_id")
    if first is None or first == successor_id:
        return text
    heir = reference.schools.get(first, {}).get("school_name") or ""
    return (
        f"{text}, через {words.school_name(heir, first) if len(heir) <= LONGEST_NAME else f'Код ОО {first}'}"
    )


def shows_hidden(merged: Iterable[MergedFacts]) -> bool:
    """Whether the open edition hides anything that a card would say of these schools."""
    return any(
        is_hidden(status, column)
        for school in merged
        for status in school.statuses
        for column in ("is_low_results", "is_risk_zone", "points")
    )


def _year(status: Row, reference: Reference) -> str:
    """``2021 — ШНОР, в списках: ШНОР, 34 из 88 баллов (38,6 %)``: the school's own numbers of one year."""
    parts = [_status(status)]
    if lists := statuses.official_lists(status):
        parts.append(f"в списках: {', '.join(lists)}")
    if reference.period is None:
        parts.append(_points(status))
    return f"{status['reporting_year']} — {', '.join(parts)}"


def _status(status: Row) -> str:
    if status["is_low_results"]:
        return words.FIGURES["is_low_results"]
    if status["is_risk_zone"]:
        return words.inside(words.FIGURES["is_risk_zone"])
    if is_hidden(status, "is_low_results") or is_hidden(status, "is_risk_zone"):
        return "статус скрыт"
    return "статус не определён" if status["is_low_results"] is None else "не ШНОР и не зона риска"


def _points(status: Row) -> str:
    if status["points"] is None:
        return f"баллы: {words.HIDDEN if is_hidden(status, 'points') else words.NO_DATA}"
    maximum = words.HIDDEN if status["max_points"] is None else status["max_points"]
    share = "" if status["score_pct"] is None else f" ({words.percent(status['score_pct'])})"
    return f"{status['points']} из {maximum} баллов{share}"
