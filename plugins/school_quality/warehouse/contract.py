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
    """A column of the contract; ``references`` is the table whose rows it names.

    ``open_when`` says when the open edition tells it: "true", or a condition in SQL over its step
    (`disclosure`); None: nobody has decided yet.
    """

    name: str
    data_type: str  # as in DuckDB, lower case
    description: str
    is_required: bool
    references: str | None
    open_when: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """A published table: its columns in order and ``key``, the columns that tell its rows apart.

    ``open_edition`` is what the open edition makes of it (`disclosure`); None: nobody has decided yet.
    """

    schema: str
    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    open_edition: str | None


@cache
def tables() -> tuple[Table, ...]:
    """Every table that dbt makes for readers, by schema and name."""
    return tuple(
        _table(schema, model)
        for schema in SCHEMAS
        for path in sorted((dbt_project_dir() / "models" / schema).glob("*.yml"))
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
    )


def table(name: str) -> Table:
    """The mart of this name. Raises `KeyError` where the contract has none."""
    return {found.name: found for found in tables() if found.schema == "marts"}[name]


def _table(schema: str, model: Mapping[str, Any]) -> Table:
    keys = [arguments["columns"] for name, arguments in _tests(model) if name == "unique_key"]
    return Table(
        schema=schema,
        name=model["name"],
        description=model["description"],
        columns=tuple(map(_column, model["columns"])),
        key=tuple(keys[0]) if keys else (),
        open_edition=_meta(model).get("open_edition"),
    )


def _column(column: Mapping[str, Any]) -> Column:
    targets = [arguments["to"] for name, arguments in _tests(column) if name == "relationships"]
    return Column(
        name=column["name"],
        data_type=column["data_type"],
        description=column["description"],
        is_required={"type": "not_null"} in column.get("constraints", []),
        references=targets[0].split("'")[1] if targets else None,
        open_when=None if (rule := _meta(column).get("open")) is None else str(rule).lower(),
    )


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = node.get("config", {}).get("meta", {})
    return found


def _tests(node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for test in node.get("data_tests", []):
        if isinstance(test, Mapping):
            for name, body in test.items():
                yield name, body.get("arguments", {})
