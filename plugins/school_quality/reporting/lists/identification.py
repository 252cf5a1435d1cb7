"""The list of identified schools: computed statuses beside the official ones, differences named.

Source: clause 3 of the order (who is ШНОР, in the risk zone, in difficult social conditions) and methodology,
readings 11-13.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import duckdb

from school_quality.reporting import words
from school_quality.reporting.content import methodology
from school_quality.reporting.content.facts import (
    Reference,
    Row,
    how_many,
    is_hidden,
    procedure_order,
    read_statuses,
    rows,
    updated_note,
)

STATUSES = words.VERDICTS


@dataclass(frozen=True, slots=True)
class Verdict:
    """A status by the calculation and by the list in force (None: unknown, or no list).

    ``is_hidden``: the open edition hides what the calculation says.
    """

    title: str
    computed: bool | None
    official: bool | None
    is_hidden: bool

    @property
    def differs(self) -> bool:
        return None not in (self.computed, self.official) and self.computed != self.official


@dataclass(frozen=True, slots=True)
class IdentifiedSchool:
    """One line of the list; ``low_results`` names the procedures with their share of failed."""

    school_id: str
    school_name: str
    verdicts: tuple[Verdict, ...]
    in_project_500: bool | None
    is_supported: bool | None
    is_support_hidden: bool
    low_procedures: int | None  # None: nothing was written that identifies, or it is hidden
    low_results: tuple[str, ...]
    results_index: float | None
    social_index: float | None
    change: str

    @property
    def differences(self) -> str:
        return ", ".join(verdict.title for verdict in self.verdicts if verdict.differs)


@dataclass(frozen=True, slots=True)
class District:
    """The identified schools of one municipality, and how many schools it has in all."""

    name: str
    summary: str
    undecided: str
    schools: tuple[IdentifiedSchool, ...]


@dataclass(frozen=True, slots=True)
class Identification:
    title: str
    period_label: str
    edition: str
    districts: tuple[District, ...]
    notes: tuple[str, ...]
    vpr_note: str
    imprint: str
    hidden: str = words.HIDDEN  # what stands where a verdict is
    heads: tuple[str, ...] = tuple(words.FIGURES[column] for column in ("in_project_500", "is_supported"))

    @property
    def schools(self) -> int:
        return sum(len(district.schools) for district in self.districts)


def build_identification(
    connection: duckdb.DuckDBPyConnection, reference: Reference, release: dict[str, Any]
) -> Identification:
    """Every school of the year with a status, computed or official, by municipality and number."""
    statuses = read_statuses(connection, reference)
    failures = rows(
        connection,
        "select school_id, procedure_id, failed_pct from marts.fct_procedure_result"
        " where reporting_year = ? and is_low_result order by procedure_id",
        [reference.year],
    )
    failed_pct = {(row["school_id"], row["procedure_id"]): row["failed_pct"] for row in failures}
    by_municipality: defaultdict[str, list[Row]] = defaultdict(list)
    for status in statuses:
        by_municipality[status["municipality_id"]].append(status)
    low, risk, social = (
        methodology.cited(reference.version, status)
        for status in ("is_low_results", "is_risk_zone", "is_difficult_social")
    )
    as_of = words.day(release.get("as_of"))
    return Identification(
        title=f"Школы с низкими результатами и в сложных условиях, {reference.year} год",
        period_label=f"{reference.year} год",
        edition=f"данные на {as_of}" if as_of else "",
        districts=tuple(
            _district(
                reference.municipalities.get(municipality, municipality), members, failed_pct, reference
            )
            for municipality, members in by_municipality.items()
        ),
        notes=(
            "ШНОР: низкие результаты сразу в нескольких процедурах года из тех, по которым определяют"
            f"{low}. Зона риска: низкий индекс результатов и падение, которое длится{risk}. "
            f"ШССУ: низкий индекс социального благополучия{social}.",
            "Расчёт не заменяет официальный список: расхождение — повод проверить данные. "
            "«—»: данных или списка нет. Поддержку получают школы официальных списков, "
            "а где списков нет — школы по расчёту.",
            *([words.HIDDEN_NOTE] if any(status.get("suppressed") for status in statuses) else []),
            *filter(None, [updated_note(statuses)]),
        ),
        vpr_note=words.VPR_NOTE,
        imprint=words.imprint(release),
    )


def _district(
    name: str, statuses: list[Row], failed_pct: dict[tuple[str, str], float], reference: Reference
) -> District:
    schools = tuple(
        school
        for school in (_school(status, failed_pct, reference) for status in statuses)
        if _is_listed(school)
    )
    hidden = [status for status in statuses if is_hidden(status, "is_low_results")]
    undecided = [
        _name(status, reference)
        for status in statuses
        if status["is_low_results"] is None and status not in hidden
    ]
    counts = [
        f"{title}: по расчёту {how_many(statuses, computed)}, "
        + (
            f"в списке {sum(bool(status[official]) for status in statuses)}"
            if any(status[official] is not None for status in statuses)
            else words.NO_LIST
        )
        for title, computed, official in STATUSES
    ]
    counts.append(f"Поддержку получают: {how_many(statuses, 'is_supported')}")
    return District(
        name=name,
        summary=f"Всего {words.counted(len(statuses), 'школа', 'школы', 'школ')}. {'. '.join(counts)}.",
        undecided=" ".join(
            f"{title}: {', '.join(names)}."
            for title, names in (
                ("Определить нельзя (нет результатов процедур, по которым определяют ШНОР)", undecided),
                ("ШНОР по расчёту скрыто", [_name(status, reference) for status in hidden]),
            )
            if names
        ),
        schools=schools,
    )


def _school(status: Row, failed_pct: dict[tuple[str, str], float], reference: Reference) -> IdentifiedSchool:
    school_id = status["school_id"]
    return IdentifiedSchool(
        school_id=school_id,
        school_name=_name(status, reference),
        verdicts=tuple(
            Verdict(title, status[computed], status[official], is_hidden(status, computed))
            for title, computed, official in STATUSES
        ),
        in_project_500=status["in_project_500"],
        is_supported=status["is_supported"],
        is_support_hidden=is_hidden(status, "is_supported"),
        low_procedures=None if status["is_low_results"] is None else status["low_procedures"],
        low_results=tuple(
            f"{reference.procedures.get(procedure, {}).get('procedure_name') or procedure} — "
            f"{words.percent(failed_pct.get((school_id, procedure)))}"
            for procedure in sorted(
                status["low_procedure_ids"] or (),
                key=lambda id_: procedure_order(reference.procedures.get(id_, {})),
            )
        ),
        results_index=status["results_index"],
        social_index=status["social_index"],
        change=words.CHANGES.get(status["change_from_previous_year"] or "", ""),
    )


def _is_listed(school: IdentifiedSchool) -> bool:
    statuses = [value for verdict in school.verdicts for value in (verdict.computed, verdict.official)]
    return any(statuses) or bool(school.in_project_500 or school.is_supported) or school.change != ""


def _name(status: Row, reference: Reference) -> str:
    school = reference.schools.get(status["school_id"], {})
    return words.school_name(school.get("school_name"), status["school_id"])
