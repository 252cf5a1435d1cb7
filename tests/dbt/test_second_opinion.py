"""The SQL and an independent calculation in exact fractions agree on random districts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from oracle.calculation import Calculation
from oracle.comparison import built, differences, facts
from oracle.districts import Region

from school_quality.warehouse.build import run_dbt

YEARS = (2020, 2021, 2022)


def disagreements(root: Path, seed: int, years: tuple[int, ...], reporting_year: int, as_of: dt.date) -> str:
    """Land a random region under ``root``, build it with dbt, calculate it again, and say what differs."""
    seq = Region(seed, municipalities=14, years=years).write(root)
    variables = {
        "landing": str(root / "landing"),
        "rejected": str(root / "rejected"),
        "receipt_seq": seq,
        "reporting_year": reporting_year,
        "as_of": as_of.isoformat(),
    }
    run_dbt(root / "warehouse/build.duckdb", variables)
    wanted = facts(Calculation(root / "landing", seq, reporting_year, as_of))
    return "\n".join(differences(wanted, built(root / "warehouse/build.duckdb")))


@pytest.mark.parametrize(
    ("seed", "as_of"),
    [(1, dt.date(2023, 8, 31)), (2, dt.date(2022, 12, 1)), (3, dt.date(2023, 4, 5))],
    ids=["year over", "after quarter 1", "on the day that quarter 3 is due"],
)
def test_sql_and_second_opinion_agree_on_random_districts(tmp_path: Path, seed: int, as_of: dt.date) -> None:
    assert disagreements(tmp_path, seed, YEARS, 2022, as_of) == ""


def test_results_of_later_years_change_nothing_but_borrowed_scales(tmp_path: Path) -> None:
    """Landing already holds 2023 when 2022 is calculated: its scales may be borrowed, its results may not."""
    assert disagreements(tmp_path, 4, (2021, 2022, 2023), 2022, dt.date(2023, 8, 31)) == ""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120))
def test_sql_and_second_opinion_agree_on_many_more_districts(tmp_path: Path, seed: int) -> None:
    assert disagreements(tmp_path, seed, YEARS, 2022, dt.date(2023, 8, 31)) == ""
