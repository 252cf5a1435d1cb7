"""Which release readers saw when: ``published/journal.json``, one entry for each switch of ``current``.

Releases are pruned, their entries stay: a line a release for as long as the data root lives. An entry is
written before the switch that it announces, so after a crash the last one may speak of a switch that never
happened: whoever reads drops it, because ``current`` says otherwise.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from school_quality.errors import Damaged
from school_quality.landing.receipts import sync
from school_quality.settings import Settings
from school_quality.warehouse.publication import releases
from school_quality.warehouse.publication.releases import ReleaseInfo

Action = Literal["publish", "rollback", "repair"]
"""``repair``: the release that was in force is damaged, and readers got this one instead."""


@dataclass(frozen=True, slots=True)
class Entry:
    """``release_id`` became current at ``moment`` (UTC, without zone) in place of ``replaced_release_id``."""

    moment: datetime
    action: Action
    release_id: str
    replaced_release_id: str | None
    reporting_year: int
    as_of: str
    receipt_seq: int
    code_version: str
    methodology_hash: str

    @classmethod
    def of(cls, moment: datetime, action: Action, release: ReleaseInfo, replaced: str | None) -> Entry:
        return cls(
            moment,
            action,
            release.release_id,
            replaced,
            release.reporting_year,
            release.as_of.isoformat(),
            release.receipt_seq,
            release.code_version,
            release.methodology_hash,
        )

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Entry:
        entry = cls(**{**document, "moment": datetime.fromisoformat(document["moment"])})
        kinds = {"moment": datetime, "release_id": str, "receipt_seq": int, "reporting_year": int}
        wrong = [name for name, kind in kinds.items() if not isinstance(getattr(entry, name), kind)]
        if wrong or entry.moment.tzinfo is not None:
            raise TypeError(f"{wrong or 'moment'}: not what an entry says")
        return entry

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "moment": self.moment.isoformat()}


def path_of(settings: Settings) -> Path:
    return settings.published / "journal.json"


def read(settings: Settings) -> list[Entry]:
    """The switches that have happened, oldest first.

    Where the file is missing, as in a data root older than it, every release on disk up to the current one
    counts as published in its turn. Raises `Damaged` for a file that is not what was written.
    """
    current = releases.current_id(settings)
    if current is None:
        return []
    found = noted(settings)
    while found and found[-1].release_id != current:
        found.pop()
    return found or _of_manifests(settings, current)


def noted(settings: Settings) -> list[Entry]:
    """The file as written, whose last switch may not have happened; empty where there is no file.

    Raises `Damaged` where it is not what was written.
    """
    path = path_of(settings)
    if not path.is_file():
        return []
    try:
        document: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return [Entry.from_json(document[place]) for place in range(len(document))]
    except (ValueError, TypeError, LookupError) as error:
        raise Damaged(f"Файл {path} повреждён. Что делать: school-quality repair") from error


def _of_manifests(settings: Settings, current: str) -> list[Entry]:
    entries: list[Entry] = []
    for release_id, document in releases.readable(settings).items():
        if release_id <= current:
            release = ReleaseInfo.from_json(document)
            moment = datetime.fromisoformat(document.get("published_at") or document["created_at"])
            replaced = entries[-1].release_id if entries else None
            entries.append(Entry.of(moment, "publish", release, replaced))
    return entries


def write(settings: Settings, entries: Sequence[Entry]) -> None:
    """Replace the journal as a whole, atomically. The caller holds the build lock."""
    path = path_of(settings)
    staging = path.with_name(f".{path.name}")
    text = ",\n".join(json.dumps(entry.to_json(), ensure_ascii=False) for entry in entries)
    staging.write_text(f"[\n{text}\n]\n", encoding="utf-8")
    sync(staging)
    staging.replace(path)
    sync(settings.published)


def switch(settings: Settings, entries: Sequence[Entry], entry: Entry) -> None:
    """Note the switch, then point ``current`` at its release by one atomic replacement of a link."""
    write(settings, [*entries, entry])
    link = settings.published / ".staging-current"
    link.unlink(missing_ok=True)
    link.symlink_to(entry.release_id)
    os.replace(link, settings.current)  # noqa: PTH105 -- Path.replace would do the same; os.replace says atomic
    sync(settings.published)


def next_moment(entries: Sequence[Entry]) -> datetime:
    """Now, but never before the last switch: a clock that goes back must not turn the history round."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return max(now, entries[-1].moment + timedelta(microseconds=1)) if entries else now


def first_shown(entries: Sequence[Entry]) -> dict[str, int]:
    """Of each release that readers have seen, the place of its first switch: the order of releases.

    An id begins with the time at which its build began, which says nothing where a clock went back.
    """
    found: dict[str, int] = {}
    for place, entry in enumerate(entries):
        found.setdefault(entry.release_id, place)
    return found


def rolled_back(entries: Sequence[Entry]) -> set[str]:
    """Releases from which a person has gone back to an older one, and that are not in force again."""
    found: set[str] = set()
    place = first_shown(entries)
    for entry in entries:
        replaced = entry.replaced_release_id
        if entry.action == "rollback" and replaced and place.get(replaced, -1) > place[entry.release_id]:
            found.add(replaced)
        found.discard(entry.release_id)
    return found
