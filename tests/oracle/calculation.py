"""From cells to indices, identification, indicators and statuses: the readings, one function each."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from . import rules
from .cells import Cell, Result, build_cells, gia_results, mean, percent, vpr_results, wilson
from .landing import Row, rows_in_force

TINY = Fraction(1, 10**9)  # reading 3: a smaller difference is none


def settled(value: Fraction) -> Fraction:
    return Fraction(0) if abs(value) < TINY else value


@dataclass
class Answer:
    """What an indicator says of a school: a value, or the reasons for which there is none."""

    value: Fraction | None = None
    points: int | None = None
    reasons: list[str] = field(default_factory=list)  # of no_data
    not_applicable: str | None = None
    now: Fraction | None = None
    before: Fraction | None = None
    text: str | None = None
    numerator: int | None = None
    denominator: int | None = None
    participants: int | None = None
    flags: set[str] = field(default_factory=set)

    @property
    def is_known(self) -> bool:
        return not self.reasons and self.not_applicable is None


@dataclass
class School:
    id: str
    municipality: str
    type: str
    open_from: dt.date | None
    open_to: dt.date | None

    def exists(self, year: int) -> bool:
        """Contracts 2.3: the calendar years that its dates touch."""
        first = self.open_from.year if self.open_from else year
        return first <= year <= (self.open_to.year if self.open_to else year)


class Calculation:
    """All facts of one landing at one ``seq``, last reporting year and as-of date."""

    def __init__(self, landing: Path, seq: int, reporting_year: int, as_of: dt.date | None = None) -> None:
        self.as_of = as_of or dt.date(reporting_year + 1, 8, 31)
        rows = rows_in_force(landing, seq)
        self.rows = rows
        self.schools = {
            r["school_id"]: School(
                r["school_id"],
                r["municipality_id"],
                rules.SCHOOL_TYPES.get(r["school_type_name"], "secondary"),
                r["open_from"],
                r["open_to"],
            )
            for r in rows["school_register"]
        }
        vpr, absent = vpr_results(rows["vpr_results"], rows["mark_scale"])
        ege = gia_results(rows["ege_results"], rows["appeals"], rows["thresholds"], "ege")
        oge = gia_results(rows["oge_results"], rows["appeals"], rows["thresholds"], "oge")
        self.results = ege + oge + vpr
        self.cells = build_cells(self.results, absent, rows["vpr_marks"], rows["procedure_results"])
        self.forms = {
            name: {self._period(name, row): row for row in rows[name]}
            for name in rows
            if name.startswith("form_") or name in ("social_index", "results_index")
        }
        assessed = ("ege_results", "oge_results", "vpr_results", "vpr_marks", "procedure_results")
        first = min(r["reporting_year"] for name in assessed for r in rows[name])
        self.years = list(range(first, reporting_year + 1))

    @staticmethod
    def _period(name: str, row: Row) -> tuple[Any, ...]:
        part = {"form_pupils": "quarter", "form_network": "quarter", "form_teacher_courses": "half_year"}.get(
            name
        )
        return (row["school_id"], row["reporting_year"], *((row[part],) if part else ()))

    def form(self, name: str, school: School, year: int, *part: int) -> Row | None:
        return self.forms[name].get((school.id, year, *part))

    def cell(self, school: School, year: int, procedure: str) -> Cell | None:
        return self.cells.get((school.id, year, procedure))

    def district(self, school: School, year: int) -> list[School]:
        return [s for s in self.schools.values() if s.municipality == school.municipality and s.exists(year)]

    def missing(self, reason: str, what: str, year: int, quarter: int = 0) -> str:
        """Reading 19: what is missing before it is due is not due."""
        return "not_due" if self.as_of < rules.due(what, year, quarter) else reason

    @cached_property
    def district_scores(self) -> dict[tuple[str, int, str], list[int]]:
        scores: dict[tuple[str, int, str], list[int]] = defaultdict(list)
        for r in self.results:
            if r.score is not None and r.school in self.schools:
                scores[self.schools[r.school].municipality, r.year, r.procedure].append(r.score)
        return scores

    # --- task 1: dynamics -------------------------------------------------------------------------

    def relative_mean(self, school: School, year: int, procedure: str) -> Fraction | None:
        """Readings 1 and 2: the school's mean over the mean of all participants of the district."""
        cell = self.cell(school, year, procedure)
        if cell is None or cell.mean_score is None:
            return None
        district = mean(self.district_scores[school.municipality, year, procedure])
        return cell.mean_score / district if district else None

    def fives_to_twos(self, school: School, year: int, procedure: str) -> Fraction | None:
        """Reading 4: both in percent, no twos are taken as 1 percent."""
        cell = self.cell(school, year, procedure)
        if cell is None or not {2, 5} <= set(cell.shares):
            return None
        return cell.shares[5] / (cell.shares[2] or 1)

    @cache  # noqa: B019 - a calculation lives as long as its cache
    def dynamics(self, school_id: str, year: int, code: str) -> Answer:
        """1.1-1.6, 1.14-1.17: this year's side minus last year's."""
        school = self.schools[school_id]
        ratio = code in rules.RATIO_DYNAMICS
        procedure = rules.RATIO_DYNAMICS[code] if ratio else rules.SCORE_DYNAMICS[code]
        side = self.fives_to_twos if ratio else self.relative_mean
        now, before = side(school, year, procedure), side(school, year - 1, procedure)
        cells = [c for y in (year, year - 1) if (c := self.cell(school, y, procedure))]
        if now is None:
            return Answer(reasons=[self._no_result(school, year, procedure)])
        if before is None:
            return Answer(reasons=["no_prior_year"])
        value = settled(now - before)
        good = value >= 0 if code in rules.ZERO_IS_GOOD else value > 0
        flags = set().union(*(c.flags for c in cells))
        if not rules.comparable(cells[0].exam, cells[0].subject, year):
            flags.add("not_comparable_years")
        wrote = cells[0].marked or cells[0].participants
        return Answer(value, 3 if good else 0, now=now, before=before, participants=wrote, flags=flags)

    def _no_result(self, school: School, year: int, procedure: str) -> str:
        cell = self.cell(school, year, procedure)
        if cell is not None and cell.no_scale:
            return "no_scale"
        return self.missing("no_results", "vpr" if procedure.startswith("vpr") else "gia", year)

    # --- task 1: levels of one year -----------------------------------------------------------------

    @cached_property
    def _ege_by_school(self) -> dict[tuple[str, int], list[Result]]:
        groups: dict[tuple[str, int], list[Result]] = defaultdict(list)
        for r in self.results:
            if r.exam == "ege":
                groups[r.school, r.year].append(r)
        return groups

    def ege_of(self, school: School, year: int) -> list[Result]:
        return self._ege_by_school[school.id, year]

    @cached_property
    def _cells_by_school(self) -> dict[tuple[str, int], list[Cell]]:
        groups: dict[tuple[str, int], list[Cell]] = defaultdict(list)
        for cell in self.cells.values():
            groups[cell.school, cell.year].append(cell)
        return groups

    def high_results(self, school: School, year: int) -> Answer:
        """Reading 6, 1.7: test scores of 80 and more among results on the 100-point scale."""
        scored = [r.score for r in self.ege_of(school, year) if r.score is not None]
        if not scored:  # base maths alone is no result here, as a work without participants is none
            return Answer(reasons=[self.missing("no_results", "gia", year)])
        high = sum(score >= rules.COUNTED_SCORE for score in scored)
        return self._ege_share("1.7", school, year, high, len(scored))

    def below_minimum(self, school: School, year: int) -> Answer:
        """Reading 6, 1.8: results below the minimum among all whose minimum is known."""
        results = self.ege_of(school, year)
        if not results:
            return Answer(reasons=[self.missing("no_results", "gia", year)])
        known = [r.failed for r in results if r.failed is not None]
        if not known:
            return Answer(reasons=["no_threshold"])
        return self._ege_share("1.8", school, year, sum(known), len(known))

    def _ege_share(self, code: str, school: School, year: int, part: int, whole: int) -> Answer:
        answer = share(part, whole)
        assert answer.value is not None
        answer.points, answer.participants = rules.band(code, answer.value), whole
        answer.flags = {
            flag
            for c in self._cells_by_school[school.id, year]
            if c.exam == "ege"
            for flag in c.flags & {"conflicting_sources"}
        }
        if whole < 10:
            answer.flags.add("small_n")
        return answer

    def inequality(self, school: School, year: int) -> Answer:
        """Reading 7, 1.9: in the lists of the best and of the worst tenth of the district's schools."""
        lists, own = [], []
        for procedure in (rules.EGE_RUSSIAN, rules.EGE_MATH):
            means = {
                s.id: c.mean_score
                for s in self.district(school, year)
                if (c := self.cell(s, year, procedure)) and c.mean_score is not None
            }
            lists.append(means)
            own.append(self.cell(school, year, procedure))
        if any(school.id not in means for means in lists):
            return Answer(reasons=[self.missing("no_results", "gia", year)])
        if any(len(means) < 4 for means in lists):
            return Answer(reasons=["too_few_schools"])
        top, bottom = [], []
        for means in lists:
            ordered, k = sorted(means.values()), math.ceil(Fraction(len(means), 10))
            top.append(means[school.id] >= ordered[-k])
            bottom.append(means[school.id] <= ordered[k - 1])
        text, points = ("best", 3) if all(top) else ("lowest", 0) if any(bottom) else ("middle", 1)
        flags = {f for c in own if c for f in c.flags & {"conflicting_sources"}}
        wrote = min(c.participants or 0 for c in own if c)
        return Answer(text=text, points=points, participants=wrote, flags=flags)

    def twos(self, school: School, year: int, code: str) -> Answer:
        """Readings 5 and 8, 1.10-1.13: the percent of twos."""
        procedure = rules.TWOS[code]
        cell = self.cell(school, year, procedure)
        if cell is None or cell.failed_pct is None:
            return Answer(reasons=[self._no_result(school, year, procedure)])
        answer = Answer(cell.failed_pct, rules.band(code, cell.failed_pct), flags=set(cell.flags))
        answer.participants = cell.marked or cell.participants
        if cell.failed is not None:
            answer.numerator, answer.denominator = cell.failed, cell.participants
        return answer

    def bias(self, school: School, year: int) -> Answer:
        """Reading 9, 1.18: the list of the year before; delivered if any row of that year is."""
        listed = [r for r in self.rows["biased_vpr"] if r["reporting_year"] == year - 1]
        if not listed:
            return Answer(reasons=[self.missing("no_official_list", "list", year)])
        present = any(r["school_id"] == school.id and r["is_listed"] for r in listed)
        return Answer(Fraction(present), 0 if present else 3)

    # --- the index ----------------------------------------------------------------------------------

    def means_of_district(self, school: School, year: int, procedure: str) -> dict[str, tuple[Fraction, int]]:
        """Reading 10: mean and participants by school; of marks where some school of ВПР has no scores."""
        cells = [
            (s.id, c)
            for s in self.district(school, year)
            if (c := self.cell(s, year, procedure)) and c.participants != 0
        ]
        by_score = not procedure.startswith("vpr") or all(c.mean_score is not None for _, c in cells)
        means = {}
        for id_, c in cells:
            value = c.mean_score if by_score else c.mean_mark
            wrote = c.participants if by_score else c.marked or c.participants
            if value is not None and wrote:
                means[id_] = (value, wrote)
        return means

    def index_parts(self, school: School, year: int) -> dict[str, Fraction | None]:
        """Reading 10: z by procedure that the school took part in; None where the district has no spread."""
        parts: dict[str, Fraction | None] = {}
        for procedure in rules.INDEX:
            known = self.means_of_district(school, year, procedure)
            if school.id not in known:
                continue
            means = [m for m, _ in known.values()]
            centre = sum(means, Fraction(0)) / len(means)
            variance = sum(((m - centre) * (m - centre) for m in means), Fraction(0)) / len(means)
            weighted = sum((m * wrote for m, wrote in known.values()), Fraction(0))
            district = weighted / sum(wrote for _, wrote in known.values())
            z = (known[school.id][0] - district) / _root(variance) if variance else None
            parts[procedure] = z if len(known) > 1 else None
        return parts

    @cache  # noqa: B019
    def computed_index(self, school_id: str, year: int) -> tuple[Fraction | None, tuple[str, ...], str]:
        """Reading 10: value, its procedures, and the reason where there is none."""
        parts = self.index_parts(self.schools[school_id], year)
        found = {procedure: z for procedure, z in parts.items() if z is not None}
        if found:
            return settled(sum(found.values(), Fraction(0)) / len(found)), tuple(found), ""
        return None, (), "no_spread" if parts else self.missing("no_results", "gia", year)

    def delivered_index(self, school: School, year: int) -> Fraction | None:
        row = self.form("results_index", school, year)
        return None if row is None else Fraction(row["results_index"])

    def _no_index(self, reason: str, year: int) -> Answer:
        """No index: what the results lack, and the delivered one if it is not due yet."""
        return Answer(reasons=[reason, self.missing(reason, "list", year)])

    def index(self, school: School, year: int) -> Answer:
        """Reading 10, 1.19."""
        value, flags, reason = self.delivered_index(school, year), set[str](), ""
        if value is None:
            value, _, reason = self.computed_index(school.id, year)
            flags = {"computed_index"}
        if value is None:
            return self._no_index(reason, year)
        return Answer(value, 3 if value > 0 else 0, flags=flags)

    def index_dynamics(self, school: School, year: int) -> Answer:
        """Reading 10, 1.20: delivered and computed are never mixed in one difference."""
        now, before = self.delivered_index(school, year), self.delivered_index(school, year - 1)
        flags = set[str]()
        if now is None or before is None:
            now, procedures, reason = self.computed_index(school.id, year)
            before, earlier, _ = self.computed_index(school.id, year - 1)
            if now is None:
                return self._no_index(reason, year)
            if before is None:
                return Answer(reasons=["no_prior_year"])
            flags = {"computed_index"}
            for procedure in (*procedures, *earlier):
                exam, subject = procedure.split("_")[0], procedure.split("_", 1)[1].rsplit("_", 1)[0]
                if not rules.comparable(exam, subject, year):
                    flags.add("not_comparable_years")
        value = settled(now - before)
        return Answer(value, 3 if value > 0 else 0, now=now, before=before, flags=flags)

    def social(self, school: School, year: int) -> Fraction | None:
        row = self.form("social_index", school, year)
        return None if row is None else Fraction(row["social_index"])

    def social_coefficient(self, school: School, year: int) -> Answer:
        """Reading 11, 1.21."""
        procedures = [rules.OGE_RUSSIAN, rules.OGE_MATH]
        if school.type == "secondary":
            procedures += [rules.EGE_RUSSIAN, rules.EGE_MATH]
        cells = [self.cell(school, year, p) for p in procedures]
        means = [c.mean_score for c in cells if c and c.mean_score is not None]
        social = self.social(school, year)
        reasons = []
        if len(means) < len(procedures):
            reasons.append(self.missing("no_results", "gia", year))
        if social is None:
            reasons.append(self.missing("no_social_index", "list", year))
        elif social == 0:
            reasons.append("no_social_index")
        if reasons or social is None:
            return Answer(reasons=reasons)
        value = sum(means, Fraction(0)) / len(means) / social
        flags = {f for c in cells if c for f in c.flags & {"conflicting_sources"}}
        return Answer(value, int(value >= rules.K_EDGE[school.type]), flags=flags)

    # --- identification -----------------------------------------------------------------------------

    def identifying_procedures(self, school: School, year: int) -> int:
        """Reading 12: the identifying procedures with a verdict, low or not."""
        cells = [self.cell(school, year, p) for p in rules.IDENTIFYING]
        return sum(c is not None and c.is_low is not None for c in cells)

    def low_procedures(self, school: School, year: int) -> list[str]:
        return sorted(p for p in rules.IDENTIFYING if (c := self.cell(school, year, p)) and c.is_low)

    def is_low_results(self, school: School, year: int) -> bool | None:
        """Words: low results in at least 2 identifying procedures; reading 12: unknown if none is judged."""
        if not self.identifying_procedures(school, year):
            return None
        return len(self.low_procedures(school, year)) >= 2

    @cache  # noqa: B019
    def is_risk_zone(self, school_id: str, year: int) -> bool | None:
        """Reading 12: a negative index and a fall that lasts, and not ШНОР."""
        school = self.schools[school_id]
        if not self.identifying_procedures(school, year):
            return None
        index = self.index(school, year).value
        if school.type == "primary" or index is None or index >= 0 or self.is_low_results(school, year):
            return False
        for code in rules.FALLS:
            if school.type == "basic" and code in rules.EGE_ONLY:
                continue
            now = self.dynamics(school_id, year, code).value
            before = self.dynamics(school_id, year - 1, code).value
            if now is not None and now < 0 and (before is None or before < 0):
                return True
        return False

    def on_list(self, kind: str, school: School, year: int) -> bool | None:
        """Reading 13: the latest list of this year or the year before; None: none in force here."""
        for academic_year in (year, year - 1):
            rows = [
                r
                for r in self.rows["official_list"]
                if (r["list_kind"], r["reporting_year"]) == (kind, academic_year)
                and r["municipality_id"] == school.municipality
            ]
            if rows:
                return any(r["school_id"] == school.id for r in rows)
        return None

    @cache  # noqa: B019
    def is_supported(self, school_id: str, year: int) -> bool | None:
        """Reading 13: on the lists in force; where there are none, the computed ШНОР and risk zone."""
        school = self.schools[school_id]
        listed = [self.on_list(kind, school, year) for kind in ("low_results", "low_index")]
        if any(x is not None for x in listed):
            return any(listed)
        low = self.is_low_results(school, year)
        return None if low is None else low or bool(self.is_risk_zone(school_id, year))

    # --- tasks 2-4 ----------------------------------------------------------------------------------

    def task_2(self, code: str, school: School, year: int) -> Answer:
        """Reading 14."""
        name = {"2.2": "form_staff", "2.3": "form_staff", "2.9": "form_olympiad", "2.10": "form_documents"}
        form = self.form(name.get(code, "form_methodical"), school, year)
        if form is None:
            return Answer(reasons=[self.missing("no_form", "task_2", year)])
        if code == "2.1":
            answer = share(form["trained_3_years"], form["teachers"])
            answer.points = 3 if answer.value == 100 else 0
            return answer
        if code == "2.2":
            answer = share(_with_category(form), form["teachers"])
            answer.points = None if answer.value is None else rules.band("2.2", answer.value)
            return answer
        if code == "2.3":
            last = self.form("form_staff", school, year - 1)
            if last is None:
                return Answer(reasons=["no_prior_year"])
            now, before = Fraction(_with_category(form)), Fraction(_with_category(last))
            return Answer(now - before, 3 if now > before else 0, now=now, before=before)
        if code == "2.4":
            winners, participants = form["contest_winners"], form["contest_participants"]
            points = 3 if winners else 2 if participants else 0
            return Answer(Fraction(winners or participants), points)
        if code in ("2.5", "2.6", "2.8"):
            columns = {"2.5": "shared_municipal", "2.6": "shared_regional", "2.8": "leaders_tutors"}
            count = form[columns[code]]
            return Answer(Fraction(count), 3 if count else 0)
        if code == "2.7":
            value, points = {"none": (0, 0), "participant": (1, 2), "winner": (2, 3)}[form["innovation"]]
            return Answer(Fraction(value), points)
        if code == "2.9":
            took_part, won = form["municipal_participants"], form["municipal_winners"]
            answer = share(won, took_part) if took_part else Answer()
            answer.points = 0 if not took_part else 2 if 10 * won > 3 * took_part else 1
            answer.points = 3 if form["regional_winners"] else answer.points
            return answer
        documents = ("has_development_programme", "has_anti_risk_programme", "has_internal_assessment")
        count = sum(bool(form[d]) for d in documents)
        return Answer(Fraction(count), 3 if count == 3 else 0)

    def pupil_share(self, school: School, year: int, component: str) -> Answer:
        """Reading 15, 3.1."""
        form = self.form("form_pupils", school, year, 1)
        if form is None:
            return Answer(reasons=[self.missing("no_form", "quarter", year, 1)])
        whole = form["failing" if component == "failing_in_extra_classes" else "pupils"]
        return share(form[component], whole)

    def course_share(self, school: School, year: int, half: int) -> Answer:
        """Reading 15, 3.2."""
        form = self.form("form_teacher_courses", school, year, half)
        if form is None:
            return Answer(reasons=[self.missing("no_form", "quarter", year, 2 * half)])
        return share(form["trained_teachers"], form["teachers"])

    def failing_drop(self, school: School, year: int, half: int) -> Answer:
        """Reading 15, 3.3: percentage points by which the share of failing pupils fell."""
        this = self.form("form_pupils", school, year, 2 * half)
        prior = self.form("form_pupils", school, *((year, 2) if half == 2 else (year - 1, 4)))
        reasons = []
        if this is None:
            reasons.append(self.missing("no_form", "quarter", year, 2 * half))
        if half == 2 and prior is None:
            reasons.append(self.missing("no_form", "quarter", year, 2))
        if half == 1 and prior is None:
            reasons.append("no_prior_year")
        if any(form is not None and not form["pupils"] for form in (this, prior)):
            reasons.append("zero_denominator")
        if reasons or this is None or prior is None:
            return Answer(reasons=reasons)
        now, before = (percent(form["failing"], form["pupils"]) for form in (this, prior))
        return Answer(before - now, now=now, before=before)

    def network(self, code: str, school: School, year: int, quarter: int) -> Answer:
        """Reading 16, 4.1, 4.3, 4.4."""
        form = self.form("form_network", school, year, quarter)
        if form is None:
            return Answer(reasons=[self.missing("no_form", "quarter", year, quarter)])
        column = {"4.1": "with_schools", "4.3": "joint_events", "4.4": "seminars"}[code]
        return Answer(Fraction(int(form[column])))

    def network_year(self, school: School, year: int) -> Answer:
        """Reading 16, 4.2: yes with the first yes, no only when all four quarters came."""
        forms = {q: self.form("form_network", school, year, q) for q in (1, 2, 3, 4)}
        if any(f and f["with_organisations"] for f in forms.values()):
            return Answer(Fraction(1))
        reasons = [self.missing("no_form", "quarter", year, q) for q, f in forms.items() if f is None]
        return Answer(reasons=reasons) if reasons else Answer(Fraction(0))

    # --- facts --------------------------------------------------------------------------------------

    def annual(self, code: str, school: School, year: int) -> Answer:
        """A yearly indicator of tasks 1 and 2, with what does not apply decided first."""
        if code.startswith("2."):
            if not self.is_supported(school.id, year):
                return Answer(not_applicable="not_supported")
            return self.task_2(code, school, year)
        if school.type == "primary" and code in rules.NOT_FOR_PRIMARY:
            return Answer(not_applicable="no_such_exam")
        if school.type == "basic" and code in rules.EGE_ONLY:
            return Answer(not_applicable="no_such_exam")
        if code in rules.SCORE_DYNAMICS or code in rules.RATIO_DYNAMICS:
            return self.dynamics(school.id, year, code)
        if code in rules.TWOS:
            return self.twos(school, year, code)
        return {
            "1.7": self.high_results,
            "1.8": self.below_minimum,
            "1.9": self.inequality,
            "1.18": self.bias,
            "1.19": self.index,
            "1.20": self.index_dynamics,
            "1.21": self.social_coefficient,
        }[code](school, year)

    def answers(self, school: School, year: int) -> Iterator[tuple[str, str, str, Answer]]:
        """(period, indicator, component, answer) of one school and year: every combination."""
        for code in rules.ANNUAL:
            yield str(year), code, "", self.annual(code, school, year)
        for component in rules.SHARES_3_1:
            yield f"{year}-Q1", "3.1", component, self.pupil_share(school, year, component)
        for half in (1, 2):
            yield f"{year}-H{half}", "3.2", "", self.course_share(school, year, half)
        supported = self.is_supported(school.id, year)
        for half in (1, 2):
            drop = self.failing_drop(school, year, half)
            yield f"{year}-H{half}", "3.3", "", drop if supported else Answer(not_applicable="not_supported")
        for quarter in (1, 2, 3, 4):
            for code in rules.QUARTERLY:
                answer = self.network(code, school, year, quarter)
                answer = answer if supported else Answer(not_applicable="not_supported")
                yield f"{year}-Q{quarter}", code, "", answer
        answer = self.network_year(school, year) if supported else Answer(not_applicable="not_supported")
        yield str(year), "4.2", "", answer

    @cached_property
    def indicator_values(self) -> list[Row]:
        """``fct_indicator_value``, but for the methodology version."""
        return [
            indicator_row(school, year, period, code, component, answer)
            for year in self.years
            for school in self.schools.values()
            if school.exists(year)
            for period, code, component, answer in self.answers(school, year)
        ]

    @cached_property
    def procedure_results(self) -> list[Row]:
        """``fct_procedure_result`` for the years of the release."""
        return [
            procedure_row(self.schools[cell.school], cell)
            for cell in self.cells.values()
            if cell.year in self.years and self.schools[cell.school].exists(cell.year)
        ]

    @cached_property
    def municipality_procedures(self) -> list[Row]:
        """``fct_municipality_procedure``: over pupil-level results only."""
        groups: dict[tuple[str, int, str], list[Result]] = defaultdict(list)
        for r in self.results:
            if r.year in self.years:
                groups[self.schools[r.school].municipality, r.year, r.procedure].append(r)
        rows = []
        for (municipality, year, procedure), results in groups.items():
            scores = [r.score for r in results if r.score is not None]
            marks = [r.mark for r in results if r.mark is not None]
            failed = [r.failed for r in results if r.failed is not None]
            complete, all_marked = len(failed) == len(results), len(marks) == len(results)
            rows.append(
                {
                    "municipality_id": municipality,
                    "reporting_year": year,
                    "procedure_id": procedure,
                    "schools": len({r.school for r in results}),
                    "participants": len(results),
                    "mean_score": number(mean(scores)),
                    "mean_mark": number(mean(marks)) if all_marked else None,
                    "failed": sum(failed) if complete else None,
                    "failed_pct": number(percent(sum(failed), len(failed))) if complete else None,
                }
            )
        return rows

    @cached_property
    def school_statuses(self) -> list[Row]:
        """``fct_school_status``, but for the cluster."""
        points: dict[tuple[str, int], list[Row]] = defaultdict(list)
        for row in self.indicator_values:
            if row["max_points"] is not None:
                points[row["school_id"], row["reporting_year"]].append(row)
        return [
            self._status_row(school, year, points[school.id, year])
            for year in self.years
            for school in self.schools.values()
            if school.exists(year)
        ]

    def _status_row(self, school: School, year: int, values: list[Row]) -> Row:
        low, before = self.is_low_results(school, year), self.is_low_results(school, year - 1)
        # a primary school has no computed index, but it may have a delivered one
        delivered = Answer(self.delivered_index(school, year))
        index = delivered if school.type == "primary" else self.index(school, year)
        scored = [v for v in values if v["status"] == "scored"]
        owed = [v for v in values if v["status"] == "no_data" and v["reason"] != "not_due"]
        points, maximum = sum(v["points"] for v in scored), sum(v["max_points"] for v in scored)
        coverage = percent(len(scored), len(scored) + len(owed)) if scored or owed else None
        social = self.social(school, year)
        changes = {
            (False, True): "entered",
            (True, False): "left" if self.could_be_low(school, year) else None,
            (True, True): "stayed",
            (False, False): "none",
        }
        risk = self.is_risk_zone(school.id, year)
        return {
            "school_id": school.id,
            "municipality_id": school.municipality,
            "reporting_year": year,
            "low_procedures": len(self.low_procedures(school, year)),
            "low_procedure_ids": self.low_procedures(school, year),
            "is_low_results": low,
            "is_risk_zone": risk,
            "is_difficult_social": self.is_difficult_social(school, year),
            "identifying_procedures": self.identifying_procedures(school, year),
            "official_low_results": self.on_list("low_results", school, year),
            "official_risk_zone": self.on_list("low_index", school, year),
            "official_difficult_social": self.on_list("difficult_social", school, year),
            "in_project_500": self.on_list("project_500", school, year),
            "is_supported": self.is_supported(school.id, year),
            "social_index": number(social),
            "results_index": number(index.value),
            "is_index_computed": "computed_index" in index.flags if index.value is not None else None,
            "points": points if scored else None,
            "max_points": maximum if scored else None,
            "score_pct": number(percent(points, maximum)) if scored else None,
            "coverage_pct": number(coverage),
            "school_group": self.group(school, year),
            "change_from_previous_year": None if before is None or low is None else changes[before, low],
            "is_effective_mode": self.is_effective(school, year),
        }

    def could_be_low(self, school: School, year: int) -> bool:
        """Reading 12: with fewer than 2 identifying procedures nobody can be on the list, or leave it."""
        return self.identifying_procedures(school, year) >= 2

    def is_effective(self, school: School, year: int) -> bool | None:
        """Effective mode: out of ШНОР, not in the risk zone, and the index is known not to have fallen."""
        change = self.annual("1.20", school, year).value
        conditions = [
            self.is_low_results(school, year - 1) is True,
            True if self.could_be_low(school, year) else None,
            _negation(self.is_low_results(school, year)),
            _negation(self.is_risk_zone(school.id, year)),
            change is not None and change >= 0,
        ]
        return False if False in conditions else None if None in conditions else True

    def _social_of_district(self, school: School, year: int) -> list[Fraction]:
        known = [self.social(s, year) for s in self.district(school, year)]
        return sorted(x for x in known if x is not None and x > 0)

    def is_difficult_social(self, school: School, year: int) -> bool | None:
        """Reading 11: among the lowest quarter of the district, ties in."""
        social = self.social(school, year)
        if not social:
            return None
        ordered = self._social_of_district(school, year)
        return social <= ordered[math.ceil(Fraction(len(ordered), 4)) - 1]

    def group(self, school: School, year: int) -> str | None:
        """Beyond single indicators: context against results."""
        social, index = self.social(school, year), self.annual("1.19", school, year).value
        if school.type == "primary" or not social or index is None:
            return None
        ordered = self._social_of_district(school, year)
        middle = len(ordered) // 2
        median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
        names = {(True, True): "resilient", (True, False): "thriving", (False, True): "struggling"}
        return names.get((index > 0, social < median), "underperforming")

    @cached_property
    def municipality_indicators(self) -> list[Row]:
        """``fct_municipality_indicator``: readings 16 and 7."""
        rows = []
        municipalities = {s.municipality for s in self.schools.values()}
        quarters = [
            (f"{year}-Q{q}", code) for year in self.years for q in (1, 2, 3, 4) for code in rules.QUARTERLY
        ]
        periods = [*quarters, *((str(year), "4.2") for year in self.years)]
        by_place: dict[tuple[str, str, str], list[Row]] = {
            (m, *p): [] for m in municipalities for p in periods
        }
        for row in self.indicator_values:
            if row["indicator_code"].startswith("4."):
                by_place[row["municipality_id"], row["period"], row["indicator_code"]].append(row)
        for (municipality, period, code), values in by_place.items():
            supported = [v for v in values if v["status"] != "not_applicable"]
            reported = [v for v in supported if v["status"] == "no_points"]
            active = sorted(v["school_id"] for v in reported if v["value"] > 0)
            value = len(active) if reported else None
            rows.append(
                _municipality_row(municipality, period, code, value, len(supported), len(reported), active)
            )
        for municipality in municipalities:
            for year in self.years:
                value_19 = self.inequality_of_district(municipality, year)
                rows.append(_municipality_row(municipality, str(year), "1.9", number(value_19)))
        return rows

    def inequality_of_district(self, municipality: str, year: int) -> Fraction | None:
        """Reading 7: mean of the lowest tenth of the pooled results over the mean of the highest."""
        pooled: list[int] = []
        for procedure in (rules.EGE_RUSSIAN, rules.EGE_MATH):
            results = [
                r
                for r in self.results
                if (r.year, r.procedure) == (year, procedure)
                and self.schools[r.school].municipality == municipality
            ]
            if len({r.school for r in results}) < 4:
                return None
            pooled += [r.score for r in results if r.score is not None]
        k = math.ceil(Fraction(len(pooled), 10))
        ordered = sorted(pooled)
        return Fraction(sum(ordered[:k]), sum(ordered[-k:])) if sum(ordered[-k:]) else None


def _municipality_row(municipality: str, period: str, code: str, value: Any, *rest: Any) -> Row:
    denominator, reported, schools = rest or (None, None, None)
    return {
        "municipality_id": municipality,
        "reporting_year": int(period[:4]),
        "period": period,
        "indicator_code": code,
        "value": value,
        "denominator": denominator,
        "reported": reported,
        "school_ids": schools,
    }


def _negation(known: bool | None) -> bool | None:
    return None if known is None else not known


def _with_category(form: Row) -> int:
    return int(form["highest_category"] + form["first_category"])


def _root(value: Fraction) -> Fraction:
    """A square root to 60 digits: its error is far below anything that a verdict could hang on."""
    with localcontext() as context:
        context.prec = 60
        return Fraction((Decimal(value.numerator) / Decimal(value.denominator)).sqrt())


def share(part: int, whole: int) -> Answer:
    """Reading 17: a percent over nobody is no data."""
    if not whole:
        return Answer(reasons=["zero_denominator"])
    return Answer(percent(part, whole), numerator=part, denominator=whole)


def number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def indicator_row(school: School, year: int, period: str, code: str, component: str, answer: Answer) -> Row:
    """A result is one of four things; flags and sides only where there is a value."""
    max_points = rules.MAX_POINTS.get(code)
    status, reason = ("scored" if max_points else "no_points"), None
    if answer.not_applicable:
        status, reason = "not_applicable", answer.not_applicable
    elif answer.reasons:
        status, reason = "no_data", min(answer.reasons, key=rules.REASONS.index)
    if not answer.is_known:
        answer = Answer()
    allowed = set(answer.flags)
    if code not in rules.WITH_SMALL_N:
        allowed -= {"small_n"}
    low, high = (None, None)
    if answer.numerator is not None and answer.denominator:
        low, high = wilson(answer.numerator, answer.denominator)
    return {
        "school_id": school.id,
        "municipality_id": school.municipality,
        "reporting_year": year,
        "period": period,
        "indicator_code": code,
        "component": component,
        "status": status,
        "reason": reason,
        "value": number(answer.value),
        "value_now": number(answer.now),
        "value_before": number(answer.before),
        "value_text": answer.text,
        "numerator": answer.numerator,
        "denominator": answer.denominator,
        "participants": answer.participants,
        "points": answer.points,
        "max_points": max_points,
        "ci_low": low,
        "ci_high": high,
        "flags": sorted(allowed),
    }


def procedure_row(school: School, cell: Cell) -> Row:
    low, high = (None, None)
    if cell.failed is not None and cell.participants:
        low, high = wilson(cell.failed, cell.participants)
    return {
        "school_id": school.id,
        "municipality_id": school.municipality,
        "reporting_year": cell.year,
        "procedure_id": cell.procedure,
        "participants": cell.participants,
        "absent": cell.absent,
        "mean_score": number(cell.mean_score),
        "mean_mark": number(cell.mean_mark),
        **{f"share_{m}_pct": number(cell.shares.get(m)) for m in (2, 3, 4, 5)},
        "failed": cell.failed,
        "failed_pct": number(cell.failed_pct),
        "failed_ci_low_pct": low,
        "failed_ci_high_pct": high,
        "is_low_result": cell.is_low,
        "pupils_to_threshold": cell.pupils_to_threshold,
        "data_level": cell.level,
        "flags": sorted(cell.flags),
    }
