"""The parse of the dbt project is kept: for other variables, other databases and several builds at once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from school_quality.errors import BuildFailed
from school_quality.warehouse import build_process
from school_quality.warehouse.build import run_dbt

pytestmark = pytest.mark.seconds(60)

DATABASE = f"{{{{ env_var('{build_process.BUILD_FILE}', 'x.duckdb') }}}}"
PROJECT = {
    "dbt_project.yml": "name: small\nprofile: small\nvars: {landing: nowhere, number: 1}\n",
    "profiles.yml": (
        f'small:\n  target: build\n  outputs:\n    build: {{type: duckdb, path: "{DATABASE}"}}\n'
    ),
    "models/one.sql": "select {{ var('number') }} as number, * from {{ source('landing', 'rows') }}",
    "models/sources.yml": (
        "sources:\n- name: landing\n  tables:\n  - name: rows\n    config:\n      meta:\n"
        "        external_location: \"read_csv('{{ var('landing') }}/rows.csv')\"\n"
    ),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dbt project of one model, with a checkout and an Airflow home of its own."""
    project = tmp_path / "checkout" / "dbt_project"
    for name, text in PROJECT.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("SCHOOL_QUALITY_HOME", str(project.parent))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.setenv(build_process.BUILD_FILE, str(tmp_path / "build.duckdb"))
    return project


def build(root: Path, number: int) -> list[tuple[int, ...]]:
    """Build the project with ``number``, on a landing of one row under ``root``; returns the model's rows."""
    (root / "landing").mkdir(parents=True)
    (root / "landing/rows.csv").write_text(f"row\n{number * 10}\n", encoding="utf-8")
    run_dbt(root / "build.duckdb", {"landing": str(root / "landing"), "number": number})
    with duckdb.connect(str(root / "build.duckdb"), read_only=True) as connection:
        return connection.execute("from one").fetchall()


def kept(tmp_path: Path, name: str) -> Path:
    (found,) = (tmp_path / "airflow/dbt").glob(f"*/{name}")
    return found


def was_parsed(tmp_path: Path) -> bool:
    """Whether the last parse read anything of the project again."""
    said = json.loads(kept(tmp_path, "perf_info.json").read_text(encoding="utf-8"))
    return "parse_project_elapsed" in said


def raw_code() -> str:
    return str(build_process.parsed().nodes["model.small.one"].raw_code)


def test_builds_at_once_have_their_own_variables_and_the_next_parses_nothing(
    project: Path, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(2) as both:
        found = list(both.map(build, (tmp_path / "a", tmp_path / "b"), (1, 2)))
    assert found == [[(1, 10)], [(2, 20)]]

    assert raw_code() == PROJECT["models/one.sql"]
    assert not was_parsed(tmp_path)
    assert {path.name for path in project.iterdir()} == {"dbt_project.yml", "profiles.yml", "models"}


def test_a_changed_model_and_a_torn_parse_are_read_again(project: Path, tmp_path: Path) -> None:
    raw_code()
    assert was_parsed(tmp_path)

    (project / "models/one.sql").write_text("select 5 as five", encoding="utf-8")
    assert raw_code() == "select 5 as five"

    parse = kept(tmp_path, "partial_parse.msgpack")
    parse.write_bytes(parse.read_bytes()[:100])
    assert raw_code() == "select 5 as five"
    assert was_parsed(tmp_path)


@pytest.mark.usefixtures("project")
def test_without_a_home_that_can_be_written_every_build_parses_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "file"))

    assert raw_code() == PROJECT["models/one.sql"]


def test_a_project_that_does_not_parse_is_told_in_the_words_of_dbt(project: Path, tmp_path: Path) -> None:
    (project / "models/one.sql").write_text("select * from {{ ref('nobody') }}", encoding="utf-8")

    with pytest.raises(BuildFailed, match="depends on a node named 'nobody' which was not found"):
        build(tmp_path / "a", 1)
