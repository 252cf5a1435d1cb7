"""A delivered index that follows the methodology's own formula gives no mean of a hidden school away.

z of a school is its mean less the district's, over the spread of the district's means. Two open schools that
tell their z give the mean and the spread of the district; with one hidden school both together give its mean
and how many pupils it has.
"""

from __future__ import annotations

import math
import shutil
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import duckdb
import pytest

from school_quality.warehouse import disclosure

from .leaks import Change, steps_with
from .published import SUPPRESSED, Release, Row, read

Key = tuple[str, int]
"""Municipality and year."""

PROCEDURE = "oge_math_9"

NO_INDEX_RULE: Change = (
    "2_open_statuses.sql",
    "hidden_index.school_id is null as is_open",
    "true as is_open",
)


@pytest.fixture(scope="module")
def delivered(region: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The region's build, in which the index is delivered and is what the formula says of one procedure."""
    root = tmp_path_factory.mktemp("delivered") / "warehouse"
    root.mkdir()
    shutil.copytree(region[0] / "warehouse/target", root / "target")
    shutil.copyfile(region[0] / "warehouse/build.duckdb", root / "build.duckdb")
    with duckdb.connect(str(root / "build.duckdb")) as connection:
        connection.execute(f"delete from seeds.index_procedures where procedure_id <> '{PROCEDURE}'")
        connection.execute(
            "update marts.fct_school_status as s set results_index = parts.z, is_index_computed = false "
            "from intermediate.int_primitive__index_parts as parts "
            "where s.school_id = parts.school_id and s.reporting_year = parts.reporting_year "
            f"and parts.procedure_id = '{PROCEDURE}'"
        )
        connection.execute(
            "update intermediate.int_primitive__results_index as i set delivered_index = s.results_index "
            "from marts.fct_school_status as s "
            "where s.school_id = i.school_id and s.reporting_year = i.reporting_year"
        )
    return root / "build.duckdb"


def solved(release: Release) -> dict[tuple[str, Key], float]:
    """Means of hidden schools that follow from the open indices, by school."""
    index = {(row["school_id"], row["reporting_year"]): row["results_index"] for row in release.statuses}
    districts: defaultdict[Key, list[Row]] = defaultdict(list)
    for row in release.results:
        if row["procedure_id"] == PROCEDURE and row["participants"] != 0:
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


def test_the_index_gives_no_hidden_mean_away(delivered: Path, tmp_path: Path) -> None:
    disclosure.write_open_marts(delivered, tmp_path / "open.duckdb")

    assert solved(read(tmp_path / "open.duckdb")) == {}


def test_without_the_rule_hidden_means_are_solved(
    delivered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disclosure, "STEPS", steps_with(NO_INDEX_RULE, tmp_path / "steps"))
    disclosure.write_open_marts(delivered, tmp_path / "open.duckdb")

    found = solved(read(tmp_path / "open.duckdb"))

    with duckdb.connect(str(delivered), read_only=True) as connection:
        official = {
            (school, (municipality, year)): mean
            for school, municipality, year, mean in connection.execute(
                "select school_id, municipality_id, reporting_year, mean_score "
                "from marts.fct_procedure_result where procedure_id = ?",
                [PROCEDURE],
            ).fetchall()
        }
    assert found
    assert {key: pytest.approx(official[key], rel=1e-5) for key in found} == found


def test_a_delivered_index_is_hidden_where_the_procedures_of_the_index_are(
    delivered: Path, tmp_path: Path
) -> None:
    """Another work of the school may be open: it says nothing of the index."""
    disclosure.write_open_marts(delivered, tmp_path / "open.duckdb")
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
            [PROCEDURE],
        ).fetchall()[0]

    assert shown == 0
    assert hidden > 0
