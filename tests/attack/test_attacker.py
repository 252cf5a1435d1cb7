"""The attacker finds what a careless open edition tells: on releases written by hand, one leak each."""

from __future__ import annotations

from typing import Any

import pytest

from .attacker import RESULTS, found_out, possibilities, verdicts_found_out
from .published import INDICATORS, Release, Row

VPR, VPR_6 = "vpr_russian_5", "vpr_russian_6"


def result(school: str, name: str = VPR, year: int = 2022, **columns: Any) -> Row:
    """A result that is open."""
    return {
        "school_id": school,
        "municipality_id": "1",
        "reporting_year": year,
        "procedure_id": name,
        "participants": 20,
        "failed": 2,
        "mean_score": None,
        "is_low_result": False,
        "flags": [],
        **columns,
    }


def hidden(school: str, name: str = VPR, year: int = 2022, **leaked: Any) -> Row:
    """A result that is hidden but for what leaks."""
    nothing = dict.fromkeys(("participants", "failed", "mean_score", "is_low_result"))
    return result(school, name, year, **{**nothing, "flags": ["suppressed"], **leaked})


def value(school: str, code: str, component: str = "", period: str = "2022", **columns: Any) -> Row:
    """A hidden value but for what leaks."""
    points = INDICATORS[code, component]["max_points"]
    nothing = dict.fromkeys(
        ("value", "value_now", "value_before", "numerator", "denominator", "participants", "points")
    )
    return {
        "school_id": school,
        "municipality_id": "1",
        "reporting_year": int(period[:4]),
        "period": period,
        "indicator_code": code,
        "component": component,
        "status": "suppressed",
        "reason": "few_pupils",
        "max_points": int(points) if points else None,
        **nothing,
        **columns,
    }


def status(school: str, **columns: Any) -> Row:
    nothing = dict.fromkeys(("low_procedures", "is_low_results", "low_procedure_ids", "points"))
    return {"school_id": school, "municipality_id": "1", "reporting_year": 2022, **nothing, **columns}


def district(schools: int, **columns: Any) -> Row:
    return {
        "municipality_id": "1",
        "reporting_year": 2022,
        "procedure_id": VPR,
        "schools": schools,
        "participants": None,
        "failed": None,
        "failed_pct": None,
        **columns,
    }


def attacked(*releases: Release, changed: tuple[str, ...] = ()) -> set[object]:
    """Schools of which a hidden number was found."""
    return {cell[2] for cell in found_out(possibilities(releases, changed))}


def test_nothing_is_known_of_a_cell_that_nothing_else_reads() -> None:
    release = Release(results=[result("1"), hidden("2"), hidden("3")])

    domains = possibilities([release])

    assert set(domains.values()) == {RESULTS}
    assert found_out(domains) == {}


@pytest.mark.parametrize(
    "leaked",
    [
        {"participants": 7},
        {"failed": 3},
        {"failed_pct": 0.0},
        {"failed_pct": 100 * 2 / 7},
        {"share_2_pct": 100.0},
        {"failed_ci_low_pct": 0.0},
        {"mean_mark": 2.0},
        {"mean_mark": 3 + 5 / 9},
    ],
    ids=str,
)
def test_a_column_that_is_not_hidden_is_enough(leaked: dict[str, Any]) -> None:
    release = Release(results=[result("1"), hidden("2", **leaked)])

    assert attacked(release) == {"2"}


def test_a_verdict_alone_leaves_possibilities() -> None:
    release = Release(results=[hidden("1", is_low_result=True), hidden("2", is_low_result=False)])

    assert attacked(release) == set()


def test_the_total_of_the_district_gives_its_only_hidden_school() -> None:
    release = Release(
        results=[result("1"), result("2"), hidden("3")],
        districts=[district(3, participants=46, failed=5)],
    )

    assert attacked(release) == {"3"}


def test_nobody_failed_in_the_district_is_nobody_in_each_hidden_school() -> None:
    release = Release(
        results=[result("1", failed=0), hidden("2"), hidden("3")],
        districts=[district(3, participants=30, failed=0)],
    )

    assert attacked(release) == {"2", "3"}


def test_a_district_of_the_open_schools_tells_nothing() -> None:
    release = Release(results=[result("1"), hidden("2")], districts=[district(1, participants=20, failed=2)])

    assert attacked(release) == set()


def test_the_difference_of_two_releases_gives_the_school_that_came() -> None:
    """Two hidden schools hide behind each other, until a third one comes."""
    before = Release(
        results=[result("1"), hidden("2"), hidden("3")],
        districts=[district(3, participants=30, failed=5)],
    )
    after = Release(
        results=[result("1"), hidden("2"), hidden("3"), hidden("4")],
        districts=[district(4, participants=34, failed=8)],
    )

    assert attacked(before) == set()
    assert attacked(after) == set()
    assert "4" in attacked(before, after, changed=("4",))


def test_a_cell_that_was_open_before_is_known_where_nothing_changed() -> None:
    before = Release(results=[result("1", participants=9, failed=1)])
    after = Release(results=[hidden("1")])

    assert attacked(before, after) == {"1"}
    assert attacked(before, after, changed=("1",)) == set()


def test_the_mean_of_the_district_counts_the_pupils_of_the_hidden_school() -> None:
    """1.1-1.4 print the school's mean over the district's: (1000 + 337) / (20 + 7)."""
    name = "oge_math_9"
    release = Release(
        results=[result("1", name, mean_score=50.0), hidden("2", name)],
        values=[value("1", "1.4", status="scored", value_now=50 / (1337 / 27))],
    )

    assert attacked(release) == {"2"}


def test_all_exams_less_the_open_ones_are_the_hidden_one() -> None:
    russian, physics = "ege_russian_11", "ege_physics_11"
    release = Release(
        results=[result("1", russian), hidden("1", physics), result("2", physics)],
        values=[value("1", "1.8", status="scored", denominator=26, numerator=3)],
    )

    assert attacked(release) == {"1"}


def test_points_of_a_hidden_share_say_that_nobody_failed() -> None:
    """Three points are 5 % at most: of fewer than ten pupils nobody."""
    release = Release(results=[hidden("1")], values=[value("1", "1.10", points=3)])

    assert attacked(release) == {"1"}


def test_the_sum_of_points_gives_the_hidden_points() -> None:
    release = Release(
        results=[hidden("1")],
        values=[value("1", "1.10"), value("1", "1.18", status="scored", points=3)],
        statuses=[status("1", points=6)],
    )

    assert attacked(release) == {"1"}


def test_a_recommendation_gives_the_points_of_its_peer() -> None:
    release = Release(
        results=[hidden("1"), result("2")],
        recommendations=[
            {
                "school_id": "2",
                "reporting_year": 2022,
                "indicator_code": "1.10",
                "points_lost": 3,
                "peer_school_id": "1",
            }
        ],
    )

    assert attacked(release) == {"1"}


def test_counts_of_low_procedures_and_shares_meet() -> None:
    """Two low procedures of two, one of them with a share that only 1 of 3 and its multiples have."""
    release = Release(
        results=[hidden("1", VPR), hidden("1", VPR_6, pupils_to_threshold=7)],
        statuses=[status("1", low_procedures=2)],
    )

    assert attacked(release) == {"1"}


def test_failing_pupils_are_the_whole_of_those_in_extra_classes() -> None:
    extra = value("1", "3.1", "failing_in_extra_classes", "2022-Q1", status="no_points", denominator=7)
    release = Release(values=[value("1", "3.1", "failing", "2022-Q1"), extra])

    assert attacked(release) == {"1"}


def test_teachers_with_a_category_stand_in_the_dynamics_of_the_next_year() -> None:
    share = value("1", "2.2", reason="few_teachers")
    dynamics = value("1", "2.3", period="2023", status="scored", value_before=3)
    release = Release(values=[share, dynamics])

    assert attacked(release) == {"1"}


def staffed(school: str, whole: int) -> Row:
    return value(school, "2.2", status="no_points", numerator=whole // 2, denominator=whole)


@pytest.mark.parametrize(
    ("code", "shown"),
    [("2.5", {"value": 0}), ("2.1", {"numerator": 20, "denominator": 20})],
    ids=["nobody is shown", "everybody is shown"],
)
def test_what_is_shown_elsewhere_gives_the_points_of_what_is_hidden(code: str, shown: dict[str, Any]) -> None:
    """Were no teacher open, a hidden number would be 1 to 4: three points for 2.5."""
    hidden_here = value("1", code, reason="few_teachers")
    shown_there = value("2", code, status="scored", **shown)
    silent = Release(values=[hidden_here, staffed("1", 20)])
    telling = Release(values=[hidden_here, shown_there, staffed("1", 20)])

    assert verdicts_found_out([silent], possibilities([silent])) == {}
    assert any("points" in what for what in verdicts_found_out([telling], possibilities([telling])))


def test_a_published_verdict_is_a_verdict_found_out() -> None:
    release = Release(results=[hidden("1", is_low_result=True)])

    assert verdicts_found_out([release], possibilities([release]))


@pytest.mark.parametrize(("now", "is_found"), [(7, False), (12, True)], ids=["either way", "surely more"])
def test_points_for_more_teachers_with_a_category_follow_from_both_years(now: int, is_found: bool) -> None:
    """Some of ten had a category the year before: twelve are more, seven may be more or fewer."""
    before = value("1", "2.2", period="2021", reason="few_teachers")
    all_before = value("1", "2.1", period="2021", status="scored", numerator=5, denominator=10)
    now_open = value("1", "2.2", status="scored", numerator=now, denominator=24)
    release = Release(values=[before, all_before, now_open, value("1", "2.3", reason="few_teachers")])

    found = verdicts_found_out([release], possibilities([release]))

    assert bool(found) == is_found


@pytest.mark.parametrize(
    ("reason", "is_found"),
    [("complementary", False), ("few_teachers", True)],
    ids=["silent", "speaks of teachers"],
)
def test_a_reason_that_speaks_of_numbers_says_that_the_school_is_supported(
    reason: str, is_found: bool
) -> None:
    """Task 2 applies to supported schools only."""
    release = Release(
        values=[value("1", "2.1", reason=reason)],
        statuses=[status("1", is_supported=None, suppressed=["is_supported"])],
    )

    found = verdicts_found_out([release], possibilities([release]))

    assert ("support of ('1', 2022)" in found) == is_found
