"""The run of a suite over a table of typed rows: which rows break which rules."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from school_quality.model import Level
from school_quality.settings import expectations_dir
from school_quality.validation.rules import rule

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.core import ExpectationSuiteValidationResult

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
    """The outcome of a run; ``document`` is GX's result as JSON, for Data Docs: counts, no values of rows."""

    dataset: str
    failures: list[Failure]
    results: list[RuleResult]
    document: dict[str, Any] = field(repr=False)

    def save(self, directory: Path) -> Path:
        """Keep ``document`` in ``directory/<dataset>.json``, in the place of the dataset's last run."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{self.dataset}.json"
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(self.document, ensure_ascii=False, indent=1), encoding="utf-8")
        part.replace(path)
        return path


def validate(connection: duckdb.DuckDBPyConnection, dataset: str, table: str) -> list[Failure]:
    """The rows of ``table`` that break a rule of the dataset's suite, by row and rule.

    ``table`` (a table or view that ``connection`` sees, temporary ones too) has the dataset's typed columns
    and a unique ``row_id BIGINT``. A null where a text could not be typed breaks nothing but
    ``required_empty``: the caller, who has a remark for that cell already, leaves such a failure out.
    """
    return check(connection, dataset, table).failures


def check(connection: duckdb.DuckDBPyConnection, dataset: str, table: str) -> Validation:
    """`validate` with its counts and GX's own result.

    Two passes: the first asks every expectation for a verdict only (GX bundles those of columns into one
    statement), the second asks the broken ones for their rows.
    """
    import great_expectations as gx

    from school_quality.validation.engine import DuckDBDatasource

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = DuckDBDatasource(name="landing")
    source = context.add_datasource(datasource=source)
    source.borrow(connection)
    asset = source.add_table_asset(dataset, table_name=table)
    batch = asset.add_batch_definition_whole_table("rows").get_batch()

    suite = _suite(dataset)
    verdicts = batch.validate(suite, result_format="BOOLEAN_ONLY")
    broken = [result.expectation_config for result in verdicts.results if not result.success]
    rows: dict[str, list[int]] = {}
    if broken:
        details = batch.validate(
            gx.ExpectationSuite(name=dataset, expectations=broken),
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["row_id"],
                "partial_unexpected_count": _ALL_ROWS,
                "exclude_unexpected_values": True,
                "return_unexpected_index_query": False,
            },
        )
        rows = {_key(result.expectation_config.meta): _row_ids(result) for result in details.results}
    (checked,) = connection.execute(f'select count(*) from "{table}"').fetchone() or (0,)
    return _validation(dataset, verdicts, rows, checked)


def _key(meta: dict[str, Any]) -> str:
    return f"{meta['rule']}:{meta['column']}"


def _row_ids(result: Any) -> list[int]:
    """The failing rows of one expectation's result; raises if GX could not evaluate it."""
    if result.exception_info.get("raised_exception") or "exception_message" not in result.exception_info:
        raise RuntimeError(f"{result.expectation_config.meta}: {result.exception_info}")
    found = result.result
    if "details" in found:
        return [row["row_id"] for row in found["details"]["unexpected_rows"]]
    return [row_id for entry in found["unexpected_index_list"] or [] for row_id in entry["row_id"]]


def _validation(
    dataset: str, verdicts: ExpectationSuiteValidationResult, rows: dict[str, list[int]], checked: int
) -> Validation:
    """Failures with those of logical rules left out where a structural rule already speaks of the column."""
    metas = [result.expectation_config.meta for result in verdicts.results]
    structural: dict[int, set[str]] = defaultdict(set)
    for meta in metas:
        if not meta.get("judges"):
            for row_id in rows.get(_key(meta), []):
                structural[row_id].add(meta["column"])
    failures: list[Failure] = []
    results: list[RuleResult] = []
    for meta in metas:
        judges = meta.get("judges", [])
        failing = [i for i in rows.get(_key(meta), []) if not structural.get(i, set()).intersection(judges)]
        level, details = rule(meta["rule"]).level, meta.get("details", {})
        failures += [Failure(i, meta["rule"], meta["column"], level, details) for i in failing]
        results.append(RuleResult(dataset, meta["rule"], meta["column"], checked, len(failing)))
    return Validation(dataset, sorted(failures), results, verdicts.to_json_dict())


@cache
def _suite(dataset: str) -> ExpectationSuite:
    """The dataset's suite from ``expectations/<dataset>.json``."""
    import great_expectations as gx

    suite = json.loads((expectations_dir() / f"{dataset}.json").read_text(encoding="utf-8"))
    return gx.ExpectationSuite(name=suite["name"], expectations=suite["expectations"], meta=suite["meta"])
