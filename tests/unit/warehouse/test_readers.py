"""Readers are never disturbed: whole releases while ten are published, and after kill -9 at any moment."""

from __future__ import annotations

import multiprocessing
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb
import pytest
from unit.warehouse.small import RESULTS, ask, publish, release

from school_quality.settings import Settings
from school_quality.warehouse.publication import publish as publication
from school_quality.warehouse.publication import releases, rollback

pytestmark = pytest.mark.seconds(190)

READER = """
import sys, duckdb
from pathlib import Path

current, stop, ready = map(Path, sys.argv[1:])
ready.touch()
while not stop.exists():
    with duckdb.connect(str(current / "warehouse.duckdb"), read_only=True) as connection:
        for _ in range(3):  # the same connection: the same release, whatever is published meanwhile
            told, points = connection.execute(
                "select (select receipt_seq from history.release where valid_to is null), "
                "(select list(distinct points) from marts.fct_indicator_value)"
            ).fetchone()
            print(told, *points)
print("end")
"""


def publish_on_and_on(data_root: Path, day: int, is_running: Event) -> None:
    """One release after another until somebody ends the process; the first one says that it is running."""
    settings = Settings(data_root)
    for number in range(day, day + 1000):
        info = replace(release(number, settings), previous_release_id=releases.current_id(settings))
        publication.publish(
            settings,
            info,
            settings.build_file,
            settings.warehouse / "documents" / "x",
            RESULTS,
        )
        is_running.set()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path)


def write(settings: Settings, number: int) -> None:
    """A release all of whose values are its number, which its journal entry tells too."""
    points = {
        (school, code): number for school in ("6017", "6005", "7005") for code in ("1.1", "1.12", "2.2")
    }
    publish(settings, release(number, settings, receipt_seq=number), points=points)


@pytest.mark.slow
def test_eight_readers_without_a_pause_each_see_whole_releases_while_ten_are_published(
    settings: Settings, tmp_path: Path
) -> None:
    write(settings, 1)
    stop = tmp_path / "stop"
    command = [sys.executable, "-c", READER, str(settings.current), str(stop)]
    ready = [tmp_path / f"ready-{number}" for number in range(8)]
    readers = [
        subprocess.Popen([*command, str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for file in ready
    ]
    while not all(file.exists() for file in ready):
        time.sleep(0.1)

    for number in range(2, 12):
        write(settings, number)
    stop.touch()

    seen: Counter[str] = Counter()
    for reader in readers:
        out, err = reader.communicate(timeout=120)
        assert (reader.returncode, err) == (0, "")
        lines = out.splitlines()
        assert lines.pop() == "end"
        assert lines
        for line in lines:
            told, *points = line.split()
            assert points == [told]  # the journal and all values are of one release
        connections = [lines[i : i + 3] for i in range(0, len(lines), 3)]
        assert all(len(set(of_one)) == 1 for of_one in connections)
        numbers = [int(of_one[0].split()[0]) for of_one in connections]
        assert numbers == sorted(numbers)
        seen.update(lines)
    assert len(seen) > 3  # they did read while releases came


def test_a_reader_keeps_its_release_until_it_connects_again(settings: Settings) -> None:
    first, second = release(1, settings), release(2, settings)
    publish(settings, first, points={("6017", "2.2"): 1})
    query = "select points from marts.fct_indicator_value where school_id = '6017' and indicator_code = '2.2'"

    with duckdb.connect(str(settings.current / "warehouse.duckdb"), read_only=True) as connection:
        publish(settings, second, points={("6017", "2.2"): 2})
        kept = connection.execute(query).fetchall()

    assert kept == [(1,)]
    assert ask(settings, query) == [(2,)]


@pytest.mark.slow
def test_after_kill_9_at_fifty_random_moments_the_current_release_is_whole(settings: Settings) -> None:
    publish(settings, release(1, settings))
    started = time.monotonic()
    publish(settings, release(2, settings))
    one_publication = time.monotonic() - started
    dice = random.Random(1496)  # noqa: S311 -- moments, not secrets
    shown = set()

    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__, "school_quality.reporting.lists.changes_workbook"])

    for _ in range(50):
        day = 1 + max(int(name.rpartition("-")[2]) for name in releases.all_ids(settings))
        is_running = processes.Event()
        writer = processes.Process(target=publish_on_and_on, args=(settings.data_root, day, is_running))
        writer.start()
        assert is_running.wait(300)
        time.sleep(dice.uniform(0, 2 * one_publication))
        writer.kill()
        writer.join()
        current = releases.current_id(settings)
        assert current is not None
        assert rollback.damages(settings, current) == []
        assert ask(settings, "select count(*) from history.fct_indicator_value")[0][0] >= 9
        shown.add(current)

    assert len(shown) == 50  # each had published one and was in the middle of another
    publish(settings, release(10_000, settings))
    assert not list(settings.published.glob(".*"))
