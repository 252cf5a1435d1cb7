"""What it costs to look whether landing is whole before a build, against the build.

    python bench/integrity.py [--schools 1500] [--rounds 3] [--folder KEEP_HERE]

The landing is a region of the invented country (`generate_national.py`), in one batch with a record of its
checksums; and once more without the record, as an older version has left it, where rows are counted instead.
The build is one ``dbt build`` of it without tests, as `national.py` measures it. All is read from a warm
cache, in this process one after another; the check is the median of the rounds. Limit: 5 % of the build for
the check with the record. Exit code 1 above it.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from generate_national import generate
from national import dbt_cost

from school_quality.landing import integrity
from school_quality.landing.receipts import COPY, RECORD, locked
from school_quality.settings import Settings

LIMIT = 0.05
COUNTRY_SCHOOLS = 40_000


def checked(settings: Settings, rounds: int) -> float:
    """Seconds of one check, which finds nothing."""
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        integrity.check(settings)
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def measure(root: Path, schools: int, rounds: int) -> bool:
    """Print the figures; true if the limit is kept."""
    settings = Settings(root / "data")
    region = generate(settings.data_root, schools / COUNTRY_SCHOOLS)
    size = sum(path.stat().st_size for path in settings.landing.rglob("*.parquet"))
    print(f"{region.rows:,} results of pupils, landing {size / 2**20:.0f} MiB")
    counted = checked(settings, rounds)
    with locked(settings):
        integrity.seal(settings)
    summed = checked(settings, rounds)
    for batch in settings.landing.glob("[0-9]*"):  # dbt reads the landing as it was
        (batch / RECORD).unlink()
        shutil.rmtree((batch / COPY).parent)
    built = dbt_cost(region, root, "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    print(f"build {built.seconds:.1f} s; check with checksums {summed:.2f} s, {summed / built.seconds:.1%}")
    print(f"check of an older landing, by rows, {counted:.2f} s, {counted / built.seconds:.1%}")
    return summed / built.seconds <= LIMIT


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schools", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        sys.exit(not measure(options.folder or Path(folder), options.schools, options.rounds))


if __name__ == "__main__":
    main()
