"""A column of a mart is declared once: two edits, one command, and every reader has it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import openpyxl
import pytest
import yaml

from school_quality.reporting import words
from school_quality.reporting.content import columns
from school_quality.settings import dbt_project_dir, project_root
from school_quality.warehouse import contract, generated

REPORTING = project_root() / "tests/unit/reporting"

EDITS = {
    "dbt_project/models/marts/fct_school_status.sql": (
        "    statuses.in_project_500,\n",
        "    statuses.in_project_500,\n    7::integer as clubs,\n",
    ),
    "dbt_project/models/marts/fct_school_status.yml": (
        "      - name: official_biased_vpr\n",
        """\
      - name: clubs
        data_type: integer
        description: "Clubs of the school"
        config:
          meta:
            meaning: "сколько в школе кружков"
            title: Кружков
            format: count
            shown: [card, site, workbook, superset]
      - name: official_biased_vpr
""",
    ),
}
"""All that a person edits; ``python -m school_quality.warehouse`` does the rest."""

PRINT = """
import sys
from pathlib import Path

from invented import empty_warehouse, insert
from school_quality.reporting.cards.scorecard_files import write_scorecards
from school_quality.reporting.content.facts import open_warehouse, read_reference
from school_quality.reporting.website.site import write_site

release = {"release_id": "20230901T000000Z-abcdef01", "as_of": "2023-08-31"}
root = Path(sys.argv[1])
with empty_warehouse(root / "official.duckdb") as connection:
    insert(connection, "marts.dim_municipality", {"municipality_id": "1", "municipality_name": "Луговой"})
    insert(connection, "marts.dim_school", {"school_id": "101", "municipality_id": "1", "school_number": 1})
    insert(connection, "marts.dim_period", {"period": "2022", "reporting_year": 2022, "label": "2022 год"})
    insert(connection, "marts.fct_school_status", {"school_id": "101", "municipality_id": "1", "clubs": 7})
    connection.execute(f"attach '{root}/open.duckdb' as open")
    connection.execute("copy from database official to open")
    connection.execute("alter table open.marts.fct_school_status add column suppressed varchar[]")
    connection.execute("update open.marts.fct_school_status set clubs = null, suppressed = ['clubs']")
    connection.execute(f"attach '{root}/kept.duckdb' as kept")
    connection.execute("copy from database official to kept")
    connection.execute("alter table kept.marts.fct_school_status add column being_updated varchar[]")
    connection.execute("update kept.marts.fct_school_status set being_updated = ['clubs']")
for edition in ("official", "open", "kept"):
    with open_warehouse(root / f"{edition}.duckdb") as connection:
        reference = read_reference(connection, 2022, None)
        kind = "official" if edition == "official" else "open"
        write_scorecards(connection, reference, root / edition, release, edition=kind)
        write_site(connection, reference, root / edition, release, edition=kind)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with a new column, after the command."""
    copy = tmp_path_factory.mktemp("project")
    for folder in ("bi", "dbt_project", "docs", "plugins"):
        left_out = shutil.ignore_patterns("__pycache__", "target", "logs")
        shutil.copytree(project_root() / folder, copy / folder, ignore=left_out)
    shutil.copyfile(project_root() / "pyproject.toml", copy / "pyproject.toml")
    for name, (old, new) in EDITS.items():
        text = (copy / name).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (copy / name).write_text(text.replace(old, new), encoding="utf-8")
    run(copy, "-m", "school_quality.warehouse")
    return copy


def run(copy: Path, *arguments: str) -> str:
    path = f"{copy / 'plugins'}{os.pathsep}{REPORTING}"
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        cwd=copy,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    ).stdout


def test_the_command_leaves_nothing_stale_and_touches_these_files_only(project: Path) -> None:
    stale = run(project, "-c", "from school_quality.warehouse import generated; print(generated.stale())")
    changed = {
        path.relative_to(project).as_posix()
        for path in project.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        if path.read_bytes() != (project_root() / path.relative_to(project)).read_bytes()
    }

    assert stale == "[]\n"
    of_another_mart = generated.STEPS["fct_procedure_result"]
    assert changed - set(EDITS) == {
        path.relative_to(project_root()).as_posix()
        for path in generated.files()
        if path.name != of_another_mart
    }


def test_dictionary_picture_and_promise_have_a_new_column(project: Path) -> None:
    docs = project / "docs"

    assert "| `clubs` | integer | сколько в школе кружков |" in (docs / "warehouse.md").read_text("utf-8")
    assert ">clubs</text>" in (docs / "er.svg").read_text("utf-8")
    promise = (docs / "contract.csv").read_text("utf-8").splitlines()
    assert "marts,fct_school_status,clubs,integer" in promise
    committed = (project_root() / "docs/contract.csv").read_text("utf-8").splitlines()
    assert [line for line in promise if line in set(committed)] == committed


def test_panels_ask_for_a_new_column_and_name_it(project: Path) -> None:
    name = "bi/superset/assets/datasets/education_quality/school_year.yaml"
    panels = yaml.safe_load((project / name).read_text("utf-8"))

    found = [column for column in panels["columns"] if column["column_name"] == "clubs"]
    assert [(column["verbose_name"], column["type"]) for column in found] == [("Кружков", "INTEGER")]
    assert "\n    status.clubs,\n" in panels["sql"]


def test_the_open_edition_hides_a_new_column_and_says_so(project: Path) -> None:
    """The columns of its step, over a school of which every condition holds."""
    folder = project / "plugins/school_quality/warehouse/open_edition/open_marts"
    step = (folder / "5_fct_school_status.sql").read_text(encoding="utf-8")
    table = contract.table("fct_school_status")
    names = {
        condition
        for column in table.columns
        for condition in (column.open_when, column.kept_when)
        if condition not in (None, "true")
    }
    row = [f"null::{column.data_type} as {column.name}" for column in table.columns]
    row += ["7 as clubs", *(f"true as {name}" for name in sorted(names))]
    with duckdb.connect() as connection:
        connection.execute(f"create table statuses as select {', '.join(row)}")

        cursor = connection.execute("select\n" + step.split("\n)\n\nselect\n")[1])

        heads = [column[0] for column in cursor.description or ()]
        (found,) = [dict(zip(heads, values, strict=True)) for values in cursor.fetchall()]
    assert found["clubs"] is None
    assert found["suppressed"] == ["clubs"]
    assert found["being_updated"]
    assert "clubs" not in found["being_updated"]


def test_cards_site_and_workbooks_show_a_new_column(project: Path, tmp_path: Path) -> None:
    run(project, "-c", PRINT, str(tmp_path))

    for edition, text, value in (("official", "7", 7), ("open", words.HIDDEN, words.HIDDEN)):
        folder = tmp_path / edition
        for page in ("scorecards/101.html", "site/schools/101.html"):
            assert f"<p>Кружков: {text}.</p>" in (folder / page).read_text(encoding="utf-8")
        district = (folder / "site/index.html").read_text(encoding="utf-8")
        assert ">Кружков</th>" in district
        assert f">{text}</td>" in district.split("schools/101.html")[1]
        schools = openpyxl.load_workbook(folder / "site/schools.xlsx")["Школы"]
        heads, first = list(schools.iter_rows(values_only=True))[:2]
        assert dict(zip(heads, first, strict=True))["Кружков"] == value
        card = openpyxl.load_workbook(folder / "scorecards/101.xlsx")["Сводка"]
        assert ("Кружков", value) in [row[:2] for row in card.iter_rows(values_only=True)]
        assert (folder / "scorecards/101.pdf").is_file()
    for page in ("scorecards/101.html", "site/schools/101.html"):
        assert "показано прежнее: Кружков." in (tmp_path / "kept" / page).read_text(encoding="utf-8")


def test_what_is_shown_has_a_title_and_a_format_that_exists() -> None:
    shown = [column for column in contract.table("fct_school_status").columns if column.shown]

    assert shown
    assert [column.name for column in shown if not column.title] == []
    assert {column.format for column in shown} <= set(columns.FORMATS)
    assert {place for column in shown for place in column.shown} <= {"card", "site", "workbook", "superset"}


def test_a_contract_uses_no_key_that_nobody_reads() -> None:
    known = {"meaning", "title", "spelled", "format", "shown", "open", "kept"}
    found = {
        key
        for path in (dbt_project_dir() / "models/marts").glob("*.yml")
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
        for column in model["columns"]
        for key in column.get("config", {}).get("meta", {})
    }

    assert found <= known
