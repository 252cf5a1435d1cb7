"""The run of a suite over a table of typed rows: which rows break which rules.

One SQL statement finds the rows that break anything at all, by the predicates that the suite carries in its
meta; Great Expectations then judges those rows. So its cost (milliseconds an expectation, whatever the number
of rows) is paid for broken rules only, and not at all for a table without faults. A test proves that
predicates and expectations give the same verdicts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import duckdb

from school_quality.model import Level
from school_quality.quoting import identifier
from school_quality.settings import expectations_dir
from school_quality.validation.rules import rule, tables

SUSPECTS = "validation_suspects"
"""The temporary table of the rows that Great Expectations is to judge."""

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
class RuleResult:
    """How one rule fared on one column in one run (a line of ``meta.rule_result``)."""

    dataset: str
    rule: str
    column: str
    checked: int  # rows
    failed: int  # rows


@dataclass(frozen=True, slots=True)
class Validation:
    """The outcome of a run."""

    dataset: str
    failures: list[Failure]
    results: list[RuleResult]

    def joined(self, other: Validation) -> Validation:
        """Two runs of parts of one suite as one."""
        return Validation(self.dataset, self.failures + other.failures, self.results + other.results)


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
    """`validate` with the counts of each rule."""
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
    (checked,) = connection.execute(f'select count(*) from "{table}"').fetchone() or (0,)
    with lookups(connection, suite), _suspects(connection, suite, table) as broken:
        rows = judge(connection, broken) if broken else {}
    return _validation(dataset, suite, rows, checked)


Rows = dict[int, Mapping[str, str]]
"""Failing rows with the details of their remarks."""


def judge(connection: duckdb.DuckDBPyConnection, suite: list[Expectation]) -> dict[tuple[str, str], Rows]:
    """What Great Expectations says of the table ``validation_suspects``: failing rows by rule and column.

    Raises ``RuntimeError`` where an expectation could not be evaluated.
    """
    import great_expectations as gx

    from school_quality.validation.engine import borrowing

    with borrowing(connection, SUSPECTS) as batch:
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
    return {_key(result.expectation_config.meta): _rows(result) for result in outcome.results}


@cache
def expectations(dataset: str) -> list[Expectation]:
    """The expectations of ``expectations/<dataset>.json``."""
    suite = json.loads((expectations_dir() / f"{dataset}.json").read_text(encoding="utf-8"))
    found: list[Expectation] = suite["expectations"]
    return found


def one_statement(suite: list[Expectation], table: str) -> str:
    """All rules of a suite as one SQL statement: ``row_id`` and ``place`` (in the suite) of what breaks
    which.

    A branch for each rule, because DuckDB then skips those that a column's statistics already prove.
    """
    branches = (
        f"select row_id, {place} as place from ({broken_rows(item, table)})"
        for place, item in enumerate(suite)
    )
    return " union all ".join(branches)


def broken_rows(item: Expectation, table: str) -> str:
    """The plain SQL of one expectation: the rows of ``table`` that do not meet it."""
    meta = item["meta"]
    if "query" in meta:
        return str(meta["query"]).replace("{batch}", identifier(table))
    return f'select row_id from "{table}" where not ({meta["predicate"]})'


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


@contextmanager
def _suspects(
    connection: duckdb.DuckDBPyConnection, suite: list[Expectation], table: str
) -> Iterator[list[Expectation]]:
    """The expectations that rows of ``table`` break; meanwhile those rows stand in the table of suspects."""
    verdicts = connection.execute(one_statement(suite, table)).to_arrow_table()
    broken = [suite[place] for place in sorted(set(verdicts["place"].to_pylist()))]
    if not broken:
        yield []
        return
    columns = sorted({name for item in broken for name in _columns(item["meta"])})
    connection.register("validation_verdicts", verdicts)
    connection.execute(
        f"""create or replace temp table {SUSPECTS} as select {", ".join(["row_id", *columns])}
        from "{table}" where row_id in (select row_id from validation_verdicts)"""
    )
    connection.unregister("validation_verdicts")
    try:
        yield broken
    finally:
        connection.execute(f"drop table {SUSPECTS}")


def _key(meta: Mapping[str, Any]) -> tuple[str, str]:
    return meta["rule"], meta["column"]


def _columns(meta: Mapping[str, Any]) -> list[str]:
    """The columns that an expectation reads."""
    return list(meta.get("judges", [meta["column"]]))


def _rows(result: Any) -> Rows:
    # GX files the errors of single metrics under their ids: the plain keys are there only if there was none
    if result.exception_info.get("raised_exception", True):
        raise RuntimeError(f"{result.expectation_config.meta}: {result.exception_info}")
    found = result.result
    if "details" not in found:
        return {row_id: {} for entry in found["unexpected_index_list"] or [] for row_id in entry["row_id"]}
    return {
        row["row_id"]: {name: str(value) for name, value in row.items() if name != "row_id"}
        for row in found["details"]["unexpected_rows"]
    }


def _validation(
    dataset: str, suite: list[Expectation], rows: Mapping[tuple[str, str], Rows], checked: int
) -> Validation:
    """Failures, without those of logical rules where a structural rule already speaks of the column."""
    metas = [item["meta"] for item in suite]
    structural: dict[int, set[str]] = defaultdict(set)
    for meta in metas:
        if "judges" not in meta:
            for row_id in rows.get(_key(meta), ()):
                structural[row_id].add(meta["column"])
    failures: list[Failure] = []
    results: list[RuleResult] = []
    for meta in metas:
        judged = meta.get("judges", [])
        failing = {
            row_id: details
            for row_id, details in rows.get(_key(meta), {}).items()
            if not structural.get(row_id, set()).intersection(judged)
        }
        level, static = rule(meta["rule"]).level, meta.get("details", {})
        failures += [Failure(i, meta["rule"], meta["column"], level, static | d) for i, d in failing.items()]
        results.append(RuleResult(dataset, meta["rule"], meta["column"], checked, len(failing)))
    return Validation(dataset, sorted(failures), results)
