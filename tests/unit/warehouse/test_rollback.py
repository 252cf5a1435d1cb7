"""A person can go back to an older release; it stays in force until there is something new to publish."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from unit.warehouse.small import RESULTS, ask, build_file, documents, publish, receive, release, staff

from school_quality import cli, pipeline
from school_quality.errors import UsageError
from school_quality.settings import Settings
from school_quality.warehouse import journal, releases, rollback, runs
from school_quality.warehouse import publish as publication


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path)


def test_readers_see_the_older_release_and_the_journal_and_the_runs_say_so(settings: Settings) -> None:
    first, second = release(1, settings), release(2, settings)
    publish(settings, first)
    publish(settings, second)

    done = CliRunner().invoke(cli.main, ["rollback", first.release_id, "--data", str(settings.data_root)])

    assert done.exit_code == 0, done.output
    assert first.release_id in done.output
    assert releases.current_id(settings) == first.release_id
    (record,) = runs.all_runs(settings)
    assert (record.outcome, record.release_id) == ("rolled_back", first.release_id)
    publish(settings, release(3, settings))
    assert ask(settings, "select outcome from meta.run") == [("rolled_back",)]


def test_a_damaged_release_is_not_gone_back_to(settings: Settings) -> None:
    first = release(1, settings)
    folder = publish(settings, first)
    publish(settings, release(2, settings))
    (folder / "scorecards" / "6017.html").unlink()
    (folder / "scorecards" / "other.html").write_text("?", encoding="utf-8")

    with pytest.raises(
        UsageError, match=r"нет файла scorecards/6017.html; лишний файл scorecards/other.html"
    ):
        rollback.roll_back(settings, first.release_id)


def test_there_is_no_way_back_to_the_current_release_or_to_none(settings: Settings) -> None:
    first = release(1, settings)
    publish(settings, first)

    with pytest.raises(UsageError, match="и так текущий"):
        rollback.roll_back(settings, first.release_id)
    with pytest.raises(UsageError, match="нет"):
        rollback.roll_back(settings, "20230101T000000Z-00000000")


def test_what_was_taken_back_is_not_published_again_by_itself(settings: Settings) -> None:
    first, second = release(1, settings), release(2, settings)
    publish(settings, first)
    publish(settings, second)
    rollback.roll_back(settings, first.release_id)

    with pytest.raises(UsageError, match="отменён откатом"):
        publication.publish(settings, second, build_file(settings), documents(settings), RESULTS)

    rollback.roll_back(settings, second.release_id)
    assert releases.current_id(settings) == second.release_id


def test_the_next_run_makes_no_release_of_what_was_taken_back_until_something_changes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made_of = {"code_version": releases.code_version(), "methodology_hash": releases.methodology_hash()}
    receive(settings, "form_staff", "кадры.xlsx", [staff("6017", 3)])
    first = release(1, settings, **made_of)
    publish(settings, first)
    receive(settings, "form_staff", "ошибочный.xlsx", [staff("6017", 19)])
    second = release(2, settings, **made_of)
    publish(settings, second)
    built: list[str] = []
    monkeypatch.setattr(pipeline, "check_results_exist", lambda *_: None)
    monkeypatch.setattr(pipeline, "_dbt", lambda _, info: built.append(info.previous_release_id))

    rollback.roll_back(settings, first.release_id)
    with caplog.at_level("INFO"):
        again = pipeline.build(settings, second.parameters)
    receive(settings, "form_staff", "исправленный.xlsx", [staff("6017", 4)])
    after_correction = pipeline.build(settings, second.parameters)

    assert again is None
    assert "отменён откатом" in caplog.text
    assert after_correction is not None
    assert built == [first.release_id]
    assert after_correction.previous_release_id == first.release_id


def test_another_day_of_judgement_does_not_bring_back_what_was_taken_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run by the calendar judges by its own day, and would publish the same numbers every time."""
    made_of = {"code_version": releases.code_version(), "methodology_hash": releases.methodology_hash()}
    first, second = release(1, settings, **made_of), release(2, settings, period="2022-Q1", **made_of)
    publish(settings, first)
    publish(settings, second)
    rollback.roll_back(settings, first.release_id)
    monkeypatch.setattr(pipeline, "check_results_exist", lambda *_: None)

    tomorrow = replace(second.parameters, as_of=date(2023, 10, 1))

    assert pipeline.build(settings, tomorrow) is None


def test_a_release_that_was_never_shown_covers_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the folder's name and the switch: files that came must still start a run."""
    made_of = {"code_version": releases.code_version(), "methodology_hash": releases.methodology_hash()}
    shown, hidden = release(1, settings, **made_of), release(2, settings, period="2022-Q1", **made_of)
    publish(settings, shown)
    with monkeypatch.context() as patched:
        patched.setattr(journal, "switch", lambda *_: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(OSError, match="killed"):
            publish(settings, hidden)

    assert hidden.release_id in releases.all_ids(settings)
    assert pipeline.covered_by(settings, shown.parameters) == shown.release_id
    assert pipeline.covered_by(settings, hidden.parameters) is None


def test_a_run_that_asks_for_something_else_is_not_what_was_taken_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = release(1, settings), release(2, settings)
    publish(settings, first)
    publish(settings, second)
    rollback.roll_back(settings, first.release_id)
    monkeypatch.setattr(pipeline, "check_results_exist", lambda *_: None)
    monkeypatch.setattr(pipeline, "_dbt", lambda *_: None)

    other = replace(second.parameters, period="2022-Q1")

    assert pipeline.build(settings, other) is not None
