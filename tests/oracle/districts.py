"""Random districts, written straight into landing Parquet: every dataset and every edge that we know of.

Edges on purpose: exactly 30 % of twos, no twos, equal means, districts of one to a dozen schools, basic and
primary schools, closed, merged and new ones, delivered beside computed indices, lists in one municipality
only, scales that are borrowed or fit no work, missing years, zero denominators, sources that disagree by
about a point, appeals, reserve days, pupils without documents, corrections, files read again or withdrawn.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from school_quality import datasets
from school_quality.landing.receipts import OPEN_ROW_SCHEMA, RECEIPT_SCHEMA, REMARK_SCHEMA

Row = dict[str, Any]

TYPES = {
    "VARCHAR": pa.string(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "DATE": pa.date32(),
    "BOOLEAN": pa.bool_(),
    "TINYINT[]": pa.list_(pa.int8()),
    "DECIMAL(18,6)": pa.decimal128(18, 6),
    "DECIMAL(9,4)": pa.decimal128(9, 4),
}
PROVENANCE = {"seq": "BIGINT", "file_id": "VARCHAR", "sheet": "VARCHAR", "row_number": "INTEGER"}
SCHEMAS = {
    name: pa.schema([(column, TYPES[kind]) for column, kind in {**PROVENANCE, **dataset.columns}.items()])
    for name, dataset in datasets.load().items()
}

WORKS = [("russian", 5), ("math", 5), ("russian", 6), ("math", 6), ("math", 7), ("world", 4)]
VPR_MAX = {
    ("russian", 5): 45,
    ("math", 5): 20,
    ("russian", 6): 51,
    ("math", 6): 16,
    ("math", 7): 19,
    ("world", 4): 32,
}


def _id(*parts: object) -> str:
    return hashlib.md5("|".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def _without_document(pupil: Row) -> Row:
    """The same pupil where no document is given: then the name in the school is all there is."""
    return {**pupil, "pupil_id": _id("no document", pupil["pupil_name_id"]), "has_document": False}


class Region:
    """Random rows of several municipalities; ``rows`` by dataset, then ``write`` them as receipts."""

    def __init__(self, seed: int, municipalities: int, years: Sequence[int]) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - reproducible districts
        self.years = years
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.school_years: set[tuple[str, int]] = set()
        self._references()
        for number in range(1, municipalities + 1):
            self._municipality(100 + number)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    # --- references of the whole region -------------------------------------------------------------

    def _references(self) -> None:
        rng = self.rng
        for subject, grade in WORKS:
            top = VPR_MAX[subject, grade]
            have = [y for y in self.years if self.chance(0.7)]
            for year in have:
                shift = rng.choice((0, 0, 0, 3)) if len(have) == 1 else 0
                edges = sorted(rng.sample(range(1, top - 5), 3))
                self._add(
                    "mark_scale",
                    reporting_year=year,
                    exam="vpr",
                    grade=grade,
                    subject=subject,
                    max_score=top if not shift else top - shift - 1,
                    max_2=edges[0],
                    max_3=edges[1],
                    max_4=edges[2],
                )
        for year in self.years:
            for subject, score in (("russian", 24), ("math_profile", 27), ("physics", 36)):
                if self.chance(0.85):
                    self._add("thresholds", reporting_year=year, exam="ege", subject=subject, min_score=score)
        self.biased_years = [y for y in range(self.years[0] - 1, self.years[-1] + 1) if self.chance(0.7)]
        for year in self.biased_years:
            if self.chance(0.5):
                self._add("biased_vpr", reporting_year=year, school_id=None, is_listed=False)

    def _add(self, dataset: str, **row: Any) -> Row:
        self.rows[dataset].append(row)
        return row

    # --- one municipality ---------------------------------------------------------------------------

    def _municipality(self, number: int) -> None:
        rng = self.rng
        size = rng.choice((1, 2, 3, 4, 4, 5, 6, 8, 11))
        municipality = str(number)
        schools: list[str] = []
        for i in range(size):
            school = f"{number}{i + 1:02d}"
            type_name = rng.choice(("СОШ", "СОШ", "СОШ", "лицей", "ООШ", "ООШ", "НОШ", "центр образования"))
            open_from = rng.choice((None, None, dt.date(2010, 9, 1), dt.date(rng.choice(self.years), 9, 1)))
            open_to = dt.date(rng.choice(self.years[:-1] or self.years), rng.choice((6, 12)), 30)
            open_to_or_not = (
                open_to if self.chance(0.1) and (open_from is None or open_from < open_to) else None
            )
            self._add(
                "school_register",
                school_id=school,
                fisoko_login=f"9{int(school):05d}",
                school_number=i + 1,
                school_name=f"Школа {school}",
                legal_kind="МБОУ",
                school_type_name=type_name,
                municipality_id=municipality,
                municipality_name=f"Район {municipality}",
                locality="село",
                pupils=100,
                open_from=open_from,
                open_to=open_to_or_not,
                successor_school_id=schools[0] if open_to_or_not and schools else None,
            )
            schools.append(school)
            for year in self.years:
                first, last = (open_from or dt.date.min).year, (open_to_or_not or dt.date.max).year
                if first <= year <= last:
                    self.school_years.add((school, year))
                    self._school_year(school, type_name, year)
        self._lists(municipality, schools)
        self._indices(schools)

    def _lists(self, municipality: str, schools: list[str]) -> None:
        for year in range(self.years[0] - 1, self.years[-1] + 1):
            for kind in ("low_results", "low_index", "project_500", "difficult_social"):
                style = self.rng.choice(("none", "none", "nobody", "some", "some"))
                listed = [s for s in schools if self.chance(0.4)] if style == "some" else []
                listed_or_nobody: list[str | None] = [*listed] if listed or style == "none" else [None]
                for school in listed_or_nobody:
                    self._add(
                        "official_list",
                        reporting_year=year,
                        list_kind=kind,
                        school_id=school,
                        municipality_id=municipality,
                        document=None,
                    )

    def _indices(self, schools: list[str]) -> None:
        rng = self.rng
        delivered = rng.choice((0.0, 0.5, 1.0))
        for year in self.years:
            for school in (s for s in schools if (s, year) in self.school_years):
                if self.chance(0.85):
                    value = Decimal(
                        rng.choice(("0", "35.5", "40", "40", "52.25", "60", "71", "71", "100", "0.5"))
                    )
                    self._add("social_index", school_id=school, reporting_year=year, social_index=value)
                if self.chance(delivered):
                    value = Decimal(rng.choice(("-1.25", "-0.4", "-0.4", "0", "0.000001", "0.3", "0.7")))
                    self._add("results_index", school_id=school, reporting_year=year, results_index=value)
                if year in self.biased_years and self.chance(0.15):
                    self._add("biased_vpr", reporting_year=year, school_id=school, is_listed=True)

    def _school_year(self, school: str, type_name: str, year: int) -> None:
        primary, basic = type_name == "НОШ", type_name == "ООШ"
        if not self.chance(0.08):  # else: a school without results of the year
            hardly_wrote = self.chance(0.12)  # one or two works that identify, or none
            for subject, grade in WORKS:
                if self.chance(0.2 if hardly_wrote else 0.85) and not (primary and grade > 4):
                    self._vpr(school, year, subject, grade)
            if not primary and not hardly_wrote:
                self._oge(school, year)
            if not primary and not basic and not hardly_wrote:
                self._ege(school, year)
        self._forms(school, year)

    # --- assessments --------------------------------------------------------------------------------

    def _twos(self, wrote: int) -> int:
        edge = -(-3 * wrote // 10)  # the first number that is at least 30 %
        choices = (0, 0, 0, edge, max(edge - 1, 0), max(edge - 1, 0), self.rng.randint(0, wrote))
        return min(self.rng.choice(choices), wrote)

    def _marks(self, wrote: int) -> list[int]:
        twos = self._twos(wrote)
        rest = self.rng.choice(((3,), (3, 4), (3, 4, 5), (5,)))
        marks = [2] * twos + [self.rng.choice(rest) for _ in range(wrote - twos)]
        self.rng.shuffle(marks)
        return marks

    def _vpr(self, school: str, year: int, subject: str, grade: int) -> None:
        rng = self.rng
        style = rng.choice(
            ("pupils",) * 8 + ("f1", "marks", "marks", "table", "both", "both", "three", "absent")
        )
        wrote = rng.choice((1, 3, 5, 9, 10, 10, 12, 20, 33))
        marks = self._marks(wrote)
        top = VPR_MAX[subject, grade]
        place: Row = {"school_id": school, "reporting_year": year, "grade": grade, "subject": subject}
        if style in ("pupils", "f1", "both", "three", "absent"):
            printed = top if style == "f1" or self.chance(0.5) else None
            for i, mark in enumerate(marks):
                autumn = year == 2022 and self.chance(0.3)
                absent = style == "absent" or self.chance(0.05)
                total = rng.choice((0, 0, None)) if absent else self._total(subject, grade, year, mark)
                self._add(
                    "vpr_results",
                    **place,
                    sitting="autumn" if autumn else "spring",
                    tested_on=rng.choice((None, dt.date(year, 9 if autumn else 4, 20))),
                    pupil_id=_id(school, year, grade, subject, autumn, i if autumn else i % 1000),
                    is_absent=absent,
                    total=total,
                    mark=mark if style == "f1" and not absent else None,
                    printed_max=printed,
                )
        if style in ("marks", "both", "three"):
            self._statistics(place, marks)
        if style in ("table", "three") or (style == "both" and self.chance(0.3)):
            self._table(school, year, "vpr", subject, grade, marks.count(2), wrote)

    def _total(self, subject: str, grade: int, year: int, mark: int) -> int:
        """At an edge of the mark's band where the year has a scale, else anything up to the maximum."""
        top = VPR_MAX[subject, grade]
        for scale in self.rows["mark_scale"]:
            same = (scale["subject"], scale["grade"], scale["reporting_year"]) == (subject, grade, year)
            if same and scale["exam"] == "vpr":
                edges = [-1, scale["max_2"], scale["max_3"], scale["max_4"], scale["max_score"]]
                return int(self.rng.choice((edges[mark - 2] + 1, edges[mark - 1])))
        return self.rng.choice((0, top // 4, top // 2, top - 2, top, top))

    def _statistics(self, place: Row, marks: list[int]) -> None:
        shares: dict[str, Decimal | None] = {}
        for mark in (2, 3, 4, 5):
            share = Decimal(round(10000 * marks.count(mark) / len(marks))) / 100
            shares[f"share_{mark}_pct"] = share
        if self.chance(0.2):  # another source says something else, by about a point
            two = shares["share_2_pct"] or Decimal(0)
            shares["share_2_pct"] = min(
                Decimal(100), two + self.rng.choice((Decimal(1), Decimal("1.01"), Decimal(7)))
            )
        if self.chance(0.1):
            shares["share_5_pct"] = None
        participants = None if self.chance(0.25) else len(marks)
        self._add("vpr_marks", **place, participants=participants, **shares)

    def _table(
        self, school: str, year: int, exam: str, subject: str, grade: int, failed: int, wrote: int
    ) -> None:
        pct = Decimal(round(1000 * failed / wrote)) / 10 + self.rng.choice((0, 0, 0, 1, Decimal("1.1"), 5))
        pct = self.rng.choice((pct, pct, pct, Decimal(30), Decimal("29.9"), Decimal("5.5")))
        self._add(
            "procedure_results",
            school_id=school,
            reporting_year=year,
            exam=exam,
            subject=subject,
            grade=grade,
            failed_pct=min(pct, Decimal(100)),
        )

    def _pupils(self, school: str, year: int, first: int, count: int) -> list[Row]:
        """Pupils of one exam; some have no document, some with a document share their name with another."""
        pupils: list[Row] = []
        for i in range(first, first + count):
            name, documented = (
                _id("name", school, i),
                not self.chance(0.1),
            )  # the same names come back next year
            if documented and pupils and pupils[-1]["has_document"] and self.chance(0.05):
                name = pupils[-1]["pupil_name_id"]
            pupil = {"pupil_id": _id("pupil", school, year, i), "pupil_name_id": name, "has_document": True}
            pupils.append(pupil if documented else _without_document(pupil))
        return pupils

    def _gia(
        self,
        dataset: str,
        pupil: Row,
        school: str,
        year: int,
        subject: str,
        date: dt.date | None,
        **cells: Any,
    ) -> None:
        row: Row = {
            "school_id": school,
            "reporting_year": year,
            "exam_date": date,
            "subject": subject,
            **pupil,
            "primary_score": None,
            "test_score": None,
            "mark": None,
            "is_counted": not self.chance(0.03),
            "printed_minimum": None,
            **cells,
        }
        self.rows[dataset].append(row)
        if not self.chance(0.03):
            return
        marked = row["mark"] is not None
        pupil = _without_document(pupil) if self.chance(0.2) else pupil
        better = self.rng.choice((2, 3, 4, 5) if marked else (10, 24, 27, 80))
        self._add(
            "appeals",
            school_id=school,
            reporting_year=year,
            exam_date=date,
            exam=dataset[:3],
            subject=subject,
            pupil_id=pupil["pupil_id"],
            pupil_name_id=pupil["pupil_name_id"],
            has_document=pupil["has_document"],
            is_upheld=self.chance(0.7),
            primary_score=self.rng.randint(5, 25),
            score=better,
        )

    def _oge(self, school: str, year: int) -> None:
        if year == 2020 and self.chance(0.8):  # ОГЭ was not held
            return
        rng = self.rng
        wrote = rng.choice((1, 2, 5, 9, 10, 13, 20))
        pupils = self._pupils(school, year, 0, wrote)
        for subject in ("russian", "math", "social_studies"):
            if not self.chance(0.9):
                continue
            marks = self._marks(wrote)
            if not self.chance(0.06):
                date = None if self.chance(0.1) else dt.date(year, 6, 7)
                for pupil, mark in zip(pupils, marks, strict=True):
                    primary = mark * 5 + rng.choice((0, 0, 2))
                    self._gia(
                        "oge_results", pupil, school, year, subject, date, primary_score=primary, mark=mark
                    )
                    if (
                        date and mark == 2 and self.chance(0.3)
                    ):  # reserve day in July, or September: not counted
                        again = dt.date(year, rng.choice((7, 9)), 4)
                        who = _without_document(pupil) if self.chance(0.2) else pupil
                        new = {"primary_score": primary + 5, "mark": rng.choice((2, 3, 4))}
                        self._gia("oge_results", who, school, year, subject, again, **new)
            if self.chance(0.1):
                self._table(school, year, "oge", subject, 9, marks.count(2), wrote)

    def _ege(self, school: str, year: int) -> None:
        rng = self.rng
        wrote = rng.choice((1, 2, 4, 8, 10, 12, 20))
        pupils = self._pupils(school, year, 100, wrote)
        # few different scores, so that means tie
        scores = rng.choice(((50, 60), (22, 24, 80), (24, 27, 79, 80, 100), (60,), (20, 40, 90)))
        base_only = self.chance(0.05)
        for subject in ("russian", "math_profile", "physics"):
            if base_only or not self.chance(0.85):
                continue
            printed = rng.choice((None, None, 24 if subject == "russian" else 27))
            # a protocol without a date has no reserve day: dated and undated rows of one pupil do not mix
            date = None if self.chance(0.1) else dt.date(year, 6, 2)
            for pupil in pupils if subject == "russian" else pupils[::2]:
                score = rng.choice(scores)
                cells: Row = {"primary_score": score // 2, "test_score": score, "printed_minimum": printed}
                self._gia("ege_results", pupil, school, year, subject, date, **cells)
                if date and self.chance(0.05):
                    again = {**cells, "test_score": rng.choice((20, 40, 80))}
                    self._gia("ege_results", pupil, school, year, subject, dt.date(year, 6, 27), **again)
            if self.chance(0.06):
                self._table(school, year, "ege", subject, 11, rng.randint(0, wrote), wrote)
        if year not in (2020, 2021) and self.chance(0.7):
            for pupil in pupils[1::2]:
                mark = rng.choice((2, 3, 4, 5))
                cells = {"primary_score": mark * 4, "mark": mark}
                self._gia("ege_results", pupil, school, year, "math_base", dt.date(year, 6, 3), **cells)

    # --- forms --------------------------------------------------------------------------------------

    def _forms(self, school: str, year: int) -> None:
        rng = self.rng
        place: Row = {"school_id": school, "reporting_year": year}
        teachers = rng.choice((0, 3, 8, 40, 200))
        if self.chance(0.85):
            highest = rng.randint(0, teachers)
            first = rng.randint(0, teachers - highest)
            if teachers == 200:  # 25.5 and 50.5 %: half up
                highest, first = rng.choice(((51, 0), (50, 51), (50, 0), (100, 0), (1, 100)))
            self._add(
                "form_staff", **place, teachers=teachers, highest_category=highest, first_category=first
            )
        if self.chance(0.85):
            contest = rng.choice((0, 0, 3))
            self._add(
                "form_methodical",
                **place,
                teachers=teachers,
                trained_3_years=rng.choice((teachers, max(0, teachers - 1), 0)),
                contest_participants=contest,
                contest_winners=rng.choice((0, contest and 1)),
                shared_municipal=rng.choice((0, 1)),
                shared_regional=rng.choice((0, 2)),
                innovation=rng.choice(("none", "participant", "winner")),
                leaders_tutors=rng.choice((0, 1)),
            )
        if self.chance(0.85):
            took_part = rng.choice((0, 3, 10, 10, 20))
            won = rng.choice((0, 3 * took_part // 10, 3 * took_part // 10 + 1)) if took_part else 0
            self._add(
                "form_olympiad",
                **place,
                municipal_participants=took_part,
                municipal_winners=won,
                regional_winners=rng.choice((0, 0, 1)),
            )
        if self.chance(0.85):
            yes = [self.chance(0.8) for _ in range(3)]
            names = ("has_development_programme", "has_anti_risk_programme", "has_internal_assessment")
            self._add("form_documents", **place, **dict(zip(names, yes, strict=True)))
        for quarter in (1, 2, 3, 4):
            if self.chance(0.85):
                self._pupils_form(place, quarter)
            if self.chance(0.85):
                self._add(
                    "form_network",
                    **place,
                    quarter=quarter,
                    with_schools=self.chance(0.5),
                    with_organisations=self.chance(0.2),
                    joint_events=rng.choice((0, 0, 2)),
                    seminars=rng.choice((0, 1)),
                )
        for half in (1, 2):
            if self.chance(0.85):
                trained = rng.randint(0, teachers)
                self._add(
                    "form_teacher_courses",
                    **place,
                    half_year=half,
                    teachers=teachers,
                    trained_teachers=trained,
                )

    def _pupils_form(self, place: Row, quarter: int) -> None:
        # nobody at school only in quarter 1: a share before that has no denominator is left open by the text
        pupils = 0 if quarter == 1 and self.chance(0.1) else self.rng.choice((7, 50, 300))
        failing = self.rng.choice((0, 0, pupils // 7, pupils))
        self._add(
            "form_pupils",
            **place,
            quarter=quarter,
            pupils=pupils,
            failing=failing,
            disability=self.rng.randint(0, pupils),
            non_native=self.rng.randint(0, pupils),
            failing_in_extra_classes=self.rng.randint(0, failing),
            social=self.rng.randint(0, pupils),
        )

    # --- receipts -----------------------------------------------------------------------------------

    def write(self, root: Path) -> int:
        """Lands everything under ``root`` (``landing/``, ``rejected/``); the ``seq`` to calculate at.

        After the first delivery come a file of corrections, a second reading of the first files (which keeps
        its place in the order, so it corrects nothing), a file that is withdrawn, and one receipt too late.
        """
        landing, rng = root / "landing", self.rng
        for name, schema in SCHEMAS.items():
            _table(landing / f"schema/rows/{name}.parquet", [], schema)
        _table(landing / "schema/receipts.parquet", [], RECEIPT_SCHEMA)
        _table(landing / "schema/open_rows.parquet", [], OPEN_ROW_SCHEMA)
        _table(root / "rejected/schema.parquet", [], REMARK_SCHEMA)
        log = Log(landing)
        files = [(name, rows) for name, rows in self.rows.items() if rows]
        first = log.batch(files)
        log.batch([(n, self._corrections(n, rows)) for n, rows in files if n in CORRECTED], number=2)
        again = rng.sample(sorted(first), k=min(4, len(first)))
        log.read_again({name: first[name] for name in again}, dict(files))
        wrong = log.batch([("social_index", self._wrong_indices())], number=3)
        log.withdraw(wrong)
        asked = log.seq
        log.batch([("results_index", self._wrong_indices("results_index"))], number=4)
        return asked

    def _corrections(self, dataset: str, rows: list[Row]) -> list[Row]:
        chosen = [dict(r) for r in rows if self.chance(0.05)]
        column, values = CORRECTED[dataset]
        for row in chosen:
            if row[column] is not None:
                row[column] = self.rng.choice(values)
        return chosen

    def _wrong_indices(self, dataset: str = "social_index") -> list[Row]:
        return [
            {"school_id": s, "reporting_year": y, dataset: Decimal(-1 if dataset == "results_index" else 99)}
            for s, y in sorted(self.school_years)
        ]


CORRECTED: dict[str, tuple[str, tuple[Any, ...]]] = {
    "social_index": ("social_index", (Decimal(33), Decimal(66))),
    "oge_results": ("mark", (3, 4)),
    "form_olympiad": ("regional_winners", (0, 2)),
    "procedure_results": ("failed_pct", (Decimal(30), Decimal(12))),
    "vpr_marks": ("participants", (9, 10, 11)),
}


class Log:
    """The receipt log of a landing: one batch a folder, the batch named by its first ``seq``."""

    def __init__(self, landing: Path) -> None:
        self.landing, self.seq, self.order = landing, 0, dict[str, int]()

    def batch(self, files: Iterable[tuple[str, list[Row]]], number: int = 1) -> dict[str, str]:
        """Lands one file a dataset; their ids by dataset."""
        ids = {name: _id("file", number, name) for name, _ in files}
        self._commit([(name, ids[name], "land", rows) for name, rows in files])
        return ids

    def read_again(self, ids: dict[str, str], files: dict[str, list[Row]]) -> None:
        self._commit([(name, file_id, "land", files[name]) for name, file_id in ids.items()])

    def withdraw(self, ids: dict[str, str]) -> None:
        self._commit([(name, file_id, "withdraw", []) for name, file_id in ids.items()])

    def _commit(self, entries: list[tuple[str, str, str, list[Row]]]) -> None:
        folder = self.landing / f"{self.seq + 1:010d}"
        receipts = []
        for name, file_id, action, rows in entries:
            self.seq += 1
            order = self.order.setdefault(file_id, self.seq)
            landed = [
                {"seq": self.seq, "file_id": file_id, "sheet": "Лист1", "row_number": i, **row}
                for i, row in enumerate(rows, start=2)
            ]
            if action == "withdraw":
                del self.order[file_id]
            else:
                _table(folder / f"rows/{name}.parquet", landed, SCHEMAS[name])
            receipts.append(
                {
                    "seq": self.seq,
                    "file_id": file_id,
                    "context": "{}",
                    "reader_version": "1",
                    "action": action,
                    "received_at": dt.datetime(2022, 9, 1) + dt.timedelta(minutes=self.seq),
                    "order_seq": order,
                    "path": f"inbox/{name}.csv",
                    "dataset": name,
                    "outcome": "accepted" if action == "land" else "withdrawn",
                    "rows_read": len(rows),
                    "rows_accepted": len(rows),
                    "rows_rejected": 0,
                    "rows_skipped": 0,
                    "skipped_sheets": [],
                    "reference_fingerprint": "1",
                    "depends_on_references": False,
                }
            )
        _table(folder / "receipts.parquet", receipts, RECEIPT_SCHEMA)


def _table(path: Path, rows: list[Row], schema: pa.Schema) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
