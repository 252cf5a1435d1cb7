"""The archive of docs/production.md is of one moment, whatever lands and is published meanwhile."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from school_quality import cli
from school_quality.landing import integrity
from school_quality.landing.receipts import chain, last_seq, read_receipts
from school_quality.settings import Settings, project_root
from school_quality.warehouse.publication import damage, releases

pytestmark = pytest.mark.seconds(12)

GUIDE = project_root() / "docs" / "production.md"

WRITER = """
import sys
from pathlib import Path
from filelock import FileLock
from unit.warehouse.small import publish, receive, release, staff
from school_quality.landing.receipts import locked
from school_quality.settings import Settings

settings = Settings(Path(sys.argv[1]))
for day in range(1, 1000):
    with locked(settings):
        receive(settings, "form_staff", f"{day}.xlsx", [staff("6017", day % 20)])
    with FileLock(settings.build_lock):
        publish(settings, release(day, settings))
    print(day, flush=True)
"""


def command(settings: Settings) -> list[str]:
    """The guide's own command, without the container around it."""
    (found,) = re.findall(r"scheduler (.* tar --create .*) > data\.tar", GUIDE.read_text(encoding="utf-8"))
    return [part.replace("/data", str(settings.data_root)) for part in found.split()]


def test_landing_and_releases_of_an_archive_are_of_one_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(tmp_path / "data")
    settings.runs.mkdir(parents=True)
    found = []
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(settings.data_root)],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1],
        env={**os.environ, "PYTHONPATH": f"{Path(__file__).parents[1]}:{project_root() / 'plugins'}"},
    ) as writer:  # fmt: skip
        assert writer.stdout is not None
        try:
            assert writer.stdout.readline() == "1\n"
            for number in range(4):
                archive = tmp_path / f"{number}.tar"
                with archive.open("wb") as file:
                    subprocess.run(command(settings), check=True, stdout=file)
                found.append(archive)
                assert writer.stdout.readline(), "the writer goes on"
        finally:
            writer.kill()

    seen = set()
    for archive in found:
        copy = Settings(tmp_path / archive.stem)
        copy.data_root.mkdir()
        subprocess.run(["tar", "--extract", "--directory", copy.data_root, "--file", archive], check=True)
        damage.check(copy)
        integrity.check(copy, releases.told_receipts(copy))
        release, receipts = releases.current(copy), read_receipts(copy)
        assert release is not None
        assert last_seq(receipts) >= release.receipt_seq
        assert chain(r for r in receipts if r.seq <= release.receipt_seq) == release.receipt_hash
        seen.add(release.release_id)
    assert len(seen) > 1, "something was published between the archives"


def test_every_command_of_the_table_of_what_breaks_is_one() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    table = text[text.index("## Если что-то сломалось") : text.index("## Резервная копия")]

    named = set(re.findall(r"`[^`]*school-quality ([a-z-]+)", table))

    assert {"repair", "run", "withdraw", "rollback", "verify"} <= named
    assert named <= set(cli.main.commands)
