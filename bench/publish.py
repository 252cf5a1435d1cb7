"""Publishing a country's warehouse, against the bare copy of the same tables by DuckDB.

    python bench/publish.py [--schools 40000] [--rounds 2] [--folder KEEP_HERE]

The bare copy is ``COPY FROM DATABASE``, ``COPY … TO`` Parquet of every mart, and sha256 of the files.
Publishing does that and makes it durable, finds what changed and why against the release before (one district
of the country), carries the history on, writes the manifest and switches ``current``. The country is the
example district in so many copies that the schools are reached (see `multiply`). Each is made in a process of
its own, in turn; the ratio is that of the medians. Limits: publishing, the first release and the second one,
at most 1.5 times the bare copy; the published DuckDB file at most 3 times its Parquet. Exit code 1 above one.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from multiply import WIDTH, multiply
from queries import EXAMPLE_SCHOOLS, example

LIMIT_TIME, LIMIT_SIZE = 1.5, 3.0

BARE = """
import hashlib, sys, time
from pathlib import Path
import duckdb

build, folder = map(Path, sys.argv[1:])
started = time.perf_counter()
folder.mkdir()
with duckdb.connect() as connection:
    connection.execute("set enable_progress_bar = false")
    connection.execute(f"attach '{build}' as build (read_only)")
    connection.execute(f"attach '{folder / 'warehouse.duckdb'}' as target")
    connection.execute("copy from database build to target")
    for (table,) in connection.execute(
        "select table_name from duckdb_tables() where database_name = 'target' and schema_name = 'marts'"
    ).fetchall():
        connection.execute(
            f"copy target.marts.{table} to '{folder / table}.parquet' (format parquet, compression zstd)"
        )
for path in folder.iterdir():
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
print(time.perf_counter() - started)
"""

OURS = """
import sys, time
from datetime import date, datetime
from pathlib import Path
from school_quality.settings import Settings
from school_quality.warehouse.publication import publish, releases
from school_quality.warehouse.publication.releases import ReleaseInfo

root, build, day = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
settings = Settings(root)
release = ReleaseInfo(
    f"202309{day:02}T060000Z-00000000", datetime(2023, 9, day, 6), 2022, "2022", date(2023, 8, 31),
    0, str(day), releases.current_id(settings),
)
documents = root / "documents"
documents.mkdir(parents=True, exist_ok=True)
started = time.perf_counter()
publish.publish(settings, release, build, documents, [])
print(time.perf_counter() - started)
"""


def seconds(program: str, *arguments: object) -> float:
    """What a program in a process of its own says that it took."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True
    )
    return float(done.stdout)


def changed_in_one_district(build: Path, target: Path) -> None:
    """The same country after a correction in one district: every point there is another one."""
    shutil.copyfile(build, target)
    with duckdb.connect(str(target)) as connection:
        one = "school_id::bigint < ?"
        connection.execute(
            "update marts.fct_indicator_value "
            f"set points = max_points - points, value = value + 1 where {one}",
            [WIDTH],
        )
        connection.execute(
            f"update marts.fct_school_status set is_low_results = not is_low_results where {one}", [WIDTH]
        )


def measure(folder: Path, schools: int, rounds: int) -> bool:
    """Print the figures; true if every limit is kept."""
    build, corrected = folder / "build.duckdb", folder / "corrected.duckdb"
    rows = multiply(example(folder / "example"), build, max(1, schools // EXAMPLE_SCHOOLS))
    changed_in_one_district(build, corrected)
    print(f"{schools} schools, {rows} rows, build of {build.stat().st_size / 1e6:.0f} MB", flush=True)
    times: dict[str, list[float]] = {"bare copy": [], "first release": [], "second release": []}
    for number in range(rounds):
        bare, root = folder / f"bare-{number}", folder / f"root-{number}"
        times["bare copy"].append(seconds(BARE, build, bare))
        times["first release"].append(seconds(OURS, root, build, 1))
        times["second release"].append(seconds(OURS, root, corrected, 2))
        release = root / "published" / "current"
        published = (release / "warehouse.duckdb").stat().st_size
        parquet = sum(path.stat().st_size for path in (release / "parquet").iterdir())
        shutil.rmtree(bare)
        with duckdb.connect(str(release / "warehouse.duckdb"), read_only=True) as connection:
            found = connection.execute("select count(*) from meta.release_change").fetchone()
        shutil.rmtree(root)
    print(f"differing cells of the second release: {found[0] if found else 0}")
    medians = {name: statistics.median(found) for name, found in times.items()}
    print(f"{'bare copy':16} {medians['bare copy']:6.1f} s")
    kept = True
    for name in ("first release", "second release"):
        ratio = medians[name] / medians["bare copy"]
        kept &= ratio <= LIMIT_TIME
        print(f"{name:16} {medians[name]:6.1f} s  ratio {ratio:.2f}  (limit {LIMIT_TIME})")
    ratio = published / parquet
    print(
        f"DuckDB file {published / 1e6:.0f} MB, Parquet {parquet / 1e6:.0f} MB  "
        f"ratio {ratio:.2f}  (limit {LIMIT_SIZE})"
    )
    return kept and ratio <= LIMIT_SIZE


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schools", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="keep the builds here; must be empty")
    asked = parser.parse_args()
    if asked.folder:
        asked.folder.mkdir(parents=True, exist_ok=True)
        return int(not measure(asked.folder, asked.schools, asked.rounds))
    with TemporaryDirectory() as folder:
        return int(not measure(Path(folder), asked.schools, asked.rounds))


if __name__ == "__main__":
    raise SystemExit(main())
