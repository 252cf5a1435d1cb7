"""A delivered index that follows the methodology's own formula gives no mean of a hidden school away.

z of a school is its mean less the district's, over the spread of the district's means. Two open schools that
tell their z give the mean and the spread of the district; with one hidden school both together give its mean
and how many pupils it has.
"""

from __future__ import annotations

import math
import shutil
import statistics
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import duckdb
import pytest

from school_quality.warehouse.open_edition import disclosure
from school_quality.warehouse.open_edition.open_versions import Earlier

from .leaks import Change, steps_with
from .published import SUPPRESSED, Release, Row, read

pytestmark = pytest.mark.seconds(60)

Key = tuple[str, int]
"""Municipality and year."""

NO_KEPT_RULE: Change = (
    "1_hidden_results.sql",
    "coalesce(hidden_district.procedure_id, kept_district.procedure_id)",
    "hidden_district.procedure_id",
)
NO_INDEX_RULE: Change = (
    "2_open_statuses.sql",
    "hidden_index.school_id is null as is_open",
    "true as is_open",
)


@dataclass(frozen=True)
class Delivered:
    """A build in which the index of one procedure is delivered."""

    build: Path
    procedure: str


@pytest.fixture(scope="module")
def delivered(region: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """The region's build with an index that is what the formula says, of one procedure.

    It is the one in which most districts have one hidden school and several open ones.
    """
    root = tmp_path_factory.mktemp("delivered") / "warehouse"
    root.mkdir()
    shutil.copytree(region[0] / "warehouse/target", root / "target")
    shutil.copyfile(region[0] / "warehouse/build.duckdb", root / "build.duckdb")
    with duckdb.connect(str(root / "build.duckdb")) as connection:
        ((procedure,),) = connection.execute(
            """
            with districts as (
                select procedure_id
                from intermediate.int_primitive__procedures
                where participants is distinct from 0
                group by procedure_id, municipality_id, reporting_year
                having
                    count(*) filter (where participants is null or participants < 10) = 1
                    and count(*) filter (where participants < 10 and score_count > 0) = 1
                    and count(distinct mean_score) filter (where participants >= 10) >= 2
            )
            from districts group by procedure_id order by count(*) desc, procedure_id limit 1
            """
        ).fetchall()
        connection.execute("update seeds.index_procedures set procedure_id = ?", [procedure])
        connection.execute(
            """
            update marts.fct_school_status as s set results_index = z, is_index_computed = false
            from (
                select
                    school_id, reporting_year,
                    (mean_score - sum(score_sum) over district / sum(score_count) over district)
                    / nullif(stddev_pop(mean_score) over district, 0) as z
                from intermediate.int_primitive__procedures
                where procedure_id = ? and score_count > 0
                window district as (partition by municipality_id, reporting_year)
            ) as parts
            where s.school_id = parts.school_id and s.reporting_year = parts.reporting_year
            """,
            [procedure],
        )
        connection.execute(
            "update intermediate.int_primitive__results_index as i set delivered_index = s.results_index "
            "from marts.fct_school_status as s "
            "where s.school_id = i.school_id and s.reporting_year = i.reporting_year"
        )
    return Delivered(root / "build.duckdb", procedure)


def solved(release: Release, procedure: str) -> dict[tuple[str, Key], float]:
    """Means of hidden schools that follow from the open indices, by school."""
    index = {(row["school_id"], row["reporting_year"]): row["results_index"] for row in release.statuses}
    districts: defaultdict[Key, list[Row]] = defaultdict(list)
    for row in release.results:
        if row["procedure_id"] == procedure and row["participants"] != 0:
            districts[row["municipality_id"], row["reporting_year"]].append(row)
    found = {}
    for (municipality, year), rows in districts.items():
        hidden = [row["school_id"] for row in rows if SUPPRESSED in (row["flags"] or ())]
        told = {
            row["mean_score"]: z
            for row in rows
            if row["mean_score"] is not None and (z := index.get((row["school_id"], year))) is not None
        }
        if len(hidden) == 1 and (mean := _hidden_mean(rows, told)) is not None:
            found[hidden[0], (municipality, year)] = mean
    return found


def _hidden_mean(rows: list[Row], told: dict[float, float]) -> float | None:
    """The mean of the only hidden school, by two z of open ones; n pupils of 1 to 9 must give a whole sum."""
    shown = [row for row in rows if row["mean_score"] is not None]
    for (one, z_one), (other, z_other) in combinations(told.items(), 2):
        if abs(z_one - z_other) < 1e-9:
            continue
        spread = (one - other) / (z_one - z_other)
        mean = one - z_one * spread
        rest = sum(row["participants"] * (mean - row["mean_score"]) for row in shown)
        for pupils in range(1, 10):
            guess = mean + rest / pupils
            means = [row["mean_score"] for row in shown] + [guess]
            squares = sum(m * m for m in means) / len(means) - (sum(means) / len(means)) ** 2
            if squares > 0 and math.isclose(math.sqrt(squares), spread, rel_tol=1e-6):
                return guess
    return None


def test_the_index_gives_no_hidden_mean_away(delivered: Delivered, tmp_path: Path) -> None:
    disclosure.write_open_marts(delivered.build, tmp_path / "open.duckdb")

    assert solved(read(tmp_path / "open.duckdb"), delivered.procedure) == {}


def test_without_the_rule_hidden_means_are_solved(
    delivered: Delivered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disclosure, "STEPS", steps_with(NO_INDEX_RULE, tmp_path / "steps"))
    disclosure.write_open_marts(delivered.build, tmp_path / "open.duckdb")

    found = solved(read(tmp_path / "open.duckdb"), delivered.procedure)

    with duckdb.connect(str(delivered.build), read_only=True) as connection:
        official = {
            (school, (municipality, year)): mean
            for school, municipality, year, mean in connection.execute(
                "select school_id, municipality_id, reporting_year, mean_score "
                "from marts.fct_procedure_result where procedure_id = ?",
                [delivered.procedure],
            ).fetchall()
        }
    assert found
    assert {key: pytest.approx(official[key], rel=1e-5) for key in found} == found


def test_a_delivered_index_is_hidden_where_the_procedures_of_the_index_are(
    delivered: Delivered, tmp_path: Path
) -> None:
    """Another work of the school may be open: it says nothing of the index."""
    disclosure.write_open_marts(delivered.build, tmp_path / "open.duckdb")
    with duckdb.connect(str(tmp_path / "open.duckdb"), read_only=True) as connection:
        shown, hidden = connection.execute(
            """
            with index_results as (
                select
                    school_id, reporting_year,
                    bool_or(list_contains(flags, 'suppressed')) as is_any_hidden,
                    bool_and(list_contains(flags, 'suppressed')) as are_all_hidden
                from marts.fct_procedure_result
                where procedure_id = ? and coalesce(participants, 1) > 0
                group by all
            )
            select
                count(*) filter (
                    where is_any_hidden and (results_index is not null or school_group is not null)
                ),
                count(*) filter (where are_all_hidden and results_index is null)
            from marts.fct_school_status
            inner join index_results using (school_id, reporting_year)
            where not list_contains(suppressed, 'school_group') or results_index is null
            """,
            [delivered.procedure],
        ).fetchall()[0]

    assert shown == 0
    assert hidden > 0


LATE = 3
"""The score of a result that comes late in a school of which the index is delivered."""


@dataclass(frozen=True)
class Moved:
    """Builds before and after a late result, each with the index that the formula gives of it."""

    builds: list[Path]
    procedure: str
    late_school: str
    schools: list[str]
    year: int


@pytest.fixture(scope="module")
def moved(region: tuple[Path, int], opened: Path, tmp_path_factory: pytest.TempPathFactory) -> Moved:
    """A district in which every school of a procedure is open, and the index is made of that procedure."""
    with duckdb.connect(str(opened), read_only=True) as connection:
        municipality, year, procedure = connection.execute(
            """
            select municipality_id, reporting_year, procedure_id from marts.fct_procedure_result
            where participants is distinct from 0
            group by all
            having count(distinct mean_score) >= 3 and count(mean_score) = count(*)
                and bool_and(data_level = 'pupil')
            order by all limit 1
            """
        ).fetchall()[0]
    builds = []
    for is_late in (False, True):
        root = tmp_path_factory.mktemp("moved")
        shutil.copytree(region[0] / "warehouse/target", root / "target")
        shutil.copyfile(region[0] / "warehouse/build.duckdb", root / "build.duckdb")
        with duckdb.connect(str(root / "build.duckdb")) as connection:
            schools = connection.execute(
                "select school_id, score_sum, score_count from intermediate.int_primitive__procedures "
                "where municipality_id = ? and reporting_year = ? and procedure_id = ? "
                "and score_count > 0 order by all",
                [municipality, year, procedure],
            ).fetchall()
            sums = {school: (int(total), people) for school, total, people in schools}
            late = schools[0][0]
            if is_late:
                sums[late] = (sums[late][0] + LATE, sums[late][1] + 1)
                connection.execute(
                    "insert into intermediate.int_results__contents by name "
                    "select ? as school_id, ? as reporting_year, ? as procedure_id, 'pupils' as source, "
                    "false as is_absent, ? as score, 1 as results",
                    [late, year, procedure, LATE],
                )
            connection.execute("update seeds.index_procedures set procedure_id = ?", [procedure])
            for school, z in _formula(sums).items():
                connection.execute(
                    "delete from staging.stg_results_index where school_id = ? and reporting_year = ?",
                    [school, year],
                )
                connection.execute(
                    "insert into staging.stg_results_index by name "
                    "select ? as school_id, ? as reporting_year, ? as results_index",
                    [school, year, z],
                )
                for table, column in (
                    ("intermediate.int_primitive__results_index", "delivered_index"),
                    ("marts.fct_school_status", "results_index"),
                ):
                    connection.execute(
                        f"update {table} set {column} = ? where school_id = ? and reporting_year = ?",
                        [z, school, year],
                    )
        builds.append(root / "build.duckdb")
    return Moved(builds, procedure, late, list(sums), year)


def _formula(sums: dict[str, tuple[int, int]]) -> dict[str, float]:
    means = {school: total / people for school, (total, people) in sums.items()}
    spread = statistics.pstdev(means.values())
    whole = sum(total for total, _ in sums.values()) / sum(people for _, people in sums.values())
    return {school: (mean - whole) / spread for school, mean in means.items()}


def _late_results(moved: Moved, folder: Path) -> list[int]:
    """Scores that one more result of the school can have, by the indices of a release that keeps its mean."""
    before = Earlier("1")
    for number, built in enumerate(moved.builds, 1):
        versions = folder / str(number)
        disclosure.write_open_marts(built, folder / f"{number}.duckdb", before=before, versions=versions)
        before = Earlier(str(number + 1), versions, versions)
    told = [read(folder / f"{number}.duckdb") for number in (1, 2)]
    cells, indices = (
        {row["school_id"]: row for row in rows if row["reporting_year"] == moved.year}
        for rows in (
            [row for row in told[1].results if row["procedure_id"] == moved.procedure],
            told[1].statuses,
        )
    )
    shown = {school: indices[school]["results_index"] for school in moved.schools}
    assert "being_updated" in cells[moved.late_school]["flags"]
    assert all(
        row["results_index"] is not None
        for row in told[0].statuses
        if row["reporting_year"] == moved.year and row["school_id"] in moved.schools
    ), "the index of the first release is open"
    if None in shown.values():
        return []
    sums = {
        school: (
            round(cells[school]["mean_score"] * cells[school]["participants"]),
            cells[school]["participants"],
        )
        for school in moved.schools
    }
    total, people = sums[moved.late_school]
    return [
        score
        for score in range(101)
        if all(
            abs(z - shown[school]) < 1e-5
            for school, z in _formula(sums | {moved.late_school: (total + score, people + 1)}).items()
        )
    ]


def test_a_delivered_index_gives_no_late_result_away(moved: Moved, tmp_path: Path) -> None:
    assert _late_results(moved, tmp_path) == []


def test_without_the_rule_on_kept_cells_the_late_result_is_solved(
    moved: Moved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disclosure, "STEPS", steps_with(NO_KEPT_RULE, tmp_path / "steps"))

    assert _late_results(moved, tmp_path) == [LATE]
