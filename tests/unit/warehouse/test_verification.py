"""Two warehouses are compared as multisets of rows; the last digits of doubles are told apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from unit.warehouse.small import build_file

from school_quality.settings import Settings
from school_quality.warehouse.verification import Table, compare


def differing(tmp_path: Path, **other: Any) -> dict[str, Table]:
    """Tables in which a warehouse and another one of these arguments are not the same to the last digit."""
    one = build_file(Settings(tmp_path / "one"), value=0.1 + 0.2)
    two = build_file(Settings(tmp_path / "two"), **{"value": 0.1 + 0.2, **other})
    return {table.name: table for table in compare(one, two) if table.missing or table.surplus}


def test_the_same_rows_are_equal(tmp_path: Path) -> None:
    assert differing(tmp_path) == {}


def test_a_changed_number_is_found(tmp_path: Path) -> None:
    (table,) = differing(tmp_path, points={("6017", "2.2"): 0}).values()

    assert (table.name, table.missing, table.surplus, table.noise) == ("marts.fct_indicator_value", 1, 1, 0)
    assert not table.is_equal


def test_the_last_digits_of_doubles_are_no_difference(tmp_path: Path) -> None:
    found = differing(tmp_path, value=0.3)

    assert found["marts.fct_indicator_value"].noise == 9
    assert all(table.is_equal for table in found.values())


@pytest.mark.parametrize("other", [{"schools": ["6017", "6005"]}, {"years": [2021, 2022]}])
def test_rows_that_only_one_has_are_found(tmp_path: Path, other: dict[str, Any]) -> None:
    found = differing(tmp_path, **other)

    assert not found["marts.fct_school_status"].is_equal
