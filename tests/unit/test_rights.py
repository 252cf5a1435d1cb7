"""On a shared machine nobody else reads what the system writes; what was open is mended, but the inbox."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from school_quality import doctor, rights
from school_quality.cli import main
from school_quality.doctor import Check
from school_quality.errors import UsageError
from school_quality.landing.receipts import locked
from school_quality.settings import Settings


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The rights that most machines give: everybody reads. An Airflow home of the test's own."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.delenv(rights.VARIABLE, raising=False)
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def opened(tmp_path: Path) -> Settings:
    """A data root as it was made before: everybody may read all of it."""
    settings = Settings(tmp_path / "data")
    for file in (
        settings.landing / "0000000001" / "rows" / "ege_results.parquet",
        settings.published / "a-release" / "scorecards" / "7.html",
        settings.build_lock,
        settings.inbox / "2022" / "a file.csv",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    settings.current.symlink_to("a-release")
    settings.inbox.chmod(0o2775)
    return settings


def modes(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): oct(stat.S_IMODE(path.lstat().st_mode))
        for path in [root, *root.rglob("*")]
        if not path.is_symlink()
    }


def test_an_open_data_root_is_closed_by_the_next_that_writes_and_the_inbox_stays_the_centres(
    opened: Settings,
) -> None:
    with locked(opened):
        pass

    found = modes(opened.data_root)
    assert found.pop("landing.lock") in {"0o600", "0o644"}  # the lock itself holds nothing
    assert found == {
        ".": "0o700",
        "landing": "0o700",
        "landing/0000000001": "0o700",
        "landing/0000000001/rows": "0o700",
        "landing/0000000001/rows/ege_results.parquet": "0o600",
        "published": "0o700",
        "published/a-release": "0o700",
        "published/a-release/scorecards": "0o700",
        "published/a-release/scorecards/7.html": "0o600",
        "warehouse.lock": "0o600",
        "inbox": "0o2775",
        "inbox/2022": "0o755",
        "inbox/2022/a file.csv": "0o644",
    }


def test_with_a_group_it_reads_what_was_closed_and_nobody_else_does(
    opened: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights.close_data(opened)
    monkeypatch.setenv(rights.VARIABLE, "027")

    rights.close_data(opened)

    found = modes(opened.data_root)
    assert (found["."], found["published/a-release"]) == ("0o750", "0o750")
    assert found["published/a-release/scorecards/7.html"] == "0o640"
    assert found["inbox"] == "0o2775"


def test_a_file_outside_that_a_link_names_keeps_its_rights(opened: Settings, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch()
    (opened.published / "link").symlink_to(outside)

    rights.close_data(opened)

    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


def test_a_program_in_the_data_root_stays_one(opened: Settings) -> None:
    script = opened.published / "a-release" / "script"
    script.touch(mode=0o755)

    rights.close_data(opened)

    assert stat.S_IMODE(script.stat().st_mode) == 0o700


@pytest.mark.parametrize("value", ["000", "022", "77", "0o077", "всем"])
def test_no_value_of_the_setting_opens_more_than_the_group(
    value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(rights.VARIABLE, value)

    with pytest.raises(UsageError, match="возможны 077"):
        rights.take()
    done = CliRunner().invoke(main, ["doctor", "--data", str(tmp_path / "data")])

    assert (done.exit_code, done.stderr.count("возможны 077")) == (2, 1)


@pytest.mark.parametrize(("value", "folder", "file"), [("077", "0o700", "0o600"), ("027", "0o750", "0o640")])
def test_a_service_writes_with_these_rights_and_airflow_is_told_of_them(
    value: str, folder: str, file: str, tmp_path: Path
) -> None:
    script = (
        "import os, pathlib; pathlib.Path('a').mkdir(); pathlib.Path('a/b').touch();"
        "names = [name for name in os.environ if 'FILE_TASK_HANDLER' in name];"
        "print(*sorted(os.environ[name] for name in names))"
    )
    environment = {
        **{name: text for name, text in os.environ.items() if "FILE_TASK_HANDLER" not in name},
        "SCHOOL_QUALITY_DATA": str(tmp_path / "data"),
        "SCHOOL_QUALITY_UMASK": value,
    }
    command = [sys.executable, "-m", "school_quality.server", "exec", sys.executable, "-c", script]

    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)

    assert modes(tmp_path / "a") == {".": folder, "b": file}
    assert done.stdout.split() == [file, folder]
    for made in ("data", "airflow"):
        assert modes(tmp_path / made) == {".": folder}


def check(settings: Settings) -> Check:
    return next(found for found in doctor.examine(settings) if found.subject == "Права доступа")


def test_the_doctor_tells_of_an_open_data_root_and_home_and_changes_nothing(
    opened: Settings, tmp_path: Path
) -> None:
    before = modes(opened.data_root)

    found = check(opened)

    assert (found.mark, found.is_well) == ("!", True)
    assert "все пользователи машины" in found.finding
    assert f"chmod 700 {opened.data_root}" in found.advice
    assert modes(opened.data_root) == before
    opened.data_root.chmod(0o700)
    (tmp_path / "airflow").mkdir(mode=0o750)
    assert "группа" in check(opened).finding


def test_the_doctor_tells_that_those_who_may_write_into_the_inbox_do_not_reach_it(opened: Settings) -> None:
    rights.close_data(opened)

    assert "SCHOOL_QUALITY_UMASK=027" in check(opened).advice
    opened.inbox.chmod(0o700)
    assert check(opened).mark == "✓"
