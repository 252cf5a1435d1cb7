"""``docs/next_order.md``, done as it stands there: an edition, and a form that nobody knew before."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from school_quality.settings import project_root

pytestmark = pytest.mark.seconds(90)

GUIDE = "docs/next_order.md"
PARTS = ("bi", "data/examples/inbox", "dbt_project", "docs", "expectations", "plugins")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A copy of the checkout in which every block of the guide was run, and what each said."""
    here, checkout = project_root(), tmp_path_factory.mktemp("order") / "checkout"
    for part in PARTS:
        ignored = shutil.ignore_patterns("target", "logs", "__pycache__")
        shutil.copytree(here / part, checkout / part, ignore=ignored)
    (checkout / ".venv").symlink_to(here / ".venv")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SCHOOL_QUALITY")},
        "PYTHONPATH": str(checkout / "plugins"),
        "SCHOOL_QUALITY_PII_KEY": "a key for tests",
    }
    found = []
    for block in BLOCK.findall((checkout / GUIDE).read_text(encoding="utf-8")):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=checkout, env=environment, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, block + done.stdout + done.stderr
        found.append(done.stdout)
    return checkout, found


def test_the_form_lands_and_is_scored_by_the_new_edition_alone(said: tuple[Path, list[str]]) -> None:
    checkout, _ = said
    file = checkout / "try/published/current/warehouse.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        values = connection.execute(
            "select school_id, reporting_year, methodology_version, status, value, value_note, points"
            " from marts.fct_indicator_value where indicator_code = '2.11' and status = 'scored' order by all"
        ).fetchall()
        received = connection.execute(
            "select school_id, status, rows_accepted from marts.fct_submission"
            " where dataset = 'form_mentoring' and period = '2023' and rows_accepted > 0 order by all"
        ).fetchall()
        recommended = connection.execute(
            "select school_id from marts.fct_recommendation where indicator_code = '2.11'"
        ).fetchall()

    assert values == [
        ("6005", 2023, "1600-2023", "scored", 1.0, None, 3),
        ("6007", 2023, "1600-2023", "scored", 0.0, "нет: программа наставничества", 0),
    ]
    assert [(school, rows) for school, _, rows in received] == [("6005", 1), ("6007", 1)]
    assert recommended == [("6007",)]


def test_a_value_of_the_form_leads_back_to_its_row(said: tuple[Path, list[str]]) -> None:
    *_, explained = said[1]

    assert "Наставничество.csv" in explained
    assert "строка 3" in explained


def test_nothing_else_of_the_new_form_is_written_by_hand(said: tuple[Path, list[str]]) -> None:
    """Its YAML and rows of the methodology name it; every other file that does was written by the command."""
    checkout, blocks = said
    written = {Path(line) for line in "".join(blocks).splitlines() if line.startswith(str(checkout))}
    seeds = {f"dbt_project/seeds/methodology/{name}.csv" for name in ("indicators", "submission_calendar")}
    by_hand = {GUIDE, "plugins/school_quality/datasets/form_mentoring.yml", *seeds}
    naming = {
        path
        for part in PARTS
        for path in (checkout / part).rglob("*")
        if path.is_file() and (b"form_mentoring" in path.read_bytes() or "form_mentoring" in path.name)
    }

    assert naming - written == {checkout / name for name in by_hand}
    assert {path.name for path in written & naming} >= {"submission.yaml", "form_mentoring.json"}
