"""A release appears whole or not at all, says what it is made of, and the oldest ones go."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
from unit.warehouse.small import FIRST, publish, publish_built, receive, release, staff

from school_quality.errors import Refused, UsageError
from school_quality.settings import Settings
from school_quality.warehouse.publication import journal, releases
from school_quality.warehouse.publication import publish as publication
from school_quality.warehouse.publication.releases import Parameters, ReleaseInfo


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "it's data")


def test_readers_see_the_published_schemas_with_comments_and_nothing_private(settings: Settings) -> None:
    publish(settings, FIRST)

    with duckdb.connect(str(settings.current / "warehouse.duckdb"), read_only=True) as connection:
        schemas = connection.execute("select distinct schema_name from duckdb_tables() order by 1").fetchall()
        table_comment = connection.execute(
            "select comment from duckdb_tables() where table_name = 'fct_indicator_value'"
        ).fetchone()
        column_comment = connection.execute(
            "select comment from duckdb_columns() where schema_name = 'marts' and column_name = 'points'"
        ).fetchone()
    assert schemas == [("history",), ("marts",), ("meta",)]
    assert table_comment == ("The school's values",)
    assert column_comment == ("Баллы",)
    parquet = {path.name for path in (settings.current / "parquet").iterdir()}
    assert {"dim_school.parquet", "fct_indicator_value.parquet"} <= parquet
    assert not any(name.startswith("secret") for name in parquet)


def test_the_manifest_says_what_the_release_is_made_of_and_the_checksum_of_every_file(
    settings: Settings,
) -> None:
    file_id = receive(settings, "form_staff", "Формы/кадры.xlsx", [staff("6017", 3)])
    first = release(1, settings)

    folder = publish(settings, first)

    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert ReleaseInfo.from_json(manifest) == first
    assert manifest["methodology_versions"] == ["2022-2023"]
    assert manifest["rows"]["marts"]["fct_school_status"] == 3
    assert manifest["tests"] == {
        "passed": 1,
        "warned": ["sources_agree"],
        "results": {"bands_cover": "pass", "sources_agree": "warn"},
    }
    assert [(r["seq"], r["file_id"], r["path"], r["rows_accepted"]) for r in manifest["receipts"]] == [
        (1, file_id, "Формы/кадры.xlsx", 1)
    ]
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {"manifest.json"}
    assert set(manifest["sha256"]) == files
    assert "methodology/bands.csv" in files
    for name, checksum in manifest["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == checksum


def test_a_crash_while_writing_leaves_the_old_release_and_no_half_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = release(1, settings), release(2, settings)
    publish(settings, first)

    def crash(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(publication, "_write_manifest", crash)
        with pytest.raises(OSError, match="no space"):
            publish(settings, second)

    assert releases.current_id(settings) == first.release_id
    assert releases.all_ids(settings) == [first.release_id]
    assert not list(settings.published.glob(".staging-*")), "a full disk needs its room back at once"
    publish(settings, second)
    assert releases.current_id(settings) == second.release_id
    assert not list(settings.published.glob(".*"))


def test_a_release_that_was_whole_when_the_power_failed_is_shown_as_it_is(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = release(1, settings), release(2, settings)
    publish(settings, first)

    def crash(*_: object) -> None:
        raise OSError("the power is off")

    with monkeypatch.context() as patch:
        patch.setattr(journal.os, "replace", crash)
        with pytest.raises(OSError, match="power"):
            publish(settings, second)
    assert [entry.release_id for entry in journal.read(settings)] == [first.release_id]

    publish(settings, second)

    assert [entry.release_id for entry in journal.read(settings)] == [first.release_id, second.release_id]
    told = releases.manifest(settings, second.release_id)["published_at"]
    assert journal.read(settings)[-1].moment.isoformat() == told


def test_a_release_that_waited_does_not_take_the_place_of_a_newer_one(settings: Settings) -> None:
    """Approved after another run has published: what came in between would vanish for the readers."""
    publish(settings, release(1, settings))
    waiting = replace(release(2, settings), previous_release_id=release(1, settings).release_id)
    receive(settings, "form_staff", "Кадры.xlsx", [staff("6017", 5)])
    newer = publish(settings, release(3, settings))

    with pytest.raises(Refused, match="пока он ждал, читатели получили другой"):
        publish_built(settings, waiting)

    assert settings.current.resolve() == newer
    assert waiting.release_id not in releases.all_ids(settings)


def test_publishing_the_same_release_again_changes_nothing(settings: Settings) -> None:
    first = release(1, settings)
    folder = publish(settings, first)
    before = (folder / "manifest.json").stat().st_mtime_ns

    publish(settings, first)

    assert (folder / "manifest.json").stat().st_mtime_ns == before
    assert releases.all_ids(settings) == [first.release_id]
    assert len(journal.read(settings)) == 1


def test_a_data_root_without_a_journal_counts_the_releases_on_disk(settings: Settings) -> None:
    first, second = release(1, settings), release(2, settings)
    publish(settings, first)
    publish(settings, second)
    entries = journal.read(settings)

    journal.path_of(settings).unlink()

    assert journal.read(settings) == entries


def test_the_newest_releases_stay_with_the_current_one_and_the_last_of_every_year(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(releases.KEPT_VARIABLE, "2")
    days = {1: 2021, 2: 2021, 3: 2022, 4: 2022, 5: 2022}
    ids = {day: release(day, settings, reporting_year=year) for day, year in days.items()}

    for info in ids.values():
        publish(settings, info)

    assert releases.all_ids(settings) == [ids[day].release_id for day in (2, 4, 5)]


def test_a_release_that_somebody_reads_is_not_removed(settings: Settings) -> None:
    ids = [release(day, settings) for day in range(1, 4)]
    publish(settings, ids[0])
    warehouse = settings.published / ids[0].release_id / "warehouse.duckdb"
    program = (
        "import duckdb, sys; connection = duckdb.connect(sys.argv[1], read_only=True); "
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(warehouse)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as reader:  # fmt: skip
        assert reader.stdin and reader.stdout and reader.stdout.readline() == "open\n"
        publish(settings, ids[1])
        publish(settings, ids[2])

        assert releases.prune(settings, keep=2) == []

        reader.stdin.close()
        reader.wait()
    assert releases.prune(settings, keep=2) == [ids[0].release_id]


@pytest.mark.parametrize("setting", ["1", "ten", "-3"])
def test_a_retention_that_is_no_number_stops_the_publication_before_it_begins(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv(releases.KEPT_VARIABLE, setting)

    with pytest.raises(UsageError, match="сколько выпусков хранить"):
        publish(settings, release(1, settings))

    assert releases.all_ids(settings) == []


def test_an_unknown_release_is_a_usage_error(settings: Settings) -> None:
    with pytest.raises(UsageError, match="Выпуска"):
        releases.manifest(settings, "../etc")


def test_a_period_belongs_to_its_year_and_the_default_date_is_the_end_of_next_august() -> None:
    assert Parameters.of(2022) == Parameters(2022, "2022", date(2023, 8, 31))
    assert Parameters.of(2022, "2022-Q3", "2023-04-10") == Parameters(2022, "2022-Q3", date(2023, 4, 10))
    for period in ("2021", "2022-Q5", "2022-h1"):
        with pytest.raises(UsageError):
            Parameters.of(2022, period)
    with pytest.raises(UsageError):
        Parameters.of(2022, None, "31.08.2023")


def test_code_and_methodology_have_versions_of_their_own() -> None:
    code = set(releases._code_files())
    methodology = set(releases.methodology_files())

    assert len(releases.code_version()) == len(releases.methodology_hash()) == 12
    assert methodology
    assert not code & methodology
    assert any(path.name == "fct_indicator_value.sql" for path in code)


def test_other_seeds_of_the_methodology_are_other_inputs() -> None:
    assert replace(FIRST, methodology_hash="c").inputs != FIRST.inputs


def test_the_warehouse_is_written_for_the_oldest_reader_that_is_promised(tmp_path: Path) -> None:
    settings = Settings.load(tmp_path)
    folder = publish(settings, release(1, settings))

    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select tags['storage_version'] from duckdb_databases() where database_name = 'warehouse'"
        ).fetchall()

    assert found == [("v1.0.0+",)]  # docs/analysts.md
