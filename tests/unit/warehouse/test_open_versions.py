"""Which earlier open edition the next one is made of: of the last publication, and of what readers see."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from unit.warehouse.small import FIRST, publish, release

from school_quality.errors import Damaged
from school_quality.settings import Settings
from school_quality.warehouse.open_edition import disclosure, open_versions
from school_quality.warehouse.open_edition.open_versions import CELLS, FOLDER, RESULTS, Earlier
from school_quality.warehouse.publication import releases, rollback


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path)


def on_disk(settings: Settings, name: str, year: int = 2022, *, versions: bool = True) -> Path:
    folder = settings.published / name
    folder.mkdir(parents=True)
    empty = hashlib.sha256(b"").hexdigest()
    manifest = {
        **replace(FIRST, release_id=name, reporting_year=year).to_json(),
        "sha256": {f"{FOLDER}/{file}": empty for file in (RESULTS, CELLS)},
    }
    (folder / releases.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    if versions:
        (folder / FOLDER).mkdir()
        for file in (RESULTS, CELLS):
            (folder / FOLDER / file).touch()
    return folder


def earlier(settings: Settings, before: str | None, current: str | None, *, rebased: bool = False) -> Earlier:
    info = replace(FIRST, release_id="3", open_before=before, previous_release_id=current)
    return open_versions.earlier(settings, info, is_rebased=rebased)


def test_before_the_first_release_nothing_was_open(settings: Settings) -> None:
    assert earlier(settings, None, None) == Earlier("3")


def test_the_versions_of_the_last_publication_count_and_what_readers_see_is_kept(settings: Settings) -> None:
    first, second = on_disk(settings, "1"), on_disk(settings, "2")

    assert earlier(settings, "2", "2") == Earlier("3", second / FOLDER, second / FOLDER)
    assert earlier(settings, "2", "1") == Earlier("3", second / FOLDER, first / FOLDER)


def test_after_going_back_to_a_release_without_versions_nothing_is_kept(settings: Settings) -> None:
    on_disk(settings, "1", versions=False)
    second = on_disk(settings, "2")

    assert earlier(settings, "2", "1") == Earlier("3", second / FOLDER)


def test_an_edition_that_is_gone_is_lost_and_not_forgotten(settings: Settings) -> None:
    on_disk(settings, "1", versions=False)

    assert earlier(settings, "1", "1").is_lost, "without versions and open marts"
    assert earlier(settings, "2", "2").is_lost, "not there"


def test_damaged_versions_are_not_taken_for_none(settings: Settings) -> None:
    (on_disk(settings, "1") / FOLDER / CELLS).write_bytes(b"?")

    with pytest.raises(Damaged, match="резервной копии"):
        earlier(settings, "1", "1")


def test_a_release_that_was_set_aside_as_damaged_had_readers(settings: Settings) -> None:
    """Its versions count where they are whole, and its years are closed where they are not."""
    name = "20230901T060000Z-00000001"
    folder = on_disk(settings, name).rename(settings.published / f"{releases.SET_ASIDE}{name}")

    assert open_versions.last_publication(settings) == name
    assert earlier(settings, name, None).versions == folder / FOLDER
    (folder / FOLDER / RESULTS).write_bytes(b"?")
    assert earlier(settings, name, None).is_lost


def test_an_edition_of_an_older_program_is_read_from_its_open_marts(settings: Settings) -> None:
    marts = on_disk(settings, "1", versions=False) / "open/data" / releases.WAREHOUSE
    marts.parent.mkdir(parents=True)
    marts.touch()

    assert earlier(settings, "1", "1") == Earlier("3", published=marts)


def test_a_new_reporting_year_begins_anew_only_where_the_seed_says_so(settings: Settings) -> None:
    old = on_disk(settings, "1", 2021)
    on_disk(settings, "2", 2022)

    assert earlier(settings, "1", "1").versions == old / FOLDER
    assert earlier(settings, "1", "1", rebased=True) == Earlier("3")
    assert earlier(settings, "2", "2", rebased=True).versions is not None
    assert not disclosure.is_rebased_each_year()


def test_the_last_publication_stays_so_after_a_rollback(settings: Settings) -> None:
    assert open_versions.last_publication(settings) is None
    first, second = release(1, settings), release(2, settings)
    publish(settings, first)
    publish(settings, second)

    rollback.roll_back(settings, first.release_id)

    assert releases.current_id(settings) == first.release_id
    assert open_versions.last_publication(settings) == second.release_id


@pytest.mark.parametrize(
    ("theirs", "ours", "is_other"),
    [
        ([("1", 20, True)], [("1", 20, True), ("3", 31, False)], False),
        ([("1", 20, True)], [("1", 21, True)], True),
        ([("1", 20, True)], [("1", 20, False)], True),
        ([("1", 20, True), ("2", 30, True)], [("2", 30, True)], True),
        ([("1", 20, True)], [("3", 20, False)], False),
    ],
    ids=["carried on", "another number", "another one open", "one is missing", "begun anew"],
)
def test_a_release_and_the_one_before_it_must_tell_of_the_same_versions(
    settings: Settings,
    theirs: list[tuple[str, int, bool]],
    ours: list[tuple[str, int, bool]],
    is_other: bool,
) -> None:
    for name, rows in (("2", theirs), ("3", ours)):
        folder = settings.published / name / FOLDER
        folder.mkdir(parents=True)
        with duckdb.connect() as connection:
            connection.execute(
                "create table v (since varchar, results bigint, is_shown boolean, was_shown boolean)"
            )
            for since, results, is_open in rows:
                connection.execute("insert into v values (?, ?, ?, ?)", [since, results, is_open, is_open])
            connection.execute(f"copy v to '{folder / RESULTS}'")
    info = replace(FIRST, release_id="3", open_before="2", previous_release_id="2")

    assert open_versions.differs_from_earlier(settings, info) == is_other
    assert not open_versions.differs_from_earlier(settings, replace(info, open_before="1"))


def test_a_release_older_than_versions_has_none_of_its_own(settings: Settings) -> None:
    on_disk(settings, FIRST.release_id, versions=False)

    assert open_versions.own(settings, FIRST) is None
    (settings.published / FIRST.release_id / FOLDER).mkdir()
    (settings.published / FIRST.release_id / FOLDER / RESULTS).touch()
    found = open_versions.own(settings, FIRST)
    assert found is not None
    assert found.versions is not None
    assert (found.without, (found.versions / CELLS).name) == (FIRST.release_id, CELLS)
