"""Districts from outside, with what must come out of them; they lie beside the checkout, not in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.conftest import Cli, low_schools, query

pytestmark = [pytest.mark.slow, pytest.mark.seconds(300)]


@pytest.fixture(scope="module")
def district(shared: Path, tmp_path_factory: pytest.TempPathFactory, release: Cli) -> Path:
    data = tmp_path_factory.mktemp("district")
    shutil.copytree(shared / "data" / "district" / "inbox", data / "inbox")
    done = release(data, 2022)
    assert done.returncode in (0, 3), done.stdout + done.stderr
    return data


def compare(shared: Path, district: Path, *options: str) -> subprocess.CompletedProcess[str]:
    expected = shared / "data" / "district" / "expected.json"
    warehouse = district / "published" / "current" / "warehouse.duckdb"
    command = [
        sys.executable,
        shared / "check" / "compare.py",
        expected,
        warehouse,
        "--show",
        "1000",
        *options,
    ]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_generated_district_differs_in_nothing_from_its_expectation(district: Path, shared: Path) -> None:
    done = compare(shared, district)

    assert done.returncode == 0, done.stdout


def test_even_its_own_readings_differ_only_where_the_contract_is_plain(district: Path, shared: Path) -> None:
    """Without marks the contract (section 3) wants a null ``is_low_result``; the expectation, false."""
    done = compare(shared, district, "--strict")

    differing = [line.strip() for line in done.stdout.splitlines() if "differing: (" in line]
    other = [line for line in differing if not line.endswith("): is_low_result: expected False, got None")]
    assert other == []
    assert "missing: (" not in done.stdout
    assert "extra: (" not in done.stdout


@pytest.fixture(scope="module")
def samples(shared: Path, tmp_path_factory: pytest.TempPathFactory, release: Cli) -> Path:
    """The sample district; its three rejected rows make the exit code 3."""
    data = tmp_path_factory.mktemp("samples")
    shutil.copytree(
        shared / "data" / "samples", data / "inbox", ignore=shutil.ignore_patterns("bad", "README.md")
    )
    done = release(data, 2022)
    assert done.returncode == 3, done.stdout + done.stderr
    return data


def procedure(data: Path, number: int, procedure_id: str, year: int = 2022) -> dict[str, object]:
    columns = ("participants", "failed", "failed_pct", "is_low_result", "mean_score", "flags", "data_level")
    rows = query(
        data,
        f"select {', '.join(columns)} from marts.fct_procedure_result "
        "join marts.dim_school using (school_id) "
        f"where school_number = {number} and procedure_id = '{procedure_id}' and reporting_year = {year}",
    )
    assert len(rows) == 1
    return dict(zip(columns, rows[0], strict=True))


def test_exactly_three_rows_of_the_samples_are_rejected(samples: Path) -> None:
    found = query(
        samples, "select sum(rows_rejected), count(*) filter (outcome = 'rejected') from meta.source_file"
    )

    assert found == [(3, 0)]


def test_read_is_accepted_and_rejected_and_skipped_in_every_sample_file(samples: Path) -> None:
    rows = query(
        samples,
        "select path from meta.source_file where rows_read <> rows_accepted + rows_rejected + rows_skipped",
    )

    assert rows == []


def test_the_sample_district_has_the_low_results_of_the_order(samples: Path) -> None:
    assert low_schools(samples, 2021) == [5, 7, 11, 17, 22, 39, 43, 49, 50, 51]
    conflicting = query(
        samples,
        "select * from marts.fct_procedure_result "
        "where reporting_year = 2021 and list_contains(flags, 'conflicting_sources')",
    )
    assert conflicting == []


@pytest.mark.parametrize(
    ("year", "column", "schools"),
    [
        (2022, "is_supported", [3, 5, 7, 11, 17, 22, 30, 31, 39, 43, 44, 46, 49, 50, 51]),
        (2021, "is_supported", [5, 7, 11, 17, 22, 39, 43, 49, 50, 51]),
        (2022, "in_project_500", [7, 17]),
        (2022, "official_difficult_social", [22, 49]),
    ],
)
def test_the_official_lists_are_in_force_as_the_readme_says(
    samples: Path, year: int, column: str, schools: list[int]
) -> None:
    found = query(
        samples,
        "select school_number from marts.fct_school_status join marts.dim_school using (school_id) "
        f"where reporting_year = {year} and {column} order by 1",
    )

    assert [number for (number,) in found] == schools


def test_the_samples_examination_results_come_out_as_their_readme_says(samples: Path) -> None:
    assert procedure(samples, 11, "oge_math_9")["failed"] == 3
    assert procedure(samples, 11, "oge_math_9")["is_low_result"] is True
    assert procedure(samples, 5, "ege_physics_11")["failed"] == 1
    assert procedure(samples, 39, "ege_math_profile_11")["failed"] == 0
    assert procedure(samples, 43, "ege_math_profile_11")["failed"] == 1


def test_the_samples_all_russian_works_come_out_as_their_readme_says(samples: Path) -> None:
    assert procedure(samples, 5, "vpr_russian_6")["is_low_result"] is True
    assert procedure(samples, 30, "vpr_math_6")["is_low_result"] is True
    assert procedure(samples, 43, "vpr_russian_6")["participants"] == 22
    assert procedure(samples, 43, "vpr_russian_6")["failed"] == 5
    assert procedure(samples, 51, "vpr_russian_6")["failed"] == 3
    assert procedure(samples, 51, "vpr_russian_6")["data_level"] == "pupil"
    borrowed = query(
        samples,
        "select sum(participants), bool_and(list_contains(flags, 'borrowed_scale')) "
        "from marts.fct_procedure_result where procedure_id = 'vpr_math_4' and reporting_year = 2022",
    )
    assert borrowed == [(26, True)]
    unfit = query(
        samples,
        "select sum(participants), count(failed) from marts.fct_procedure_result "
        "where procedure_id = 'vpr_math_8' and reporting_year = 2022",
    )
    assert unfit == [(17, 0)]


def test_a_school_closed_in_2020_has_no_row_of_later_years(samples: Path) -> None:
    for table in ("fct_procedure_result", "fct_school_status", "fct_indicator_value"):
        rows = query(
            samples,
            f"select * from marts.{table} join marts.dim_school using (school_id) "
            "where school_number = 99 and reporting_year >= 2021",
        )
        assert rows == []


def test_bad_samples_change_no_list_and_stop_nothing(
    samples: Path, shared: Path, tmp_path: Path, release: Cli
) -> None:
    data = tmp_path / "data"
    shutil.copytree(samples, data, symlinks=True)
    bad = shutil.ignore_patterns("README.md", "later_correction.csv")
    shutil.copytree(shared / "data" / "samples" / "bad", data / "inbox" / "bad", ignore=bad)

    assert release(data, 2022).returncode == 3

    assert low_schools(data, 2021) == low_schools(samples, 2021)
    assert low_schools(data, 2022) == low_schools(samples, 2022)
    shutil.copy(shared / "data" / "samples" / "bad" / "later_correction.csv", data / "inbox" / "bad")
    assert release(data, 2022).returncode == 3
    changed = query(
        data, "select distinct school_id, indicator_code from meta.release_change where what = 'value'"
    )
    assert changed == [("6005", "1.21")]
