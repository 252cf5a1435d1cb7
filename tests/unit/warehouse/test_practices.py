"""Texts of practices stay out of the open edition until somebody of the staff has released them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from unit.warehouse.small import RESULTS, build_file, documents, receive, release

from school_quality import cli, pipeline
from school_quality.errors import UsageError
from school_quality.settings import Settings
from school_quality.warehouse.open_edition import practices
from school_quality.warehouse.publication import publish as publication
from school_quality.warehouse.publication.releases import Parameters, ReleaseInfo

TEXTS = [("6017", "Занятия по субботам", None), ("6005", "Занятия по субботам", "https://example.org/a")]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data root with a release in which two schools shared the same practice."""
    settings = Settings(tmp_path)
    receive(settings, "form_documents", "a.xlsx", [{"school_id": "6017", "reporting_year": 2022}])
    publish(settings, TEXTS)
    return settings


def publish(settings: Settings, texts: list[tuple[str, str, str | None]], day: int = 1) -> None:
    build = build_file(settings)
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "create table marts.fct_practice (school_id varchar, municipality_id varchar, "
            "reporting_year integer, indicator_codes varchar[], practice varchar, link varchar)"
        )
        connection.executemany(
            "insert into marts.fct_practice values (?, '06', 2022, ['1.10'], ?, ?)",
            [list(text) for text in texts],
        )
    info = release(day, settings)
    publication.publish(settings, info, build, documents(settings), RESULTS)


def call(settings: Settings, *arguments: str) -> str:
    done = CliRunner().invoke(cli.main, ["practices", *arguments, "--data", str(settings.data_root)])
    assert done.exit_code == 0, done.output
    return done.output


def test_every_text_waits_with_number_school_and_words(settings: Settings) -> None:
    shown = call(settings)

    waiting = practices.texts(settings)
    assert len({text.number for text in waiting}) == 2, "each school's text is read for itself"
    for text in waiting:
        assert text.decision is None
        assert f"{text.number} · ждёт · {text.school_name} ({text.school_id})" in shown
    assert "https://example.org/a" in shown


def test_decisions_are_added_and_the_last_one_counts(settings: Settings) -> None:
    first, second = practices.texts(settings)

    call(settings, "release", first.number, second.number)
    call(settings, "withhold", first.number)

    assert practices.released(settings) == [second.sha256]
    assert practices.released(settings, 2) == sorted((first.sha256, second.sha256))
    assert practices.released(settings, 0) == []
    assert "Решения не ждёт ни один текст" in call(settings)
    assert "закрыт" in call(settings, "--all")


@pytest.mark.parametrize("number", ["00000000", "", "не номер"])
def test_a_number_of_no_text_decides_nothing(settings: Settings, number: str) -> None:
    known = practices.texts(settings)[0].number

    with pytest.raises(UsageError, match="practices --all"):
        practices.decide(settings, "release", [known, number])

    assert practices.decisions(settings) == []


def test_a_changed_text_waits_again(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    receive(settings, "form_documents", "a.xlsx", [{"school_id": "6017", "reporting_year": 2022}])
    publish(settings, TEXTS[:1])
    practices.decide(settings, "release", [practices.texts(settings)[0].number])
    publish_again = Settings(tmp_path / "later")
    publish_again.landing.mkdir(parents=True)
    practices.path_of(publish_again).write_bytes(practices.path_of(settings).read_bytes())

    publish(publish_again, [("6017", "Занятия по субботам у И. И. Образцовой", None), *TEXTS[:1]])

    decided = {text.practice: text.decision for text in practices.texts(publish_again)}
    assert decided == {"Занятия по субботам": "release", "Занятия по субботам у И. И. Образцовой": None}


def test_what_a_crash_left_without_its_end_is_no_decision_and_goes(settings: Settings) -> None:
    first, second = practices.texts(settings)
    practices.decide(settings, "release", [first.number])
    with practices.path_of(settings).open("a", encoding="utf-8") as file:
        file.write('{"sha256": "ab')

    assert practices.released(settings) == [first.sha256]
    practices.decide(settings, "release", [second.number])

    assert practices.decisions(settings) == [(first.sha256, "release"), (second.sha256, "release")]


def test_a_decision_is_an_input_of_the_next_release(settings: Settings) -> None:
    def made_of() -> ReleaseInfo:
        return pipeline.next_release(settings, Parameters.of(2022))

    before = made_of()
    practices.decide(settings, "release", [practices.texts(settings)[0].number])

    assert (before.practice_decisions, made_of().practice_decisions) == (0, 1)
    assert before.inputs != made_of().inputs
    assert ReleaseInfo.from_json(made_of().to_json()).inputs == made_of().inputs
