"""Two builds of the same receipts are equal to the bit: no aggregate depends on the order of its rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from school_quality import pipeline
from school_quality.settings import Settings, dbt_project_dir
from school_quality.warehouse.build import run_dbt

pytestmark = pytest.mark.seconds(20)

WHATEVER_THE_ORDER = {"count", "min", "max", "arg_min", "arg_max", "list", "median"}
"""Aggregates of doubles that add nothing, or the middle two at most."""

EXACT = {("int_primitive__social_coefficient", "product")}
"""Doubles that hold whole numbers far below 2^53."""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a build of an empty landing: every model compiled, every table there."""
    folder = tmp_path_factory.mktemp("reproducible")
    settings = Settings(folder)
    pipeline.ingest(settings)
    variables = {"landing": str(settings.landing), "rejected": str(settings.rejected)}
    run_dbt(settings.build_file, variables, "--exclude-resource-type", "test")
    return settings.build_file.parent


def aggregates(plan: Any) -> Iterator[dict[str, Any]]:
    """Every bound aggregate of a serialised plan, of windows and lists too, but for those of sorted lists."""
    if isinstance(plan, dict):
        if plan.get("expression_class") in {"BOUND_AGGREGATE", "BOUND_WINDOW"} and plan.get("name"):
            yield plan
        children = plan.get("children") or [{}]
        of_sorted_list = isinstance(children[0], dict) and children[0].get("name") == "list_sort"
        for part in children if of_sorted_list else plan.values():
            yield from aggregates(part)
    elif isinstance(plan, list):
        for part in plan:
            yield from aggregates(part)


def kinds(aggregate: dict[str, Any]) -> set[str]:
    """Types of an aggregate's arguments."""
    return {
        (child.get("return_type") or child.get("value", {}).get("type") or {}).get("id", "")
        for child in aggregate["children"]
    }


def inexact(model: str, plan: Any) -> list[str]:
    """Aggregates of doubles that add up in the order in which threads meet the rows."""
    return [
        f"{model}: {aggregate['name']}"
        for aggregate in aggregates(plan)
        if kinds(aggregate) & {"DOUBLE", "FLOAT"}
        and aggregate["name"] not in WHATEVER_THE_ORDER
        and (model, aggregate["name"]) not in EXACT
    ]


def plan_of(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    found = connection.execute("select json_serialize_plan(?, optimize := false)", [sql]).fetchone()
    assert found is not None
    plan = json.loads(found[0])
    assert not plan["error"], plan
    return plan


def test_no_model_adds_doubles_in_any_order(compiled: Path) -> None:
    """If one does: ``in_order`` of the macros, or whole numbers until the last division."""
    results = json.loads((compiled / "target/run_results.json").read_text(encoding="utf-8"))["results"]
    python_models = {path.stem for path in dbt_project_dir().glob("models/**/*.py")}
    sql = {
        result["unique_id"].split(".")[-1]: result["compiled_code"]
        for result in results
        if result["unique_id"].startswith("model.")
    }

    with duckdb.connect(str(compiled / "build.duckdb"), read_only=True) as connection:
        found = [
            line
            for model, code in sorted(sql.items())
            if model not in python_models
            for line in inexact(model, plan_of(connection, code))
        ]

    assert len(sql) > len(python_models) > 0
    assert found == []


@pytest.mark.parametrize(
    ("sql", "is_found"),
    [
        ("select sum(x) from numbers", True),
        ("select avg(x) over () from numbers", True),
        ("select stddev_pop(n) from numbers", True),
        ("select list_sum(list(x)) from numbers", True),
        ("select list_sum(list(x order by x)) from numbers", False),
        ("select sum(n), avg(n), count(x), max(x) from numbers", False),
        ("select sum(d) from numbers", False),
    ],
)
def test_an_inexact_aggregate_is_seen_by_the_types_of_its_arguments(sql: str, is_found: bool) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table numbers (x double, n integer, d decimal(9, 2))")

        assert bool(inexact("a_model", plan_of(connection, sql))) is is_found
