"""Scorecards of generated schools: speed against Typst alone, and memory.

Speed: HTML and PDF of 1,000 schools, from the marts to files, against Typst alone compiling the same PDFs
from ready JSON with the same number of threads. Start-up is left out: imports, fonts and the first cards.
Both run in turn, in processes of their own, so that neither profits from what the other has cached. The price
of the XLSX, which a release has too, is told beside it and has no limit.

Memory: the peak of 10,000 cards against that of 2,000, HTML and PDF. By default these are short cards of one
page with a few numbers; with ``--full`` they are as large as those of the first part and have their XLSX,
which takes a quarter of an hour.

    python bench/documents.py [--schools 1000] [--rounds 2] [--full]

Exit code 1 if a ratio is above its limit.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import local

import duckdb

from school_quality.reporting.cards.scorecard_files import build_school_card, print_scorecards
from school_quality.reporting.content.facts import open_warehouse, read_reference, read_schools
from school_quality.reporting.layout.rendering import PRESSES, Press, as_json, displayable
from school_quality.settings import dbt_project_dir

SPEED_LIMIT = 1.3
MEMORY_LIMIT = 1.15
YEAR = 2022
DISTRICT = 25
WARM_UP = 4 * PRESSES
RELEASE = {"release_id": "bench", "as_of": "2023-08-31"}

GENERATED = Path(__file__).with_suffix(".sql")


def generate(path: Path, schools: int, full: bool) -> None:
    """A warehouse of invented schools, with the tables and columns that scorecards read."""
    columns = (
        "methodology_version, indicator_code, component, task::integer as task, indicator_name, unit,"
        " try_cast(max_points as integer) as max_points, period_type, scope, owner, clause, note"
    )
    with duckdb.connect(str(path)) as connection:
        seed = dbt_project_dir() / "seeds" / "methodology" / "indicators.csv"
        connection.execute(
            f"create table indicator as select {columns}"
            " from read_csv($seed, all_varchar = true, header = true, nullstr = '\\N')",
            {"seed": str(seed)},
        )
        connection.execute("update indicator set component = coalesce(component, '')")
        for statement in GENERATED.read_text(encoding="utf-8").split(";\n"):
            asked = {"schools": schools, "district": DISTRICT, "year": YEAR, "full": full}
            used = {name: value for name, value in asked.items() if f"${name}" in statement}
            if statement.strip():
                connection.execute(statement, used)
        connection.execute("drop table indicator")


def write_cards(warehouse: Path, directory: Path, formats: tuple[str, ...], schools: int) -> float:
    """Seconds of the documents of so many schools after those of a few, which load fonts and templates."""
    with open_warehouse(warehouse) as connection:
        reference = read_reference(connection, YEAR, None)
        facts = read_schools(connection, reference, with_sources=True)
        cards = (build_school_card(each, reference) for each in facts)
        print_scorecards(islice(cards, WARM_UP), directory, RELEASE, formats=formats)
        started = time.perf_counter()
        print_scorecards(islice(cards, schools), directory, RELEASE, formats=formats)
        return time.perf_counter() - started


def compile_alone(warehouse: Path, schools: int) -> float:
    """Seconds of Typst for the same PDFs, of texts that are ready; the threads have printed a few before."""
    with open_warehouse(warehouse) as connection:
        reference = read_reference(connection, YEAR, None)
        facts = islice(read_schools(connection, reference, with_sources=True), WARM_UP + schools)
        cards = (build_school_card(each, reference).card.of_release(RELEASE) for each in facts)
        texts = [displayable(as_json(card)) for card in cards]
    desks = local()

    def compile_one(text: str) -> None:
        if not hasattr(desks, "press"):
            desks.press = Press()
        desks.press.compile("scorecard.typ", text)

    with ThreadPoolExecutor(PRESSES) as pool:
        list(pool.map(compile_one, texts[:WARM_UP]))
        started = time.perf_counter()
        list(pool.map(compile_one, texts[WARM_UP:]))
        return time.perf_counter() - started


def peak_of(warehouse: Path, directory: Path, formats: tuple[str, ...], schools: int) -> float:
    """Peak of the resident memory, MB, of a process that writes the cards of so many schools."""
    write_cards(warehouse, directory, formats, schools)
    return peak_mb()


def peak_mb() -> float:
    """Peak of this process's resident memory; ``ru_maxrss`` would also tell of the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def apart(function: object, *arguments: object) -> float:
    """The result of a function in a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return float(pool.apply(function, arguments))  # type: ignore[arg-type]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schools", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--cards", type=int, default=10_000, help="cards of the second part")
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    part = arguments.schools // arguments.rounds
    with TemporaryDirectory() as folder:
        root = Path(folder)
        warehouse = root / "full.duckdb"
        generate(warehouse, WARM_UP + part, full=True)
        alone = ours = 0.0
        for round_ in range(arguments.rounds):
            alone += apart(compile_alone, warehouse, part)
            ours += apart(write_cards, warehouse, root / f"cards {round_}", ("html", "pdf"), part)
        count = part * arguments.rounds
        books = apart(write_cards, warehouse, root / "books", ("xlsx",), part) * arguments.rounds
        speed = ours / alone
        print(
            f"{count} schools, {PRESSES} threads: HTML and PDF {ours:.1f} s, Typst alone {alone:.1f} s, "
            f"ratio {speed:.2f} (limit {SPEED_LIMIT}); XLSX {books:.1f} s more",
            flush=True,
        )
        warehouse = root / "many.duckdb"
        generate(warehouse, WARM_UP + arguments.cards, full=arguments.full)
        formats = ("html", "pdf", "xlsx") if arguments.full else ("html", "pdf")
        few, many = (
            apart(peak_of, warehouse, root / "memory", formats, count)
            for count in (arguments.cards // 5, arguments.cards)
        )
        print(
            f"peak memory of {arguments.cards // 5} cards {few:.0f} MB, of {arguments.cards} {many:.0f} MB, "
            f"ratio {many / few:.2f} (limit {MEMORY_LIMIT})"
        )
    return int(speed > SPEED_LIMIT or many / few > MEMORY_LIMIT)


if __name__ == "__main__":
    sys.exit(main())
