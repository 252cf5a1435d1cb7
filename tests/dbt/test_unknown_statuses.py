"""Case 34: ШНОР of the year before, and this year nothing was written that identifies."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from school_quality import pipeline
from school_quality.settings import Settings
from school_quality.warehouse.build import run_dbt

pytestmark = pytest.mark.seconds(15)

CASE = Path(__file__).resolve().parents[3] / "shared/data/cases/34-left-without-results"


@pytest.mark.skipif(not CASE.is_dir(), reason="the cases from outside are not here")
def test_nobody_leaves_low_results_in_a_year_in_which_nothing_identifies(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    shutil.copytree(CASE / "inbox", settings.inbox, copy_function=shutil.copyfile)
    pipeline.ingest(settings)
    variables = {"landing": str(settings.landing), "rejected": str(settings.rejected), "reporting_year": 2022}

    run_dbt(settings.build_file, variables, "--exclude-resource-type", "test")

    with duckdb.connect(str(settings.build_file), read_only=True) as connection:
        found = connection.execute(
            """
            select
                reporting_year, identifying_procedures > 0, count(*) filter (where is_low_results),
                count(is_low_results), count(is_risk_zone), count(change_from_previous_year),
                count(*) filter (where is_effective_mode), count(is_difficult_social), count(is_supported)
            from marts.fct_school_status
            group by all
            order by all
            """
        ).fetchall()
    assert [row[2] for row in found if row[0] == 2021 and row[1]] == [2]
    assert [row for row in found if row[0] == 2022] == [(2022, False, 0, 0, 0, 0, 0, 0, 0)]
