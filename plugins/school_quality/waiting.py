"""How long runs wait, as the administrator sets it; imports nothing heavy, for `doctor` looks at it too."""

from __future__ import annotations

import os
from datetime import timedelta

LONGEST_WAIT = timedelta(hours=6)
"""Where files never stop coming, a recomputation begins after this time with those that are there."""


def quiet() -> timedelta:
    """How long files that a recomputation reads must have been quiet before it begins."""
    return timedelta(minutes=_number("SCHOOL_QUALITY_QUIET_MINUTES", 30))


def approval() -> timedelta:
    """How long a publication waits for a person; without an answer it is not published."""
    return timedelta(hours=_number("SCHOOL_QUALITY_APPROVAL_HOURS", 24))


def run() -> timedelta:
    """How long a recomputation may take with all its waiting: for quiet, for the slot, for an approval."""
    return timedelta(hours=_number("SCHOOL_QUALITY_RUN_HOURS", 42))


def _number(name: str, default: float) -> float:
    """A number of minutes or hours that the administrator may set. ValueError names the variable."""
    given = os.environ.get(name) or default
    try:
        number = float(given)
    except ValueError:
        number = 0
    if not 0 < number < 10_000:
        raise ValueError(f"{name}={given}: нужно число больше нуля, например {default:g}")
    return number
