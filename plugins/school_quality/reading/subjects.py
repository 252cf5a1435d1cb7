"""School subjects: from codes and names in any case form to the ids of the seed ``subjects.csv``.

The seed ``dbt_project/seeds/reference/subjects.csv`` is the one source for Python and dbt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from school_quality import seeds
from school_quality.reading.texts import fold

CODE = re.compile(r"^(\d{1,2})(?:\s*[-–—.]\s*|\s+)(?=\D)")
"""The code of an exam before the name of its subject: ``02 - Математика``, ``2. Математика``,
``02 Математика``."""

_NOISE = re.compile(r"[\"'«»„“”.,;:()]+")
_WORD = re.compile(r"[а-яa-z]")


def _plain(text: str) -> str:
    return " ".join(_NOISE.sub(" ", fold(text)).split())


@dataclass(frozen=True, slots=True)
class Subjects:
    """The seed, indexed."""

    names: dict[str, str]  # id -> Russian name
    by_alias: dict[str, str]
    by_code: dict[tuple[str, str], str]  # exam, code -> id
    alias: re.Pattern[str]  # any alias in a longer text, the longest first


@cache
def seed() -> Subjects:
    """The subjects of the seed."""
    names: dict[str, str] = {}
    by_alias: dict[str, str] = {}
    by_code: dict[tuple[str, str], str] = {}
    for row in seeds.rows("subjects"):
        subject = row["subject"]
        names[subject] = row["subject_name"]
        for alias in (subject, row["subject_name"], *row["aliases"].split("|")):
            by_alias.setdefault(_plain(alias), subject)
        for exam in ("ege", "oge"):
            for code in filter(None, row[f"{exam}_code"].split("|")):
                by_code[exam, code] = subject
    words = "|".join(re.escape(a) for a in sorted(by_alias, key=len, reverse=True))
    return Subjects(names, by_alias, by_code, re.compile(rf"(?<![а-яa-z])(?:{words})(?![а-яa-z])"))


def _of_exam(subject: str | None, exam: str | None) -> str | None:
    # contracts 2.1: plain maths under ЕГЭ is profile; nothing else depends on the exam
    return "math_profile" if subject == "math" and exam == "ege" else subject


def find(text: str, exam: str | None = None) -> str | None:
    """The subject that ``text`` is, whole: an id, a name in any case form, with or without a code; else
    ``None``.

    ``exam`` (``ege``, ``oge``, ``vpr``) decides about plain ``Математика`` and about codes. A code and a
    name that contradict each other are no subject.
    """
    known = seed()
    code = CODE.match(text.strip())
    name = _plain(text.strip()[code.end() :] if code else text)
    by_name = _of_exam(known.by_alias.get(name), exam)
    if code is None:
        if re.fullmatch(r"\d{1,2}", name) and exam in ("ege", "oge"):
            return known.by_code.get((exam, name.zfill(2)))
        return by_name
    by_code = known.by_code.get((exam, code[1].zfill(2))) if exam else None
    if by_code is None or by_name is None:
        return by_name
    return (
        by_code if by_name == by_code or (known.by_alias.get(name) == "math" and _is_math(by_code)) else None
    )


def _is_math(subject: str) -> bool:
    return subject.startswith("math")


def mentioned(text: str) -> set[str]:
    """The subjects that a longer text names: ``Проведение работы по математике, 5 класс`` -> ``{"math"}``."""
    known = seed()
    return {known.by_alias[m[0]] for m in known.alias.finditer(_plain(text))}
