"""A damaged release, journal, link or record is named before a run begins, and one command repairs it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from unit.warehouse.small import ask, publish, receive, release, staff

from school_quality import cli, doctor, embedded, pipeline
from school_quality.errors import Damaged
from school_quality.settings import Settings
from school_quality.warehouse.publication import damage, journal, releases, rollback, runs

POINTS = "select points from history.fct_indicator_value where school_id = '6017' and indicator_code = '2.2'"
SHOWN = [1, 2, 3]
"""Points of a school in the releases of the days 1 to 3."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A data root with three releases, each with other points of a school, and a rollback with its record."""
    monkeypatch.setattr(embedded, "log_file", lambda: tmp_path / "log")
    monkeypatch.setattr(embedded, "airflow_home", lambda: tmp_path / "airflow")
    monkeypatch.setattr(doctor, "airflow_home", lambda: tmp_path / "airflow")
    settings = Settings(tmp_path / "data")
    receive(settings, "form_staff", "кадры.xlsx", [staff("6017", 3)])
    for day, points in enumerate(SHOWN, 1):
        publish(settings, release(day, settings), points={("6017", "2.2"): points})
    rollback.roll_back(settings, release(2, settings).release_id)
    rollback.roll_back(settings, release(3, settings).release_id)
    damage.check(settings)
    return settings


def newest(settings: Settings) -> Path:
    return settings.published / release(3, settings).release_id


def truncate(settings: Settings) -> None:
    warehouse = newest(settings) / "warehouse.duckdb"
    warehouse.write_bytes(warehouse.read_bytes()[: warehouse.stat().st_size // 2])


def flip(settings: Settings) -> None:
    content = bytearray((newest(settings) / "warehouse.duckdb").read_bytes())
    content[-100] ^= 1
    (newest(settings) / "warehouse.duckdb").write_bytes(content)


def remove_warehouse(settings: Settings) -> None:
    (newest(settings) / "warehouse.duckdb").unlink()


def garbage_manifest(settings: Settings) -> None:
    (newest(settings) / "manifest.json").write_bytes(b"\x00\xff{")


def empty_manifest(settings: Settings) -> None:
    (newest(settings) / "manifest.json").write_text("{}", encoding="utf-8")


def other_manifest(settings: Settings, **changed: object) -> None:
    file = newest(settings) / "manifest.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**document, **changed}), encoding="utf-8")


def words_for_numbers(settings: Settings) -> None:
    other_manifest(settings, receipt_seq="many")


def no_period(settings: Settings) -> None:
    other_manifest(settings, period=None)


def list_of_checksums(settings: Settings) -> None:
    other_manifest(settings, sha256=[])


def strange_receipts(settings: Settings) -> None:
    other_manifest(settings, receipts=[{"a": 1}])


def garbage_journal(settings: Settings) -> None:
    journal.path_of(settings).write_text("[{", encoding="utf-8")


def object_for_journal(settings: Settings) -> None:
    journal.path_of(settings).write_text('{"a": 1}', encoding="utf-8")


def empty_journal(settings: Settings) -> None:
    journal.path_of(settings).write_text("[]", encoding="utf-8")


def remove_journal(settings: Settings) -> None:
    journal.path_of(settings).unlink()


def moments_with_a_zone(settings: Settings) -> None:
    text = journal.path_of(settings).read_text(encoding="utf-8")
    journal.path_of(settings).write_text(re.sub(r'("moment": "[^"]*)', r"\1+00:00", text), encoding="utf-8")


def current_elsewhere(settings: Settings) -> None:
    """A release of another data root, of the same name."""
    elsewhere = settings.data_root.with_name("elsewhere")
    shutil.copytree(newest(settings), elsewhere / newest(settings).name)
    settings.current.unlink()
    settings.current.symlink_to(elsewhere / newest(settings).name)


def remove_current(settings: Settings) -> None:
    settings.current.unlink()


def copy_current(settings: Settings) -> None:
    """``cp -rL``: what was a link is a folder."""
    copied = shutil.copytree(settings.current, settings.published / "copied")
    settings.current.unlink()
    copied.rename(settings.current)


def only_copy_of_current(settings: Settings) -> None:
    copy_current(settings)
    shutil.rmtree(newest(settings))


def dangling_current(settings: Settings) -> None:
    shutil.rmtree(newest(settings))


OF_MANIFESTS = [
    garbage_manifest,
    empty_manifest,
    words_for_numbers,
    no_period,
    list_of_checksums,
    strange_receipts,
]
OF_THE_NEWEST = [truncate, flip, remove_warehouse, *OF_MANIFESTS, dangling_current]
OF_THE_REST = [
    garbage_journal,
    object_for_journal,
    empty_journal,
    remove_journal,
    moments_with_a_zone,
    remove_current,
    current_elsewhere,
    copy_current,
    only_copy_of_current,
]


@pytest.mark.parametrize("harm", [*OF_THE_NEWEST, *OF_THE_REST])
def test_it_is_told_before_the_work_and_repaired_by_one_command(
    settings: Settings, harm: Callable[[Settings], None]
) -> None:
    harm(settings)
    root = str(settings.data_root)

    with pytest.raises(Damaged, match=r"(?s)работа не начата.*school-quality repair"):
        pipeline.build(settings, release(4, settings).parameters)
    if harm is not flip:  # nothing short of reading all of it finds a bit
        checks = [check for check in doctor.examine(settings) if check.subject == "Повреждено"]
        assert checks
        assert not checks[0].is_well
        for command in (["releases"], ["status", "--year", "2022"]):
            told = CliRunner().invoke(cli.main, [*command, "--data", root])
            assert told.exit_code == 1, told.output
            assert isinstance(told.exception, SystemExit), told.exception
            assert "school-quality repair" in told.output

    done = CliRunner().invoke(cli.main, ["repair", "--data", root])

    assert done.exit_code == 0, done.output
    assert "Повреждено: published/" in done.output
    damage.check(settings)
    assert "Повреждений не найдено" in CliRunner().invoke(cli.main, ["repair", "--data", root]).output
    in_force = 2 if harm in OF_THE_NEWEST else 3
    assert releases.current_id(settings) == release(in_force, settings).release_id
    publish(settings, release(4, settings), points={("6017", "2.2"): 0})
    told_points = [points for (points,) in ask(settings, f"{POINTS} order by valid_from")]
    if harm in OF_MANIFESTS:
        assert told_points == [1, 2, 3, 2, 3, 2, 0], "its warehouse still tells the history"
    else:
        assert told_points == ([1, 2, 0] if harm in OF_THE_NEWEST else [1, 2, 3, 2, 3, 0])
    assert ask(settings, "select count(*) from history.release where valid_to <= valid_from") == [(0,)]


def test_a_damaged_release_that_no_run_reads_stands_in_nobodys_way(settings: Settings) -> None:
    first = settings.published / release(1, settings).release_id
    (first / "manifest.json").write_text("{}", encoding="utf-8")

    damage.check(settings)
    publish(settings, release(4, settings))

    assert first.is_dir()
    (found,) = damage.find(settings)
    assert (found.release_id, found.is_in_the_way) == (first.name, False)
    damage.repair(settings)
    assert damage.find(settings) == []


def test_records_that_cannot_be_read_are_told_and_set_aside(settings: Settings) -> None:
    record = next(settings.runs.glob("*.json"))
    record.write_text("", encoding="utf-8")
    settings.warehouse.mkdir(exist_ok=True)
    settings.build_record.write_text("", encoding="utf-8")
    before = len(runs.all_runs(settings))

    damage.check(settings)
    publish(settings, release(4, settings))
    told = {check.finding for check in doctor.examine(settings) if check.subject == "Повреждено"}
    assert told == {f"runs/{record.name}: запись не читается", "warehouse/build.json: запись не читается"}
    publishing = CliRunner().invoke(cli.main, ["publish", "--data", str(settings.data_root)])
    assert "school-quality build" in publishing.output

    done = CliRunner().invoke(cli.main, ["repair", "--data", str(settings.data_root)])

    assert done.exit_code == 0, done.output
    assert damage.find(settings) == []
    assert len(runs.all_runs(settings)) == before


@pytest.mark.parametrize("name", ["inbox.json", "inbox.tmp"])
def test_a_folder_in_the_place_of_the_last_look_is_told_and_set_aside(settings: Settings, name: str) -> None:
    place = settings.data_root / name
    (place / "kept").mkdir(parents=True)
    told = f"{name}: это папка, а должен быть файл"
    root = str(settings.data_root)

    refused = CliRunner().invoke(cli.main, ["ingest", "--data", root])
    assert refused.exit_code == 1, refused.output
    assert told in refused.output
    assert "school-quality repair" in refused.output
    with pytest.raises(Damaged, match=f"(?s){told}.*school-quality repair"):
        damage.check(settings)
    assert told in [check.finding for check in doctor.examine(settings) if not check.is_well]
    pipeline.roll_back(settings, release(2, settings).release_id)

    done = CliRunner().invoke(cli.main, ["repair", "--data", root])

    assert done.exit_code == 0, done.output
    assert (settings.data_root / f".damaged-{name}" / "kept").is_dir()
    assert CliRunner().invoke(cli.main, ["ingest", "--data", root]).exit_code == 0


def test_where_no_release_is_whole_the_next_one_is_the_first(settings: Settings) -> None:
    for folder in list(settings.published.iterdir()):
        if (folder / "manifest.json").is_file() and not folder.is_symlink():
            (folder / "warehouse.duckdb").unlink()

    lines = damage.repair(settings)

    assert "Целых выпусков нет" in lines[-1]
    damage.check(settings)
    publish(settings, release(4, settings))
    assert len(journal.read(settings)) == 1


def test_a_first_release_that_was_announced_and_not_shown_is_shown(tmp_path: Path) -> None:
    """Killed between the entry in the journal and the first link."""
    settings = Settings(tmp_path)
    publish(settings, release(1, settings))
    settings.current.unlink()

    damage.check(settings)

    assert releases.current_id(settings) == release(1, settings).release_id
    assert len(journal.read(settings)) == 1


def test_the_doctor_tells_a_landing_that_the_release_does_not_know(settings: Settings) -> None:
    def check() -> doctor.Check:
        return next(found for found in doctor.examine(settings) if found.subject == "Журнал квитанций")

    assert (check().is_well, check().advice) == (True, "")

    receive(settings, "form_staff", "ещё.xlsx", [staff("6005", 3)])
    assert check().is_well
    assert "последних 1 выпуск ещё не знает" in check().finding

    shutil.rmtree(settings.landing)
    assert not check().is_well
    receive(settings, "form_staff", "другой.xlsx", [staff("6005", 3)])
    assert not check().is_well
    assert "выпуск сделан из других квитанций" in check().finding


def test_a_restored_manifest_is_json_and_not_only_text(settings: Settings) -> None:
    """What `repair` has set aside can be put back by hand."""
    content = (newest(settings) / "manifest.json").read_text(encoding="utf-8")
    empty_manifest(settings)
    damage.repair(settings)
    aside = settings.published / f".damaged-{newest(settings).name}"
    (aside / "manifest.json").write_text(content, encoding="utf-8")

    aside.rename(newest(settings))

    assert json.loads(content)["release_id"] in releases.readable(settings)
    assert damage.find(settings) == []
