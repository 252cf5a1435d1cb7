"""Columns of ``fct_school_status`` as their contract declares them: what they are called and how written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from school_quality.reporting import words
from school_quality.reporting.content.facts import Row, is_hidden
from school_quality.warehouse import contract
from school_quality.warehouse.contract import Column

Place = Literal["card", "site", "workbook", "superset"]
"""Where a column is ``shown``: the school's card, its workbook and its page; the site's table of schools; the
same table as a workbook; the panels of Superset."""

FORMATS: dict[str, Callable[[Any], str]] = {
    "count": lambda value: words.number(value, 0),
    "index": words.precise,
    "number": lambda value: words.number(value, 2),
    "percent": words.percent,
    "text": str,
    "yes_no": words.yes_no,
}

NUMBERS = {"count", "index", "number", "percent"}


def shown(place: Place) -> tuple[Column, ...]:
    """The columns of a place, in the order of the contract."""
    return tuple(column for column in contract.table("fct_school_status").columns if place in column.shown)


def text(status: Row, column: Column, nothing: str = words.NO_DATA) -> str:
    """The value in words: ``nothing`` where there is none, «скрыто» where the open edition hides it."""
    if status[column.name] is None:
        return words.HIDDEN if is_hidden(status, column.name) else nothing
    return FORMATS[column.format](status[column.name])


def cell(status: Row, column: Column) -> str | float | None:
    """The value for a workbook: numbers as they are, anything else in words."""
    value: float | None = status[column.name]
    if column.format in NUMBERS and (value is not None or not is_hidden(status, column.name)):
        return value
    return text(status, column)
