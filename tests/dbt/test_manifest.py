"""The layers of the dbt project: what may read what, and what is described."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from school_quality.settings import dbt_project_dir, project_root

CONTRACTED = ("marts", "meta")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The parsed project; what dbt calls deprecated is an error here, before dbt makes it one."""
    target = tmp_path_factory.mktemp("parse")
    command = [sys.executable, "-m", "dbt.cli.main", "--no-send-anonymous-usage-stats", "--quiet", "parse"]
    command += ["--warn-error-options", json.dumps({"error": ["Deprecations"]})]
    command += ["--project-dir", str(dbt_project_dir()), "--profiles-dir", str(dbt_project_dir())]
    command += ["--target-path", str(target), "--log-path", str(target)]
    subprocess.run(command, check=True, cwd=target)
    found: dict[str, Any] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def nodes(manifest: dict[str, Any]) -> dict[str, Any]:
    """Models of the parsed project by name."""
    return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}


def parents(nodes: dict[str, Any], name: str) -> set[str]:
    return {
        parent.split(".")[-1] for parent in nodes[name]["depends_on"]["nodes"] if parent.startswith("model.")
    }


def ancestors(nodes: dict[str, Any], name: str) -> set[str]:
    found: set[str] = set()
    queue = [name]
    while queue:
        for parent in parents(nodes, queue.pop()) - found:
            found.add(parent)
            queue.append(parent)
    return found


def test_identification_reads_no_family_and_no_scaffold(nodes: dict[str, Any]) -> None:
    read = ancestors(nodes, "int_school__identification")

    assert not {name for name in read if name.startswith(("ind_", "fct_"))}
    assert "int_indicator__expected" not in read


def test_families_read_scaffold_and_primitives_but_no_other_family(nodes: dict[str, Any]) -> None:
    families = [name for name in nodes if name.startswith("ind_")]

    assert len(families) > 10
    for family in families:
        assert "int_indicator__expected" in parents(nodes, family)
        assert not {name for name in ancestors(nodes, family) if name.startswith(("ind_", "fct_"))}


def test_primitives_know_nothing_of_status_and_points(nodes: dict[str, Any]) -> None:
    for name in (n for n in nodes if n.startswith("int_primitive__")):
        assert not {
            a for a in ancestors(nodes, name) if a.startswith(("ind_", "int_indicator__expected", "fct_"))
        }


def test_nothing_that_judges_reads_the_estimates_of_small_schools(nodes: dict[str, Any]) -> None:
    readers = {name for name in nodes if "int_primitive__failed_estimates" in ancestors(nodes, name)}

    assert readers == {"fct_procedure_result"}


def test_every_family_is_in_the_fact(nodes: dict[str, Any]) -> None:
    assert {n for n in nodes if n.startswith("ind_")} <= parents(nodes, "fct_indicator_value")


def test_every_model_is_described_with_its_grain(nodes: dict[str, Any]) -> None:
    for name, node in nodes.items():
        assert "One row" in node["description"], name


def test_marts_have_contracts_and_described_columns(nodes: dict[str, Any]) -> None:
    for name, node in nodes.items():
        if node["schema"] in CONTRACTED:
            assert node["config"]["contract"]["enforced"], name
            assert all(column["description"] for column in node["columns"].values()), name


def test_what_the_documents_read_is_declared_in_their_exposures(manifest: dict[str, Any]) -> None:
    """Who changes a column finds its readers: the exposures name every table that the documents query."""
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (project_root() / "plugins" / "school_quality" / "reporting").rglob("*.py")
    )
    read = set(re.findall(r"\b(?:marts|meta)\.((?:dim|fct)_\w+|source_file)", code))
    declared = {
        parent.split(".")[-1]
        for exposure in manifest["exposures"].values()
        if exposure["name"] in {"scorecards", "municipal_reports", "site"}
        for parent in exposure["depends_on"]["nodes"]
    }

    assert {exposure["name"] for exposure in manifest["exposures"].values()} >= {"dashboard_district"}
    assert len(read) > 8
    assert read <= declared


def test_models_hold_no_number_of_the_methodology() -> None:
    """Edges and thresholds are seeds: the numbers of the order that could slip into SQL are not there."""
    for file in (dbt_project_dir() / "models").rglob("*.sql"):
        code = "\n".join(line.split("--")[0] for line in file.read_text(encoding="utf-8").splitlines())
        assert not [n for n in ("30", "80", "26", "15", "0.5", "0.2", "1e-9") if f" {n} " in f" {code} "], (
            file
        )


def test_project_keeps_no_file_of_a_run() -> None:
    assert not list(Path(dbt_project_dir()).rglob("*.duckdb"))
