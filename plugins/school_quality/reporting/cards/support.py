"""Who supports a school: curator, tutor, mentor school, mentoring centre (clause 4 of the order)."""

from __future__ import annotations

from dataclasses import dataclass

from school_quality.reporting import words
from school_quality.reporting.content.facts import Reference, Row, SchoolFacts


@dataclass(frozen=True, slots=True)
class SupportLine:
    """A role and the organisations that have it; no personal names come in (contracts 2.3).

    The open edition says only that somebody is appointed where neither order nor register knows the name.
    """

    role: str
    who: str


def build_support(facts: SchoolFacts, reference: Reference) -> tuple[SupportLine, ...]:
    """The assignments that touch the academic year, by role in the order of `words.ROLES`."""
    by_role: dict[str, list[str]] = {role: [] for role in words.ROLES}
    for row in facts.support:
        by_role.setdefault(row["role"], []).append(_who(row, reference))
    return tuple(
        SupportLine(words.ROLES.get(role, role), "; ".join(dict.fromkeys(who)))
        for role, who in by_role.items()
        if who
    )


def _who(row: Row, reference: Reference) -> str:
    mentor = reference.schools.get(row["mentor_school_id"] or "")
    name = (
        words.school_name(mentor["school_name"], mentor["school_id"])
        if mentor
        else row["organisation"] or "назначен"
    )
    return f"{name} (до {words.day(row['valid_to'])})" if row["valid_to"] else str(name or "")


def no_support(status: Row) -> str:
    """Why a card names nobody; empty where nobody is expected."""
    if not status["is_supported"]:
        return ""
    return (
        "Кто поддерживает школу, не известно: список кураторов, тьюторов и наставников на этот год не пришёл."
    )
