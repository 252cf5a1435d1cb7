"""Texts of practices that the staff have read and released for the open edition, one by one.

Schools type them, so a text may name a person: nothing of it goes out unread. A decision is a line of
``landing/practice_decisions.jsonl``, which is only ever added to; the last one on a text counts. A text is
known by its content and its school, so one that changes waits again. A release records how many decisions
there were when it was made, and is a function of these.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock

from school_quality.errors import UsageError
from school_quality.landing.receipts import LOCK_TIMEOUT_SECONDS, sync
from school_quality.quoting import literal
from school_quality.settings import Settings
from school_quality.warehouse.publication import damage, releases

Action = Literal["release", "withhold"]

TEXT_SHA256 = "sha256(concat_ws(chr(10), school_id, practice, coalesce(link, '')))"
"""SQL over a row of ``fct_practice``: the hash of its text and school, by which a decision names it."""

SHOWN_DIGITS = 8
"""How many digits of the hash people type: the number of a text."""


@dataclass(frozen=True, slots=True)
class Practice:
    """A text of the current release, and what was decided on it; None: it waits."""

    sha256: str
    school_id: str
    school_name: str
    practice: str
    link: str | None
    decision: Action | None

    @property
    def number(self) -> str:
        return self.sha256[:SHOWN_DIGITS]


def path_of(settings: Settings) -> Path:
    return settings.landing / "practice_decisions.jsonl"


def decisions(settings: Settings, number: int | None = None) -> list[tuple[str, Action]]:
    """The first ``number`` decisions, or all: texts with what was decided on each, oldest first."""
    path = path_of(settings)
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]  # what a crash left without its end is none
    found = [json.loads(line) for line in lines[:number]]
    return [(line["sha256"], line["action"]) for line in found]


def released(settings: Settings, number: int | None = None) -> list[str]:
    """The texts that may be open after the first ``number`` decisions, or after all."""
    last = dict(decisions(settings, number))
    return sorted(text for text, action in last.items() if action == "release")


def texts(settings: Settings) -> list[Practice]:
    """The texts of the current release by school. Raises what `damage.shown` raises."""
    import duckdb

    current = damage.shown(settings)
    last = dict(decisions(settings))
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(releases.warehouse(settings, current))} as release (read_only)")
        found = connection.execute(
            f"""
            select distinct
                {TEXT_SHA256} as text_sha256, school_id, schools.school_name, facts.practice, facts.link
            from release.marts.fct_practice as facts
            inner join release.marts.dim_school as schools using (school_id)
            order by school_id, facts.practice, facts.link
            """
        ).fetchall()
    return [
        Practice(text, school_id, name, practice, link, last.get(text))
        for text, school_id, name, practice, link in found
    ]


def decide(settings: Settings, action: Action, numbers: Sequence[str]) -> list[Practice]:
    """Release texts by their numbers, or withhold them again; returns them. The next release obeys.

    Raises `UsageError`, and decides nothing, where a number is of no text or of several.
    """
    known = texts(settings)
    chosen = []
    for number in numbers:
        found = [text for text in known if text.sha256.startswith(number.lower())]
        if len(number) < SHOWN_DIGITS or len(found) != 1:
            raise UsageError(f"Практики с номером «{number}» нет. Какие есть: school-quality practices --all")
        chosen += found
    moment = datetime.now(UTC).replace(tzinfo=None, microsecond=0).isoformat()
    lines = [
        json.dumps({"sha256": text.sha256, "action": action, "decided_at": moment}) + "\n" for text in chosen
    ]
    path = path_of(settings)
    with FileLock(settings.ingest_lock, timeout=LOCK_TIMEOUT_SECONDS):
        before = path.read_bytes() if path.is_file() else b""
        with path.open("ab") as file:
            file.truncate(before.rfind(b"\n") + 1)
            file.write("".join(lines).encode())
            file.flush()
            os.fsync(file.fileno())
        sync(settings.landing)
    return chosen
