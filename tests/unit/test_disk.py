"""A full disk: what is said, what is left, and that the notice is written all the same."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from click.testing import CliRunner
from unit.warehouse.small import RESULTS, build_file, documents, publish, release

from school_quality import cli, disk, embedded, notices, pipeline
from school_quality.disk import DiskFull
from school_quality.errors import BuildFailed
from school_quality.notices import Findings
from school_quality.settings import Settings
from school_quality.warehouse.publication import publish as publication
from school_quality.warehouse.publication import releases, runs
from school_quality.warehouse.publication.runs import Run

FAILED = Run("recompute_annual/1", "recompute_annual", "manual", datetime(2023, 9, 1), None, "failed")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Settings]:
    """A data root on a disk of its own of 16 MiB; needs the right to mount."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk")
    yield Settings(place / "data")
    subprocess.run(["umount", str(place)], check=True)


def fill(settings: Settings) -> None:
    """Leave no byte of the disk of a data root."""
    with (settings.data_root / "junk").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC


def test_a_full_disk_is_named_with_what_is_needed_and_what_stays_in_force(
    small_disk: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = release(1, small_disk), release(2, small_disk)
    publish(small_disk, first)
    monkeypatch.setattr(embedded, "log_file", lambda: small_disk.data_root / "log")
    monkeypatch.setattr(
        pipeline, "built", lambda _: second_of(small_disk, second.release_id, first.release_id)
    )
    monkeypatch.setattr(pipeline, "_documents", lambda settings, _: documents(settings))
    build_file(small_disk, points={("6017", "2.2"): 1})
    disk.keep_reserve(small_disk)
    fill(small_disk)

    done = CliRunner().invoke(cli.main, ["publish", "--data", str(small_disk.data_root)])

    assert done.exit_code == 1, done.output
    assert f"На диске {small_disk.data_root.parent} кончилось место: свободно 0.1 МиБ" in done.output
    assert "нужно около" in done.output
    assert f"в силе остаётся выпуск {first.release_id}" in done.output
    assert releases.current_id(small_disk) == first.release_id
    assert not list(small_disk.published.glob(".staging-*")), "its room is needed"
    (small_disk.data_root / "junk").unlink()
    again = CliRunner().invoke(cli.main, ["publish", "--data", str(small_disk.data_root)])
    assert releases.current_id(small_disk) == second.release_id, again.output


def second_of(settings: Settings, release_id: str, previous: str) -> releases.ReleaseInfo:
    from dataclasses import replace

    return replace(
        release(2, settings),
        release_id=release_id,
        previous_release_id=previous,
        code_version=releases.code_version(),
        methodology_hash=releases.methodology_hash(),
    )


def test_the_notice_and_the_record_are_written_on_a_full_disk(small_disk: Settings) -> None:
    small_disk.data_root.mkdir()
    disk.keep_reserve(small_disk)
    fill(small_disk)

    runs.save(small_disk, FAILED)
    path = notices.send(small_disk, FAILED, Findings())

    assert "ОШИБКА" in path.read_text(encoding="utf-8")
    assert [run.run_id for run in runs.all_runs(small_disk)] == [FAILED.run_id]
    (small_disk.data_root / "junk").unlink()
    runs.save(small_disk, FAILED)
    assert (small_disk.warehouse / ".reserve").stat().st_size == disk.RESERVE_BYTES, "kept again"


def test_a_notice_that_cannot_be_written_at_all_is_mailed_and_its_loss_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailed: list[str] = []

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "_write", full)
    monkeypatch.setattr(notices, "_mail", lambda line, _: mailed.append(line))

    with pytest.raises(OSError, match="No space left"):
        notices.send(Settings(tmp_path), FAILED, Findings())

    assert len(mailed) == 1
    assert not list((tmp_path / "notices").glob("*.t*"))


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (OSError(errno.ENOSPC, "?"), True),
        (OSError(errno.EDQUOT, "?"), True),
        (OSError(errno.EACCES, "?"), False),
        (duckdb.IOException('IO Error: Could not write file "x": No space left on device'), True),
        (BuildFailed("dim_school: IO Error: No space left on device"), True),
        (BuildFailed("dim_school: Binder Error"), False),
    ],
)
def test_whoever_finds_the_disk_full_says_it_in_words_of_his_own(
    tmp_path: Path, error: Exception, is_full: bool
) -> None:
    with pytest.raises(DiskFull if is_full else type(error)) as raised, disk.watched(Settings(tmp_path)):
        raise error

    assert ("кончилось место" in str(raised.value)) == is_full
    assert ("выпусков ещё нет" in str(raised.value)) == is_full


@pytest.mark.parametrize(("try_number", "is_told"), [(1, True), (2, True), (3, False)])
def test_a_step_that_will_be_tried_again_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    try_number: int,
    is_told: bool,
) -> None:
    from school_quality import steps

    pushed: dict[str, str] = {}
    ti = SimpleNamespace(try_number=try_number, max_tries=2, xcom_push=pushed.__setitem__)
    monkeypatch.setattr(steps, "get_current_context", lambda: {"ti": ti})

    with (
        caplog.at_level("INFO"),
        pytest.raises(DiskFull),
        steps._explained(),
        disk.watched(Settings(tmp_path)),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")

    assert ("шаг скоро повторится сам" in caplog.text) == is_told
    assert pushed["error"].startswith("На диске ")


def test_what_a_failed_publication_has_staged_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(publication, "_write_manifest", full)
    with pytest.raises(OSError, match="No space"):
        publication.publish(
            settings, release(1, settings), build_file(settings), documents(settings), RESULTS
        )

    assert list(settings.published.iterdir()) == []
