"""Next year's order is rows of seeds: a band moved, an indicator dropped, a grade of ВПР added."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from oracle.districts import Region

from school_quality.settings import dbt_project_dir
from school_quality.warehouse.build import run_dbt

pytestmark = pytest.mark.seconds(40)

OLD, NEW = "1496-2022", "next-2023"
Rows = list[dict[str, str]]


def rewrite(seed: Path, change: Callable[[Rows], Rows]) -> None:
    with seed.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0])
    with seed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(change(rows))


def next_order(seeds: Path) -> None:
    """An invented edition: best points of 1.10 up to 10 %, no 2.8, and 1.22 is ВПР maths of grade 7."""

    def of_both(rows: Rows) -> Rows:
        return rows + [{**row, "methodology_version": NEW} for row in rows]

    def indicators(rows: Rows) -> Rows:
        new = [{**r, "methodology_version": NEW} for r in rows if r["indicator_code"] != "2.8"]
        grade_7 = next(r for r in new if r["indicator_code"] == "1.13")
        return [*rows, *new, {**grade_7, "indicator_code": "1.22", "grade": "7", "sort_order": "100"}]

    def bands(rows: Rows) -> Rows:
        new = [{**r, "methodology_version": NEW} for r in rows if r["indicator_code"] != "2.8"]
        for row in new:
            if row["indicator_code"] == "1.10" and row["to_value"] == "5":
                row["to_value"] = "10"
            elif row["indicator_code"] == "1.10" and row["from_value"] == "6":
                row["from_value"] = "11"
        return [*rows, *new, *({**r, "indicator_code": "1.22"} for r in new if r["indicator_code"] == "1.12")]

    def with_grade_7(rows: Rows) -> Rows:
        new = [{**r, "methodology_version": NEW} for r in rows]
        return [*rows, *new, *({**r, "indicator_code": "1.22"} for r in new if r["indicator_code"] == "1.12")]

    for seed in sorted(seeds.glob("*.csv")):
        with seed.open(encoding="utf-8") as file:
            is_by_edition = file.readline().startswith("methodology_version,")
        special = {
            "indicators": indicators,
            "bands": bands,
            "not_applicable": with_grade_7,
            "measures": with_grade_7,
        }
        if seed.stem == "methodology_versions":
            rewrite(
                seed,
                lambda rows: [*rows, {**rows[0], "methodology_version": NEW, "first_reporting_year": "2023"}],
            )
        elif is_by_edition:
            rewrite(seed, special.get(seed.stem, of_both))


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of 2022 and 2023 with both editions; the SQL is the project's own."""
    root = tmp_path_factory.mktemp("next_order")
    project = root / "checkout/dbt_project"
    shutil.copytree(dbt_project_dir(), project, ignore=shutil.ignore_patterns("target", "logs"))
    next_order(project / "seeds/methodology")
    seq = Region(5, municipalities=6, years=(2021, 2022, 2023)).write(root)
    variables = {
        "landing": str(root / "landing"),
        "rejected": str(root / "rejected"),
        "receipt_seq": seq,
        "reporting_year": 2023,
    }
    build_file = root / "warehouse/build.duckdb"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCHOOL_QUALITY_HOME", str(project.parent))
        run_dbt(build_file, variables, "--exclude-resource-type", "unit_test")
    return build_file


def test_each_year_is_judged_by_the_edition_in_force(build: Path) -> None:
    with duckdb.connect(str(build), read_only=True) as connection:
        editions = connection.execute(
            "select distinct reporting_year, methodology_version from marts.fct_indicator_value order by all"
        ).fetchall()

    assert editions == [(2021, OLD), (2022, OLD), (2023, NEW)]


def test_a_dropped_indicator_has_no_rows_from_its_edition_on(build: Path) -> None:
    with duckdb.connect(str(build), read_only=True) as connection:
        years = connection.execute(
            "select distinct reporting_year from marts.fct_indicator_value"
            " where indicator_code = '2.8' order by all"
        ).fetchall()

    assert years == [(2021,), (2022,)]


def test_an_added_grade_of_vpr_is_an_indicator_without_any_sql(build: Path) -> None:
    with duckdb.connect(str(build), read_only=True) as connection:
        wrong = connection.execute(
            "select count(*) filter (where facts.status = 'scored') > 0,"
            " count(*) filter (where facts.status = 'scored'"
            " and facts.value is distinct from results.failed_pct)"
            " from marts.fct_indicator_value as facts"
            " left join marts.fct_procedure_result as results on results.school_id = facts.school_id"
            " and results.reporting_year = facts.reporting_year and results.procedure_id = 'vpr_math_7'"
            " where facts.indicator_code = '1.22'"
        ).fetchone()

    assert wrong == (True, 0)


def test_a_moved_band_changes_points_of_its_edition_only(build: Path) -> None:
    with duckdb.connect(str(build), read_only=True) as connection:
        best = dict(
            connection.execute(
                "select methodology_version, max(value) from marts.fct_indicator_value"
                " where indicator_code = '1.10' and points = 3 group by all"
            ).fetchall()
        )

    assert best[OLD] < 5.5
    assert best[NEW] < 10.5
