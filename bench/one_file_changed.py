"""Running the example again with one file changed, against the same DAG with its steps emptied.

The emptied DAG has the same number of Airflow tasks, one ``dbt build --empty`` of the same project and the
import of Great Expectations: what remains is the price of the tools, and the rest is ours. Both are run as a
user runs them, by the command line in a process of its own, in turn; the ratio is that of the medians.

    python bench/one_file_changed.py [--rounds 3]

Exit code 1 if the ratio is above the limit.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).resolve().parents[1]
CHANGED_FILE = "Индексы/ИСБШ.csv"
LIMIT = 1.3

REAL = "from school_quality.cli import main; main()"
EMPTIED = """
from pathlib import Path
from school_quality import cli, pipeline
from school_quality.warehouse import build

def ingest(settings, *, quiet_seconds=0):
    import great_expectations

def empty_build(settings, parameters):
    release = pipeline.next_release(settings, parameters)
    variables = build.release_variables(settings, release)
    # with --empty a test reads the seeds as empty, too; this one compares them with a list in the code
    arguments = ("--empty", "--exclude", "reasons_have_one_precedence")
    build.run_dbt(settings.warehouse / "empty" / "build.duckdb", variables, *arguments)
    return release

pipeline.ingest = ingest
pipeline.build = empty_build
for step in ("validate", "report", "effect", "publish", "summary", "tell"):
    setattr(pipeline, step, lambda *_: None)
cli.main()
"""


def timed(program: str, data: Path) -> float:
    """Seconds of one run in a process of its own."""
    started = time.perf_counter()
    command = [sys.executable, "-c", program, "run", "--year", "2022", "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 3):
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - started


def change_one_file(inbox: Path, version: int) -> None:
    """Give one school another social index: the same file in the same place with another content."""
    source = (PROJECT / "data" / "examples" / "inbox" / CHANGED_FILE).read_bytes().decode("utf-8-sig")
    head, last = source.rstrip("\r\n").rsplit("\n", 1)
    code, year, _ = last.strip().split(";")
    (inbox / CHANGED_FILE).write_text(f"{head}\n{code};{year};{40 + version},5\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with TemporaryDirectory() as folder:
        os.environ["AIRFLOW_HOME"] = str(Path(folder) / "airflow")
        data = Path(folder) / "data"
        shutil.copytree(PROJECT / "data" / "examples" / "inbox", data / "inbox")
        print(f"first run, database of Airflow and all files new: {timed(REAL, data):.1f} s", flush=True)
        timed(EMPTIED, data)
        real, emptied = [], []
        for number in range(1, rounds + 1):
            change_one_file(data / "inbox", number)
            real.append(timed(REAL, data))
            emptied.append(timed(EMPTIED, data))
            print(
                f"round {number}: one file changed {real[-1]:.1f} s, emptied {emptied[-1]:.1f} s", flush=True
            )
        nothing_new = timed(REAL, data)
    ratio = statistics.median(real) / statistics.median(emptied)
    print(f"nothing new: {nothing_new:.1f} s")
    print(f"one file changed / emptied: {ratio:.2f} (limit {LIMIT})")
    sys.exit(ratio > LIMIT)


if __name__ == "__main__":
    main()
