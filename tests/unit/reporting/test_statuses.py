"""Where a school stands: lists that decide, the district beside the points, who helps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from school_quality.reporting.cards import support
from school_quality.reporting.cards.indicators import build_indicators
from school_quality.reporting.content import statuses
from school_quality.reporting.content.advice import build_advice
from school_quality.reporting.content.facts import (
    Reference,
    SchoolFacts,
    how_many,
    open_warehouse,
    read_reference,
    read_schools,
)


@pytest.fixture(scope="module")
def reference(warehouse: Path) -> Reference:
    with open_warehouse(warehouse) as connection:
        return read_reference(connection, 2022, None)


@pytest.fixture(scope="module")
def facts(warehouse: Path, reference: Reference) -> SchoolFacts:
    with open_warehouse(warehouse) as connection:
        return next(read_schools(connection, reference, with_sources=False))


def test_the_middle_school_of_the_district_stands_beside_the_points_of_a_task(
    facts: SchoolFacts, reference: Reference
) -> None:
    values = [row for row in facts.values if row["reporting_year"] == 2022]

    line, *_ = statuses.task_lines(
        values, facts.status, replace(reference, district_points={("1", 1): 54.03})
    )

    assert (line.points, line.district, line.district_share) == ("0 из 6", "54\u00a0%", 0.5403)


def test_a_task_of_supported_schools_is_unknown_where_nobody_knows_who_needs_support(
    facts: SchoolFacts, reference: Reference
) -> None:
    first = next(row for row in facts.values if row["status"] == "scored")
    row = first | {"status": "not_applicable", "reason": "not_supported", "indicator_code": "2.1"}
    lines, notes = [], []
    for status in (
        facts.status | {"is_supported": None},
        facts.status | {"is_supported": False},
        facts.status | {"is_supported": None, "suppressed": ["is_supported"]},
    ):
        (line,) = statuses.task_lines([row], status, reference)
        lines.append(line)
        notes.append(build_indicators([row], [row], status, reference).not_applicable)

    why = "нужна ли школе адресная поддержка, неизвестно"
    assert [(line.points, line.coverage == why) for line in lines] == [
        ("нет данных", True),
        ("не относится", False),
        ("не относится", False),
    ]
    assert [note == f"Нет данных — 2.1: {why}." for note in notes] == [True, False, False]
    assert notes[1].startswith("Не относится к школе — 2.1: ")


@pytest.mark.parametrize("unknown", ["suppressed", "no_data"])
def test_points_of_a_few_values_out_of_many_are_no_full_bar(
    facts: SchoolFacts, reference: Reference, unknown: str
) -> None:
    first = next(row for row in facts.values if row["status"] == "scored")
    full = first | {"points": 3, "max_points": 3}
    others = [first | {"status": unknown, "points": None, "reason": "few_pupils"}] * 15

    few, *_ = statuses.task_lines([full, *others], facts.status, reference)
    most, *_ = statuses.task_lines([full] * 9 + others[:7], facts.status, reference)

    assert (few.points, few.share) == ("3 из 3", None)
    assert (most.points, most.share) == ("27 из 27", 1.0)


@pytest.mark.parametrize(
    ("lists", "sentence"),
    [
        ({"official_low_results": True, "in_project_500": True}, "В официальных списках: ШНОР, «500+»."),
        ({"official_risk_zone": True}, "В официальных списках: низкий ИОР."),
    ],
)
def test_the_official_lists_are_named_whatever_the_calculation_says(
    facts: SchoolFacts, reference: Reference, lists: dict[str, Any], sentence: str
) -> None:
    verdict = statuses.verdict(facts.status | {"is_low_results": False} | lists, reference)

    assert verdict.text == "По расчёту школа не относится ни к ШНОР, ни к зоне риска"
    assert sentence in verdict.details


def test_a_supported_school_without_a_list_of_curators_is_told_so(
    facts: SchoolFacts, reference: Reference
) -> None:
    assert support.build_support(replace(facts, support=[]), reference) == ()
    assert "не пришёл" in support.no_support({"is_supported": True})
    assert support.no_support({"is_supported": False}) == ""


def test_a_school_in_the_risk_zone_is_told_what_falls_and_goes_on_falling(reference: Reference) -> None:
    lasting = [
        {"indicator_code": code, "methodology_version": "1496-2022", "value": -0.2, "value_before": None}
        for code in ("1.14", "1.4")
    ]

    risk, calm = (statuses.falls({"is_risk_zone": each}, lasting, reference) for each in (True, False))

    assert risk == "Что снижается: 1.4 Динамика ОГЭ: математика; 1.14."
    assert calm == ""


@pytest.mark.parametrize(
    ("judged", "is_low", "headline"),
    [
        (0, None, "Статус определить нельзя: за год нет процедур, по которым определяют ШНОР"),
        (1, False, "Статус ШНОР определить нельзя: за год 1\u00a0процедура, по которым его определяют"),
        (2, False, "По расчёту школа не относится ни к ШНОР, ни к зоне риска"),
    ],
)
def test_a_banner_is_green_only_where_enough_was_written_that_identifies(
    judged: int, is_low: bool | None, headline: str, facts: SchoolFacts, reference: Reference
) -> None:
    unknown = dict.fromkeys(("change_from_previous_year", "is_effective_mode", "is_supported"))
    status = facts.status | unknown | {"identifying_procedures": judged, "low_procedures": 0}
    status |= {"is_low_results": is_low, "is_risk_zone": is_low}

    verdict = statuses.verdict(status, reference)

    assert verdict.text.startswith(headline)
    assert verdict.tone == ("good" if judged >= 2 else "unknown")
    assert "вышла" not in " ".join(verdict.details)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([(True, []), (False, [])], "1"),
        ([(True, []), (None, []), (None, ["is_low_results"])], "1 (нет данных: 1, скрыто: 1)"),
        ([(None, []), (None, [])], "нет данных"),
        ([(None, ["is_low_results"])], "скрыто"),
        ([], "0"),
    ],
)
def test_a_count_says_of_how_many_schools_nothing_is_known(
    rows: list[tuple[bool | None, list[str]]], text: str
) -> None:
    statuses = [{"is_low_results": value, "suppressed": hidden} for value, hidden in rows]

    assert how_many(statuses, "is_low_results") == text


def test_a_recommendation_without_a_school_to_learn_from_says_so_and_an_open_one_of_what_is_open(
    facts: SchoolFacts, reference: Reference
) -> None:
    alone = replace(facts, recommendations=[row | {"peer_school_id": None} for row in facts.recommendations])

    (official,) = build_advice(alone, reference)
    (public,) = build_advice(replace(alone, status=facts.status | {"suppressed": []}), reference)

    assert official.details.endswith("школы, у которой этому учиться, в районе нет")
    assert public.details.endswith("среди открытых данных школы, у которой этому учиться, нет")


@pytest.mark.parametrize(
    ("code", "value", "points", "detail"),
    [
        ("2.4", 1.0, 3, "победители и призёры"),
        ("2.4", 1.0, 2, "участники"),
        ("2.4", 0.0, 0, ""),
        ("2.9", None, 3, "есть призёры региона; участников муниципального этапа нет"),
        ("2.9", None, 0, "участников муниципального этапа нет"),
        ("2.9", 20.0, 1, ""),
    ],
)
def test_a_line_says_what_the_points_rest_on_where_the_value_does_not(
    facts: SchoolFacts, reference: Reference, code: str, value: float | None, points: int, detail: str
) -> None:
    template = next(row for row in facts.values if row["indicator_code"] == "1.11")
    nothing = dict.fromkeys(("value_note", "numerator", "denominator", "participants", "flags"))
    row = template | nothing | {"indicator_code": code, "value": value, "points": points, "max_points": 3}

    indicators = build_indicators([row], [row], facts.status, reference)

    assert indicators.groups[0].lines[0].detail == detail
