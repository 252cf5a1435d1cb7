"""What the last look into the inbox could not read, kept in the data root for `status`, notices and pages.

They may run as another user, for whom the inbox looks different. It decides about no row: it only keeps
what people are told, and since when a file lies unchanged (`reading.look`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path

from school_quality.errors import Damaged
from school_quality.reading import Look, PassedOver, Reason, Stamp
from school_quality.screen import one_line
from school_quality.settings import Settings

WORDS: dict[Reason, str] = {
    "locked": "занят другой программой; закройте его, прочитаем в следующий раз",
    "young": "изменён только что и, может быть, ещё записывается; прочитаем в следующий раз",
    "future": "время изменения в будущем; проверьте часы; прочитаем в следующий раз, если файл не изменится",
    "no_access": "нет прав на чтение; дайте их пользователю, от имени которого работает система",
    "unreadable": "диск или сетевая папка не отвечает; проверьте их",
    "link": "ссылка ведёт за пределы папки приёма, на папку или в никуда; положите сам файл",
    "name": "имя в чужой кодировке; переименуйте файл или папку",
    "special": "это не обычный файл; положите сам файл",
}

PASSING: frozenset[Reason] = frozenset({"locked", "young"})
"""Reasons that pass by themselves: nobody has to do anything."""

SHOWN = 20
"""Paths of one reason that a list names; it says how many more there are."""


@dataclass(frozen=True, slots=True)
class LastLook:
    """``news``: what somebody must act on and the look before had not found."""

    looked_at: datetime
    passed_over: tuple[PassedOver, ...]
    young: dict[str, Stamp]
    news: tuple[PassedOver, ...]


def load(settings: Settings) -> LastLook | None:
    """The last look; ``None`` before the first one, or where its record is damaged: the next one makes it
    anew."""
    try:
        found = json.loads(settings.last_look.read_text(encoding="utf-8"))
        return LastLook(
            datetime.fromisoformat(found["looked_at"]),
            tuple(PassedOver(*each) for each in found["passed_over"] if each[1] in WORDS),
            {path: (size, modified, since) for path, (size, modified, since) in found["young"].items()},
            tuple(PassedOver(*each) for each in found["news"] if each[1] in WORDS),
        )
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return None


def keep(settings: Settings, look: Look, before: LastLook | None, looked_at: datetime) -> None:
    """Write down what a look left unread, in place of the look ``before``.

    Raises `Damaged` where a folder lies in its place.
    """
    known = set(before.passed_over) if before else set()
    news = [each for each in look.passed_over if each.reason not in PASSING and each not in known]
    record = {
        "looked_at": looked_at.isoformat(),
        "passed_over": [astuple(each) for each in look.passed_over],
        "young": look.young,
        "news": [astuple(each) for each in news],
    }
    for folder in folders(settings):
        raise Damaged(f"{folder}: это папка, а должен быть файл. Что делать: school-quality repair")
    staging = _staging(settings)
    staging.write_text(json.dumps(record), encoding="utf-8")
    staging.replace(settings.last_look)


def folders(settings: Settings) -> list[Path]:
    """Folders where the record or its next version belongs; the system makes none there."""
    return [path for path in (settings.last_look, _staging(settings)) if path.is_dir()]


def _staging(settings: Settings) -> Path:
    return settings.last_look.with_suffix(".tmp")


def lines(passed_over: Sequence[PassedOver]) -> list[str]:
    """What was not read and what to do, a line a reason; none where everything was read."""
    by_reason: dict[tuple[Reason, str], list[str]] = {}
    for each in passed_over:
        by_reason.setdefault((each.reason, each.detail), []).append(each.path)
    found = [f"Не прочитано в папке приёма: {len(passed_over)}."] if passed_over else []
    for (reason, detail), paths in by_reason.items():
        more = f" и ещё {len(paths) - SHOWN}" if len(paths) > SHOWN else ""
        why = f" ({detail})" if detail else ""
        found.append(f"  {', '.join(paths[:SHOWN])}{more}: {WORDS[reason]}{why}")
    return [one_line(line) for line in found]
