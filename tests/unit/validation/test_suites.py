"""The suites say what the declarations and the catalogue say (that they are current: `test_generated`)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from school_quality import datasets
from school_quality.validation import catalogue, rule
from school_quality.validation.run import expectations
from school_quality.validation.suites import _catalogued


def test_every_executable_rule_stands_in_a_suite() -> None:
    executable = {
        found.id for found in catalogue().values() if found.executes or found.predicate or found.query
    }
    executed = {item["meta"]["rule"] for name in datasets.load() for item in expectations(name)}

    assert executed == executable


@pytest.mark.parametrize("name", sorted(datasets.load()))
def test_structural_rules_stand_before_logical_ones(name: str) -> None:
    is_logical = ["judges" in item["meta"] for item in expectations(name)]

    assert is_logical == sorted(is_logical)


@pytest.mark.parametrize("name", sorted(datasets.load()))
def test_no_rule_speaks_twice_of_one_column(name: str) -> None:
    keys = [(item["meta"]["rule"], item["meta"]["column"]) for item in expectations(name)]

    assert len(keys) == len(set(keys))


def test_limits_and_lists_are_those_of_the_declaration() -> None:
    found = {
        (item["meta"]["rule"], item["meta"]["column"]): item["kwargs"]
        for item in expectations("form_methodical")
    }

    assert found["out_of_range", "teachers"]["max_value"] == 100_000
    assert found["not_in_list", "innovation"]["value_set"] == ["none", "participant", "winner"]
    assert found["year_out_of_range", "reporting_year"]["min_value"] == 2010


def test_a_rule_is_silent_in_years_in_which_it_is_not_in_force() -> None:
    limited = replace(rule("measure_dates_reversed"), first_year=2022, last_year=2024)

    item = _catalogued(limited)

    assert item["kwargs"]["unexpected_rows_query"] == (
        "select row_id from {batch} "
        "where not (reporting_year < 2022 or reporting_year > 2024 or (starts_on <= ends_on))"
    )
    assert "reporting_year" in item["meta"]["judges"]
    assert json.dumps(item, ensure_ascii=False)
