"""The data dictionary of the published warehouse and its picture, both made of the contracts.

What a column of one table means, in Russian, stands in its contract; what is called the same in several, and
what tables are, in ``dbt_project/dictionary.yml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any

import yaml

from school_quality import terms
from school_quality.settings import dbt_project_dir
from school_quality.warehouse.contract import Column, Table, tables

HEAD = """\
# Словарь хранилища

Этот файл создан из контрактов таблиц и `dbt_project/dictionary.yml` командой
`python -m school_quality.warehouse`; руками его не правят.
Как пользоваться хранилищем: [для аналитиков](analysts.md).

![Таблицы и связи](er.svg)

Одно имя столбца значит одно и то же во всех таблицах. `→` — на строку какой таблицы указывает столбец.
"""

_KIND = re.compile(r"\{(\w+)\}")

_BOX, _LINE, _PAD, _GAP, _LANE = 250, 15, 8, 26, 130
"""Widths and heights of the picture in pixels: a box, a line of text, its margin, gaps between boxes."""


@cache
def dictionary() -> dict[str, Any]:
    """The Russian words: ``columns`` by name, ``tables`` by name with title, rows and their own columns."""
    text = (dbt_project_dir() / "dictionary.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def meaning(table: Table, column: Column) -> str | None:
    """What a column of a table means, a ``{kind}`` of terms spelt out; None where nothing says it."""
    text = wording(table, column)
    return text and _KIND.sub(lambda found: listed(found[1]), text)


def wording(table: Table, column: Column) -> str | None:
    """The same as it is written, in the contract or the dictionary."""
    words = dictionary()
    own: dict[str, str] = words["tables"].get(table.name, {}).get("columns", {})
    return column.meaning or own.get(column.name) or words["columns"].get(column.name)


def listed(kind: str) -> str:
    """The codes of a kind with their words, as the dictionary lists them."""
    return "; ".join(f"`{code}` — {word}" for code, word in terms.words(kind).items())


def title(table: str) -> str | None:
    """What a table is; None where the dictionary does not say."""
    found: str | None = dictionary()["tables"].get(table, {}).get("title")
    return found


def references(table: Table) -> dict[str, str]:
    """Columns that name rows of a dimension, with the dimension.

    A column does if the contract tests it, or if it is named like the key of a dimension (several columns
    where the key has several); the last wins where two dimensions share a name.
    """
    found: dict[str, str] = {}
    names = {column.name for column in table.columns}
    known = {target.name for target in tables()}
    for dimension in tables():
        key = set(dimension.key)
        if dimension.name.startswith("dim_") and dimension.name != table.name and key and key <= names:
            found |= dict.fromkeys(key - set(found), dimension.name)
    for column in table.columns:
        if column.references in known and column.references != table.name:
            found[column.name] = str(column.references)
    return found


def markdown() -> str:
    """The dictionary as a page."""
    lines = [HEAD]
    for schema, title in (("marts", "Витрины (схема `marts`)"), ("meta", "Служебные таблицы (схема `meta`)")):
        lines += [f"## {title}", ""]
        for table in tables():
            if table.schema == schema:
                lines += [*_section(table), ""]
    return "\n".join(lines)


def _section(table: Table) -> Iterator[str]:
    words = dictionary()["tables"][table.name]
    yield f"### {table.name}"
    yield ""
    yield f"{words['title']}. Строка: {words['rows']}."
    yield ""
    yield "| столбец | тип | что это |"
    yield "|---|---|---|"
    targets = references(table)
    for column in table.columns:
        marks = "".join(
            (
                " · ключ" if column.name in table.key else "",
                f" · → `{targets[column.name]}`" if column.name in targets else "",
            )
        )
        yield f"| `{column.name}` | {column.data_type}{marks} | {meaning(table, column)} |"


def picture() -> str:
    """The marts with their columns, keys first, and lines from references to dimensions, as an SVG."""
    marts = [table for table in tables() if table.schema == "marts"]
    dimensions = [table for table in marts if table.name.startswith("dim_")]
    facts = [table for table in marts if not table.name.startswith("dim_")]
    half = _balanced(facts)
    columns = [facts[:half], dimensions, facts[half:]]
    places: dict[str, tuple[int, int]] = {}
    height = 0
    for index, column in enumerate(columns):
        y = _GAP
        for table in column:
            places[table.name] = (_GAP + index * (_BOX + _LANE), y)
            y += _height(table) + _GAP
        height = max(height, y)
    width = 2 * _GAP + 3 * _BOX + 2 * _LANE
    body = [line for table in facts for line in _lines(table, places)]
    body += [box for table in marts for box in _box(table, *places[table.name])]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11" role="img">'
    )
    return "\n".join(
        [
            head,
            "<title>Таблицы схемы marts и их связи</title>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            *body,
            "</svg>",
            "",
        ]
    )


def _balanced(facts: list[Table]) -> int:
    """How many facts stand on the left so that both sides are about equally high."""
    total = sum(map(_height, facts))
    return min(range(len(facts) + 1), key=lambda n: abs(2 * sum(map(_height, facts[:n])) - total))


def _height(table: Table) -> int:
    return 24 + _LINE * len(table.columns) + _PAD


def _ordered(table: Table) -> list[Column]:
    return sorted(table.columns, key=lambda column: column.name not in table.key)


def _box(table: Table, x: int, y: int) -> Iterator[str]:
    is_dimension = table.name.startswith("dim_")
    fill = "#1f4e79" if is_dimension else "#3d6b35"
    yield f'<rect x="{x}" y="{y}" width="{_BOX}" height="{_height(table)}" fill="#fff" stroke="{fill}"/>'
    yield f'<rect x="{x}" y="{y}" width="{_BOX}" height="20" fill="{fill}"/>'
    yield f'<text x="{x + _PAD}" y="{y + 14}" fill="#fff" font-weight="bold">{escape(table.name)}</text>'
    for index, column in enumerate(_ordered(table)):
        top = y + 24 + _LINE * index + 11
        weight = ' font-weight="bold"' if column.name in table.key else ""
        yield f'<text x="{x + _PAD}" y="{top}"{weight}>{escape(column.name)}</text>'
        yield (
            f'<text x="{x + _BOX - _PAD}" y="{top}" text-anchor="end" fill="#666">'
            f"{escape(column.data_type)}</text>"
        )


def _lines(table: Table, places: dict[str, tuple[int, int]]) -> Iterator[str]:
    x, y = places[table.name]
    for target in sorted(set(references(table).values())):
        target_x, target_y = places[target]
        is_left = x < target_x
        names = [name for name, dimension in references(table).items() if dimension == target]
        row = min(index for index, column in enumerate(_ordered(table)) if column.name in names)
        start_x, start_y = x + (_BOX if is_left else 0), y + 24 + _LINE * row + 7
        end_x, end_y = target_x + (0 if is_left else _BOX), target_y + 10
        bend = (start_x + end_x) // 2
        yield (
            f'<path d="M{start_x} {start_y} C{bend} {start_y} {bend} {end_y} {end_x} {end_y}" fill="none" '
            f'stroke="#999"><title>{escape(table.name)} → {escape(target)}</title></path>'
        )
