"""What is known of a failed share of a few pupils: in words, on a card and in its workbook, in no verdict."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import pytest

from school_quality.reporting.cards.scorecard import Scorecard, build_scorecard
from school_quality.reporting.cards.scorecard_workbook import build_sheets
from school_quality.reporting.content.facts import open_warehouse, read_reference, read_schools
from school_quality.reporting.content.small_schools import estimates

ROW: dict[str, Any] = {
    "flags": ["small_n"],
    "failed_pooled": 14,
    "participants_pooled": 41,
    "failed_pooled_pct": 34.146,
    "failed_pooled_ci_low_pct": 21.56,
    "failed_pooled_ci_high_pct": 49.45,
    "pooled_years": 3,
    "failed_shrunk_pct": 29.7,
}


def test_a_few_pupils_are_set_beside_three_years_and_the_region() -> None:
    assert estimates(ROW).replace("\u00a0", " ") == (
        "за 3 года 14 из 41 (21,6–49,5 %), по опыту таких же работ региона ожидалось бы около 30 %"
    )


def test_without_a_comparable_year_only_the_region_is_told() -> None:
    text = estimates(ROW | {"pooled_years": 1}).replace("\u00a0", " ")

    assert text == "сравнимых прошлых лет нет, по опыту таких же работ региона ожидалось бы около 30 %"


@pytest.mark.parametrize(
    "other", [{"flags": []}, {"flags": None}, {"flags": ["suppressed"]}, {"failed_shrunk_pct": None}]
)
def test_nothing_is_told_of_many_pupils_hidden_cells_and_tables_of_percentages(other: dict[str, Any]) -> None:
    assert estimates(ROW | other) == ""


def card(warehouse: Path) -> Scorecard:
    with open_warehouse(warehouse) as connection:
        reference = read_reference(connection, 2022, None)
        facts = next(read_schools(connection, reference, with_sources=True))
        made = build_scorecard(facts, reference)
        rows = next(sheet for sheet in build_sheets(facts, reference, made) if sheet.title == "Процедуры")
    titles = [column.title for column in rows.columns]
    assert [title for title in titles if "сравнимые годы" in title or "опыту региона" in title]
    return made


def test_other_estimates_change_no_verdict_of_a_card(warehouse: Path, tmp_path: Path) -> None:
    cards = []
    for name, share in (("low", 1.0), ("high", 99.0)):
        shutil.copyfile(warehouse, tmp_path / name)
        with duckdb.connect(str(tmp_path / name)) as connection:
            connection.execute(
                """
                update marts.fct_procedure_result set flags = ['small_n'], failed_pooled = $share,
                    participants_pooled = 100, failed_pooled_pct = $share, failed_pooled_ci_low_pct = $share,
                    failed_pooled_ci_high_pct = $share, pooled_years = 3, failed_shrunk_pct = $share
                """,
                {"share": share},
            )
        cards.append(asdict(card(tmp_path / name)))

    low, high = (made["procedures"].pop("few") for made in cards)
    assert low
    assert low != high
    assert cards[0] == cards[1]
