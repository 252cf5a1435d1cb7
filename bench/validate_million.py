"""Validating 1,000,000 rows with a suite, against the same predicates as one SQL statement.

Both give the same: the rows that break a rule, and which. The statement is written as one would write it by
hand: the rows for which any predicate is false, with the list of those that are. Start-up, imports and the
context of Great Expectations are paid before. The runs alternate, the ratio is that of the shortest of each.

    python bench/validate_million.py [--rows 1000000] [--rounds 7]

Exit code 1 if a ratio is above the limit.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import duckdb

from school_quality.validation import validate
from school_quality.validation.run import Expectation, broken_rows, expectations, lookups

LIMIT = 2.0
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


def statement(dataset: str, table: str) -> str:
    """All predicates of a suite in one statement."""
    predicates = [predicate(item, table) for item in suite_of(dataset)]
    broken = ", ".join(f"case when not ({p}) then {place} end" for place, p in enumerate(predicates))
    any_broken = " or ".join(f"not ({p})" for p in predicates)
    return f"select row_id, list_filter([{broken}], x -> x is not null) from {table} where {any_broken}"


def suite_of(dataset: str) -> list[Expectation]:
    """What `validate` judges: all but the key, which is judged by file among the rows that are left."""
    return [item for item in expectations(dataset) if item["meta"].get("scope") is None]


def predicate(item: Expectation, table: str) -> str:
    """The condition that a good row meets."""
    if "query" in item["meta"]:
        return f"row_id not in (select row_id from ({broken_rows(item, table)}))"
    return str(item["meta"]["predicate"])


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measure(connection: duckdb.DuckDBPyConnection, dataset: str, rounds: int) -> tuple[float, float, int]:
    """Shortest seconds of the suite and of the statement, and how many rows broke a rule."""
    sql = statement(dataset, "landed")
    failures = validate(connection, dataset, "landed")
    found = connection.execute(sql).fetchall()
    if {failure.row_id for failure in failures} != {row_id for row_id, _ in found}:
        raise AssertionError(f"{dataset}: the suite and the statement disagree")
    pairs = [
        (
            seconds(lambda: validate(connection, dataset, "landed")),
            seconds(lambda: connection.execute(sql).fetchall()),
        )
        for _ in range(rounds)
    ]
    return min(suite for suite, _ in pairs), min(plain for _, plain in pairs), len(found)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    worst = 0.0
    for dataset, columns in ROWS.items():
        for faults in FAULTS_PER_MILLION:
            with duckdb.connect() as connection:
                connection.execute(
                    f"""
                    create table landed as
                    with source as (
                        select i, hash(i, 7) % 1000000 < {faults} as faulty
                        from range({arguments.rows}) as r(i)
                    )
                    select i as row_id, {columns} from source
                    """
                )
                with lookups(connection, suite_of(dataset)):
                    suite, plain, broken = measure(connection, dataset, arguments.rounds)
            worst = max(worst, suite / plain)
            rules = len(suite_of(dataset))
            print(
                f"{dataset:12} {rules:2} rules, {broken:5} bad rows: suite {suite * 1000:6.1f} ms, "
                f"statement {plain * 1000:6.1f} ms, ratio {suite / plain:.2f}"
            )
    print(f"worst ratio {worst:.2f}, limit {LIMIT}")
    return int(worst > LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
