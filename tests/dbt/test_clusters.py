"""Clusters of schools: the same for the same schools, stable when a school comes, true to their words."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import numpy as np
import pytest
from oracle.districts import Region
from threadpoolctl import threadpool_limits

from school_quality.settings import dbt_project_dir
from school_quality.warehouse.build import run_dbt

VERSION = "1496-2022"


@pytest.fixture(scope="module")
def clusters() -> ModuleType:
    """The dbt Python model as a module."""
    path = dbt_project_dir() / "models/intermediate/int_school__clusters.py"
    spec = importlib.util.spec_from_file_location("int_school__clusters", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def methodology(name: str) -> list[dict[str, str]]:
    with (dbt_project_dir() / f"seeds/methodology/{name}.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["methodology_version"] == VERSION]


@pytest.fixture(scope="module")
def seeds(clusters: ModuleType) -> np.ndarray:
    return np.array(
        [[float(row[f"{axis}_pct"]) / 100 for axis in clusters.AXES] for row in methodology("clusters")]
    )


@pytest.fixture(scope="module")
def weight() -> float:
    return next(
        float(row["value"]) for row in methodology("parameters") if row["parameter"] == "cluster_seed_pct"
    )


def schools(count: int, seed: int) -> np.ndarray:
    """Profiles like real ones: exams and ВПР go together, dynamics are few signs; many schools are alike."""
    rng = np.random.default_rng(seed)
    level = rng.normal(0.5, 0.25, count)
    exams, vpr = (np.clip(level + rng.normal(0, 0.15, count), 0, 1) for _ in range(2))
    exam_dynamics = rng.binomial(6, np.clip(rng.normal(0.5, 0.2, count), 0, 1)) / 6
    vpr_dynamics = rng.binomial(4, np.clip(exam_dynamics + rng.normal(0, 0.1, count), 0, 1)) / 4
    return np.column_stack([np.round(exams * 12) / 12, np.round(vpr * 12) / 12, exam_dynamics, vpr_dynamics])


def rows_of(municipality: str, profiles: np.ndarray) -> list[tuple[Any, ...]]:
    return [
        (municipality, 2022, VERSION, f"{municipality}-{i}", *profile)
        for i, profile in enumerate(profiles.tolist())
    ]


@pytest.mark.parametrize("count", [8, 15, 40, 150, 600])
def test_a_school_more_moves_few_others(
    clusters: ModuleType, seeds: np.ndarray, weight: float, count: int
) -> None:
    kept = []
    for seed in range(20):
        profiles = schools(count + 1, seed)
        before = clusters.assign(profiles[:count], seeds, weight)
        after = clusters.assign(profiles, seeds, weight)[:count]
        kept.append((before == after).mean())

    assert np.mean(kept) >= 0.98
    assert min(kept) >= 0.85  # one of eight


@pytest.mark.parametrize("count", [8, 40, 600])
def test_clusters_keep_the_meaning_of_their_words(
    clusters: ModuleType, seeds: np.ndarray, weight: float, count: int
) -> None:
    """The mean profile of a cluster's schools is nearest to the profile that its words describe."""
    true = []
    for seed in range(20):
        profiles = schools(count, seed)
        places = clusters.assign(profiles, seeds, weight)
        for place in set(places.tolist()):
            distances = ((profiles[places == place].mean(axis=0) - seeds) ** 2).sum(axis=1)
            true.append(distances.argmin() == place)

    assert np.mean(true) >= 0.95


def test_order_of_rows_and_number_of_threads_change_nothing(
    clusters: ModuleType, seeds: np.ndarray, weight: float
) -> None:
    rows = rows_of("1", schools(600, 1)) + rows_of("2", schools(9, 2))
    named = [(VERSION, f"cluster {place}", *seed) for place, seed in enumerate(seeds.tolist())]

    with threadpool_limits(limits=4):
        many = sorted(clusters.clustered(rows, named, {VERSION: weight}))
    one = sorted(clusters.clustered(rows[::-1], named, {VERSION: weight}))

    assert many == one
    assert len({cluster for _, _, cluster in one}) == len(seeds)


def test_another_municipality_changes_nothing(clusters: ModuleType, seeds: np.ndarray, weight: float) -> None:
    own, other = rows_of("1", schools(12, 3)), rows_of("2", schools(50, 4))
    named = [(VERSION, f"cluster {place}", *seed) for place, seed in enumerate(seeds.tolist())]

    alone = clusters.clustered(own, named, {VERSION: weight})
    together = clusters.clustered(other + own, named, {VERSION: weight})

    assert sorted(alone) == sorted(row for row in together if row[0].startswith("1-"))


def test_a_single_school_gets_the_cluster_that_describes_it(
    clusters: ModuleType, seeds: np.ndarray, weight: float
) -> None:
    for place, profile in enumerate(seeds):
        assert clusters.assign(profile[None, :], seeds, weight).tolist() == [place]


def build(root: Path, region: Region) -> dict[tuple[str, int], tuple[str, str | None]]:
    """Municipality and cluster by school and year, of a whole build."""
    variables = {
        "landing": str(root / "landing"),
        "rejected": str(root / "rejected"),
        "receipt_seq": region.write(root),
        "reporting_year": 2022,
    }
    run_dbt(root / "warehouse/build.duckdb", variables, "--exclude-resource-type", "test")
    with duckdb.connect(str(root / "warehouse/build.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select school_id, reporting_year, municipality_id, cluster from marts.fct_school_status"
        ).fetchall()
    return {(school, year): (municipality, cluster) for school, year, municipality, cluster in found}


@pytest.mark.slow
def test_a_school_more_in_the_whole_build_moves_few_others_and_no_other_municipality(tmp_path: Path) -> None:
    """Not only the centres move: a school more changes the district's means, and by them points of others."""
    region = Region(7, municipalities=14, years=(2020, 2021, 2022))
    after = build(tmp_path / "after", region)
    clustered = [municipality for municipality, cluster in after.values() if cluster]
    largest = max(sorted(set(clustered)), key=clustered.count)
    newcomer = max(
        s for (s, _), (municipality, cluster) in after.items() if municipality == largest and cluster
    )
    for name, rows in region.rows.items():
        region.rows[name] = [row for row in rows if row.get("school_id") != newcomer]

    before = build(tmp_path / "before", region)

    others = {key for key in before if key in after and before[key][1] and after[key][1]}
    moved = {key for key in others if before[key] != after[key]}
    assert {before[key][0] for key in moved} <= {largest}
    own = {key for key in others if before[key][0] == largest}
    assert len(own) >= 10
    assert len(moved) / len(own) <= 0.25
