"""Reading in child processes: order, flat memory, and files that kill or hang one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.reading import builders
from tests.unit.reading.test_formats import ROWS

from school_quality.reading import SourceChanged, read_file, read_files, scan, workers
from school_quality.reading.reader import read_here

Put = Callable[[str, bytes | str], Path]


def forms(put: Put, count: int) -> None:
    for n in range(count):
        file = put(f"{n:03}.csv", builders.csv_text(ROWS).replace("000102", f"{n:06}"))
        os.utime(file, (1000, 1000))


@pytest.mark.parametrize("processes", [1, 2])
def test_readings_come_in_the_order_of_the_sources(inbox: Path, put: Put, processes: int) -> None:
    forms(put, 100)
    sources = scan(inbox)

    readings = list(read_files(sources, processes))

    assert [r.path for r in readings] == [s.path for s in sources]
    assert readings == [read_here(s) for s in sources]


def test_a_file_that_kills_its_process_is_rejected_and_the_others_are_read(
    inbox: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms(put, 5)
    put("002.csv", "kill")
    monkeypatch.setattr(workers, "MODULE", "tests.unit.reading.fragile_worker")

    readings = {r.path: r for r in read_files(scan(inbox), 1)}

    assert [r.rule for r in readings["002.csv"].remarks] == ["reading_limit"]
    assert all(r.dataset == "form_teacher_courses" for path, r in readings.items() if path != "002.csv")
    assert len(readings) == 5


def test_a_file_that_hangs_its_process_is_rejected_in_time(
    inbox: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms(put, 3)
    put("001.csv", "hang")
    monkeypatch.setattr(workers, "MODULE", "tests.unit.reading.fragile_worker")
    monkeypatch.setattr(workers, "SECONDS", 6.0)

    readings = {r.path: r for r in read_files(scan(inbox), 1)}

    assert [r.rule for r in readings["001.csv"].remarks] == ["reading_limit"]
    assert readings["002.csv"].dataset == "form_teacher_courses"


def test_a_file_that_changed_since_the_scan_is_left_out(inbox: Path, put: Put) -> None:
    forms(put, 3)
    sources = scan(inbox)
    put("001.csv", "other")

    assert [r.path for r in read_files(sources)] == ["000.csv", "002.csv"]
    with pytest.raises(SourceChanged):
        read_file(sources[1])


def test_a_caller_that_stops_early_leaves_no_process_behind(inbox: Path, put: Put) -> None:
    forms(put, 100)

    reading = read_files(scan(inbox), 2)
    next(reading)
    reading.close()  # type: ignore[attr-defined]

    assert not [t for t in threading.enumerate() if t.name.startswith("reading-")]


def test_batches_hold_consecutive_sources_of_limited_size(inbox: Path, put: Put) -> None:
    forms(put, 70)
    put("large.csv", "x" * (workers.BATCH_BYTES + 1))
    sources = scan(inbox)

    batches = workers.batches_of(sources)

    assert [s for b in batches for s in b.sources] == sources
    assert [b.first for b in batches] == [0, 32, 64, 70]
    assert all(len(b.sources) <= workers.BATCH_FILES for b in batches)
