"""What Great Expectations costs: a suite over 1,000,000 rows, and all of it in an `ingest` of the example.

The suites run over rows of which none or a thousand break a rule; import and context are paid before, the
shortest of several rounds counts. Then the example is landed by the command line, in a process that notes how
long it was in the validation: import, every suite over its batch, every page. An ingest without news of the
same data root must not load Great Expectations at all.

    python bench/validation.py [--rows 1000000] [--rounds 5]

Exit code 1 if a limit is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from school_quality.validation import validate
from school_quality.validation.run import Expectation, expectations, lookups

SUITE_LIMIT = 1.0  # seconds a suite over a million rows
INGEST_LIMIT = (
    6.0 + 6.8
)  # seconds of validation in an ingest of the example: 6 more than the 24 pages alone took
FAULTS_PER_MILLION = (0, 1_000)

# one row in so many breaks a rule: a test score of 105, a total of 5,000, more failing pupils than pupils
ROWS = {
    "ege_results": """
        (i % 4000)::varchar as school_id, 2022 as reporting_year, date '2022-06-01' as exam_date,
        'russian' as subject, md5(i::varchar) as pupil_id, md5((i + 1)::varchar) as pupil_name_id,
        true as has_document, (hash(i) % 58)::integer as primary_score,
        case when faulty then 105 else (hash(i) % 101)::integer end as test_score, null::integer as mark,
        true as is_counted, 24 as printed_minimum""",
    "vpr_results": """
        (i % 4000)::varchar as school_id, 2022 as reporting_year, 5 as grade, 'russian' as subject,
        'spring' as sitting, date '2022-04-01' as tested_on, md5(i::varchar) as pupil_id,
        i % 10 = 0 as is_absent,
        case when faulty then 5000 else (hash(i) % 46)::integer end as total,
        case when i % 3 > 0 then 2 + (hash(i) % 4)::integer end as mark, 45 as printed_max""",
    "form_pupils": """
        (i % 4000)::varchar as school_id, 2022 as reporting_year, 1 + (i % 4)::integer as "quarter",
        (100 + hash(i) % 1000)::integer as pupils,
        case when faulty then 50000 else (hash(i) % 90)::integer end as failing,
        (hash(i + 1) % 90)::integer as disability, (hash(i + 2) % 90)::integer as non_native,
        0 as failing_in_extra_classes, (hash(i + 3) % 90)::integer as social""",
}


NOTING = """
import json, sys, time
from importlib import import_module
from school_quality import cli
from school_quality.landing import judging
from school_quality.validation import docs

landing = import_module("school_quality.landing.ingest")

spent = 0.0

def noted(work):
    def call(*arguments, **named):
        global spent
        begun = time.perf_counter()
        try:
            return work(*arguments, **named)
        finally:
            spent += time.perf_counter() - begun
    return call

judging.check = noted(judging.check)
judging.check_keys = noted(judging.check_keys)
landing.keep = noted(landing.keep)
docs.write_index = noted(docs.write_index)
begun = time.perf_counter()
try:
    cli.main(["ingest", "--data", sys.argv[1]], standalone_mode=False)
finally:
    whole = time.perf_counter() - begun
    print(json.dumps([spent, whole, "great_expectations" in sys.modules]))
"""


def suite_of(dataset: str) -> list[Expectation]:
    """What `validate` judges: all but the key, which is judged by file among the rows that are left."""
    return [item for item in expectations(dataset) if item["meta"].get("scope") is None]


def over_many_rows(dataset: str, columns: str, rows: int, faults: int, rounds: int) -> float:
    """Shortest seconds of a dataset's suite over generated rows."""
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            create table landed as
            with source as (select i, hash(i, 7) % 1000000 < {faults} as faulty from range({rows}) as r(i))
            select i as row_id, {columns} from source
            """
        )
        with lookups(connection, suite_of(dataset)):
            validate(connection, dataset, "landed")
            shortest = float("inf")
            for _ in range(rounds):
                begun = time.perf_counter()
                failures = validate(connection, dataset, "landed")
                shortest = min(shortest, time.perf_counter() - begun)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{dataset:12} {len(suite_of(dataset)):2} expectations, {len(failures):5} bad rows: "
        f"{shortest:5.2f} s, peak {memory:.0f} MB"
    )
    return shortest


def ingest(data: Path) -> tuple[float, float, bool]:
    """Seconds in the validation and in all of an `ingest` of ``data``, and whether GX was loaded."""
    environment = {**os.environ, "SCHOOL_QUALITY_PII_KEY": "a key for measuring"}
    done = subprocess.run(
        [sys.executable, "-c", NOTING, str(data)], capture_output=True, text=True, env=environment
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    spent, whole, is_loaded = json.loads(done.stdout.splitlines()[-1])
    return spent, whole, is_loaded


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    slowest = max(
        over_many_rows(dataset, columns, arguments.rows, faults, arguments.rounds)
        for dataset, columns in ROWS.items()
        for faults in FAULTS_PER_MILLION
    )
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "school_quality", "examples", "--data", folder]
        subprocess.run(command, check=True, capture_output=True)
        spent, whole, _ = ingest(Path(folder))
        idle, quiet, is_loaded = ingest(Path(folder))
    print(
        f"example: {spent:.1f} s of {whole:.1f} s in the validation; without news {idle:.1f} of {quiet:.1f} s"
    )
    print(f"slowest suite {slowest:.2f} s, limit {SUITE_LIMIT}; ingest {spent:.1f} s, limit {INGEST_LIMIT}")
    return int(slowest > SUITE_LIMIT or spent > INGEST_LIMIT or is_loaded)


if __name__ == "__main__":
    raise SystemExit(main())
