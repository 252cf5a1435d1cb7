"""The dbt unit tests, each family's ordinary case and its edges, on a warehouse without a row."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from school_quality import pipeline
from school_quality.settings import Settings, dbt_project_dir

pytestmark = pytest.mark.seconds(40)


def test_every_dbt_unit_test_passes_and_an_empty_landing_breaks_no_data_test(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    pipeline.ingest(settings)  # an empty inbox still lays down the schema of every dataset
    variables = {"landing": str(settings.landing), "rejected": str(settings.rejected)}
    target = tmp_path / "target"
    command = [
        sys.executable, "-m", "school_quality.warehouse.build_process", "--no-use-colors", "build",
        "--project-dir", dbt_project_dir(), "--profiles-dir", dbt_project_dir(),
        "--target-path", target, "--log-path", tmp_path / "logs", "--vars", json.dumps(variables),
    ]  # fmt: skip

    done = subprocess.run(
        command,
        env={**os.environ, "SCHOOL_QUALITY_BUILD_FILE": str(tmp_path / "build.duckdb")},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout[-5000:]
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    declared = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["unit_tests"]
    passed = {result["unique_id"] for result in results if result["status"] == "pass"}
    assert declared
    assert set(declared) <= passed
