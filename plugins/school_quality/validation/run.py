"""The run of a suite over a table of typed rows: which rows break which rules.

Great Expectations runs the suite over the whole table, where it lies in DuckDB; what it returns are the
verdicts, the rows and the details of the remarks.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

from school_quality.model import Level
from school_quality.quoting import identifier
from school_quality.settings import expectations_dir
from school_quality.validation.rules import rule, tables

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult

# Great Expectations takes a number here; no table of one run has more rows.
_ALL_ROWS = 2_000_000_000


@dataclass(frozen=True, slots=True, order=True)
class Failure:
    """A row that breaks a rule; ``level`` ``warning`` rejects nothing.

    ``column`` is a typed column of the dataset; ``details`` go into the remark as they are.
    """

    row_id: int
    rule: str
    column: str
    level: Level
    details: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Validation:
    """The outcome of a run: what breaks which rule, and what Great Expectations said of each expectation."""

    dataset: str
    rows: int  # judged
    failures: list[Failure]
    results: list[ExpectationValidationResult]

    def joined(self, other: Validation) -> Validation:
        """Two runs of parts of one suite as one."""
        return Validation(
            self.dataset, self.rows, self.failures + other.failures, self.results + other.results
        )


Expectation = dict[str, Any]
"""One expectation as it stands in a suite: ``type``, ``kwargs``, ``meta``."""


def validate(connection: duckdb.DuckDBPyConnection, dataset: str, table: str) -> list[Failure]:
    """The rows of ``table`` that break a rule of the dataset's suite, by row and rule.

    ``table`` (a table or view that ``connection`` sees, temporary ones too) has the dataset's typed columns
    and a unique ``row_id BIGINT``. A null where a text could not be typed breaks nothing but
    ``required_empty``: the caller, who has a remark for that cell already, leaves such a failure out.
    """
    return check(connection, dataset, table).failures


def check(connection: duckdb.DuckDBPyConnection, dataset: str, table: str) -> Validation:
    """`validate` with what is said of each expectation."""
    return _run(
        connection, dataset, table, [i for i in expectations(dataset) if i["meta"].get("scope") is None]
    )


def check_keys(connection: duckdb.DuckDBPyConnection, dataset: str, table: str) -> Validation:
    """The rows of ``table`` whose key stands in their file more than once.

    Judged last, among rows that break no other rule; ``table`` has ``file`` and ``row_number`` too.
    """
    suite = [item for item in expectations(dataset) if item["meta"].get("scope") == "keys"]
    return _run(connection, dataset, table, suite)


def _run(
    connection: duckdb.DuckDBPyConnection, dataset: str, table: str, suite: list[Expectation]
) -> Validation:
    (rows,) = connection.execute(f"select count(*) from {identifier(table)}").fetchone() or (0,)
    with lookups(connection, suite):
        results = judge(connection, table, suite).results
    return Validation(dataset, rows, _failures(results), results)


def judge(
    connection: duckdb.DuckDBPyConnection, table: str, suite: list[Expectation]
) -> ExpectationSuiteValidationResult:
    """What Great Expectations says of ``table``, with every row that is not as expected.

    Raises ``RuntimeError`` where an expectation could not be evaluated.
    """
    import great_expectations as gx

    from school_quality.validation.engine import borrowing

    with borrowing(connection, table) as batch:
        outcome = batch.validate(
            gx.ExpectationSuite(name="rules", expectations=suite),
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["row_id"],
                "partial_unexpected_count": _ALL_ROWS,
                "exclude_unexpected_values": True,
                "return_unexpected_index_query": False,
            },
        )
    for result in outcome.results:
        # GX files the errors of single metrics under their ids: the plain key is there only if there was none
        if result.exception_info.get("raised_exception", True):
            raise RuntimeError(f"{result.expectation_config.meta}: {result.exception_info}")
    return outcome


@cache
def expectations(dataset: str) -> list[Expectation]:
    """The expectations of ``expectations/<dataset>.json``."""
    suite = json.loads((expectations_dir() / f"{dataset}.json").read_text(encoding="utf-8"))
    found: list[Expectation] = suite["expectations"]
    return found


@contextmanager
def lookups(connection: duckdb.DuckDBPyConnection, suite: list[Expectation]) -> Iterator[None]:
    """Tables that rules of the suite read and the caller has not made: there is nothing to compare with."""
    wanted = {name for item in suite for name in item["meta"].get("reads", ())}
    there = connection.execute("select table_name from duckdb_tables()").fetchall() if wanted else []
    missing = sorted(wanted.difference(name for (name,) in there))
    for name in missing:
        columns = ", ".join(f"{identifier(column)} {kind}" for column, kind in tables()[name].items())
        connection.execute(f"create temp table {name} ({columns})")
    try:
        yield
    finally:
        for name in missing:
            connection.execute(f"drop table {name}")


Rows = dict[int, Mapping[str, str]]
"""Rows that are not as expected, with the details of their remarks."""


def _rows(result: ExpectationValidationResult) -> Rows:
    found = result.result
    if "details" not in found:
        return {row_id: {} for entry in found["unexpected_index_list"] or [] for row_id in entry["row_id"]}
    return {
        row["row_id"]: {name: str(value) for name, value in row.items() if name != "row_id"}
        for row in found["details"]["unexpected_rows"]
    }


def _failures(results: list[ExpectationValidationResult]) -> list[Failure]:
    """All failures, without those of logical rules where a structural rule already speaks of the column."""
    broken = [(result.expectation_config.meta, _rows(result)) for result in results if not result.success]
    structural: dict[int, set[str]] = defaultdict(set)
    for meta, rows in broken:
        if "judges" not in meta:
            for row_id in rows:
                structural[row_id].add(meta["column"])
    return sorted(
        Failure(
            row_id, meta["rule"], meta["column"], rule(meta["rule"]).level, meta.get("details", {}) | details
        )
        for meta, rows in broken
        for row_id, details in rows.items()
        if not structural[row_id].intersection(meta.get("judges", ()))
    )
