"""Enumerates the integers behind every hidden cell that agree with everything that was published.

A hidden result of a school is three integers: participants, failed (the twos of a ВПР or ОГЭ), fives. A
hidden cell of a form is a whole and a part of it. Everything published that reads a hidden cell constrains
these integers: its own columns, indicators and points, totals of the school, verdicts, figures of the
district, sums of points, and the same again in the release before or after. Constraints are propagated until
nothing changes: a possibility goes when no choice of the other cells of a constraint goes with it.

The attacker knows the code, the seeds, who has a row, and of which schools nothing was changed between the
releases: their cells are the same unknowns in both.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import permutations

from .published import (
    IDENTIFYING,
    INDICATORS,
    LIMITS,
    PARAMETERS,
    SUPPRESSED,
    Release,
    Row,
    band,
    family,
    half_up,
    procedure,
)

Cell = tuple[object, ...]
Numbers = tuple[int, ...]
Vector = tuple[int, ...]

NEAR = 1e-6
EXTRA = "failing_in_extra_classes"
STAFF = ("2.1", "2.2")
"""Indicators that are shares of all teachers of the school."""
OWN_WHOLES = ("form_olympiad", "form_teacher_courses")
"""Forms whose whole stands in no other cell."""
LARGEST_WHOLE = 60
"""Wholes that nothing tells are tried up to this: fewer possibilities than there are, never more."""

RESULTS: frozenset[Numbers] = frozenset(
    (people, failed, fives)
    for people in range(1, LIMITS["min_pupils"])
    for failed in range(people + 1)
    for fives in range(people + 1 - failed)
)


@dataclass(frozen=True)
class Constraint:
    """Vectors that ``sides`` make of their cells add up to something that ``allows``."""

    sides: tuple[tuple[Cell, Callable[[Numbers], Vector]], ...]
    allows: Callable[[Vector], bool]
    what: str


def possibilities(
    releases: Sequence[Release], changed_schools: Iterable[str] = ()
) -> dict[Cell, frozenset[Numbers]]:
    """What every hidden cell can be, by its key, after ``releases`` in which only these schools changed."""
    changed = set(changed_schools)
    domains: dict[Cell, frozenset[Numbers]] = {}
    constraints: list[Constraint] = []
    for number, release in enumerate(releases):
        reader = _Reader(release, lambda school, number=number: number if school in changed else 0)
        for cell, domain in reader.domains.items():
            domains[cell] = domains.get(cell, domain) & domain
        constraints += reader.constraints()
        constraints += reader.told_by(releases, changed)
    _propagate(domains, constraints)
    _propagate(domains, constraints + _differences(domains, constraints))
    return domains


def found_out(domains: dict[Cell, frozenset[Numbers]]) -> dict[Cell, str]:
    """Cells of which a number (whole, part, share) has fewer than two possibilities, and what is left."""
    found = {}
    for cell, numbers in domains.items():
        counted = [
            len({option[1] for option in numbers}),
            len({Fraction(option[1], option[0]) if option[0] else None for option in numbers}),
        ]
        if cell[0] == "result":  # the whole of a form's share may be told by another cell
            counted.append(len({option[0] for option in numbers}))
        if min(counted) < 2:
            found[cell] = str(sorted(numbers)[:3])
    return found


def verdicts_found_out(
    releases: Sequence[Release], domains: dict[Cell, frozenset[Numbers]], changed_schools: Iterable[str] = ()
) -> dict[str, str]:
    """What of a hidden cell has one answer only: its points; whether there is anybody; whether it is low.

    A verdict is a number as well: three points for 2.5 say that at least one teacher was counted. Whether a
    school is supported is one, too.
    """
    changed = set(changed_schools)
    found = {name: answer for release in releases for name, answer in _supported_schools(release)}
    for cell, numbers in domains.items():
        questions: dict[str, Callable[[Numbers], object]] = {"anybody": lambda option: option[1] > 0}
        if cell[0] == "result":
            questions["low"] = _is_low
        for what, answer in questions.items():
            if len(answers := {answer(option) for option in numbers}) < 2:
                found[f"{what} of {cell}"] = str(answers)
    for number, release in enumerate(releases):
        reader = _Reader(release, lambda school, number=number: number if school in changed else 0)
        for value in release.values:
            cell = reader.behind(value)
            is_scored = value["status"] == SUPPRESSED and value["max_points"] is not None
            if not is_scored or value["reason"] == "complementary":
                continue
            if family(value) == "form_headcount_dynamics":
                points = reader.points_of_headcounts(value, domains)
            elif cell in domains:
                points = {earned for option in domains[cell] for earned in _possible_points(value, option)}
            else:
                continue
            if len(points) == 1:
                found[f"points of {cell} in {value['indicator_code']}"] = str(points)
    return found


def exposed(release: Release) -> dict[str, str]:
    """Open values of forms that tell a group smaller than the limit, or that all but so few are in it."""
    reader, found = _Reader(release, lambda _: 0), {}
    for value in release.values:
        for what, group in _told_groups(value, reader):
            if group < _limit(value):
                key = (value["school_id"], value["period"], value["indicator_code"], value["component"] or "")
                found[f"{what} of {key}"] = str(group)
    return found


def _told_groups(value: Row, reader: _Reader) -> Iterator[tuple[str, int]]:
    kind, code = family(value), value["indicator_code"]
    if value["status"] == SUPPRESSED or value["value"] is None:
        return
    if kind in ("form_share", "pupil_share", "olympiad") and value["numerator"] is not None:
        yield "part", value["numerator"]
        yield "rest", value["denominator"] - value["numerator"]
    if kind == "olympiad" and value["points"] != band(code, 3):
        yield "regional winners", 0
    if kind == "form_category" and value["points"] != band(code, 2):
        yield "winners", 0
    if kind in ("form_category", "form_value") and INDICATORS[code, ""]["unit"] == "чел.":
        yield "part", int(value["value"])
        if (whole := reader.known_whole(value)) is not None:
            yield "rest", whole - int(value["value"])


def _supported_schools(release: Release) -> Iterator[tuple[str, str]]:
    """Schools of which it is hidden whether they are supported, and told nevertheless.

    Who is not supported has no numbers in what applies to supported schools only: a reason that speaks of
    numbers says that the school is; a value that is not hidden says which it is.
    """
    hidden = {
        (row["school_id"], row["reporting_year"])
        for row in release.statuses
        if "is_supported" in (row.get("suppressed") or ())
    }
    for value in release.values:
        school, code = (value["school_id"], value["reporting_year"]), value["indicator_code"]
        scope = INDICATORS[code, value["component"] or ""]["scope"]
        if school in hidden and scope == "supported" and value["reason"] != "complementary":
            yield f"support of {school}", f"{code}: {value['status']}, {value['reason']}"


def _differences(domains: dict[Cell, frozenset[Numbers]], constraints: list[Constraint]) -> list[Constraint]:
    """What one sum has more than the same sum of another release: the cells of both cancel."""
    by_what: defaultdict[str, list[Constraint]] = defaultdict(list)
    for constraint in constraints:
        if len(constraint.sides) > 1:
            by_what[constraint.what].append(constraint)
    found = []
    for one, other in (pair for same in by_what.values() for pair in permutations(same, 2)):
        first, second = ({cell for cell, _ in constraint.sides} for constraint in (one, other))
        if first == second or not first & second:
            continue
        more = {
            tuple(a - b for a, b in zip(total, less, strict=True))
            for total in _totals(one, domains)
            for less in _totals(other, domains)
        }
        sides = [side for side in one.sides if side[0] not in second]
        sides += [(cell, _negative(project)) for cell, project in other.sides if cell not in first]
        found.append(Constraint(tuple(sides), lambda total, more=more: total in more, "difference"))
    return found


def _totals(constraint: Constraint, domains: dict[Cell, frozenset[Numbers]]) -> set[Vector]:
    totals: set[Vector] = {()}
    for cell, project in constraint.sides:
        vectors = {project(numbers) for numbers in domains[cell]}
        totals = {_add(total, vector) if total else vector for total in totals for vector in vectors}
    return {total for total in totals if constraint.allows(total)}


def _negative(project: Callable[[Numbers], Vector]) -> Callable[[Numbers], Vector]:
    return lambda numbers: tuple(-number for number in project(numbers))


def _propagate(domains: dict[Cell, frozenset[Numbers]], constraints: list[Constraint]) -> None:
    is_changed = True
    while is_changed:
        is_changed = False
        for constraint in constraints:
            for cell, numbers in _supported(constraint, domains):
                if numbers != domains[cell]:
                    domains[cell] = numbers
                    is_changed = True


def _supported(
    constraint: Constraint, domains: dict[Cell, frozenset[Numbers]]
) -> Iterator[tuple[Cell, frozenset[Numbers]]]:
    """What of the domain of each cell goes with some choice of the others."""
    options: list[dict[Vector, set[Numbers]]] = []
    for cell, project in constraint.sides:
        grouped: dict[Vector, set[Numbers]] = defaultdict(set)
        for numbers in domains[cell]:
            grouped[project(numbers)].add(numbers)
        options.append(grouped)
    if not options:
        return
    zero = tuple(0 for _ in next(iter(options[0]), ()))
    before = [{zero}]
    for grouped in options:
        before.append({_add(done, vector) for done in before[-1] for vector in grouped})
    good = {total for total in before[-1] if constraint.allows(total)}
    for place in range(len(options) - 1, -1, -1):
        cell, grouped = constraint.sides[place][0], options[place]
        kept = {v for v in grouped if any(_add(done, v) in good for done in before[place])}
        good = {done for done in before[place] if any(_add(done, v) in good for v in kept)}
        yield cell, frozenset(numbers for vector in kept for numbers in grouped[vector])


def _add(one: Vector, other: Vector) -> Vector:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=NEAR, abs_tol=NEAR)


def _people(numbers: Numbers) -> Vector:
    return (numbers[0], numbers[1])


def _is_low(numbers: Numbers) -> bool:
    return 100 * numbers[1] >= PARAMETERS["low_result_pct"] * numbers[0]


class _Reader:
    """One release: its hidden cells, and what it tells of them."""

    def __init__(self, release: Release, version: Callable[[str], int]) -> None:
        self.release, self.version = release, version
        self.results = {
            (row["school_id"], row["reporting_year"], row["procedure_id"]): row for row in release.results
        }
        self.components: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for value in release.values:
            self.components[_whole_of(value)].append(value)
        self.districts: defaultdict[tuple[str, int, str], list[Row]] = defaultdict(list)
        self.names: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        self.judged: set[tuple[int, str]] = set()
        for (school, year, name), row in self.results.items():
            self.districts[row["municipality_id"], year, name].append(row)
            self.names[school, year].append(name)
            if row["failed"] is not None:
                self.judged.add((year, name))
        self.shown = {extreme for value in release.values for extreme in _extremes(value)}
        self.domains: dict[Cell, frozenset[Numbers]] = {}
        for key, row in self.results.items():
            if SUPPRESSED in (row["flags"] or ()) and row["participants"] != 0:
                self.domains[self.cell(*key)] = RESULTS
        for value in release.values:
            is_own = value["status"] == SUPPRESSED and value["reason"] != "complementary"
            if is_own and (domain := self.form_domain(value)):
                self.domains[self.form(value)] = domain

    def cell(self, school: str, year: int, name: str) -> Cell:
        return ("result", self.version(school), school, year, name)

    def form(self, value: Row) -> Cell:
        school = value["school_id"]
        return (
            "form",
            self.version(school),
            school,
            value["period"],
            value["indicator_code"],
            value["component"] or "",
        )

    def behind(self, value: Row) -> Cell:
        """The cell whose numbers give the points of a value: a result or a number of a form."""
        name = procedure(value["indicator_code"])
        if family(value) == "share_of_twos" and name:
            return self.cell(value["school_id"], value["reporting_year"], name)
        return self.form(value)

    def points_of_headcounts(self, value: Row, domains: dict[Cell, frozenset[Numbers]]) -> set[int]:
        """What 2.3 may earn by what 2.2 tells of both years; empty where it does not tell all teachers."""
        sides = []
        for year in (value["reporting_year"], value["reporting_year"] - 1):
            side: set[Numbers] = set()
            for share in self.components[value["school_id"], str(year), "2.2"]:
                side |= domains.get(self.form(share), frozenset())
                if share["numerator"] is not None:
                    side.add((share["denominator"], share["numerator"]))
            if len({whole for whole, _ in side}) != 1:
                return set()
            sides.append({part for _, part in side})
        differences = {this - that for this in sides[0] for that in sides[1]}
        return {band(value["indicator_code"], (more > 0) - (more < 0)) for more in differences}

    def form_domain(self, value: Row) -> frozenset[Numbers]:
        """What a hidden cell of a form can be; if nobody or everybody is shown elsewhere, it is neither."""
        limit = _limit(value)
        domain = _form_domain(value, self.known_whole(value), is_whole_hidden=self.is_whole_hidden(value))
        indicator = value["indicator_code"], value["component"] or ""
        return frozenset(
            (whole, part)
            for whole, part in domain
            if whole < limit
            or not (
                (part == 0 and (*indicator, "nobody") in self.shown)
                or (part == whole and (*indicator, "everybody") in self.shown)
            )
        )

    def known_whole(self, value: Row) -> int | None:
        """How many pupils or teachers the school has, by another cell of the form; None if none tells."""
        component = value["component"] or ""
        if component == EXTRA or INDICATORS[value["indicator_code"], component]["dataset"] in OWN_WHOLES:
            return None
        if component:
            others = [other for other in self.components[_whole_of(value)] if other["component"] != EXTRA]
        else:
            others = [
                other
                for code in STAFF
                for other in self.components[value["school_id"], value["period"], code]
            ]
        return next((other["denominator"] for other in others if other["denominator"] is not None), None)

    def is_whole_hidden(self, value: Row) -> bool:
        """Whether the whole of a share is itself a hidden number of the form: the failing pupils of 3.1."""
        return value["component"] == EXTRA and any(
            other["component"] == "failing" and other["status"] == SUPPRESSED
            for other in self.components[_whole_of(value)]
        )

    def keys(self, school: str, year: int) -> list[tuple[str, int, str]]:
        return [(school, year, name) for name in self.names[school, year]]

    def hidden(self, school: str, year: int, names: Iterable[str]) -> list[Cell]:
        return [cell for name in names if (cell := self.cell(school, year, name)) in self.domains]

    def told_by(self, releases: Sequence[Release], changed: set[str]) -> Iterator[Constraint]:
        """Numbers that another release prints openly of a school in which nothing changed."""
        for other in releases:
            for row in other.results:
                key = (row["school_id"], row["reporting_year"], row["procedure_id"])
                cell = self.cell(*key)
                if other is not self.release and cell in self.domains and row["school_id"] not in changed:
                    yield from self.own_columns(cell, row)

    def constraints(self) -> Iterator[Constraint]:
        for key, row in self.results.items():
            if (cell := self.cell(*key)) in self.domains:
                yield from self.own_columns(cell, row)
        for value in self.release.values:
            yield from self.of_value(value)
        for row in self.release.statuses:
            yield from self.of_status(row)
        for row in self.release.districts:
            yield from self.of_district(row)
        for row in self.release.recommendations:
            yield from self.of_recommendation(row)
        yield from self.of_forms()

    def own_columns(self, cell: Cell, row: Row) -> Iterator[Constraint]:
        checks: dict[str, Callable[[Numbers], float | bool | None]] = {
            "participants": lambda n: n[0],
            "failed": lambda n: n[1],
            "failed_pct": lambda n: 100 * n[1] / n[0],
            "share_2_pct": lambda n: 100 * n[1] / n[0],
            "share_5_pct": lambda n: 100 * n[2] / n[0],
            "failed_ci_low_pct": lambda n: _wilson(n[1], n[0])[0],
            "failed_ci_high_pct": lambda n: _wilson(n[1], n[0])[1],
            "is_low_result": _is_low,
            "pupils_to_threshold": _distance,
        }
        for column, computed in checks.items():
            told = row.get(column)
            if told is not None:
                yield _unary(cell, lambda n, c=computed, t=told: _near(c(n), t), column)
        mean = row.get("mean_mark")
        if mean is not None:
            yield _unary(cell, lambda n: _has_mean_mark(n, mean), "mean_mark")

    def of_value(self, value: Row) -> Iterator[Constraint]:
        school, year = value["school_id"], value["reporting_year"]
        kind, name = family(value), procedure(value["indicator_code"])
        if kind == "share_of_twos" and name and (cells := self.hidden(school, year, [name])):
            yield from self.of_share(cells[0], value)
        elif kind == "fives_to_twos_dynamics" and name:
            yield from self.of_ratio(value, name)
        elif kind in ("below_minimum", "high_results"):
            yield from self.of_exam(value)
        elif kind == "score_dynamics" and name and value.get("value_now") is not None:
            yield from self.of_district_mean(value, name)
        elif (cell := self.form(value)) in self.domains:
            yield from self.of_share(cell, value)

    def of_share(self, cell: Cell, value: Row) -> Iterator[Constraint]:
        code = value["indicator_code"]
        is_count = family(value) in ("form_value", "form_category", "form_headcount_dynamics")
        checks: dict[str, Callable[[Numbers], float]] = {
            "value": (lambda n: n[1]) if is_count else (lambda n: 100 * n[1] / n[0]),
            "numerator": lambda n: n[1],
            "denominator": lambda n: n[0],
            "participants": lambda n: n[0],
            "ci_low": lambda n: _wilson(n[1], n[0])[0],
            "ci_high": lambda n: _wilson(n[1], n[0])[1],
        }
        for column, computed in checks.items():
            told = value.get(column)
            if told is not None:
                yield _unary(cell, lambda n, c=computed, t=told: _near(c(n), t), f"{code} {column}")
        points = value.get("points")
        if points is not None and family(value) in ("share_of_twos", "form_share"):
            yield _unary(cell, lambda n: _points(value, n) == points, f"{code} points")

    def of_ratio(self, value: Row, name: str) -> Iterator[Constraint]:
        """Fives to twos of this year and of the year before."""
        school, year = value["school_id"], value["reporting_year"]
        for side, at in (("value_now", year), ("value_before", year - 1)):
            told = value.get(side)
            for cell in self.hidden(school, at, [name]):
                if told is not None:
                    yield _unary(cell, lambda n, t=told: _near(_ratio(n), t), side)

    def of_exam(self, value: Row) -> Iterator[Constraint]:
        """1.7, 1.8: what all subjects of the school have together, less those that are open."""
        school, year = value["school_id"], value["reporting_year"]
        exam = INDICATORS[value["indicator_code"], ""]["exam"]
        is_failed = family(value) == "below_minimum"
        rows = {
            key: row
            for key, row in ((key, self.results[key]) for key in self.keys(school, year))
            if key[2].startswith(exam) and (is_failed or not key[2].startswith(f"{exam}_math_base"))
        }
        cells = self.hidden(school, year, [key[2] for key in rows])
        if not cells or not all(self.is_judged(year, key[2]) for key in rows):
            return
        shown = [row for key, row in rows.items() if self.cell(*key) not in self.domains]
        people = sum(row["participants"] or 0 for row in shown)
        failed = sum(row["failed"] or 0 for row in shown)
        told, code = value, value["indicator_code"]

        def allows(total: Vector) -> bool:
            n, k = total[0] + people, total[1] + failed
            checks = [(told.get("denominator"), n), (told.get("participants"), n)]
            if is_failed:
                checks += [(told.get("numerator"), k), (told.get("value"), 100 * k / n)]
                if told.get("points") is not None:
                    checks.append((told["points"], band(code, half_up(k, n))))
            return all(said is None or _near(said, computed) for said, computed in checks)

        if any(told.get(column) is not None for column in ("denominator", "numerator", "value", "points")):
            yield Constraint(tuple((cell, _people) for cell in cells), allows, f"{code} of {school}")

    def is_judged(self, year: int, name: str) -> bool:
        """Whether the minimum of an exam was known that year: some open result says how many failed."""
        return (year, name) in self.judged

    def of_district_mean(self, value: Row, name: str) -> Iterator[Constraint]:
        """1.1-1.4: mean over district's mean, which gives the latter, and how many pupils are missing."""
        school, year = value["school_id"], value["reporting_year"]
        row = self.results.get((school, year, name))
        if row is None or row["mean_score"] is None or not value["value_now"]:
            return
        mean = row["mean_score"] / value["value_now"]
        yield from self.of_remainder(
            row["municipality_id"], year, name, lambda n, k, s, m: _is_whole(mean * (n + m) - s), "mean"
        )

    def of_district(self, row: Row) -> Iterator[Constraint]:
        municipality, year, name = row["municipality_id"], row["reporting_year"], row["procedure_id"]
        schools = [r for r in self.district(municipality, year, name) if r["participants"] != 0]
        if row["schools"] != len(schools):
            return  # made of the open schools only
        people, failed = row["participants"], row["failed"]
        percent = row["failed_pct"]

        def allows(n: int, k: int, shown_score: float, shown_n: int, shown_k: int) -> bool:
            del shown_score
            return (
                (people is None or people == n + shown_n)
                and (failed is None or failed == k + shown_k)
                and (percent is None or _near(percent, 100 * (k + shown_k) / (n + shown_n)))
            )

        shown_k = sum(r["failed"] or 0 for r in schools if SUPPRESSED not in (r["flags"] or ()))
        yield from self.of_remainder(
            municipality, year, name, lambda n, k, s, m: allows(n, k, s, m, shown_k), "district"
        )

    def district(self, municipality: str, year: int, name: str) -> list[Row]:
        return self.districts[municipality, year, name]

    def of_remainder(
        self,
        municipality: str,
        year: int,
        name: str,
        allows: Callable[[int, int, float, int], bool],
        what: str,
    ) -> Iterator[Constraint]:
        """What the hidden schools of a district have together."""
        rows = self.district(municipality, year, name)
        cells = [cell for row in rows if (cell := self.cell(row["school_id"], year, name)) in self.domains]
        shown = [row for row in rows if self.cell(row["school_id"], year, name) not in self.domains]
        people = sum(row["participants"] or 0 for row in shown)
        score = sum((row["participants"] or 0) * (row["mean_score"] or 0) for row in shown)
        if cells:
            yield Constraint(
                tuple((cell, _people) for cell in cells),
                lambda total: allows(total[0], total[1], score, people),
                f"{what} {name} {year}",
            )

    def of_status(self, row: Row) -> Iterator[Constraint]:
        school, year = row["school_id"], row["reporting_year"]
        names = [name for name in self.names[school, year] if name in IDENTIFYING]
        cells = self.hidden(school, year, names)
        open_low = sum(
            bool(self.results[school, year, name]["is_low_result"])
            for name in names
            if self.cell(school, year, name) not in self.domains
        )
        count, verdict, listed = row["low_procedures"], row["is_low_results"], row["low_procedure_ids"]
        needed = PARAMETERS["low_procedures"]
        if cells and (count is not None or verdict is not None):
            yield Constraint(
                tuple((cell, lambda n: (int(_is_low(n)),)) for cell in cells),
                lambda total: (
                    (count is None or count == total[0] + open_low)
                    and (verdict is None or verdict == (total[0] + open_low >= needed))
                ),
                f"low results of {school} {year}",
            )
        if listed is not None:
            for cell in cells:
                yield _unary(cell, lambda n, c=cell: _is_low(n) == (c[4] in listed), "low_procedure_ids")
        if row.get("points") is not None:
            yield from self.of_total(row)

    def of_total(self, row: Row) -> Iterator[Constraint]:
        """The sum of points, where only shares of twos are hidden of what it adds up."""
        school, year = row["school_id"], row["reporting_year"]
        mine = [
            value
            for value in self.release.values
            if (value["school_id"], value["reporting_year"]) == (school, year)
            and value["max_points"] is not None
        ]
        hidden = [value for value in mine if value["status"] == SUPPRESSED]
        told = sum(value["points"] or 0 for value in mine)
        sides = []
        for value in hidden:
            name = procedure(value["indicator_code"])
            cells = self.hidden(school, year, [name] if name else [])
            if family(value) != "share_of_twos" or not cells:
                return
            sides.append((cells[0], lambda n, v=value: (_points(v, n),)))
        if sides:
            yield Constraint(
                tuple(sides), lambda total: total[0] + told == row["points"], f"points of {school} {year}"
            )

    def of_recommendation(self, row: Row) -> Iterator[Constraint]:
        """Points lost on a hidden share of twos; that a school is the peer: no point lost."""
        name = procedure(row["indicator_code"])
        if not name or INDICATORS[row["indicator_code"], ""]["family"] != "share_of_twos":
            return
        maximum = int(INDICATORS[row["indicator_code"], ""]["max_points"])
        code = row["indicator_code"]
        for school, lost in ((row["school_id"], row["points_lost"]), (row["peer_school_id"], 0)):
            for cell in self.hidden(str(school), row["reporting_year"], [name]):
                yield _unary(
                    cell,
                    lambda n, lost=lost: maximum - band(code, half_up(n[1], n[0])) == lost,
                    "recommendation",
                )

    def of_forms(self) -> Iterator[Constraint]:
        """Numbers that stand in two cells of forms."""
        values = {
            (v["school_id"], v["period"], v["indicator_code"], v["component"] or ""): v
            for v in self.release.values
        }
        for (school, period, code, component), value in values.items():
            cell = self.form(value)
            if code == "3.1" and cell in self.domains:
                for other in self.components[school, period, code]:
                    other_component = other["component"]
                    pair = {component, other_component}
                    if pair == {"failing", EXTRA} and component == "failing":
                        if other["denominator"] is not None:
                            yield _unary(cell, lambda n, d=other["denominator"]: n[1] == d, "3.1 whole")
                        elif self.form(other) in self.domains:
                            yield Constraint(
                                ((cell, lambda n: (n[1],)), (self.form(other), lambda n: (-n[0],))),
                                lambda total: total[0] == 0,
                                "3.1 whole",
                            )
                    elif pair == {"failing", EXTRA} and other["numerator"] is not None:
                        yield _unary(cell, lambda n, k=other["numerator"]: n[0] == k, "3.1 whole")
            if code == "2.2" and cell in self.domains:
                this = values.get((school, period, "2.3", ""))
                after = values.get((school, str(int(period) + 1), "2.3", ""))
                for told in (this and this["value_now"], after and after["value_before"]):
                    if told is not None:
                        yield _unary(cell, lambda n, t=told: n[1] == t, "2.3")


def _whole_of(value: Row) -> tuple[str, str, str]:
    return value["school_id"], value["period"], value["indicator_code"]


def _limit(value: Row) -> int:
    dataset = INDICATORS[value["indicator_code"], value["component"] or ""]["dataset"]
    return LIMITS["min_pupils" if dataset in ("form_pupils", "form_olympiad") else "min_teachers"]


def _extremes(value: Row) -> Iterator[tuple[str, str, str]]:
    """That nobody or everybody is counted in an open value of a form: such groups are not hidden."""
    kind = family(value)
    indicator = value["indicator_code"], value["component"] or ""
    whole, part = value["denominator"], value["numerator"]
    if value["status"] == SUPPRESSED:
        return
    if kind in ("form_value", "form_category") and value["value"] == 0:
        yield (*indicator, "nobody")
    elif kind in ("form_share", "pupil_share") and part is not None and (whole or 0) >= _limit(value):
        if part == 0:
            yield (*indicator, "nobody")
        elif part == whole:
            yield (*indicator, "everybody")


def _form_domain(value: Row, whole: int | None, *, is_whole_hidden: bool) -> frozenset[Numbers]:
    """What a hidden cell of a form can be: some group of it is smaller than the limit."""
    kind, limit = family(value), _limit(value)
    if is_whole_hidden:
        return frozenset((n, k) for n in range(LARGEST_WHOLE) for k in range(n + 1))
    if kind in ("form_share", "pupil_share"):
        return _unsafe_shares(limit, whole)
    if kind == "olympiad":  # hidden for its regional winners, too, of whom nothing is told
        return frozenset((n, k) for n in range(LARGEST_WHOLE) for k in range(n + 1))
    if kind in ("form_value", "form_category"):
        return _unsafe_shares(limit, whole)
    return frozenset()


@cache
def _unsafe_shares(limit: int, whole: int | None) -> frozenset[Numbers]:
    return frozenset(
        (n, k)
        for n in (range(1, LARGEST_WHOLE) if whole is None else (whole,))
        for k in (range(n + 1) if n < 2 * limit else (*range(limit), *range(n - limit + 1, n + 1)))
    )


def _unary(cell: Cell, holds: Callable[[Numbers], bool], what: str) -> Constraint:
    return Constraint(((cell, lambda n: (int(holds(n)),)),), lambda total: total[0] == 1, what)


def _points(value: Row, numbers: Numbers) -> int:
    code = value["indicator_code"]
    is_floor = INDICATORS[code, ""]["lookup"] == "floor"
    looked_up = 100 * numbers[1] // numbers[0] if is_floor else half_up(numbers[1], numbers[0])
    return band(code, looked_up)


def _possible_points(value: Row, numbers: Numbers) -> tuple[int, ...]:
    """What a value may earn with these numbers; several where other numbers have a say (2.4, 2.9)."""
    kind, code = family(value), value["indicator_code"]
    whole, part = numbers[0], numbers[1]
    if kind == "form_category":  # the part are the winners
        return (band(code, 2),) if part else (band(code, 0), band(code, 1))
    if kind == "form_value":
        return (band(code, part),)
    if kind == "olympiad":
        is_much = 100 * part > PARAMETERS["olympiad_share_pct"] * whole
        return (band(code, 3), band(code, 0 if not whole else 2 if is_much else 1))
    return (_points(value, numbers),)


def _ratio(numbers: Numbers) -> float:
    people, failed, fives = numbers
    return fives / failed if failed else 100 * fives / people


def _distance(numbers: Numbers) -> int:
    first_low = math.ceil(numbers[0] * PARAMETERS["low_result_pct"] / 100)
    return numbers[1] - first_low + 1 if _is_low(numbers) else first_low - numbers[1]


def _has_mean_mark(numbers: Numbers, mean: float) -> bool:
    people, failed, fives = numbers
    rest = people - failed - fives
    middle = mean * people - 2 * failed - 5 * fives
    return 3 * rest - NEAR <= middle <= 4 * rest + NEAR and _is_whole(middle)


def _is_whole(number: float) -> bool:
    return abs(number - round(number)) < NEAR


def _wilson(part: int, whole: int) -> tuple[float, float]:
    z = PARAMETERS["wilson_z"]
    share = part / whole
    centre = share + z * z / (2 * whole)
    spread = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    scale = 1 + z * z / whole
    return 100 * (centre - spread) / scale, 100 * (centre + spread) / scale
