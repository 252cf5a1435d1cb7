"""Columns of a table of percentages: from ``ВПР Русский 5 кл. % «2»`` to a procedure (contracts 2.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from school_quality.reading import subjects
from school_quality.reading.context import mention
from school_quality.reading.texts import fold

_EXAMS = {"впр": "vpr", "огэ": "oge", "егэ": "ege"}
_EXAM = re.compile(r"(?<![а-яa-z])(впр|огэ|егэ)(?![а-яa-z])")
_FAILED = re.compile(
    r"[«\"'„“]\s*2\s*[»\"'”“]|двоек|отметк\w* 2\b|не ?преодол|ниже мин|не справ|не сдал|неудовл"
)
_OTHER = re.compile(r"[«\"'„“]\s*[345]\s*[»\"'”“]|качеств|успеваем|средн|участник|количеств|кол-во|высок")
_ENGLISH = re.compile(r"(vpr|oge|ege)_([a-z_]+?)(?:_(\d{1,2}))?_failed_pct")
GRADES = {"oge": 9, "ege": 11}


@dataclass(frozen=True, slots=True)
class ProcedureColumn:
    """A procedure of a table of percentages; ``key`` names its column in a block:
    ``failed_pct:vpr_russian_5``."""

    exam: str
    subject: str
    grade: int

    @property
    def key(self) -> str:
        return f"failed_pct:{self.exam}_{self.subject}_{self.grade}"


def parse_header(text: str) -> ProcedureColumn | str | None:
    """The procedure of a header cell; ``None``: a column of something else; a text: what is unclear about
    it."""
    folded = fold(text)
    english = _ENGLISH.fullmatch(folded)
    if english:
        exam, grade = english[1], int(english[3]) if english[3] else GRADES.get(english[1])
        subject = subjects.find(english[2], exam)
        if subject is None or grade is None:
            return "предмет" if subject is None else "класс"
        return ProcedureColumn(exam, subject, grade)
    exams = {_EXAMS[e] for e in _EXAM.findall(folded)}
    if not exams or (_OTHER.search(folded) and not _FAILED.search(folded)):
        return None
    if len(exams) > 1:
        return "экзамен"
    (exam,) = exams
    if not _FAILED.search(folded):
        return "доля: «2» или не преодолевшие"
    said = mention(_FAILED.sub(" ", folded))
    named = {subjects.find(s, exam) for s in said.subjects}
    if len(named) != 1:
        return "предмет"
    if len(said.grades) > 1 or (exam == "vpr" and not said.grades):
        return "класс"
    grade = next(iter(said.grades)) if exam == "vpr" else GRADES[exam]
    return ProcedureColumn(exam, str(next(iter(named))), grade)
