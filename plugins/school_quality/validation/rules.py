"""The rule catalogue ``expectations/rules.yml``: what may be wrong with a file or a row, and what to tell.

Readers, landing, the suites and the remarks workbooks cite rules by id; nobody else holds a message.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

import yaml

from school_quality.model import Level, Remark
from school_quality.settings import expectations_dir

Part = Literal["required", "values", "range", "years", "parts", "unique"]
"""What of a dataset's declaration a generic rule judges."""


class CatalogueError(ValueError):
    """The catalogue contradicts itself; the message names the rule and the key."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``executes``, ``predicate`` or ``query`` is set where a suite executes it.

    ``executes`` names what of a dataset's declaration the rule judges (``years``: whether a year lies
    ``between``). ``predicate`` is a SQL condition over typed columns that is true for a good row; null
    passes. ``query`` gives ``row_id`` of the bad rows of ``{batch}``, and details; it may read the tables
    ``reads``; with ``columns`` it is a rule for each of them. ``judges`` are the columns that are read,
    ``column`` is the one that the sender is pointed to (none: the file).
    """

    id: str
    level: Level
    message: str
    advice: str
    datasets: tuple[str, ...] = ()  # empty: every dataset
    column: str | None = None
    judges: tuple[str, ...] = ()
    predicate: str | None = None
    query: str | None = None
    reads: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    executes: Part | None = None
    between: tuple[int, int] | None = None
    first_year: int | None = None
    last_year: int | None = None

    def concerns(self, dataset: str) -> bool:
        """Whether the rule can be broken by a row of ``dataset``."""
        return not self.datasets or dataset in self.datasets


def _rule(item: Mapping[str, Any]) -> Rule:
    """One rule of the file; raises `CatalogueError` where it makes no sense."""
    name = item.get("id", "?")
    unknown = set(item) - set(Rule.__dataclass_fields__)
    if unknown:
        raise CatalogueError(f"rule {name}: unknown keys {sorted(unknown)}")
    missing = [key for key in ("id", "level", "message", "advice") if not item.get(key)]
    if missing:
        raise CatalogueError(f"rule {name}: {missing} missing")
    if item["level"] not in get_args(Level):
        raise CatalogueError(f"rule {name}: level {item['level']!r} is none of {get_args(Level)}")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in item.items()}
    rule = Rule(**values)
    if rule.executes and rule.executes not in get_args(Part):
        raise CatalogueError(f"rule {name}: executes {rule.executes!r} is none of {get_args(Part)}")
    if (rule.executes == "years") != (rule.between is not None):
        raise CatalogueError(f"rule {name}: between belongs to executes: years, and the other way round")
    if sum(map(bool, (rule.executes, rule.predicate, rule.query))) > 1:
        raise CatalogueError(f"rule {name}: executes, predicate and query exclude each other")
    if rule.query and not (rule.datasets and "{batch}" in rule.query):
        raise CatalogueError(f"rule {name}: a query needs datasets, and reads {{batch}}")
    if (rule.reads or rule.columns) and not rule.query:
        raise CatalogueError(f"rule {name}: reads and columns belong to a query")
    if rule.predicate and not (rule.column in rule.judges and rule.datasets):
        raise CatalogueError(f"rule {name}: a predicate needs datasets, judges, and its column among them")
    if rule.level == "file" and (rule.executes or rule.predicate or rule.query):
        raise CatalogueError(f"rule {name}: a suite judges rows, not files")
    return rule


def _document(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe
    return found


def load_catalogue(path: Path) -> Mapping[str, Rule]:
    """The rules of ``path`` by id, in the order of the file. Raises `CatalogueError`."""
    document = _document(path)
    rules: dict[str, Rule] = {}
    for rule in map(_rule, document["rules"]):
        if rule.id in rules:
            raise CatalogueError(f"rule {rule.id} stands twice")
        unknown = set(rule.reads) - set(document.get("tables", {}))
        if unknown:
            raise CatalogueError(f"rule {rule.id}: reads undeclared tables {sorted(unknown)}")
        rules[rule.id] = rule
    return MappingProxyType(rules)


@cache
def catalogue() -> Mapping[str, Rule]:
    """The project's rules by id, in the order of the file."""
    return load_catalogue(expectations_dir() / "rules.yml")


@cache
def tables() -> Mapping[str, Mapping[str, str]]:
    """The tables that queries may read: columns with their DuckDB types."""
    return MappingProxyType(_document(expectations_dir() / "rules.yml")["tables"])


def rule(rule_id: str) -> Rule:
    """The rule with this id. Raises ``KeyError`` for an unknown id: a mistake in our code."""
    return catalogue()[rule_id]


def render(remark: Remark) -> tuple[str, str]:
    """Message and advice for the sender, placeholders filled from the remark (absent: empty)."""
    found = rule(remark.rule)
    details: Mapping[str, str] = defaultdict(
        str, {"value": remark.value, "column": remark.column} | remark.details
    )
    return found.message.format_map(details), found.advice.format_map(details)


def render_many(rule_id: str, details: Mapping[str, str]) -> str:
    """The message about many rows at once: an ellipsis for what each of them has of its own."""
    own: Mapping[str, str] = defaultdict(lambda: "…", details)
    return rule(rule_id).message.format_map(own)
