"""The suites under ``expectations/``: the catalogue over the declared datasets, as Great Expectations.

``python -m school_quality.datasets`` writes them anew (`datasets.generated`). Structural rules (a cell by
itself) stand before logical ones (``judges`` in the meta: cells against each other).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from school_quality.datasets import Dataset, Field, Parts
from school_quality.quoting import identifier
from school_quality.validation.rules import Rule, catalogue

_YEARS = ("year", "academic_year")
_SCHOOL_KEYS = ("school_code", "login")


def number(value: float) -> str:
    """A limit as it stands in a message: thousands apart from 10 000 on, years as they are, decimal comma."""
    text = f"{value:,g}" if abs(value) >= 10_000 else f"{value:g}"
    return text.replace(",", "\u00a0").replace(".", ",")


def landed(dataset: Dataset) -> dict[str, Field]:
    """The declared field behind each landed column; behind ``school_id`` the school's code or login."""
    found = {field.column: field for field in dataset.fields.values() if field.column}
    for field in dataset.fields.values():
        if field.type in _SCHOOL_KEYS and "school_id" in dataset.columns:
            found.setdefault("school_id", field)
    return {column: found[column] for column in dataset.columns if column in found}


def _quoted(dataset: Dataset, columns: tuple[str, ...]) -> str:
    fields = landed(dataset)
    names = " и ".join(f"«{fields[column].header}»" for column in columns)
    return f"{names} вместе" if len(columns) > 1 else names


def _expectation(rule: Rule, column: str, kind: str, kwargs: dict[str, Any], **meta: Any) -> dict[str, Any]:
    """One expectation with what landing and the sender need to know of it."""
    about = {"rule": rule.id, "column": column, "message": rule.message}
    return {"type": kind, "kwargs": kwargs, "meta": about | meta}


def _query(rule: Rule, column: str, query: str, **meta: Any) -> dict[str, Any]:
    """Rows of ``{batch}`` that ``query`` finds are bad; its other columns are details of the message."""
    return _expectation(rule, column, "unexpected_rows_expectation", {"unexpected_rows_query": query}, **meta)


def _condition(rule: Rule, column: str, predicate: str, **meta: Any) -> dict[str, Any]:
    """Rows of which ``predicate`` is false are bad; null passes."""
    return _query(rule, column, f"select row_id from {{batch}} where not ({predicate})", **meta)


def _structural(rule: Rule, column: str, field: Field) -> dict[str, Any] | None:
    """The rule's expectation on one column; None where the declaration says nothing of the kind about it."""
    if rule.executes == "required" and field.required and field.empty == "error":
        return _expectation(rule, column, "expect_column_values_to_not_be_null", {"column": column})
    if rule.executes == "values" and field.type == "enum" and field.values.keys() != {"true", "false"}:
        return _expectation(
            rule,
            column,
            "expect_column_values_to_be_in_set",
            {"column": column, "value_set": list(field.values)},
            details={"allowed": ", ".join(field.allowed)},
        )
    if rule.executes == "range" and field.minimum is not None and field.maximum is not None:
        return _between(rule, column, field.minimum, field.maximum)
    if rule.between and field.type in _YEARS:
        return _between(rule, column, *rule.between)
    return None


def _between(rule: Rule, column: str, low: float, high: float) -> dict[str, Any]:
    return _expectation(
        rule,
        column,
        "expect_column_values_to_be_between",
        {"column": column, "min_value": low, "max_value": high},
        details={"min": number(low), "max": number(high)},
    )


def _needed(rule: Rule, dataset: Dataset, column: str, field: Field) -> dict[str, Any]:
    """A cell that only some rows need, such as the score of a result that counts."""
    reads = [name for name in dataset.columns if re.search(rf"\b{name}\b", field.needed)]
    predicate = f"not ({field.needed}) or {column} is not null"
    return _condition(rule, column, predicate, judges=[column, *reads])


def _parts(rule: Rule, dataset: Dataset, declared: Parts) -> dict[str, Any]:
    """Parts against their whole: two columns by the expectation of pairs, sums by a query."""
    column, *others = declared.parts
    meta = {
        "judges": [*declared.parts, declared.whole],
        "details": {
            "parts": _quoted(dataset, declared.parts),
            "whole": _quoted(dataset, (declared.whole,)),
        },
    }
    if others:
        return _condition(rule, column, f"{' + '.join(declared.parts)} <= {declared.whole}", **meta)
    kwargs = {
        "column_A": declared.whole,
        "column_B": column,
        "or_equal": True,
        "ignore_row_if": "either_value_is_missing",
    }
    kind = "expect_column_pair_values_a_to_be_greater_than_b"
    return _expectation(rule, column, kind, kwargs, **meta)


def _catalogued(rule: Rule) -> dict[str, Any]:
    """The rule's own predicate, which leaves alone the years in which the rule is not in force."""
    outside = []
    if rule.first_year is not None:
        outside.append(f"reporting_year < {rule.first_year}")
    if rule.last_year is not None:
        outside.append(f"reporting_year > {rule.last_year}")
    predicate = " or ".join([*outside, f"({rule.predicate})"]) if outside else str(rule.predicate)
    judges = [*rule.judges, "reporting_year"] if outside else list(rule.judges)
    return _condition(rule, str(rule.column), predicate, judges=judges)


def _queried(rule: Rule, column: str) -> dict[str, Any]:
    """The rule's own query; its details are columns of the result."""
    query = str(rule.query).replace("{column}", column)
    return _query(rule, column, query, judges=list(rule.judges), reads=list(rule.reads))


def _unique(rule: Rule, dataset: Dataset) -> dict[str, Any]:
    """The key within a file; nulls are equal. Hashes come first: only rows that may be equal are counted."""
    key = ", ".join(identifier(name) for name in ("file", *dataset.key))
    query = (
        f"with keyed as (select row_id, row_number, {key}, hash({key}) as key_hash from {{batch}}), "
        "again as (select * from keyed where key_hash in "
        "(select key_hash from keyed group by key_hash having count(*) > 1)) "
        "select row_id, array_to_string(list_sort(list_distinct(list(row_number) over same)), ', ') as rows "
        f"from again window same as (partition by {key}) qualify count(*) over same > 1"
    )
    column = dataset.key[0] if dataset.key[0] in landed(dataset) else ""
    return _query(rule, column, query, scope="keys", judges=["file", "row_number", *dataset.key])


def expectations(dataset: Dataset) -> Iterator[dict[str, Any]]:
    """The dataset's expectations: structural rules in the order of the catalogue, logical ones, the key."""
    rules = [rule for rule in catalogue().values() if rule.concerns(dataset.name)]
    for rule in rules:
        for column, field in landed(dataset).items():
            found = _structural(rule, column, field)
            if found:
                yield found
    for rule in rules:
        if rule.executes == "required":
            needed = {column: field for column, field in landed(dataset).items() if field.needed}
            yield from (_needed(rule, dataset, column, field) for column, field in needed.items())
        if rule.executes == "parts":
            yield from (_parts(rule, dataset, declared) for declared in dataset.parts)
        if rule.predicate:
            yield _catalogued(rule)
        if rule.query and not rule.columns:
            yield _queried(rule, rule.column or "")
        if rule.query:
            yield from (_queried(rule, column) for column in rule.columns if column in dataset.columns)
    for rule in rules:
        if rule.executes == "unique":
            yield _unique(rule, dataset)


def suite(dataset: Dataset) -> str:
    """The suite of a dataset as JSON: what ``expectations/<dataset>.json`` must hold."""
    document = {
        "name": dataset.name,
        "expectations": list(expectations(dataset)),
        "meta": {"title": dataset.title},
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
