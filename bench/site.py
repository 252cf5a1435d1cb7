"""The static site of generated schools: does a page cost the same among five times as many schools?

Processor seconds, not the clock's, of ``write_site`` for many schools against a fifth of them, in
municipalities of 25, each in a process of its own; and the peak of its resident memory. Reading the
dimensions is left out.

    python bench/site.py [--schools 10000]

Exit code 1 if a ratio is above its limit.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from documents import RELEASE, YEAR, generate, peak_mb

from school_quality.reporting.content.facts import open_warehouse, read_reference
from school_quality.reporting.website.site import write_site

SPEED_LIMIT = 1.3
MEMORY_LIMIT = 1.5  # dimensions and statuses of all schools are in memory, their values are not


def write(warehouse: Path, directory: Path) -> tuple[int, float, float]:
    """Pages, processor seconds and peak resident memory, MB, of a site."""
    with open_warehouse(warehouse) as connection:
        reference = read_reference(connection, YEAR, None)
        started = time.process_time()
        pages = write_site(connection, reference, directory, RELEASE, edition="official")
        seconds = time.process_time() - started
    return pages, seconds, peak_mb()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schools", type=int, default=10_000)
    arguments = parser.parse_args()
    costs, peaks = [], []
    with TemporaryDirectory() as folder:
        for schools in (arguments.schools // 5, arguments.schools):
            warehouse = Path(folder) / f"{schools}.duckdb"
            generate(warehouse, schools, full=True)
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                pages, seconds, peak = pool.apply(write, (warehouse, Path(folder) / f"site {schools}"))
            costs.append(seconds / pages)
            peaks.append(peak)
            print(
                f"{schools} schools: {pages} pages, {seconds:.1f} processor seconds, peak {peak:.0f} MB",
                flush=True,
            )
    speed, memory = costs[1] / costs[0], peaks[1] / peaks[0]
    print(f"seconds of a page, ratio {speed:.2f} (limit {SPEED_LIMIT})")
    print(f"peak memory, ratio {memory:.2f} (limit {MEMORY_LIMIT})")
    return int(speed > SPEED_LIMIT or memory > MEMORY_LIMIT)


if __name__ == "__main__":
    sys.exit(main())
