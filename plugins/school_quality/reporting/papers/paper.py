"""What an official paper is made of: text, lists, tables, a plot, lines to sign.

One content, two looks: `word` writes it as DOCX, ``templates/paper.typ`` as PDF. Both only lay it out, every
word and number is decided before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from school_quality.reporting.layout.context_plot import ContextPlot

# Where a person signs, and the name beside it: one line, however wide the font.
SIGNED = "_________\u00a0/\u00a0______________"

Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    kind: str = "heading"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; ``manner`` is how it looks: as body, as an important note, or as a small remark."""

    text: str
    manner: Literal["body", "important", "small"] = "body"
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Bullets:
    items: tuple[str, ...]
    kind: str = "bullets"


@dataclass(frozen=True, slots=True)
class Point:
    """A numbered point of an order: ``1.``, ``2.3.``; ``level`` 0 is a point, 1 a part of it."""

    number: str
    text: str
    level: int = 0
    kind: str = "point"


@dataclass(frozen=True, slots=True)
class Appendix:
    """The head of an appendix, on a new page: to which paper it belongs, and what it is.

    ``label`` and ``approval`` are lines at the right.
    """

    label: tuple[str, ...]
    title: str
    approval: tuple[str, ...] = ()
    kind: str = "appendix"


@dataclass(frozen=True, slots=True)
class Column:
    """``width`` is the column's part of the table's width, in any unit: parts are divided by their sum."""

    title: str
    width: float
    align: Align = "left"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table whose head repeats on every page; ``caption`` also names it for a screen reader.

    ``is_form``: filled by hand, so its rows are tall.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    is_form: bool = False
    kind: str = "table"

    @property
    def widths(self) -> tuple[float, ...]:
        """Widths as parts of 1."""
        whole = sum(column.width for column in self.columns)
        return tuple(column.width / whole for column in self.columns)


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot with its caption, and what it shows in words for those who do not see it."""

    caption: str
    plot: ContextPlot
    kind: str = "figure"


@dataclass(frozen=True, slots=True)
class Signature:
    """Lines to fill by hand: who signs, who wrote it."""

    position: str
    notes: tuple[str, ...] = ()
    kind: str = "signature"


def authority(municipality: str) -> tuple[str, ...]:
    """The full name of the authority as the order's head has it, in lines."""
    return (
        "УПРАВЛЕНИЕ ОБРАЗОВАНИЯ",
        "АДМИНИСТРАЦИИ МУНИЦИПАЛЬНОГО ОБРАЗОВАНИЯ",
        municipality.upper(),
    )


def of_authority(municipality: str) -> str:
    """The same after a noun: (приказ, начальник) «управления образования администрации …»."""
    return f"управления образования администрации муниципального образования {municipality}"


def approval(municipality: str) -> tuple[str, ...]:
    """The lines by which the head of the authority approves a paper (clause 5 of the order)."""
    return (
        "УТВЕРЖДАЮ",
        f"Начальник {of_authority(municipality)}",
        SIGNED,
        "«___»\u00a0__________\u00a020__\u00a0г.",
    )


Block = Heading | Text | Bullets | Point | Appendix | Grid | Figure | Signature


@dataclass(frozen=True, slots=True)
class Paper:
    """A whole document.

    ``organisation`` are the lines of its head, ``name`` is СПРАВКА or ПРИКАЗ, ``about`` its heading;
    ``requisites`` (date and number) are empty where a document is not signed, ``place`` where it needs no
    place of issue, ``approval`` where nobody approves it; ``imprint`` stands at the foot of each page.
    """

    file_name: str
    title: str
    organisation: tuple[str, ...]
    name: str
    about: str
    requisites: tuple[str, str] | None
    blocks: tuple[Block, ...]
    imprint: str
    is_draft: bool = False
    place: str = ""
    approval: tuple[str, ...] = ()
    created: str = field(default="2000-01-01")


def grid(
    caption: str, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, is_form: bool = False
) -> Grid:
    """A table of texts. Raises `ValueError` where a row has another number of cells than the head."""
    cells = tuple(tuple(row) for row in rows)
    for row in cells:
        if len(row) != len(columns):
            raise ValueError(f"{caption}: {len(row)} cells in {len(columns)} columns")
    return Grid(caption, tuple(columns), cells, is_form)
