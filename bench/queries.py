"""The twenty documented questions on a country's warehouse: eight clients at once, a connection an answer.

    python bench/queries.py [--schools 40000] [--rounds 3] [--warehouse FILE]

The warehouse is the example district in so many copies that the schools are reached (see `multiply`), or a
published FILE of your own. A client is a process; each question is asked of another district and school every
time. The time of an answer is from opening the file to the last row. Exit code 1 if the 95th percentile of a
question is above the limit.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from multiply import WIDTH, multiply

PROJECT = Path(__file__).resolve().parents[1]
QUESTIONS = sorted((PROJECT / "docs" / "queries").glob("*.sql"))
CLIENTS = 8
LIMIT_SECONDS = 1.0
EXAMPLE_SCHOOLS = 15
IDS = re.compile(r"'(\d+)' as (municipality_id|school_id|series_school_id)")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--schools", type=int, default=40_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--warehouse", type=Path)
    asked = arguments.parse_args()
    with TemporaryDirectory() as folder:
        copies = 1
        warehouse = asked.warehouse
        if warehouse is None:
            copies = asked.schools // EXAMPLE_SCHOOLS
            warehouse = Path(folder) / "warehouse.duckdb"
            rows = multiply(example(Path(folder) / "example"), warehouse, copies)
            print(
                f"{asked.schools} schools, {rows} rows, {warehouse.stat().st_size / 1e6:.0f} MB", flush=True
            )
        jobs = [
            (str(warehouse), question.name, _elsewhere(question.read_text(encoding="utf-8"), seed, copies))
            for seed in range(asked.rounds * CLIENTS)
            for question in QUESTIONS
        ]
        with ProcessPoolExecutor(CLIENTS) as clients:
            list(clients.map(_answer, jobs[:CLIENTS]))  # the clients' interpreters have started
            answers = list(clients.map(_answer, jobs))
    return _report(answers)


def example(folder: Path) -> Path:
    """The build file of the example district, without documents."""
    environment = {**os.environ, "SCHOOL_QUALITY_PII_KEY": "a key for the bench"}
    for command in (("examples",), ("ingest",), ("build", "--year", "2022")):
        subprocess.run(
            [sys.executable, "-m", "school_quality", *command, "--data", str(folder)],
            check=True, env=environment, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    return folder / "warehouse" / "build.duckdb"


def _elsewhere(sql: str, seed: int, copies: int) -> str:
    """The question asked of another copy of the district."""
    copy = random.Random(seed).randrange(copies)
    return IDS.sub(lambda found: f"'{copy * WIDTH + int(found[1])}' as {found[2]}", sql)


def _answer(job: tuple[str, str, str]) -> tuple[str, float, int]:
    warehouse, name, sql = job
    started = time.perf_counter()
    with duckdb.connect(warehouse, read_only=True) as connection:
        rows = len(connection.execute(sql).fetchall())
    return name, time.perf_counter() - started, rows


def _report(answers: Iterable[tuple[str, float, int]]) -> int:
    found = list(answers)
    worst = 0.0
    for question in QUESTIONS:
        mine = [(seconds, rows) for name, seconds, rows in found if name == question.name]
        seconds = sorted(seconds for seconds, _ in mine)
        p95 = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
        worst = max(worst, p95)
        print(
            f"{question.stem}: {mine[0][1]} rows, median {statistics.median(seconds):.3f} s, p95 {p95:.3f} s"
        )
    print(f"slowest p95 {worst:.2f} s with {CLIENTS} clients at once (limit {LIMIT_SECONDS})")
    return int(worst > LIMIT_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
