"""The doctor finds what stops a run, says what to do, and tells a health check apart from good advice."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

import pytest

from school_quality import doctor
from school_quality.doctor import Check
from school_quality.settings import Settings
from school_quality.warehouse.publication import runs
from school_quality.warehouse.publication.runs import Run


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.setenv("SCHOOL_QUALITY_PII_KEY_FILE", str(tmp_path / "key"))
    for name in ("SCHOOL_QUALITY_PII_KEY", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"):
        monkeypatch.delenv(name, raising=False)
    return Settings(tmp_path / "data")


def check(settings: Settings, subject: str) -> Check:
    return next(found for found in doctor.examine(settings) if found.subject == subject)


def test_a_fresh_machine_is_well(settings: Settings) -> None:
    assert all(found.is_well for found in doctor.examine(settings))
    assert not settings.data_root.exists()


def test_a_key_that_was_lost_after_results_came_is_an_error(settings: Settings) -> None:
    rows = settings.landing / "0000000001" / "rows"
    rows.mkdir(parents=True)
    (rows / "ege_results.parquet").touch()

    found = check(settings, "Ключ псевдонимов")

    assert not found.is_well
    assert "из резервной копии" in found.advice


@pytest.mark.parametrize(("slots", "is_well"), [(1, True), (4, False), (None, False)])
def test_the_pool_of_one_slot_must_be_there(settings: Settings, slots: int | None, is_well: bool) -> None:
    home = settings.data_root.parent / "airflow"
    home.mkdir()
    (home / "migrated").write_text("3.3.0")
    with sqlite3.connect(home / "airflow.db") as connection:
        connection.execute("create table slot_pool (pool text, slots integer)")
        if slots is not None:
            connection.execute("insert into slot_pool values ('duckdb_writer', ?)", [slots])

    assert check(settings, "Airflow").is_well == is_well


def test_a_database_that_was_opened_before_the_first_run_is_made_by_it(settings: Settings) -> None:
    home = settings.data_root.parent / "airflow"
    home.mkdir()
    sqlite3.connect(home / "airflow.db").close()
    (home / "airflow.db").touch()

    found = check(settings, "Airflow")

    assert found.is_well
    assert "создаётся первым запуском" in found.finding


def test_a_database_that_does_not_answer_is_named_without_its_password(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "sqlite:////nowhere/secret-word/airflow.db")

    found = check(settings, "Airflow")

    assert not found.is_well
    assert "secret-word" not in found.finding + found.advice


def test_a_link_to_a_release_that_is_gone_is_an_error(settings: Settings) -> None:
    settings.published.mkdir(parents=True)
    settings.current.symlink_to("20230901T060000Z-00000001")

    found = check(settings, "Повреждено")

    assert (found.mark, found.is_well, found.advice) == ("✗", False, "school-quality repair")


def test_a_failed_run_is_advice_and_no_reason_to_restart_a_service(settings: Settings) -> None:
    runs.save(
        settings,
        Run(
            run_id="recompute_annual/manual__1",
            dag_id="recompute_annual",
            run_type="manual",
            started_at=datetime(2023, 9, 16),
            ended_at=datetime(2023, 9, 16),
            outcome="failed",
            failed_step="build",
        ),
    )

    found = check(settings, "Последний запуск")

    assert (found.mark, found.is_well) == ("!", True)
    assert "шаг build" in found.finding


def test_waiting_longer_than_a_run_may_last_is_told_and_no_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOOL_QUALITY_APPROVAL_HOURS", "36")

    found = check(settings, "Сроки запусков")
    monkeypatch.setenv("SCHOOL_QUALITY_RUN_HOURS", "48")
    longer = check(settings, "Сроки запусков")

    assert found.is_well
    assert "SCHOOL_QUALITY_RUN_HOURS больше 42" in found.advice
    assert (longer.mark, longer.finding) == ("✓", "разрешения ждут 36 ч, весь запуск до 48 ч")


def test_a_time_that_is_no_number_is_an_error_that_names_its_variable(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOOL_QUALITY_QUIET_MINUTES", "полчаса")

    found = check(settings, "Сроки запусков")

    assert not found.is_well
    assert found.finding.startswith("SCHOOL_QUALITY_QUIET_MINUTES=полчаса")
