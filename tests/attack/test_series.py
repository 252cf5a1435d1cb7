"""A late, corrected or withdrawn result cannot be had by subtracting releases of the open edition."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from school_quality.warehouse.open_edition import disclosure, open_versions
from school_quality.warehouse.open_edition.open_versions import Earlier

from .conftest import build
from .leaks import Change, steps_with
from .published import Release, read
from .series import BASE, REPLACED, SCENARIOS, Planted, differences, late_score, plant, planted

pytestmark = [pytest.mark.slow, pytest.mark.seconds(250)]

KEPT = "being_updated"


@dataclass(frozen=True)
class Series:
    """Builds of three releases, and what was planted in them."""

    builds: list[Path]
    what: Planted


@pytest.fixture(scope="module")
def series(region: tuple[Path, int], opened: Path, tmp_path_factory: pytest.TempPathFactory) -> Series:
    root, seq = region
    with duckdb.connect(str(root / "warehouse/build.duckdb"), read_only=True) as connection:
        schools = [
            school
            for (school,) in connection.execute(
                "select distinct school_id from intermediate.int_school__years "
                "inner join marts.fct_procedure_result using (school_id, reporting_year) "
                "where reporting_year = 2022 and procedure_id like 'oge%' order by all limit 8"
            ).fetchall()
        ]
    target = tmp_path_factory.mktemp("series")
    builds = []
    for number, end in enumerate(plant(root, seq, schools, read(opened), target), 1):
        built = build(target, end)
        folder = target / f"build {number}" / "warehouse"
        folder.mkdir(parents=True)
        shutil.copytree(built.parent / "target", folder / "target")
        builds.append(Path(shutil.copyfile(built, folder / "build.duckdb")))
    return Series(builds, planted(schools))


def published(series: Series, folder: Path, **first: Any) -> list[Path]:
    """The open marts of the three releases, each made after the one before it."""
    found, before = [], Earlier("1", **first)
    for number, built in enumerate(series.builds, 1):
        release = folder / str(number)
        release.mkdir(parents=True)
        disclosure.write_open_marts(
            built, release / "open.duckdb", before=before, versions=release / open_versions.FOLDER
        )
        found.append(release / "open.duckdb")
        versions = release / open_versions.FOLDER
        before = Earlier(str(number + 1), versions, versions)
    return found


@pytest.fixture(scope="module")
def warehouses(series: Series, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return published(series, tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def releases(warehouses: list[Path]) -> list[Release]:
    return [read(warehouse) for warehouse in warehouses]


def shown(releases: list[Release], series: Series, name: str) -> list[tuple[int | None, bool]]:
    """How many pupils each release shows of a planted cell, and whether it says that they are updated."""
    key = series.what.cells[name]
    rows = [
        {(r["school_id"], r["reporting_year"], r["procedure_id"]): r for r in release.results}[key]
        for release in releases
    ]
    return [(row["participants"], KEPT in row["flags"]) for row in rows]


def test_no_pair_of_releases_tells_of_fewer_than_ten_results(releases: list[Release], series: Series) -> None:
    assert differences(releases, series.what) == {}
    assert late_score(releases[:2], series.what.cells["late 1"]) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nothing", [(22, False), (22, False), (22, False)]),
        ("late 1", [(22, False), (22, True), (22, True)]),
        ("late 9", [(22, False), (22, True), (22, True)]),
        ("late 10", [(22, False), (32, False), (32, False)]),
        ("corrected 9", [(22, False), (22, True), (22, True)]),
        ("corrected 10", [(22, False), (22, False), (22, False)]),
        ("withdrawn 10", [(22, False), (12, False), (12, False)]),
        ("late 9, then one more", [(22, False), (22, True), (32, False)]),
        ("late 10, of whom 9 go", [(22, False), (32, False), (32, True)]),
        ("late 10, of whom 9 go and 3 are corrected", [(22, False), (32, False), (32, True)]),
        ("there and back", [(22, False), (32, False), (22, False)]),
        ("so few that it would be hidden", [(12, False), (12, True), (12, True)]),
        ("hidden, and back but for one", [(22, False), (None, False), (None, False)]),
        ("opened, and then one late", [(None, False), (11, False), (11, True)]),
        ("statistics, one more failed", [(20, False), (20, True), (20, True)]),
        (REPLACED, [(20, False), (20, True), (20, True)]),
        ("one absent", [(22, False), (22, True), (22, True)]),
        ("ten absent and one late", [(22, False), (22, True), (22, True)]),
        ("ten late and three absent", [(22, False), (32, False), (32, False)]),
    ],
)
def test_a_cell_keeps_what_it_published_and_says_so(
    releases: list[Release], series: Series, name: str, expected: list[tuple[int | None, bool]]
) -> None:
    assert shown(releases, series, name) == expected


MUTATIONS: dict[str, Change] = {
    "everything is told at once": (
        "0_kept_results.sql",
        "having not bool_and(distances.is_far)",
        "having false",
    ),
    "nine results are enough": (
        "0_kept_results.sql",
        "or distances.results >= limits.min_changed_results",
        "or distances.results >= 9",
    ),
    "only the last version counts": (
        "0_kept_results.sql",
        "having not bool_and(distances.is_far)",
        "having not bool_and(distances.is_far or not before.is_shown)",
    ),
    "only the number of results counts": (
        "0_kept_results.sql",
        "case kinds.kind\n            when 'attendance'",
        "case ''\n            when 'attendance'",
    ),
    "who is absent is not counted": ("0_kept_results.sql", "['attendance', 'scores'],", "['scores'],"),
    "scores do not count for themselves": (
        "0_kept_results.sql",
        "['attendance', 'scores'],",
        "['attendance'],",
    ),
    "marks do not count for themselves": (
        "0_kept_results.sql",
        "then ['marks of pupils', 'failures of pupils', 'test scores']",
        "then []",
    ),
    "statistics and marks across sources are not compared": (
        "0_kept_results.sql",
        "when 'marks' in (level_before, level_now) then ['marks']",
        "when false then []",
    ),
    "what came back is told": (
        "1_hidden_results.sql",
        "semi join held_result using (school_id, reporting_year, procedure_id);",
        "semi join held_result using (school_id, reporting_year, procedure_id) where false;",
    ),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_without_a_rule_pairs_of_releases_tell(
    series: Series, mutation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disclosure, "STEPS", steps_with(MUTATIONS[mutation], tmp_path / "steps"))

    leaking = [read(warehouse) for warehouse in published(series, tmp_path)]

    assert differences(leaking, series.what)
    if mutation == "everything is told at once":
        key = series.what.cells["late 1"]
        assert late_score(leaking[:2], key) == sum(SCENARIOS["late 1"][1].values()) - sum(BASE.values())


def numbers(warehouse: Path, procedures: str) -> dict[str, list[tuple[object, ...]]]:
    """All that the open marts tell but for marks that say «being updated», and what may be hidden for it.

    Clusters and the ratio of a district are not computed again of kept cells; planted cells are another test.
    """
    left = {
        "fct_procedure_result": f"* exclude (flags) from marts.fct_procedure_result where {procedures}",
        "fct_municipality_procedure": (
            f"* exclude (is_being_updated) from marts.fct_municipality_procedure where {procedures}"
        ),
        "fct_indicator_value": "* exclude (flags) from marts.fct_indicator_value",
        "fct_school_status": "* exclude (cluster, suppressed, being_updated) from marts.fct_school_status",
        "fct_school_points": "* exclude (updated_values) from marts.fct_school_points",
        "fct_municipality_points": "* exclude (updated_schools) from marts.fct_municipality_points",
        "fct_municipality_value": "* exclude (updated_schools) from marts.fct_municipality_value",
        "fct_municipality_indicator": "* from marts.fct_municipality_indicator where indicator_code <> '1.9'",
    }
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables() order by all").fetchall()
        return {
            table: connection.execute(
                f"select {left.get(table, f'* from marts.{table}')} order by all"
            ).fetchall()
            for (table,) in tables
            if table not in ("dim_procedure",)
        }


OTHERS = "split_part(procedure_id, '_', 2) not in ('chemistry', 'history', 'biology', 'literature')"


def test_one_late_result_in_every_open_cell_changes_no_number(
    series: Series, warehouses: list[Path], releases: list[Release]
) -> None:
    """Nor any of those computed of them: district, dynamics, index, verdicts, sums, recommendations."""
    one, other = (numbers(warehouse, OTHERS) for warehouse in warehouses[:2])
    marked = sum(KEPT in row["flags"] for row in releases[1].results)

    assert marked > 80
    assert [name for name in one if one[name] != other[name]] == []
    assert sum(KEPT in value["flags"] for value in releases[1].values) > 50
    assert not any(row["being_updated"] for row in releases[0].statuses)
    assert not any(row["is_being_updated"] for row in releases[0].districts)
    kept = {
        (row["municipality_id"], row["reporting_year"], row["procedure_id"])
        for row in releases[1].results
        if KEPT in row["flags"]
    }
    assert {
        (row["municipality_id"], row["reporting_year"], row["procedure_id"])
        for row in releases[1].districts
        if row["is_being_updated"]
    } == kept & {
        (row["municipality_id"], row["reporting_year"], row["procedure_id"]) for row in releases[1].districts
    }
    named = {column for row in releases[1].statuses for column in row["being_updated"]}
    assert {"is_low_results", "score_pct"} <= named
    for row in releases[1].statuses:
        assert not {*row["being_updated"]} & {*row["suppressed"]}


def test_without_computing_again_what_reads_kept_cells_numbers_change(
    series: Series, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = open_versions._replace

    def only_cells(connection: duckdb.DuckDBPyConnection, schema: str, table: str, sql: str) -> None:
        if table in (open_versions.CHANGED, "int_primitive__procedures", "fct_procedure_result"):
            replace(connection, schema, table, sql)

    monkeypatch.setattr(open_versions, "_replace", only_cells)

    one, other = (numbers(warehouse, OTHERS) for warehouse in published(series, tmp_path)[:2])

    assert [name for name in one if one[name] != other[name]]


def ratios(warehouse: Path) -> dict[tuple[str, str], float | None]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return {
            (municipality, period): value
            for municipality, period, value in connection.execute(
                "select municipality_id, period, value from marts.fct_municipality_indicator "
                "where indicator_code = '1.9'"
            ).fetchall()
        }


def test_the_ratio_of_a_district_is_hidden_where_a_cell_is_kept(
    series: Series, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1.9 pools pupils, not cells: without the rule it moves with the late result while the cells stand.

    Every district of the region with a ratio has a small school: for this test these are open.
    """
    limits = disclosure._limits

    def without_small_schools(connection: duckdb.DuckDBPyConnection) -> None:
        limits(connection)
        connection.execute("update limits set min_pupils = 1")

    monkeypatch.setattr(disclosure, "_limits", without_small_schools)
    first, second = (ratios(warehouse) for warehouse in published(series, tmp_path / "with")[:2])
    change = ("6_fct_municipality_indicator.sql", "union\n        select * from kept_district\n", "")
    monkeypatch.setattr(disclosure, "STEPS", steps_with(change, tmp_path / "steps"))
    before, after = (ratios(warehouse) for warehouse in published(series, tmp_path / "without")[:2])

    told = {key: value for key, value in first.items() if value is not None}
    assert told
    assert {key: second[key] for key in told} == dict.fromkeys(told)
    assert {key: before[key] for key in told} == told
    assert [key for key in told if after[key] in (None, before[key])] == []


def test_where_the_earlier_edition_is_not_known_nothing_of_its_years_is_told(
    series: Series, tmp_path: Path
) -> None:
    """And it stays so: the next release finds by the versions that nobody knows."""
    lost = [read(warehouse) for warehouse in published(series, tmp_path, is_lost=True)]

    assert [sum(row["participants"] is not None for row in release.results) for release in lost] == [0, 0, 0]
    assert "earlier_release" in {value["reason"] for value in lost[0].values}


def test_an_edition_of_an_older_program_is_taken_over_where_it_says_the_same(
    series: Series, warehouses: list[Path], tmp_path: Path
) -> None:
    disclosure.write_open_marts(
        series.builds[1], tmp_path / "open.duckdb", before=Earlier("2", published=warehouses[0])
    )

    found = read(tmp_path / "open.duckdb")

    shown_now = [shown([found], series, name)[0] for name in ("nothing", "late 1", "late 10")]
    assert shown_now == [(22, False), (None, False), (None, False)]


def test_after_a_rollback_readers_keep_what_they_see_and_the_taken_back_counts(
    series: Series, warehouses: list[Path], tmp_path: Path
) -> None:
    """The second release was taken back; the third is made after both."""
    first, second = (warehouse.parent / open_versions.FOLDER for warehouse in warehouses[:2])

    disclosure.write_open_marts(
        series.builds[2], tmp_path / "open.duckdb", before=Earlier("3", versions=second, shown=first)
    )

    after = read(tmp_path / "open.duckdb")
    branch = [*(read(warehouse) for warehouse in warehouses[:2]), after]
    assert differences(branch, series.what) == {}
    kept = [shown([after], series, name)[0] for name in ("late 1", "late 10, of whom 9 go", "late 10")]
    assert kept == [(22, True), (22, True), (32, False)]


def test_a_release_is_proved_by_the_versions_that_it_names(
    series: Series, warehouses: list[Path], tmp_path: Path
) -> None:
    """Made again of its own versions, without the release before it, it is the same."""
    for number, (built, warehouse) in enumerate(zip(series.builds, warehouses, strict=True), 1):
        own = warehouse.parent / open_versions.FOLDER
        again = tmp_path / f"{number}.duckdb"
        disclosure.write_open_marts(
            built,
            again,
            before=Earlier(str(number), own, own, without=str(number)),
            versions=tmp_path / str(number),
        )

        assert read(again) == read(warehouse)
        for file in (open_versions.RESULTS, open_versions.CELLS):
            assert (tmp_path / str(number) / file).read_bytes() == (own / file).read_bytes()


def test_versions_name_no_pupil(warehouses: list[Path]) -> None:
    folder = warehouses[0].parent / open_versions.FOLDER
    results = duckdb.sql(f"describe from '{folder / open_versions.RESULTS}'").fetchall()

    assert {name for name, *_ in results} == {
        "school_id", "reporting_year", "procedure_id", "version", "since", "level", "is_shown", "was_shown",
        "source", "is_absent", "score", "mark", "is_failed", "test_score", "results",
    }  # fmt: skip
