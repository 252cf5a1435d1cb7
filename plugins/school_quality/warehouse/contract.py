"""The published contract as data: tables, columns, keys, references, from the YAML beside the models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from school_quality.settings import dbt_project_dir

SCHEMAS = ("marts", "meta")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the contract; ``references`` is the table whose rows it names."""

    name: str
    data_type: str  # as in DuckDB, lower case
    description: str
    is_required: bool
    references: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """A published table: its columns in order and ``key``, the columns that tell its rows apart."""

    schema: str
    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]


@cache
def tables() -> tuple[Table, ...]:
    """Every table that dbt makes for readers, by schema and name."""
    return tuple(
        _table(schema, model)
        for schema in SCHEMAS
        for path in sorted((dbt_project_dir() / "models" / schema).glob("*.yml"))
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
    )


def _table(schema: str, model: Mapping[str, Any]) -> Table:
    keys = [arguments["columns"] for name, arguments in _tests(model) if name == "unique_key"]
    return Table(
        schema=schema,
        name=model["name"],
        description=model["description"],
        columns=tuple(map(_column, model["columns"])),
        key=tuple(keys[0]) if keys else (),
    )


def _column(column: Mapping[str, Any]) -> Column:
    targets = [arguments["to"] for name, arguments in _tests(column) if name == "relationships"]
    return Column(
        name=column["name"],
        data_type=column["data_type"],
        description=column["description"],
        is_required={"type": "not_null"} in column.get("constraints", []),
        references=targets[0].split("'")[1] if targets else None,
    )


def _tests(node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for test in node.get("data_tests", []):
        if isinstance(test, Mapping):
            for name, body in test.items():
                yield name, body.get("arguments", {})
