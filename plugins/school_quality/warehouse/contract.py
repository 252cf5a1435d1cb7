"""The published contract as data: tables, columns, keys, references, from the YAML beside the models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from school_quality import terms
from school_quality.settings import dbt_project_dir

SCHEMAS = ("marts", "meta")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the contract; ``references`` is the table whose rows it names.

    The rest is its ``meta``. ``meaning`` is what it is, in Russian, where the common words of the dictionary
    do not say it. ``title`` (``spelled`` in full) and ``format`` are how people see it in the places
    ``shown``. The open edition tells it where ``open_when`` holds, "true" or a condition in SQL over its step
    (`disclosure`); None: nobody has decided yet. It may be of an earlier release where ``kept_when`` holds.
    """

    name: str
    data_type: str  # as in DuckDB, lower case
    description: str
    is_required: bool
    references: str | None
    meaning: str | None
    title: str
    spelled: str
    format: str
    shown: tuple[str, ...]
    open_when: str | None
    kept_when: str | None


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
    meta = _meta(column)
    targets = [arguments["to"] for name, arguments in _tests(column) if name == "relationships"]
    return Column(
        name=column["name"],
        data_type=column["data_type"],
        description=column["description"],
        is_required={"type": "not_null"} in column.get("constraints", []),
        references=targets[0].split("'")[1] if targets else None,
        meaning=meta.get("meaning"),
        title=meta.get("title", "").format_map(terms.words("figure")),
        spelled=meta.get("spelled", ""),
        format=meta.get("format", ""),
        shown=tuple(meta.get("shown", ())),
        open_when=str(meta["open"]).lower() if "open" in meta else None,
        kept_when=meta.get("kept"),
    )


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = node.get("config", {}).get("meta", {})
    return found


def _tests(node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for test in node.get("data_tests", []):
        if isinstance(test, Mapping):
            for name, body in test.items():
                yield name, body.get("arguments", {})
