"""What dbt says is passed on in plain words: what failed, how many rows, where the log is."""

from __future__ import annotations

import json
import logging
import sys
from datetime import date, datetime
from pathlib import Path

import pytest

from school_quality.errors import BuildFailed
from school_quality.settings import Settings
from school_quality.warehouse import build
from school_quality.warehouse.build import NodeResult
from school_quality.warehouse.publication.releases import ReleaseInfo

RELEASE = ReleaseInfo(
    release_id="20230901T060000Z-00000001",
    created_at=datetime(2023, 9, 1, 6),
    reporting_year=2022,
    period="2022",
    as_of=date(2023, 8, 31),
    receipt_seq=7,
    code_version="aaaaaaaaaaaa",
    previous_release_id=None,
)


def stand_in_for_dbt(
    folder: Path, results: list[dict[str, object]], returncode: int, manifest: dict[str, object] | None = None
) -> Path:
    """A program in the place of the interpreter: it leaves ``results`` where dbt would and says two lines.

    With a ``manifest`` it leaves that, too, and a build file with a table of marts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "python"
    event = {
        "info": {"name": "LogModelResult", "level": "info", "msg": "1 of 1"},
        "data": {"index": 1, "total": 1},
    }
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        "target = pathlib.Path(sys.argv[sys.argv.index('--target-path') + 1])\n"
        "target.mkdir(parents=True, exist_ok=True)\n"
        f"(target / 'run_results.json').write_text({json.dumps({'results': results})!r})\n"
        + (
            f"(target / 'manifest.json').write_text({json.dumps(manifest)!r})\n"
            "import duckdb, os\n"
            "with duckdb.connect(os.environ['SCHOOL_QUALITY_BUILD_FILE']) as connection:\n"
            "    connection.execute('create schema marts')\n"
            "    connection.execute('create table marts.t (school_id int, value int, pupil_id text)')\n"
            "    connection.execute(\"insert into marts.t values (6001, 120, 'ab')\")\n"
            if manifest
            else ""
        )
        + "print('a warning that is no JSON')\n"
        f"print({json.dumps(event)!r})\n"
        f"sys.exit({returncode})\n"
    )
    program.chmod(0o755)
    return program


def result(unique_id: str, status: str, failures: int | None = None, message: str = "") -> dict[str, object]:
    return {
        "unique_id": unique_id,
        "status": status,
        "execution_time": 0.2,
        "failures": failures,
        "message": message,
    }


def test_the_results_of_all_nodes_come_back_and_progress_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    results = [
        result("model.school_quality.dim_school", "success"),
        result("test.school_quality.t", "warn", 2),
    ]
    monkeypatch.setattr(sys, "executable", str(stand_in_for_dbt(tmp_path, results, 0)))

    with caplog.at_level(logging.INFO, logger="school_quality.progress"):
        found = build.run_dbt(tmp_path / "warehouse" / "build.duckdb", {})

    assert found == [
        NodeResult("model.school_quality.dim_school", "success", 0.2, 0, ""),
        NodeResult("test.school_quality.t", "warn", 0.2, 2, ""),
    ]
    assert build.summary(found) == "моделей 1, проверок 1; предупреждений 1"
    assert "готово 1 из 1" in caplog.text


def test_a_failed_test_is_named_with_its_rows_and_the_release_that_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = [
        result("test.school_quality.bands_cover.abc", "fail", 4, "Got 4 results"),
        result("model.school_quality.fct_lineage", "error", message="Runtime Error\n  no such column"),
    ]
    results[0]["compiled_code"] = "select * from build.marts.t where value > 100"
    manifest = {
        "nodes": {"test.school_quality.bands_cover.abc": {"attached_node": "model.school_quality.fct_points"}}
    }
    monkeypatch.setattr(sys, "executable", str(stand_in_for_dbt(tmp_path, results, 1, manifest)))

    with pytest.raises(BuildFailed) as failure:
        build.run_dbt(
            tmp_path / "warehouse" / "build.duckdb", {"previous_release_id": "20230101T000000Z-aaaaaaaa"}
        )

    text = str(failure.value)
    assert "прежний выпуск остаётся в силе: 20230101T000000Z-aaaaaaaa" in text
    assert "проверка bands_cover не прошла; модель fct_points; строк с ошибкой: 4" in text
    assert "school_id=6001, value=120" in text
    assert "pupil_id" not in text
    assert "fct_lineage: Runtime Error no such column" in text
    assert "dbt.log" in text


def test_an_older_build_file_is_removed_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(stand_in_for_dbt(tmp_path, [], 0)))
    build_file = tmp_path / "build.duckdb"
    build_file.write_bytes(b"of an older code")

    build.run_dbt(build_file, {})

    assert not build_file.exists()


def test_dbt_gets_everything_that_a_release_is_made_of(tmp_path: Path) -> None:
    variables = build.release_variables(Settings(tmp_path), RELEASE)

    assert variables["landing"] == str(tmp_path / "landing")
    assert variables["receipt_seq"] == 7
    assert variables["as_of"] == "2023-08-31"
    assert variables["created_at"] == "2023-09-01 06:00:00"
    assert variables["previous_release_id"] is None
