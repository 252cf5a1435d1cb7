"""What a hostile file may cost: 10 seconds and 1 GiB, the interpreter and its imports included."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from beside import SHARED, needs_shared

FOLDER = SHARED / "data" / "samples" / "bad"
HOSTILE = ("*bomb*", "far_*", "box_*", "encrypted*", "many_*", "nested*", "path_*", "truncated*")
FILES = sorted({path.name for pattern in HOSTILE for path in FOLDER.glob(pattern)})

LIMIT_SECONDS = 10
LIMIT_BYTES = 1 << 30

READ = """
import re, resource, sys
from pathlib import Path
from school_quality.reading import of_files, read_files

list(read_files(of_files([Path(sys.argv[1])]), 1))
# of this process from its own memory map: getrusage carries over what the test that started it had taken
own = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text()).group(1))
print(max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024)
"""


@needs_shared
@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_costs_at_most_ten_seconds_and_a_gibibyte(name: str) -> None:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", READ, FOLDER / name], capture_output=True, text=True, timeout=60
    )
    seconds = time.monotonic() - started

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < LIMIT_BYTES
    assert seconds < LIMIT_SECONDS
