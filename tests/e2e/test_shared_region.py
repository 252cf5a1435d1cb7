"""A real region from outside; its files lie beside the checkout, not in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from e2e.conftest import Cli, query

pytestmark = [pytest.mark.slow, pytest.mark.seconds(120)]


@pytest.fixture(scope="module")
def region(shared: Path, tmp_path_factory: pytest.TempPathFactory, cli: Cli, release: Cli) -> Path:
    """Real results of one region, whole in the warehouse; documents are written for one municipality.

    Four rejected rows make the exit code 3.
    """
    data = tmp_path_factory.mktemp("region")
    results = shutil.ignore_patterns("README.md", "Планы")
    shutil.copytree(shared / "data" / "real", data / "inbox", ignore=results)
    landed = cli("ingest", "--data", data)
    assert landed.returncode == 0, landed.stdout + landed.stderr
    registers = data / "landing" / "*" / "rows" / "school_register.parquet"
    ((municipality,),) = duckdb.sql(f"select min(municipality_id) from '{registers}'").fetchall()
    done = release(data, 2021, municipality)
    assert done.returncode == 3, done.stdout + done.stderr
    return data


def test_no_row_of_the_real_region_is_lost(region: Path) -> None:
    expected = {
        "Проведение работы по математике, 5 класс. ВПР 2021.xlsx": (26139, 26085, 1, 53),
        "Проведение работы по математике, 6 класс. ВПР 2021.xlsx": (25950, 25899, 0, 51),
        "Проведение работы по русскому языку, 5 класс. ВПР 2021.xlsx": (26501, 26448, 0, 53),
        "Проведение работы по русскому языку, 6 класс. ВПР 2021.xlsx": (25744, 25690, 3, 51),
        "mark_scale_2021.csv": (40, 40, 0, 0),
        "school_register.xlsx": (639, 635, 0, 4),
    }

    found = query(
        region, "select path, rows_read, rows_accepted, rows_rejected, rows_skipped from meta.source_file"
    )

    assert {path: tuple(counts) for path, *counts in found} == expected


def test_the_real_region_has_its_95_schools_with_low_results_of_634(region: Path) -> None:
    schools = query(
        region,
        "select count(is_low_results) from marts.fct_school_status where reporting_year = 2021",
    )
    low = query(
        region, "select count(*) from marts.fct_school_status where reporting_year = 2021 and is_low_results"
    )

    assert schools == [(634,)]
    assert low == [(95,)]


def test_the_shares_of_twos_of_the_real_region(region: Path) -> None:
    found = query(
        region,
        "select procedure_id, round(100.0 * sum(failed) / sum(participants), 1) "
        "from marts.fct_procedure_result where reporting_year = 2021 group by all order by all",
    )

    assert {name: float(share) for name, share in found} == {
        "vpr_math_5": 14.8,
        "vpr_math_6": 16.0,
        "vpr_russian_5": 14.9,
        "vpr_russian_6": 18.3,
    }


def test_status_shows_every_file_of_the_real_region(region: Path, cli: Cli) -> None:
    done = cli("status", "--year", 2021, "--data", region)

    assert done.returncode == 0
    assert "прочитано 105013, принято 104797, не принято 4, пропущено 212" in done.stdout
