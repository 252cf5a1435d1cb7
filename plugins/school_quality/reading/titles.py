"""Titles of protocols: the exam, subject, date and year that a line above a header names (contracts 2.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from school_quality.reading import subjects
from school_quality.reading.context import mention
from school_quality.reading.texts import fold

_DATE = re.compile(r"(?<!\d)(?:(\d{4})[.-](\d{1,2})[.-](\d{1,2})|(\d{1,2})\.(\d{1,2})\.(\d{4}|\d\d))(?!\d)")
_DAY = re.compile(r"дата(?:\s+(?:проведения|экзамена))*\s*:?\s*\d")
"""``Дата экзамена: 26.05.2020`` beside a title without a date; ``Дата печати`` is another day."""
_DATE_PREFIX = re.compile(r"(?<![а-я])[пу]\s*:\s*", re.IGNORECASE)
_GVE = re.compile(r"(?<![а-я])гвэ(?![а-я])|государственн\w+ выпускн\w+ экзамен", re.IGNORECASE)
_SUBJECT_LABEL = re.compile(r"^\s*(?:учебный\s+)?предмет\s*:\s*", re.IGNORECASE)
_RESERVE_DAY = re.compile(r"\(?(?<![а-я])(?:резерв(?:ный)?|основной)(?: день)?(?![а-я])\)?", re.IGNORECASE)
_EXAM_WORD = {
    "ege": re.compile(r"\(?(?<![а-я])егэ(?![а-я])\)?", re.IGNORECASE),
    "oge": re.compile(r"\(?(?<![а-я])огэ(?![а-я])\)?", re.IGNORECASE),
}
"""A title may name its exam; that of another exam stays in the name, which then is no subject."""
_QUOTES = "«»“”„‟‹›‘’‚\"'"
_QUOTED = re.compile(rf"[{_QUOTES}]([^{_QUOTES}]+)[{_QUOTES}]")
_LEVELS = {
    "ege": re.compile(r"(?<![а-я])среднего\s+(?:\(?полного\)?\s+)?общего"),
    "oge": re.compile(r"(?<![а-я])основного\s+общего"),
}
"""``программы основного общего образования``: ОГЭ, ``среднего``: ЕГЭ; ``основного периода`` is neither."""
_SENTENCE_WORDS = 6
"""A title of more words is a sentence: its subject stands in quotation marks."""


def iso_date(text: str) -> str:
    """The first date of a text in ISO form, "" without one."""
    found = _DATE.search(text)
    if found is None:
        return ""
    year, month, day = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    year = year if len(year) == 4 else f"20{year}"  # 27.12.22 is of 2022
    return f"{year}-{int(month):02}-{int(day):02}"


def is_gve(text: str) -> bool:
    """Names the exam that is recognised and skipped."""
    return bool(_GVE.search(text))


@dataclass(frozen=True, slots=True)
class ExamTitle:
    """``02 - Математика 2022.06.02``: what the title of a protocol says. ``subject`` is an id or the name as
    written; ``exam`` is named by the level of education only."""

    subject: str
    date: str  # ISO or ""
    year: int | None
    is_gve: bool
    exam: str | None = None


def parse_exam(text: str, exam: str | None) -> tuple[str, str, bool] | None:
    """(name with its code, ISO date, whether it is a known subject) of a title; ``None`` for another text."""
    sentence = _of_sentence(text, exam)
    if sentence is not None:
        return sentence
    plain = _SUBJECT_LABEL.sub("", text.strip(f" ;,\t{_QUOTES}"))
    date = iso_date(plain)
    name = _DATE_PREFIX.sub(" ", _DATE.sub(" ", plain)).strip(f" ;,:().–—{_QUOTES}-")
    name = _RESERVE_DAY.sub(" ", _GVE.sub(" ", name))
    name = _EXAM_WORD[exam].sub(" ", name) if exam in _EXAM_WORD else name
    name = " ".join(re.sub(r"\(\s*\)", " ", name).split()).strip(" ;,:()")
    name = re.sub(r"\s*(?<!\d)20\d\d(?!\d)\s*(?:год|г\.?)?$", "", name)
    known = subjects.find(name, exam) is not None
    return (name, date, known) if known or (date and name) else None


def _of_sentence(text: str, exam: str | None) -> tuple[str, str, bool] | None:
    """The one subject in quotation marks of a sentence; without marks the only one that it names beside a
    level of education."""
    if len(text.split()) <= _SENTENCE_WORDS:
        return None
    quoted = {_GVE.sub(" ", name).strip(" ()") for name in _QUOTED.findall(text)}
    # a number in quotation marks is a day, not the code of an exam
    named = [name for name in quoted if not name.isdigit() and subjects.find(name, exam) is not None]
    if not quoted and level_exam([text]) is not None:
        named = [subjects.seed().names[subject] for subject in subjects.mentioned(text)]
    return (named[0], iso_date(text), True) if len(named) == 1 else None


def level_exam(titles: Sequence[str]) -> str | None:
    """``ege`` or ``oge`` where the titles name one level of education."""
    folded = [fold(title) for title in titles]
    exams = [exam for exam, word in _LEVELS.items() if any(word.search(title) for title in folded)]
    return exams[0] if len(exams) == 1 else None


def exam_title(titles: Sequence[str], exam: str | None) -> ExamTitle | None:
    """The title of a block of a protocol: the nearest text that names a subject, or else one that has a
    date."""
    parsed = [(t, p) for t in titles if (p := parse_exam(t, exam)) is not None]
    if not parsed:
        return None
    text, (name, date, known) = next(((t, p) for t, p in parsed if p[2]), parsed[0])
    days = {iso_date(t) for t in titles if _DAY.match(fold(t))}
    date = date or (days.pop() if len(days) == 1 else "")
    years = {int(date[:4])} if date else {y for t in (text, *titles) for y in mention(t).years}
    return ExamTitle(
        subject=(subjects.find(name, exam) or name) if known else name,
        date=date,
        year=next(iter(years)) if len(years) == 1 else None,
        is_gve=is_gve(text),
        exam=level_exam(titles),
    )


def names_subject(texts: Iterable[str]) -> bool:
    """Whether one of the texts is the title of an exam in a known subject."""
    return any((parsed := parse_exam(text, "ege")) is not None and parsed[2] for text in texts)
