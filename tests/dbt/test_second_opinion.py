"""The SQL and an independent calculation in exact fractions agree on random districts."""

from __future__ import annotations

import datetime as dt
import json
import runpy
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from beside import SHARED, needs_shared
from oracle.calculation import Calculation
from oracle.comparison import built, differences, facts
from oracle.districts import Region

from school_quality.landing import ingest
from school_quality.settings import Settings
from school_quality.warehouse.build import run_dbt

pytestmark = pytest.mark.seconds(250)

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
    [
        pytest.param(1, dt.date(2023, 8, 31), id="year over"),
        pytest.param(2, dt.date(2022, 12, 1), id="after quarter 1", marks=pytest.mark.slow),
        pytest.param(3, dt.date(2023, 4, 5), id="on the day that quarter 3 is due", marks=pytest.mark.slow),
    ],
)
def test_sql_and_second_opinion_agree_on_random_districts(tmp_path: Path, seed: int, as_of: dt.date) -> None:
    assert disagreements(tmp_path, seed, YEARS, 2022, as_of) == ""


@pytest.mark.slow
def test_results_of_later_years_change_nothing_but_borrowed_scales(tmp_path: Path) -> None:
    """Landing already holds 2023 when 2022 is calculated: its scales may be borrowed, its results may not."""
    assert disagreements(tmp_path, 4, (2021, 2022, 2023), 2022, dt.date(2023, 8, 31)) == ""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 108))
def test_sql_and_second_opinion_agree_on_many_more_districts(tmp_path: Path, seed: int) -> None:
    assert disagreements(tmp_path, seed, YEARS, 2022, dt.date(2023, 8, 31)) == ""


@needs_shared
def test_second_opinion_agrees_with_the_expectation_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two wrong readings could agree with each other."""
    monkeypatch.setenv("SCHOOL_QUALITY_PII_KEY", "0" * 64)
    shutil.copytree(SHARED / "data/district/inbox", tmp_path / "inbox", copy_function=shutil.copyfile)
    ingest(Settings(tmp_path))
    receipts = [
        r for path in tmp_path.glob("landing/0*/receipts.parquet") for r in pq.read_table(path).to_pylist()
    ]
    calculation = Calculation(tmp_path / "landing", max(r["seq"] for r in receipts), 2022)

    compare = runpy.run_path(str(SHARED / "check/compare.py"))["compare"]
    expected = json.loads((SHARED / "data/district/expected.json").read_text(encoding="utf-8"))
    dimensions: dict[str, Any] = {"dim_procedure": [], "dim_school": [], "dim_municipality": []}
    comparison = compare(expected, {**facts(calculation), **dimensions})

    assert comparison.bad == 0, comparison.report()
