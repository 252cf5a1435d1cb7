"""The project's ``dbt build`` on a country's data, against one hand-written SQL script.

The script (``national.sql.j2``) settles corrections and best results in the same way and writes fact tables
of the same size from the same Parquet (see `generate_national`). Limits: ``dbt build`` without tests at most
2 times the script plus twice the start of an empty ``dbt build``; with all data tests at most twice that;
peak memory under 12 GiB; twice the rows at most 2.1 times the time. Each runs in a process of its own.

    python bench/national.py [--scale 1.0] [--folder KEEP_HERE]

At scale 1 this takes some tens of minutes and 10 GB of disk. Exit code 1 if a limit is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import jinja2
from generate_national import Country, generate

PROJECT = Path(__file__).resolve().parents[1]
DBT = PROJECT / "dbt_project"
LINEAGE = (
    "ege_results",
    "oge_results",
    "vpr_results",
    "biased_vpr",
    "social_index",
    "form_staff",
    "form_methodical",
    "form_olympiad",
    "form_documents",
    "form_pupils",
    "form_teacher_courses",
    "form_network",
)
LIMIT_SCRIPT, LIMIT_TESTS, LIMIT_TWICE, LIMIT_GIB = 2.0, 2.0, 2.1, 12.0

SCRIPT = """
import sys, duckdb
landing, statements, target = sys.argv[1:]
with duckdb.connect(target) as connection:
    connection.execute("set preserve_insertion_order = false")
    connection.execute("set enable_progress_bar = false")
    connection.execute("set variable landing = ?", [landing])
    connection.execute(open(statements, encoding="utf-8").read())
"""


@dataclass(frozen=True)
class Cost:
    """Wall seconds and peak resident memory of one process."""

    seconds: float
    gib: float


def measured(command: list[str], environment: dict[str, str], log: Path) -> Cost:
    """Run a command to its end; stops the bench with the log's tail if it fails."""
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit(log.read_text(encoding="utf-8", errors="replace")[-4000:])
    return Cost(time.perf_counter() - started, usage.ru_maxrss / 2**20)


def script_cost(country: Country, work: Path) -> Cost:
    """The hand-written script, into a file of its own."""
    statements = work / "national.sql"
    template = (PROJECT / "bench/national.sql.j2").read_text(encoding="utf-8")
    statements.write_text(jinja2.Template(template).render(datasets=LINEAGE), encoding="utf-8")
    target = work / "script.duckdb"
    target.unlink(missing_ok=True)
    command = [sys.executable, "-c", SCRIPT, str(country.landing), str(statements), str(target)]
    return measured(command, {}, work / "script.log")


def dbt_cost(country: Country, work: Path, *options: str) -> Cost:
    """One ``dbt build`` into a fresh build file."""
    target = work / "build.duckdb"
    target.unlink(missing_ok=True)
    variables = {
        "landing": str(country.landing),
        "rejected": str(country.rejected),
        "receipt_seq": country.seq,
        "reporting_year": 2022,
        "as_of": "2023-08-31",
    }
    command = [
        sys.executable,
        "-m",
        "dbt.cli.main",
        "build",
        "--project-dir",
        str(DBT),
        "--profiles-dir",
        str(DBT),
    ]
    command += ["--target-path", str(work / "target"), "--log-path", str(work / "logs"), *options]
    command += ["--vars", json.dumps(variables)]
    return measured(command, {"SCHOOL_QUALITY_BUILD_FILE": str(target)}, work / "dbt.log")


def sizes(path: Path, schema: str) -> dict[str, int]:
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute(
            "select table_name, estimated_size from duckdb_tables()"
            " where schema_name = ? and table_name like 'fct%'",
            [schema],
        )
        return {str(name): int(rows) for name, rows in names.fetchall()}


def measure(root: Path, scale: float) -> bool:
    """Print the figures of one run; true if every limit is kept."""
    no_tests = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    half, whole = (root / name for name in ("half", "whole"))
    countries = [generate(half / "data", scale / 2), generate(whole / "data", scale)]
    print(f"{countries[1].rows:,} results of pupils")
    start = dbt_cost(countries[0], half, *no_tests, "--empty")
    print(f"empty dbt build      {start.seconds:7.1f} s")
    half_build = dbt_cost(countries[0], half, *no_tests)
    print(f"dbt build, half      {half_build.seconds:7.1f} s  {half_build.gib:5.1f} GiB")
    script = script_cost(countries[1], whole)
    print(f"hand-written script  {script.seconds:7.1f} s  {script.gib:5.1f} GiB")
    build = dbt_cost(countries[1], whole, *no_tests)
    print(f"dbt build            {build.seconds:7.1f} s  {build.gib:5.1f} GiB")
    theirs, ours = sizes(whole / "script.duckdb", "main"), sizes(whole / "build.duckdb", "marts")
    for name in sorted(ours):
        print(f"  {name:27} {ours[name]:12,} rows, script {theirs.get(name, 0):12,}")
    tested = dbt_cost(countries[1], whole, "--exclude-resource-type", "unit_test")
    print(f"dbt build with tests {tested.seconds:7.1f} s  {tested.gib:5.1f} GiB")
    ratios = {
        "build / (2 x script + 2 x empty)": (
            build.seconds / (script.seconds + start.seconds) / 2,
            LIMIT_SCRIPT / 2,
        ),
        "with tests / without": (tested.seconds / build.seconds, LIMIT_TESTS),
        "whole / half": (build.seconds / half_build.seconds, LIMIT_TWICE),
        "peak memory, GiB": (max(build.gib, tested.gib), LIMIT_GIB),
    }
    for name, (value, limit) in ratios.items():
        print(f"{name:34} {value:5.2f}  (limit {limit})")
    return all(value <= limit for value, limit in ratios.values())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, help="keep data and builds here; must be empty")
    arguments = parser.parse_args()
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        kept = measure(arguments.folder, arguments.scale)
    else:
        with TemporaryDirectory() as folder:
            kept = measure(Path(folder), arguments.scale)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
