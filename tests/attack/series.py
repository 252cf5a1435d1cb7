"""Releases that follow each other: late, corrected and withdrawn results in planted and in all open cells."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from oracle.districts import Log

from .published import Release, Row

YEAR = 2022
Key = tuple[str, int, str]
State = Mapping[int, int]
"""Results of a cell by pupil: the score of ОГЭ."""

BASE: State = {pupil: 15 + pupil % 7 for pupil in range(22)}
LOW = 0
"""What a late or corrected pupil has: one in 22 that everybody would notice."""


def late(state: State, number: int) -> State:
    first = max(state, default=-1) + 1
    return {**state, **{first + more: LOW + more % 3 for more in range(number)}}


def corrected(state: State, number: int, score: int = LOW) -> State:
    return {**state, **dict.fromkeys(sorted(state)[:number], score)}


def withdrawn(state: State, number: int, *, last: bool = False) -> State:
    gone = sorted(state, reverse=last)[:number]
    return {pupil: score for pupil, score in state.items() if pupil not in gone}


def few(number: int) -> State:
    return {pupil: BASE[pupil] for pupil in range(number)}


MORE = late(BASE, 10)
HALF = withdrawn(BASE, 13)
SCENARIOS: dict[str, tuple[State, State, State]] = {
    "nothing": (BASE, BASE, BASE),
    **{f"late {n}": (BASE, late(BASE, n), late(BASE, n)) for n in (1, 2, 9, 10)},
    **{f"corrected {n}": (BASE, corrected(BASE, n), corrected(BASE, n)) for n in (1, 2, 9, 10)},
    **{f"withdrawn {n}": (BASE, withdrawn(BASE, n), withdrawn(BASE, n)) for n in (1, 2, 9, 10)},
    "late 9, then one more": (BASE, late(BASE, 9), late(BASE, 10)),
    "late 5, corrected 4, then withdrawn 5": (
        BASE,
        corrected(late(BASE, 5), 4),
        withdrawn(corrected(late(BASE, 5), 4), 5),
    ),
    "late 10, of whom 9 go": (BASE, MORE, withdrawn(MORE, 9, last=True)),
    "late 10, of whom 9 go and 3 are corrected": (BASE, MORE, corrected(withdrawn(MORE, 9, last=True), 3, 4)),
    "there and back": (BASE, MORE, BASE),
    "so few that it would be hidden": (few(12), few(9), few(8)),
    "hidden, and back but for one": (BASE, HALF, withdrawn(BASE, 1)),
    "opened, and then one late": (few(9), few(11), late(few(11), 1)),
}
SUBJECTS = ("chemistry", "history", "biology", "literature")

STATISTICS: dict[str, tuple[tuple[int, int], ...]] = {
    "statistics, one more failed": ((20, 4), (20, 5), (20, 5)),
    "statistics, ten more failed": ((40, 4), (40, 14), (40, 14)),
}
"""Participants and twos of a ВПР of which the marks are delivered in percent."""

Pupils = Mapping[int, tuple[int | None, int | None]]
"""Results of a ВПР by pupil: the score, null of an absent one, and the mark."""

WROTE: Pupils = {pupil: (10 + pupil % 7, 4) for pupil in range(22)}
ABSENT: Pupils = {100 + pupil: (None, None) for pupil in range(10)}
MIXED: dict[str, tuple[Pupils, Pupils]] = {
    "one absent": (WROTE, {**WROTE, 100: (None, None)}),
    "ten absent and one late": (WROTE, {**WROTE, **ABSENT, 22: (LOW, 2)}),
    "ten absent and one corrected": (WROTE, {**WROTE, **ABSENT, 0: (LOW, 4)}),
    "ten absent and one other mark": (WROTE, {**WROTE, **ABSENT, 0: (10, 2)}),
    "ten late and three absent": (
        WROTE,
        {**WROTE, **{200 + late: (LOW, 2) for late in range(10)}, **dict(list(ABSENT.items())[:3])},
    ),
}
"""Before and after: what is no score does not hide one."""

REPLACED = "statistics, then the pupils and one more"


@dataclass(frozen=True)
class Planted:
    """Cells of the scenarios, and what is behind each of them in each release, as a multiset."""

    cells: dict[str, Key]
    behind: dict[str, list[Counter[int]]]
    mixed: dict[str, list[Pupils]]


def plant(root: Path, seq: int, schools: list[str], release: Release | None, target: Path) -> list[int]:
    """Copy a landing to ``target`` with three releases' worth of batches on top; the ``seq`` of each.

    In the second one a result comes late in every cell of pupils that ``release`` shows.
    """
    for folder in ("landing", "rejected"):
        shutil.copytree(root / folder, target / folder)
    log = Log(target / "landing")
    log.seq = 1000 * (1 + seq // 1000)
    ends = []
    for number in range(3):
        files = [
            ("oge_results", list(_pupils(schools, number))),
            ("vpr_marks", list(_statistics(schools, number))),
        ]
        if number == 0:
            files += [("vpr_results", list(_mixed(schools, number)))]
        if number == 1:
            files += [("vpr_results", [*_replacing(schools), *_mixed(schools, number)])]
        log.batch([file for file in files if file[1]], number=100 + number)
        if number == 1 and release is not None:
            log.batch(list(_late_everywhere(root, release)), number=200)
        ends.append(log.seq)
    return ends


def planted(schools: list[str]) -> Planted:
    cells: dict[str, Key] = {}
    behind: dict[str, list[Counter[int]]] = {}
    mixed: dict[str, list[Pupils]] = {}
    for name, states in SCENARIOS.items():
        school, subject = _place(schools, name)
        cells[name] = (school, YEAR, f"oge_{subject}_9")
        behind[name] = [Counter(state.values()) for state in states]
    for school, (name, numbers) in zip(schools, STATISTICS.items(), strict=False):
        cells[name] = (school, YEAR, "vpr_biology_8")
        behind[name] = [Counter({2: twos, 4: people - twos}) for people, twos in numbers]
    cells[REPLACED] = (schools[2], YEAR, "vpr_biology_8")
    behind[REPLACED] = [Counter({2: 4, 4: 16}), Counter({2: 5, 4: 16}), Counter({2: 5, 4: 16})]
    for school, (name, (before, after)) in zip(schools[3:], MIXED.items(), strict=True):
        cells[name] = (school, YEAR, "vpr_biology_8")
        mixed[name] = [before, after, after]
    return Planted(cells, behind, mixed)


def _place(schools: list[str], name: str) -> tuple[str, str]:
    number = list(SCENARIOS).index(name)
    return schools[number % len(schools)], SUBJECTS[number // len(schools)]


def _pupils(schools: list[str], number: int) -> Iterable[Row]:
    for name, states in SCENARIOS.items():
        school, subject = _place(schools, name)
        now = states[number]
        before: State = states[number - 1] if number else {}
        for pupil in sorted({*now, *before}):
            if now.get(pupil) != before.get(pupil):
                yield {
                    "school_id": school,
                    "reporting_year": YEAR,
                    "exam_date": None,
                    "subject": subject,
                    "pupil_id": f"{name} {pupil}",
                    "pupil_name_id": f"{name} {pupil}",
                    "has_document": True,
                    "primary_score": now.get(pupil, before.get(pupil)),
                    "mark": 2 if now.get(pupil, before.get(pupil, 0)) < 5 else 4,
                    "is_counted": pupil in now,
                    "printed_minimum": None,
                }


def _statistics(schools: list[str], number: int) -> Iterable[Row]:
    rows = dict(zip(schools, [numbers[number] for numbers in STATISTICS.values()], strict=False))
    rows[schools[2]] = (20, 4)
    for school, (people, twos) in rows.items():
        share = round(100 * twos / people)
        yield {
            "school_id": school,
            "reporting_year": YEAR,
            "grade": 8,
            "subject": "biology",
            "participants": people,
            "share_2_pct": share,
            "share_3_pct": 0,
            "share_4_pct": 100 - share,
            "share_5_pct": 0,
        }


def _replacing(schools: list[str]) -> Iterable[Row]:
    for pupil in range(21):
        yield _written(schools[2], f"{REPLACED} {pupil}", *((3, 2) if pupil < 5 else (20, 4)))


def _mixed(schools: list[str], number: int) -> Iterable[Row]:
    for school, (name, states) in zip(schools[3:], MIXED.items(), strict=True):
        before: Pupils = states[number - 1] if number else {}
        for pupil, (score, mark) in states[number].items():
            if before.get(pupil) != (score, mark):
                yield _written(school, f"{name} {pupil}", score, mark)


def _written(school: str, pupil: str, score: int | None, mark: int | None) -> Row:
    return {
        "school_id": school,
        "reporting_year": YEAR,
        "grade": 8,
        "subject": "biology",
        "sitting": "spring",
        "tested_on": None,
        "pupil_id": pupil,
        "is_absent": score is None,
        "total": score,
        "mark": mark,
        "printed_max": None,
    }


def _late_everywhere(root: Path, release: Release) -> Iterable[tuple[str, list[Row]]]:
    """One result with the lowest score in every open cell that has rows of pupils."""
    shown = {
        (row["school_id"], row["reporting_year"], row["procedure_id"])
        for row in release.results
        if row["participants"]
    }
    change: dict[str, Callable[[Row], Row]] = {
        "vpr_results": lambda row: {"total": 0, "mark": row["mark"] and 2, "is_absent": False},
        "oge_results": lambda row: {"primary_score": 0, "mark": 2, "is_counted": True, "exam_date": None},
        "ege_results": lambda row: {
            "primary_score": 0,
            "test_score": None if row["test_score"] is None else 0,
            "mark": row["mark"] and 2,
            "is_counted": True,
            "exam_date": None,
        },
    }
    for dataset, changed in change.items():
        exam, rows = dataset.split("_")[0], {}
        for path in sorted((root / "landing").glob(f"[0-9]*/rows/{dataset}.parquet")):
            for row in pq.read_table(path).to_pylist():
                grade = {"ege": 11, "oge": 9}.get(exam) or row["grade"]
                key = (row["school_id"], row["reporting_year"], f"{exam}_{row['subject']}_{grade}")
                is_written = row.get("is_counted", True) and not row.get("is_absent", False)
                if key in shown and is_written and key not in rows:
                    pupil = {name: f"late {key}" for name in ("pupil_id", "pupil_name_id") if name in row}
                    fresh = {"has_document": True} if "has_document" in row else {}
                    rows[key] = {**row, **changed(row), **pupil, **fresh}
        for row in rows.values():
            for name in ("seq", "file_id", "sheet", "row_number"):
                row.pop(name)
        if rows:
            yield dataset, list(rows.values())


def differences(releases: list[Release], what: Planted) -> dict[tuple[str, int, int], str]:
    """Pairs of releases whose numbers of a planted cell rest on results of which fewer than ten differ."""
    found = {}
    for name, states in what.mixed.items():
        found |= _mixed_differences(name, [_shown(release, what.cells[name]) for release in releases], states)
    for name in what.behind:
        shown = [_shown(release, what.cells[name]) for release in releases]
        behind = [row and _behind(row, what.behind[name], name) for row in shown]
        for other in range(len(releases)):
            for one in range(other):
                was, now = behind[one], behind[other]
                if was is not None and now is not None and shown[one] != shown[other]:
                    changed = max((now - was).total(), (was - now).total())
                    if changed < 10:
                        found[name, one + 1, other + 1] = f"{shown[one]} -> {shown[other]}: {changed}"
    return found


def _mixed_differences(
    name: str, shown: list[Row | None], states: list[Pupils]
) -> dict[tuple[str, int, int], str]:
    """The same of the means, of the marks and of who was absent, each for itself."""
    views: dict[str, Callable[[tuple[int | None, int | None]], object]] = {
        "mean_score": lambda result: result[0],
        "share_2_pct": lambda result: result[1],
    }
    found = {}
    for column, of in views.items():
        told = [row and (row["participants"], row[column]) for row in shown]
        behind = [
            Counter(of(result) for result in state.values() if result[0] is not None) for state in states
        ]
        found |= _few(name, told, behind)
    told = [row and row["absent"] for row in shown]
    return found | _few(name, told, [Counter(result[0] for result in state.values()) for state in states])


def _few(name: str, told: list[Any], behind: list[Counter[Any]]) -> dict[tuple[str, int, int], str]:
    found = {}
    for other in range(len(told)):
        for one in range(other):
            changed = max((behind[other] - behind[one]).total(), (behind[one] - behind[other]).total())
            if told[one] != told[other] and None not in (told[one], told[other]) and changed < 10:
                found[name, one + 1, other + 1] = f"{told[one]} -> {told[other]}: {changed}"
    return found


def _behind(row: Row, states: list[Counter[int]], name: str) -> Counter[int]:
    """The results of which a cell shows the numbers, be they of this release or of an earlier one."""

    def says(state: Counter[int]) -> bool:
        people = state.total()
        if name in SCENARIOS:
            sums = sum(score * pupils for score, pupils in state.items())
            return bool(row["participants"] == people and round(row["mean_score"] * people) == sums)
        return bool(row["participants"] == people and round(row["share_2_pct"] * people / 100) == state[2])

    return next(state for state in states if says(state))


def late_score(releases: list[Release], key: Key) -> int | None:
    """The score of the one pupil who came between two releases, by subtraction."""
    one, other = (_shown(release, key) for release in releases)
    if one is None or other is None or other["participants"] - one["participants"] != 1:
        return None
    return round(other["participants"] * other["mean_score"] - one["participants"] * one["mean_score"])


def _shown(release: Release, key: Key) -> Row | None:
    """The numbers of an open cell; None where it is hidden or not there."""
    for row in release.results:
        if (row["school_id"], row["reporting_year"], row["procedure_id"]) == key and row["participants"]:
            return {name: value for name, value in row.items() if name != "flags"}
    return None
