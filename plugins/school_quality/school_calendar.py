"""When recomputations are due, of which period (seed ``recompute_calendar``), and which files concern them.

Read when a DAG file is parsed, so it imports nothing heavy. No function here knows what day it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from school_quality import seeds

PERIOD_TYPES = ("year", "half_year", "quarter")
_SUFFIX = {"year": "", "half_year": "-H", "quarter": "-Q"}


@dataclass(frozen=True, slots=True)
class Due:
    """The recomputation that a day of the calendar stands for."""

    day: date
    reporting_year: int
    period: str  # 2022, 2022-H1, 2022-Q3


@dataclass(frozen=True, slots=True)
class _Entry:
    period_number: str
    month: int
    day: int
    year_offset: int

    def due(self, period_type: str, calendar_year: int) -> Due:
        year = calendar_year - self.year_offset
        period = f"{year}{_SUFFIX[period_type]}{self.period_number}"
        return Due(date(calendar_year, self.month, self.day), year, period)


def crons(period_type: str) -> list[str]:
    """Cron expressions of the calendar's days. Midnight UTC is the same day everywhere in Russia."""
    return [f"0 0 {entry.day} {entry.month} *" for entry in _entries(period_type)]


def latest(period_type: str, on: date) -> Due:
    """The last recomputation that was due on or before a day."""
    found = (
        entry.due(period_type, year) for entry in _entries(period_type) for year in (on.year - 1, on.year)
    )
    return max((due for due in found if due.day <= on), key=lambda due: due.day)


@cache
def datasets(period_type: str) -> tuple[str, ...]:
    """The datasets whose news call for a recomputation of a kind.

    Forms of a quarter or half-year concern the documents of that kind; all else concerns the year.
    """
    regular = {kind: _submitted(kind) for kind in ("half_year", "quarter")}
    if period_type != "year":
        return tuple(sorted(regular[period_type]))
    declared = {path.stem for path in (Path(__file__).parent / "datasets").glob("*.yml")}
    return tuple(sorted(declared - regular["half_year"] - regular["quarter"]))


def _submitted(period_type: str) -> set[str]:
    rows = seeds.rows("submission_calendar")
    return {row["dataset"] for row in rows if row["period_type"] == period_type}


@cache
def _entries(period_type: str) -> tuple[_Entry, ...]:
    return tuple(
        _Entry(row["period_number"], int(row["month"]), int(row["day"]), int(row["year_offset"]))
        for row in seeds.rows("recompute_calendar")
        if row["period_type"] == period_type
    )
