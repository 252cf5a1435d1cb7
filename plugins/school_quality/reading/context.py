"""What a path or a title says about year, grade, subject and sitting (contracts, section 2).

Name before folder, the nearest folder before the next. A part that says two different things says nothing,
and stops the search: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from school_quality.model import Context
from school_quality.reading import subjects
from school_quality.reading.texts import fold

_YEAR = r"20[1-9]\d|2100"
_ACADEMIC = re.compile(rf"(?<!\d)({_YEAR})\s*[-–—/]\s*(\d{{4}}|\d{{2}})(?!\d)(?!\s*[-./]\s*\d)")
_DATE = re.compile(
    rf"(?<!\d)(?:\d{{1,2}}[.\-_/]\d{{1,2}}[.\-_/]({_YEAR})|({_YEAR})[.\-_/]\d{{1,2}}[.\-_/]\d{{1,2}})(?!\d)"
)
_COMPACT_DATE = re.compile(rf"(?<!\d)({_YEAR})(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)")
_PLAIN = re.compile(rf"(?<!\d)({_YEAR})(?!\d)")
_GRADE = re.compile(
    r"(?<![\d.])(1[01]|[1-9])\s*(?:-?\s*(?:й|го|ом|е|ый|ых))?\s*[«\"']?[а-д]?[»\"']?\s*(?:класс|кл\b)"
)
_WORK_GRADE = re.compile(
    r"по\s+(?:образцу|программе|материалам)(?:\s+за)?\s+(1[01]|[1-9])\s*(?:-?\s*го)?\s*кл"
)
_GRADE_RANGE = re.compile(r"(?<!\d)(?:1[01]|[1-9])\s*[-–—и,]\s*(?:1[01]|[1-9])\s*(?:-?\s*\w{1,2}\s+)?кл")
_BARE_GRADE = re.compile(r"(1[01]|[1-9])")
_AUTUMN = re.compile(r"(?<![а-я])осен[ьиня]")
_EXAMS = {
    "ege": re.compile(r"(?<![а-я])(?:егэ(?![а-я])|един\w+ государственн\w+ экзамен)"),
    "oge": re.compile(r"(?<![а-я])(?:огэ(?![а-я])|основн\w+ государственн\w+ экзамен)"),
    "vpr": re.compile(r"(?<![а-я])(?:впр(?![а-я])|всероссийск\w+ проверочн\w+ работ)"),
}
_DIGITS = re.compile(r"\d+")
_JOINED = re.compile(r"\d\s*[-–—./_]\s*\d|\d{8}")
"""Without it a text has no date and no academic year, only plain numbers."""


@dataclass(frozen=True, slots=True)
class Mention:
    """What one name says; each set has one element where it is clear."""

    years: frozenset[int]
    grades: frozenset[int]
    subjects: frozenset[str]
    is_autumn: bool
    exams: frozenset[str] = frozenset()


class Consulted:
    """The context of a path, which notes what it was asked for: only that decides about the file."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.fields: set[str] = set()

    def ask(self, field: str) -> int | str | None:
        """What the path says of a field (`CONTEXT_FIELDS`)."""
        self.fields.add(field)
        said: int | str | None = getattr(self._context, field)
        return said

    @property
    def conflicting_years(self) -> tuple[int, ...]:
        self.fields.add("year")
        return self._context.conflicting_years


def years_in(text: str) -> set[int]:
    """Reporting years that a text names: ``2021-2022`` is 2021, a date gives its year."""
    if not _JOINED.search(text):
        return {int(year) for year in _PLAIN.findall(text)}
    found: set[int] = set()

    def academic(match: re.Match[str]) -> str:
        first, second = int(match[1]), match[2]
        last = int(second) if len(second) == 4 else first // 100 * 100 + int(second)
        if last == first + 1:
            found.add(first)
            return " "
        return match[0]

    def date(match: re.Match[str]) -> str:
        found.add(int(next(g for g in match.groups() if g)))
        return " "

    rest = _DATE.sub(date, text)
    rest = _COMPACT_DATE.sub(date, rest)
    rest = _ACADEMIC.sub(academic, rest)
    found.update(int(year) for year in _PLAIN.findall(rest))
    return found


@lru_cache(maxsize=10_000)
def mention(text: str, *, is_folder: bool = False) -> Mention:
    """Read one name (without extension) or one title."""
    folded = fold(text)
    words = folded.replace("_", " ")
    grades = _grades_in(words) if "кл" in words else set()
    if is_folder and not grades and (bare := _BARE_GRADE.fullmatch(words)):
        grades = {int(bare[1])}
    return Mention(
        frozenset(years_in(folded)),
        frozenset(grades),
        _subjects_in(_DIGITS.sub("0", words)),
        "осен" in words and bool(_AUTUMN.search(words)),
        frozenset(exam for exam, word in _EXAMS.items() if word.search(words)),
    )


def _grades_in(words: str) -> set[int]:
    work = _WORK_GRADE.search(words)
    if work:
        # in autumn the pupils are one grade up: the grade is that of the work
        return {int(work[1])}
    return set() if _GRADE_RANGE.search(words) else {int(g) for g in _GRADE.findall(words)}


@lru_cache(maxsize=10_000)
def _subjects_in(words: str) -> frozenset[str]:
    """Thousands of names differ in a number only, and no subject has one."""
    return frozenset(subjects.mentioned(words))


def combine(mentions: Sequence[Mention]) -> Context:
    """The context of mentions in order of nearness."""
    years = sorted(next((m.years for m in mentions if m.years), ()))
    grades = sorted(next((m.grades for m in mentions if m.grades), ()))
    named = sorted(next((m.subjects for m in mentions if m.subjects), ()))
    exams = next((m.exams for m in mentions if m.exams), frozenset())
    return Context(
        year=years[0] if len(years) == 1 else None,
        grade=grades[0] if len(grades) == 1 else None,
        subject=named[0] if len(named) == 1 else None,
        sitting="autumn" if any(m.is_autumn for m in mentions) else None,
        conflicting_years=tuple(years) if len(years) > 1 else (),
        exam=next(iter(exams)) if len(exams) == 1 else None,
    )


def of_path(relative: str) -> Context:
    """The context of a path relative to the inbox, ``/`` between its parts; archives count as folders."""
    *folders, name = relative.split("/")
    stem = name.rsplit(".", 1)[0] if "." in name else name
    nearest = [mention(stem)]
    nearest += [
        mention(f.rsplit(".", 1)[0] if f.lower().endswith(".zip") else f, is_folder=True)
        for f in folders[::-1]
    ]
    return combine(nearest)
