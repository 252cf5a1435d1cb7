"""The year's procedures on a scorecard: who failed, how sure that is, how far the threshold is."""

from __future__ import annotations

from dataclasses import dataclass

from school_quality.reporting import words
from school_quality.reporting.content import methodology, small_schools
from school_quality.reporting.content.facts import Reference, Row, SchoolFacts, procedure_order
from school_quality.reporting.layout.footnotes import Footnotes
from school_quality.reporting.words import Tone

# The flag of a result of which the open edition hides numbers.
SUPPRESSED = "suppressed"

VERDICTS: dict[bool | None, tuple[str, Tone]] = {
    True: ("низкий", "bad"),
    False: ("не низкий", "good"),
    None: (words.NO_DATA, "unknown"),
}


@dataclass(frozen=True, slots=True)
class ProcedureLine:
    """One procedure; ``share`` and its bounds are of 1 (None: unknown), ``marks`` number footnotes."""

    name: str
    marks: str
    participants: str
    absent: str
    failed: str
    interval: str
    district: str
    verdict: str
    distance: str
    tone: Tone
    share: float | None
    low: float | None
    high: float | None
    district_share: float | None


@dataclass(frozen=True, slots=True)
class Procedures:
    """Procedures that identify ШНОР, and the others; ``threshold`` of 1 makes a result low.

    ``few`` says of identifying procedures with few participants what else is known of them.
    """

    identifying: tuple[ProcedureLine, ...]
    identifying_footnotes: tuple[str, ...]
    others: tuple[ProcedureLine, ...]
    other_footnotes: tuple[str, ...]
    threshold: float | None
    few: tuple[str, ...] = ()


def build_procedures(facts: SchoolFacts, reference: Reference) -> Procedures:
    """The year's procedures; none in the edition of a quarter or half-year."""
    if reference.period is not None:
        return Procedures((), (), (), (), None)
    dimension = reference.procedures
    ordered = sorted(
        facts.procedures, key=lambda row: procedure_order(dimension.get(row["procedure_id"]) or row)
    )
    first, second = Footnotes(), Footnotes()
    identifying: list[ProcedureLine] = []
    others: list[ProcedureLine] = []
    few: list[str] = []
    for row in ordered:
        if dimension.get(row["procedure_id"], {}).get("is_identifying"):
            line = _procedure_line(row, reference, first)
            identifying.append(line)
            few.extend(f"{line.name}: {text}" for text in [small_schools.estimates(row)] if text)
        else:
            others.append(_procedure_line(row, reference, second))
    threshold = _share(methodology.parameter(facts.version, "low_result_pct"))
    return Procedures(tuple(identifying), first.texts(), tuple(others), second.texts(), threshold, tuple(few))


def _procedure_line(row: Row, reference: Reference, footnotes: Footnotes) -> ProcedureLine:
    procedure = reference.procedures.get(row["procedure_id"], {})
    district = reference.district_procedures.get((row["municipality_id"], row["procedure_id"]), {})
    flags = row["flags"] or ()
    is_hidden = SUPPRESSED in flags
    unknown = words.HIDDEN if is_hidden else words.NO_DATA
    remarks = [words.FLAGS.get(flag, flag) for flag in flags if flag != SUPPRESSED]
    if row["data_level"] in words.DATA_LEVELS:
        remarks.append(words.DATA_LEVELS[row["data_level"]])
    failed = unknown if row["failed_pct"] is None else words.percent(row["failed_pct"])
    if row["failed"] is not None:
        failed = f"{row['failed']} ({failed})"
    verdict, tone = VERDICTS[row["is_low_result"]]
    return ProcedureLine(
        name=str(procedure.get("procedure_name") or row["procedure_id"]),
        marks=footnotes.cite(remarks),
        participants=unknown if row["participants"] is None else words.number(row["participants"], 0),
        absent="" if row["absent"] is None else words.number(row["absent"], 0),
        failed=failed,
        interval=words.interval(row["failed_ci_low_pct"], row["failed_ci_high_pct"]),
        district=_district_failed(district),
        verdict=unknown if row["is_low_result"] is None else verdict,
        distance=_distance(row),
        tone=tone,
        share=_share(row["failed_pct"]),
        low=_share(row["failed_ci_low_pct"]),
        high=_share(row["failed_ci_high_pct"]),
        district_share=_share(district.get("failed_pct")),
    )


def _distance(row: Row) -> str:
    """How many fewer failures would end a low result, or how many more would make one; empty if unknown."""
    if row["pupils_to_threshold"] is None or row["is_low_result"] is None:
        return ""
    pupils = words.number(abs(row["pupils_to_threshold"]), 0)
    return f"на {pupils} {'меньше' if row['is_low_result'] else 'больше'}"


def _district_failed(district: Row) -> str:
    failed = district.get("failed_pct")
    return "" if failed is None else words.percent(round(float(failed), 1))


def _share(pct: float | None) -> float | None:
    return None if pct is None else round(float(pct) / 100, 4)
