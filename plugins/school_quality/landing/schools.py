"""Which school a row means: the register as the crosswalk between the two school keys (contracts, 2.1).

Works on distinct spellings, not on rows: a batch has far fewer of them, so the rules can be plain Python.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Literal

from school_quality import seeds
from school_quality.reading.texts import BEHIND_CODE

SchoolOutcome = Literal["known", "skipped", "rejected", "empty"]

SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f]+")
LOGIN = re.compile(r"(?:sch|edu)(\d{6})(?!\d)", re.IGNORECASE)
CODE = re.compile(r"(\d+)(?:[.,]0+)?")
CODE_AND_NAME = re.compile(rf"(\d{{3,}})(?:[.,]0+)?{BEHIND_CODE}([^\W\d].*)", re.DOTALL)
"""``006003 МБОУ СОШ № 3``; fewer digits may be a number of the school, ``3 гимназия``."""
NUMBER_IN_NAME = re.compile(r"№\s*(\d{1,4})(?!\d)")


@dataclass(frozen=True, slots=True)
class School:
    """What the register says of a school; ``school_id`` = digits of the ``Код ОО`` without leading zeros."""

    school_id: str
    login: str | None
    number: int | None
    municipality_id: str
    municipality_name: str
    open_to: date | None = None
    name: str = ""
    legal_kind: str = ""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a row names its school, "" where it does not: the texts of its cells."""

    code: str = ""
    login: str = ""
    number: str = ""
    name: str = ""
    municipality: str = ""


@dataclass(frozen=True, slots=True)
class Resolution:
    """``known``, ``skipped``, ``empty`` (the row names none), or ``rejected`` with rule and part."""

    outcome: SchoolOutcome
    school: School | None = None
    municipality_id: str | None = None  # of the school, or the one that the row names
    rule: str = ""
    part: str = ""  # the field of the spelling that the sender should look at
    value: str = ""
    meant: str = ""  # words for the sender: the school whose name stands in the place of its key


def folded(text: str) -> str:
    """For comparing names: case, ё/е and runs of spaces do not matter."""
    return SPACES.sub(" ", text).strip().casefold().replace("ё", "е")


def name_key(text: str) -> str:
    """The comparable name of a school: quotation marks, brackets and spaces around ``№`` do not matter."""
    return SPACES.sub(" ", re.sub(r"[«»\"“”„'()]|(?<=№)\s+", "", folded(text))).strip()


def municipality_key(text: str) -> str:
    """The comparable name of a municipality, without the code that an export may put first (``reg23_m035 |
    …``).
    """
    return folded(text.rsplit("|", 1)[-1])


@cache
def pseudo_unit_patterns() -> tuple[re.Pattern[str], ...]:
    """Names in the place of a municipality that name none: colleges, participants from other regions (a
    seed).
    """
    return tuple(re.compile(row["pattern"]) for row in seeds.rows("pseudo_units"))


def is_pseudo_unit(municipality: str) -> bool:
    key = municipality_key(municipality)
    return any(pattern.search(key) for pattern in pseudo_unit_patterns())


@dataclass(slots=True)
class Register:
    """The schools in force, looked up by code, login, number and municipality."""

    by_code: dict[str, School] = field(default_factory=dict)
    by_login: dict[str, list[School]] = field(default_factory=lambda: defaultdict(list))
    by_number: dict[int, list[School]] = field(default_factory=lambda: defaultdict(list))
    by_name: dict[str, set[School]] = field(default_factory=lambda: defaultdict(set))
    municipalities: dict[str, str] = field(default_factory=dict)  # comparable name -> id
    elsewhere: frozenset[tuple[str, str]] = frozenset()
    """Keys of the pseudo-units of the register: ``code`` or ``login``, and its digits."""

    @classmethod
    def of(cls, schools: Iterable[School], elsewhere: Iterable[tuple[str, str]] = ()) -> Register:
        register = cls(elsewhere=frozenset(elsewhere))
        names: dict[str, str] = {}
        for school in schools:
            register.by_code[school.school_id] = school
            if school.login:
                register.by_login[school.login].append(school)
            if school.number is not None:
                register.by_number[school.number].append(school)
            kind = name_key(school.legal_kind)
            if bare := name_key(school.name).removeprefix(kind).strip():
                register.by_name[bare].add(school)
                register.by_name[f"{kind} {bare}".strip()].add(school)
            names[school.municipality_name] = school.municipality_id
        register.municipalities = {municipality_key(name): identity for name, identity in names.items()}
        return register

    def resolve(self, spelling: Spelling) -> Resolution:
        """The school of a row; rows of pseudo-units and of unknown schools in other municipalities are
        skipped.
        """
        if spelling.municipality and is_pseudo_unit(spelling.municipality):
            return Resolution("skipped", rule="pseudo_unit")
        named = (
            self.municipalities.get(municipality_key(spelling.municipality))
            if spelling.municipality
            else None
        )
        found, part, value, ambiguous = self._find(spelling, named)
        if found is not None:
            return Resolution("known", found, found.municipality_id)
        if spelling.municipality and named is None and self.by_code and not ambiguous:
            return Resolution("skipped")
        if not spelling.municipality and not ambiguous and self._is_elsewhere(spelling):
            return Resolution("skipped")
        if not value:
            # where the register has one municipality only, a row that names none means that one
            sole = next(iter(self.municipalities.values())) if len(self.municipalities) == 1 else None
            return Resolution("empty", municipality_id=named or sole)
        rule = "ambiguous_school" if ambiguous else "unknown_school"
        return Resolution("rejected", None, named, rule, part, value, self._meant(value, named))

    def _find(self, spelling: Spelling, named: str | None) -> tuple[School | None, str, str, bool]:
        """(school, the field that names it, its text, several schools are meant)."""
        candidates: list[tuple[str, str, list[School]]] = []
        if spelling.code:
            candidates.append(("code", spelling.code, self._of_code(spelling.code)))
        for part in ("login", "name"):
            text: str = getattr(spelling, part)
            login = LOGIN.search(text)
            digits = login[1] if login else text.strip() if part == "login" else ""
            if digits:
                candidates.append((part, text, self.by_login.get(digits, [])))
        if spelling.number:
            candidates.append(("number", spelling.number, self._of_number(spelling.number, named)))
        if not candidates:
            return None, "name", spelling.name, False
        part, text, schools = candidates[0]
        for _, _, others in candidates[1:]:
            # two keys of one row must not contradict each other
            if schools and others and not {s.school_id for s in schools} & {s.school_id for s in others}:
                return None, part, text, True
            schools = schools or others
        if len(schools) == 1:
            return schools[0], part, text, False
        return None, part, text, len(schools) > 1

    def _meant(self, text: str, named: str | None) -> str:
        """The one school whose name stands in the place of its key; what follows the name does not matter."""
        schools = [s for s in self._named(text) if named in (None, s.municipality_id)]
        if len(schools) != 1:
            return ""
        return f" Школа с таким названием в реестре: {schools[0].school_id}, {schools[0].name}."

    def _named(self, text: str) -> set[School]:
        """The schools with the longest registered name that a text is, or begins with."""
        words = name_key(text).replace(",", " ").split()
        names = (" ".join(words[:count]) for count in range(len(words), 0, -1))
        return next((self.by_name[name] for name in names if name in self.by_name), set())

    def _is_elsewhere(self, spelling: Spelling) -> bool:
        """Whether the school is a pseudo-unit of the register."""
        text = spelling.code.strip()
        code = CODE.fullmatch(text) or CODE_AND_NAME.fullmatch(text)
        login = next(
            (m for t in (spelling.login, spelling.name, spelling.code) if (m := LOGIN.search(t))), None
        )
        digits = login[1] if login else spelling.login.strip()
        return bool(code and ("code", code[1].lstrip("0")) in self.elsewhere) or (
            ("login", digits) in self.elsewhere
        )

    def _of_code(self, text: str) -> list[School]:
        login = LOGIN.fullmatch(text.strip())
        if login:
            return list(self.by_login.get(login[1], []))
        code = CODE.fullmatch(text.strip()) or CODE_AND_NAME.fullmatch(text.strip())
        school = self.by_code.get(code[1].lstrip("0")) if code else None
        if school is None or code is None:
            return []
        # a code and the name of another school contradict each other
        others = self._named(code[2]) if code.re is CODE_AND_NAME else set()
        return [school] if school in others or not others else [school, *others]

    def _of_number(self, text: str, named: str | None) -> list[School]:
        """A code, or a bare number where it is unique in the register or in the municipality named."""
        code = CODE.fullmatch(text.strip()) or NUMBER_IN_NAME.search(text)
        if not code:
            return []
        by_code = self._of_code(text)
        by_number = self.by_number.get(int(code[1]), [])
        if len(by_number) > 1 and named is not None:
            by_number = [s for s in by_number if s.municipality_id == named]
        return by_code + [s for s in by_number if s not in by_code]
