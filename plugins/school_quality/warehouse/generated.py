"""The files that repeat a contract because a reader needs them: dictionary, picture, promise, steps, panels.

``python -m school_quality.warehouse`` writes them; a test proves that the committed ones are current. Of the
step of the open edition and of the data set of Superset only the columns are written, between their marks.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from school_quality.settings import project_root
from school_quality.warehouse import catalogue, contract
from school_quality.warehouse.contract import Column, Table

STATUSES = "fct_school_status"

STEPS = {STATUSES: "5_fct_school_status.sql", "fct_procedure_result": "4_fct_procedure_result.sql"}
"""Steps of the open edition of which the columns are declared."""

FIRST = "Columns of the contract, written by `python -m school_quality.warehouse`."
LAST = "So far the columns of the contract."

_TYPES = {
    "boolean": "BOOLEAN",
    "double": "DOUBLE PRECISION",
    "integer": "INTEGER",
    "varchar": "TEXT",
}
"""DuckDB's types as Superset calls them."""


def files() -> dict[Path, str]:
    """Every file that is made of the contracts, with the text that it must hold."""
    docs, statuses = project_root() / "docs", contract.table(STATUSES)
    panels = project_root() / "bi/superset/assets/datasets/education_quality/school_year.yaml"
    shown = [column for column in statuses.columns if "superset" in column.shown]
    query = [f"      status.{column.name},\n" for column in shown]
    text = _between(
        panels.read_text(encoding="utf-8"),
        "      locality,\n",
        "      case school_group /* terms: school_group */\n",
        query,
    )
    marked = (f"# {FIRST}\n", f"# {LAST}\n")
    return {
        docs / "warehouse.md": catalogue.markdown(),
        docs / "er.svg": catalogue.picture(),
        docs / "contract.csv": _promise((docs / "contract.csv").read_text(encoding="utf-8")),
        panels: _between(text, *marked, map(_panel_column, shown)),
        **dict(_step(name, contract.table(mart)) for mart, name in STEPS.items()),
    }


def stale() -> list[Path]:
    """Files that are not what the contracts say."""
    return list(_changed())


def write() -> list[Path]:
    """Write the stale files; returns them."""
    changed = _changed()
    for path, text in changed.items():
        path.write_text(text, encoding="utf-8")
    return list(changed)


def _changed() -> dict[Path, str]:
    return {path: text for path, text in files().items() if path.read_text(encoding="utf-8") != text}


def _between(text: str, first: str, last: str, lines: Iterable[str]) -> str:
    """The text with other lines between two of its lines. Raises `ValueError` unless each is there once."""
    head, *rest = text.split(first)
    _, *tails = "".join(rest).split(last)
    if len(rest) != 1 or len(tails) != 1:
        raise ValueError(f"no place for columns: {first.strip()} … {last.strip()}")
    (tail,) = tails
    return f"{head}{first}{''.join(lines)}{last}{tail}"


def _promise(promised: str) -> str:
    """The promised columns with the new ones in their places; what is gone stays, for a test to refuse it."""
    names, *rows = csv.reader(promised.splitlines())
    types = {tuple(row[:3]): row[3] for row in rows}
    now = {
        (table.schema, table.name, column.name): column.data_type
        for table in contract.tables()
        for column in table.columns
    }
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows((*key, kind) for key, kind in (now | types).items())
    return text.getvalue()


def _step(name: str, table: Table) -> tuple[Path, str]:
    path = Path(__file__).parent / "open_edition" / "open_marts" / name
    lines = [*_opened(table), *(_named(table) if table.name == STATUSES else ())]
    columns = ",\n".join(lines) + "\n"
    return path, _between(
        path.read_text(encoding="utf-8"), f"    -- {FIRST}\n", f"    -- {LAST}\n", [columns]
    )


def _opened(table: Table) -> Iterator[str]:
    """What a step of the open edition tells of a mart."""
    for column in table.columns:
        if column.open_when is None:
            value = f"null::{column.data_type} as {column.name}"
        elif column.open_when == "true":
            value = column.name
        else:
            value = f"case when {column.open_when} then {column.name} end as {column.name}"
        yield f"    {value}"


def _named(table: Table) -> Iterator[str]:
    """The names of the columns that are hidden, and of those that may be of an earlier release."""
    hidden = [
        f"'{column.name}'"
        if column.open_when is None
        else f"case when not {column.open_when} then '{column.name}' end"
        for column in table.columns
        if column.open_when != "true"
    ]
    kept = [
        f"case when {column.kept_when} and {column.open_when} then '{column.name}' end"
        for column in table.columns
        if column.kept_when and column.open_when
    ]
    for name, cases in (("suppressed", hidden), ("being_updated", kept)):
        listed = ",\n".join(f"            {case}" for case in cases)
        yield (
            f"    list_filter(\n        [\n{listed}\n        ],\n"
            f"        lambda name: name is not null\n    )::varchar[] as {name}"
        )


def _panel_column(column: Column) -> str:
    return f"""\
- column_name: {column.name}
  verbose_name: {column.title}
  is_dttm: false
  is_active: true
  type: {_TYPES[column.data_type]}
  groupby: true
  filterable: true
  expression: null
  description: null
  python_date_format: null
  extra: {{}}
"""
