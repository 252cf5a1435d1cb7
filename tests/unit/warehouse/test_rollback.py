"""A person can go back to an older release; it stays in force until there is something new to publish."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from unit.warehouse.small import RESULTS, ask, build_file, documents, publish, receive, release, staff

from school_quality import cli, pipeline
from school_quality.errors import Refused, UsageError
from school_quality.settings import Settings
from school_quality.warehouse.publication import journal, releases, rollback, runs
from school_quality.warehouse.publication import publish as publication
from school_quality.warehouse.publication.releases import ReleaseInfo


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

    with pytest.raises(Refused, match="отменён откатом"):
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

    assert isinstance(again, pipeline.Unchanged)
    assert "отменён откатом" in again.message
    assert again.message in caplog.text
    assert isinstance(after_correction, ReleaseInfo)
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

    assert isinstance(pipeline.build(settings, tomorrow), pipeline.Unchanged)


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

    assert isinstance(pipeline.build(settings, other), ReleaseInfo)


def test_a_clock_that_went_back_does_not_bring_back_what_was_taken_back(settings: Settings) -> None:
    """The newer release has the older id: what readers saw first is told by the journal, not by the id."""
    before, after = release(9, settings), release(2, settings)
    publish(settings, before)
    publish(settings, after)

    rollback.roll_back(settings, before.release_id)

    assert journal.rolled_back(journal.read(settings)) == {after.release_id}
    with pytest.raises(Refused, match="отменён откатом"):
        publish(settings, after)
    rollback.roll_back(settings, after.release_id)
    assert journal.rolled_back(journal.read(settings)) == set()


def test_a_clock_that_went_back_ends_no_version_before_it_began(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Yesterday(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) - timedelta(days=1)

    first = release(1, settings)
    publish(settings, first, points={("6017", "2.2"): 1})
    monkeypatch.setattr(journal, "datetime", Yesterday)
    publish(settings, release(2, settings), points={("6017", "2.2"): 2})
    rollback.roll_back(settings, first.release_id)
    publish(settings, release(3, settings), points={("6017", "2.2"): 3})

    for table in ("release", "fct_indicator_value", "reporting_year"):
        turned = f"select count(*) from history.{table} where valid_to <= valid_from"
        assert ask(settings, turned) == [(0,)], table
    told = ask(
        settings,
        "select points from history.fct_indicator_value "
        "where school_id = '6017' and indicator_code = '2.2' order by valid_from",
    )
    assert told == [(1,), (2,), (1,), (3,)]


def test_retention_goes_by_what_readers_got_last_whatever_the_clock_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(releases.KEPT_VARIABLE, "2")
    days = [9, 8, 1, 2]

    for day in days:
        publish(settings, release(day, settings))

    assert releases.all_ids(settings) == [release(day, settings).release_id for day in (1, 2)]


def test_the_list_of_releases_marks_what_was_taken_back_and_what_was_never_shown(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, hidden = (release(day, settings) for day in (1, 2, 3))
    publish(settings, first)
    publish(settings, second)
    rollback.roll_back(settings, first.release_id)
    with monkeypatch.context() as patched:
        patched.setattr(journal, "switch", lambda *_: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(OSError, match="killed"):
            publish(settings, hidden)

    done = CliRunner().invoke(cli.main, ["releases", "--data", str(settings.data_root)])

    lines = {line.split()[0]: line for line in done.output.splitlines()[1:]}
    assert "текущий" in lines[first.release_id]
    assert "отменён откатом" in lines[second.release_id]
    assert "не показывался" in lines[hidden.release_id]


def test_two_equal_runs_share_one_build(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise each would find the build of the other in its place, and make its own again."""
    receive(settings, "form_staff", "кадры.xlsx", [staff("6017", 3)])
    built: list[str] = []

    def dbt(settings: Settings, info: ReleaseInfo) -> None:
        built.append(info.release_id)
        with duckdb.connect(str(build_file(settings))) as connection:
            connection.execute(f"create table meta.release as select '{info.release_id}' as release_id")
        settings.build_record.write_text(json.dumps(info.to_json()), encoding="utf-8")

    monkeypatch.setattr(pipeline, "check_results_exist", lambda *_: None)
    monkeypatch.setattr(pipeline, "_dbt", dbt)
    asked = release(1, settings).parameters

    one, other = pipeline.build(settings, asked), pipeline.build(settings, asked)
    assert one == other
    assert len(built) == 1

    for path, damage in ((settings.build_file, "garbage"), (settings.build_record, "")):
        path.write_text(damage, encoding="utf-8")
        assert isinstance(pipeline.build(settings, asked), ReleaseInfo)
    assert len(built) == 3, "what is damaged is built again"
    receive(settings, "form_staff", "ещё.xlsx", [staff("6005", 3)])
    assert pipeline.build(settings, asked) != other


def test_the_slower_of_two_runs_ends_before_it_builds_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run has used the build file and published: what nobody would get is not made again."""
    publish(settings, release(1, settings))
    slower = replace(release(2, settings), previous_release_id=releases.current_id(settings))
    publish(settings, release(3, settings))
    monkeypatch.setattr(pipeline, "_dbt", lambda *_: pytest.fail("built again"))

    with pytest.raises(Refused, match="читатели получили другой"):
        pipeline.report(settings, slower)
