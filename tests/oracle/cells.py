"""Who counts: from rows to results of pupils, and from them to one cell a school, year and procedure."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

from .landing import Row
from .rules import LOW_PERCENT

Z_95 = 1.959963984540054


@dataclass
class Result:
    """One counted result of one pupil. ``score``: test score (ЕГЭ), primary score (ОГЭ, ВПР)."""

    school: str
    year: int
    exam: str
    subject: str
    grade: int
    score: int | None
    mark: int | None
    failed: bool | None
    is_borrowed: bool = False

    @property
    def procedure(self) -> str:
        return f"{self.exam}_{self.subject}_{self.grade}"


@dataclass
class Cell:
    """What is known of one school, year and procedure; percents are exact."""

    school: str
    year: int
    procedure: str
    level: str
    participants: int | None = None
    absent: int | None = None
    mean_score: Fraction | None = None
    mean_mark: Fraction | None = None
    shares: dict[int, Fraction] = field(default_factory=dict)
    failed: int | None = None
    failed_pct: Fraction | None = None
    # participants behind the marks, where these come from another source than the pupils
    marked: int | None = None
    no_scale: bool = False
    flags: set[str] = field(default_factory=set)

    @property
    def exam(self) -> str:
        return self.procedure.split("_")[0]

    @property
    def subject(self) -> str:
        return self.procedure.split("_", 1)[1].rsplit("_", 1)[0]

    @property
    def is_low(self) -> bool | None:
        """Words: at least 30 %; on integers where there are counts (reading 5)."""
        if self.failed is not None and self.participants:
            return 100 * self.failed >= LOW_PERCENT * self.participants
        return None if self.failed_pct is None else self.failed_pct >= LOW_PERCENT

    @property
    def pupils_to_threshold(self) -> int | None:
        """Contracts: how many fewer failures would end the low result, or more would make it."""
        if self.failed is None or not self.participants:
            return None
        first_low = math.ceil(Fraction(LOW_PERCENT * self.participants, 100))
        return self.failed - first_low + 1 if self.is_low else first_low - self.failed


def mean(values: list[int]) -> Fraction | None:
    return Fraction(sum(values), len(values)) if values else None


def percent(part: int, whole: int) -> Fraction:
    return Fraction(100 * part, whole)


def wilson(part: int, whole: int) -> tuple[float, float]:
    """95 % interval of a share of counts, in percent."""
    p, z2 = part / whole, Z_95**2
    centre, spread = p + z2 / (2 * whole), Z_95 * math.sqrt(p * (1 - p) / whole + z2 / (4 * whole**2))
    return 100 * (centre - spread) / (1 + z2 / whole), 100 * (centre + spread) / (1 + z2 / whole)


def gia_results(rows: list[Row], appeals: list[Row], thresholds: list[Row], exam: str) -> list[Result]:
    """Who counts 3 and 4: appeals, minima, and the best valid result of a pupil, subject and year."""
    minima = {(t["reporting_year"], t["subject"]): t["min_score"] for t in thresholds if t["exam"] == exam}
    rows = _after_appeals(rows, [a for a in appeals if a["exam"] == exam and a["is_upheld"]])

    documents: dict[tuple[int, str], set[str]] = defaultdict(set)
    for row in rows:
        if row["has_document"]:
            documents[row["reporting_year"], row["pupil_name_id"]].add(row["pupil_id"])

    attempts: dict[tuple[str, str, int], list[Row]] = defaultdict(list)
    for row in rows:
        late = exam == "oge" and row["exam_date"] and row["exam_date"] > dt.date(row["reporting_year"], 8, 31)
        if not row["is_counted"] or late:
            continue
        known = documents[row["reporting_year"], row["pupil_name_id"]]
        same = not row["has_document"] and len(known) == 1
        person = next(iter(known)) if same else row["pupil_id"]
        attempts[person, row["subject"], row["reporting_year"]].append(row)

    results = []
    for tries in attempts.values():
        marked = exam == "oge" or tries[0]["subject"] == "math_base"
        best = max(
            tries, key=lambda r: (r["mark"], r["primary_score"] or 0) if marked else (r["test_score"],)
        )
        year, subject = best["reporting_year"], best["subject"]
        if marked:
            failed: bool | None = best["mark"] == 2
        else:
            minimum = best["printed_minimum"]
            minimum = minima.get((year, subject)) if minimum is None else minimum
            failed = None if minimum is None else best["test_score"] < minimum
        score = best["primary_score"] if exam == "oge" else None if marked else best["test_score"]
        grade = 9 if exam == "oge" else 11
        mark = best["mark"] if marked else None
        results.append(Result(best["school_id"], year, exam, subject, grade, score, mark, failed))
    return results


def _after_appeals(rows: list[Row], appeals: list[Row]) -> list[Row]:
    """Who counts 4: an upheld appeal replaces the result of that pupil, subject and date."""
    rows = [dict(row) for row in rows]
    for appeal in appeals:
        place = (appeal["subject"], appeal["date_or_year"])
        same = [row for row in rows if (row["subject"], row["date_or_year"]) == place]
        found = [row for row in same if row["pupil_id"] == appeal["pupil_id"]]
        if not found:  # contracts 2.1: without a document on one side, name and school, if unique
            named = [row for row in same if row["pupil_name_id"] == appeal["pupil_name_id"]]
            found = [row for row in named if not (row["has_document"] and appeal["has_document"])]
            found = found if len(found) == 1 else []
        for row in found:
            row["primary_score"] = appeal["primary_score"]
            row["test_score" if row.get("test_score") is not None else "mark"] = appeal["score"]
    return rows


def vpr_results(rows: list[Row], scales: list[Row]) -> tuple[list[Result], dict[tuple[str, int, str], int]]:
    """Who counts 1 and 2: results of those who wrote, and how many were absent by school, year, procedure."""
    works: dict[tuple[int, str, int], list[Row]] = defaultdict(list)
    for row in rows:
        works[row["grade"], row["subject"], row["reporting_year"]].append(row)
    results: list[Result] = []
    absent: dict[tuple[str, int, str], int] = defaultdict(int)
    for (grade, subject, year), work in works.items():
        wrote = [row for row in work if not row["is_absent"] and row["total"] is not None]
        scale, borrowed = _scale(wrote, scales, grade, subject, year)
        for row in work:
            result = Result(row["school_id"], year, "vpr", subject, grade, row["total"], row["mark"], None)
            if row["is_absent"] or row["total"] is None:
                absent[result.school, year, result.procedure] += 1
                continue
            if scale is not None and row["total"] > scale["max_score"]:
                continue  # a rejected row
            if result.mark is None and scale is not None:
                edges = (scale["max_2"], scale["max_3"], scale["max_4"])
                result.mark = 2 + sum(row["total"] > edge for edge in edges)
                result.is_borrowed = borrowed
            result.failed = None if result.mark is None else result.mark == 2
            results.append(result)
    return results, absent


def _scale(
    wrote: list[Row], scales: list[Row], grade: int, subject: str, year: int
) -> tuple[Row | None, bool]:
    """Who counts 2: the own scale, or the nearest earlier, then later one that fits the work."""
    fitting = {
        s["reporting_year"]: s
        for s in scales
        if (s["exam"], s["grade"], s["subject"]) == ("vpr", grade, subject)
    }
    if year in fitting:
        return fitting[year], False
    earlier = sorted((y for y in fitting if y < year), reverse=True)[:1]
    later = sorted(y for y in fitting if y > year)[:1]
    printed = {row["printed_max"] for row in wrote if row["printed_max"] is not None}
    for candidate in earlier + later:
        top = fitting[candidate]["max_score"]
        above = sum(row["total"] > top for row in wrote)
        if printed == {top} if printed else 100 * above <= len(wrote):
            return fitting[candidate], True
    return None, False


def build_cells(
    results: list[Result], absent: dict[tuple[str, int, str], int], marks: list[Row], table: list[Row]
) -> dict[tuple[str, int, str], Cell]:
    """Who counts 5: pupil rows before marks before the table; more than a point apart is a conflict."""
    sources: dict[tuple[str, int, str], list[Cell]] = defaultdict(list)
    groups: dict[tuple[str, int, str], list[Result]] = defaultdict(list)
    for result in results:
        groups[result.school, result.year, result.procedure].append(result)
    for place in {**groups, **absent}:
        sources[place].append(_pupil_cell(place, groups[place], absent.get(place, 0)))
    for row in marks:
        place = (row["school_id"], row["reporting_year"], f"vpr_{row['subject']}_{row['grade']}")
        sources[place].append(_marks_cell(place, row))
    for row in table:
        exam = row["exam"]
        place = (row["school_id"], row["reporting_year"], f"{exam}_{row['subject']}_{row['grade']}")
        share = Fraction(row["failed_pct"])
        shares = {2: share} if exam == "vpr" else {}
        sources[place].append(Cell(*place, "table", failed_pct=share, shares=shares))
    return {place: _settle(kept) for place, kept in sources.items()}


def _pupil_cell(place: tuple[str, int, str], results: list[Result], absent: int) -> Cell:
    cell = Cell(*place, "pupil", participants=len(results))
    cell.absent = absent if cell.exam == "vpr" else None
    if not results:
        return cell
    scores = [r.score for r in results if r.score is not None]
    cell.mean_score = mean(scores) if len(scores) == len(results) else None
    if all(r.mark is not None for r in results):
        given = [r.mark for r in results if r.mark is not None]
        cell.mean_mark = mean(given)
        cell.shares = {m: percent(given.count(m), len(given)) for m in (2, 3, 4, 5)}
    elif cell.exam == "vpr":
        cell.no_scale = True
    if all(r.failed is not None for r in results):
        cell.failed = sum(bool(r.failed) for r in results)
        cell.failed_pct = percent(cell.failed, len(results))
    if any(r.is_borrowed for r in results):
        cell.flags.add("borrowed_scale")
    return cell


def _marks_cell(place: tuple[str, int, str], row: Row) -> Cell:
    shares = {m: row[f"share_{m}_pct"] for m in (2, 3, 4, 5)}
    given = {m: Fraction(share) for m, share in shares.items() if share is not None}
    cell = Cell(*place, "marks", participants=row["participants"], shares=given)
    cell.failed_pct = given.get(2)
    whole = sum(given.values(), Fraction(0))
    if len(given) == 4 and whole:
        cell.mean_mark = sum((m * share for m, share in given.items()), Fraction(0)) / whole
    return cell


def _settle(kept: list[Cell]) -> Cell:
    """The first source, with everything that needs marks from the first that has them."""
    cell = kept[0]
    if cell.level == "pupil" and cell.failed_pct is None:
        for other in kept[1:]:
            if other.failed_pct is not None:
                if not cell.participants:
                    other.absent = cell.absent
                    cell = other
                else:
                    cell.mean_mark, cell.shares = other.mean_mark, other.shares
                    cell.failed_pct, cell.marked = other.failed_pct, other.participants
                    cell.no_scale, cell.level = False, other.level
                break
    if cell.failed_pct is not None:
        for other in kept:
            if other.failed_pct is not None and abs(other.failed_pct - cell.failed_pct) > 1:
                cell.flags.add("conflicting_sources")
    if cell.participants is not None and 0 < cell.participants < 10:
        cell.flags.add("small_n")
    return cell
