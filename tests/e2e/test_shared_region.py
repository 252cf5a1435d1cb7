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
    results = shutil.ignore_patterns("README.md")
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
        "Планы/2021/5/Математика.xlsx": (33, 33, 0, 0),
        "Планы/2021/5/Русский язык.xlsx": (177, 177, 0, 0),
        "Планы/2021/6/Математика.xlsx": (20, 20, 0, 0),
        "Планы/2021/6/Русский язык.xlsx": (204, 204, 0, 0),
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


ACHIEVED = {
    "vpr_math_5": (
        "1 60.89 2 55.80 3 73.24 4 39.30 5 75.73 6 44.49 7 57.32 8 35.74 9 47.23 10 39.81 "
        "11.1 90.06 11.2 76.74 12.1 60.07 12.2 58.35 13 30.40 14 6.77"
    ),
    "vpr_math_6": (
        "1 78.69 2 66.85 3 41.94 4 61.28 5 78.46 6 83.60 7 44.45 8 68.44 9 29.68 10 76.65 11 26.97 "
        "12 54.93 13 8.64"
    ),
    "vpr_russian_5": (
        "1К1 57.62 1К2 56.01 1К3 90.59 2К1 48.40 2К2 79.82 2К3 42.43 2К4 47.74 3 71.69 4.1 75.24 "
        "4.2 47.07 5.1 56.65 5.2 43.87 6.1 57.21 6.2 46.47 7.1 54.68 7.2 42.96 8 49.24 9 51.26 "
        "10 50.03 11 67.42 12 82.08"
    ),
    "vpr_russian_6": (
        "1К1 55.01 1К2 62.38 1К3 93.01 2К1 87.36 2К2 64.64 2К3 38.15 2К4 53.46 3.1 71.68 3.2 60.58 "
        "4 71.56 5 68.93 6 55.73 7.1 79.28 7.2 47.73 8.1 59.93 8.2 53.24 9 47.05 10 57.70 11 61.16 "
        "12.1 61.74 12.2 46.03 13.1 39.88 13.2 60.89 14.1 59.22 14.2 46.99"
    ),
}
"""Task and achieved percent of the region, by an independent calculation (issue 17)."""

JOURNAL = {
    "vpr_math_5": (23653, 8368, 13612, 1665),
    "vpr_math_6": (23391, 8916, 13709, 752),
    "vpr_russian_5": (23734, 7953, 14207, 1560),
    "vpr_russian_6": (23274, 8411, 13753, 1103),
}
"""Pupils who wrote, and whose mark is below, like and above that of the journal, by the same calculation."""


@pytest.mark.parametrize("work", list(ACHIEVED))
def test_the_tasks_of_the_real_region_agree_with_an_independent_calculation(region: Path, work: str) -> None:
    found = query(
        region,
        "select task || ' ' || printf('%.2f', 100.0 * sum(points) / sum(pupils * max_points)) "
        "from marts.fct_municipality_task join marts.dim_task using (procedure_id, reporting_year, task) "
        f"where procedure_id = '{work}' group by task, position order by position",
    )

    assert " ".join(text for (text,) in found) == ACHIEVED[work]


@pytest.mark.parametrize("work", list(JOURNAL))
def test_so_do_its_marks_against_the_journal(region: Path, work: str) -> None:
    journal = query(
        region,
        "select sum(lowered), sum(confirmed), sum(raised) from marts.fct_journal_comparison "
        f"where procedure_id = '{work}'",
    )
    wrote = query(
        region, f"select sum(pupils) from marts.fct_score_distribution where procedure_id = '{work}'"
    )

    assert (*wrote[0], *journal[0]) == JOURNAL[work]


def test_every_school_of_the_real_region_has_every_task_of_its_work(region: Path) -> None:
    """Who is clear, not taught and unclear is who wrote."""
    differing = query(
        region,
        "select r.procedure_id, r.school_id from marts.fct_procedure_result as r "
        "join marts.dim_task as d using (procedure_id, reporting_year) "
        "left join marts.fct_task_result as t on t.procedure_id = r.procedure_id "
        "and t.school_id = r.school_id and t.task = d.task "
        "where r.participants > 0 "
        "and t.pupils + t.not_taught + t.unclear is distinct from r.participants",
    )

    assert differing == []


def test_status_shows_every_file_of_the_real_region(region: Path, cli: Cli) -> None:
    done = cli("status", "--year", 2021, "--data", region)

    assert done.returncode == 0
    assert "прочитано 105447, принято 105231, не принято 4, пропущено 212" in done.stdout
