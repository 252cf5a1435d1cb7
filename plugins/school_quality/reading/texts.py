"""Cells and headers as text: the one place that decides when two spellings are the same word."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from decimal import Decimal

ODD_SPACES = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_TO_SPACE = str.maketrans(dict.fromkeys(ODD_SPACES, " ") | dict.fromkeys(_INVISIBLE, ""))
_SPACES = re.compile(r"\s+")
_WHOLE = re.compile(r"(\d+)[.,]0+")

BEHIND_CODE = r"[\s.,;:|/_(«\"“„–—-]+"
"""In a pattern: what stands between the code of a school and its name, ``006003 МБОУ СОШ № 3``."""

NUMBER_MARK = "\x01number:"
"""Before the text of a number cell in a column of indicator codes: 1.1 may have been 1.10."""
DATE_MARK = "\x01date:"
"""Before the ISO text of a date cell in a column of roadmap items: Excel's guess at ``4.3``."""

Cell = str | int | float | bool | dt.date | dt.datetime | dt.time | dt.timedelta


def fold(text: str) -> str:
    """A name for comparing: case, spaces of any kind, line breaks, ё/е and a trailing ``*`` do not matter."""
    folded = _SPACES.sub(" ", text.translate(_TO_SPACE)).strip().lower().replace("ё", "е")
    return folded.rstrip("* ") if folded.endswith("*") else folded


def fold_header(cell: Cell) -> str:
    """A header cell for comparing; a number cell is its number, ``2.0`` is ``2``."""
    if isinstance(cell, str):
        return without_zero_fraction(fold(cell))
    return fold(cell_text(cell))


def without_zero_fraction(text: str) -> str:
    """A whole number that came with a fraction, ``4521.0`` or ``4521,0``, without it; other texts as they
    are."""
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


# Latin letter -> the Cyrillic one that looks the same, after folding and in upper case too
_LOOKALIKES = str.maketrans("aceopxykmtbhi", "асеорхукмтвні")
_LATIN = re.compile(r"[a-z]")
_CYRILLIC = re.compile(r"[а-яіё]")


def skeleton(folded: str) -> str:
    """What a folded name looks like: Latin letters that look Cyrillic become Cyrillic."""
    return folded.translate(_LOOKALIKES)


def is_mixed(folded: str) -> bool:
    """Latin and Cyrillic letters in one name."""
    return bool(_LATIN.search(folded) and _CYRILLIC.search(folded))


_TASK_WORDS = re.compile(r"^(?:задание|№)", re.IGNORECASE)
_CRITERION = str.maketrans("Kkк", "ККК")


def task_name(header: str) -> str:
    """The name of a task as its work has it: ``№ 4``, ``11,3K1`` are ``4``, ``11.3К1``."""
    name = "".join(_TASK_WORDS.sub("", header.translate(_TO_SPACE).strip()).split()).rstrip("*.")
    return without_zero_fraction(name.replace(",", ".").translate(_CRITERION))


def number_text(value: float) -> str:
    """A number as a sender sees it: no trailing ``.0``, at most 15 significant digits (what Excel keeps)."""
    if value == value and abs(value) < 1e15 and value == int(value):
        return str(int(value))
    text = f"{value:.15g}"
    return format(Decimal(text), "f") if "e" in text and "inf" not in text else text


def _datetime_text(value: dt.datetime) -> str:
    return (
        value.date().isoformat()
        if value.time() == dt.time()
        else value.isoformat(sep=" ", timespec="seconds")
    )


def _bool_text(value: bool) -> str:
    return "истина" if value else "ложь"


_TEXT_OF: dict[type, Callable[..., str]] = {
    str: str,
    float: number_text,
    int: str,
    bool: _bool_text,
    dt.date: dt.date.isoformat,
    dt.datetime: _datetime_text,
    dt.time: str,
    dt.timedelta: str,
}


def cell_text(cell: Cell) -> str:
    """One cell as text: numbers without a trailing ``.0``, dates in ISO, spaces trimmed."""
    return _TEXT_OF[type(cell)](cell).strip()


def column_texts(cells: Sequence[Cell]) -> list[str]:
    """A column of cells as texts, odd spaces made ordinary, what nobody sees left out; works by column, for
    hundreds of thousands of rows."""
    if set(map(type, cells)) <= {str}:
        texts = [c.strip() for c in cells]  # type: ignore[union-attr]
    else:
        texts = [c.strip() if type(c) is str else _TEXT_OF[type(c)](c) for c in cells]
    joined = "\x1f".join(texts)
    if joined.isascii() or not any(odd in joined for odd in ODD_SPACES + _INVISIBLE):
        return texts
    return [t.translate(_TO_SPACE).strip() for t in texts]


def raw_texts(cells: Sequence[Cell]) -> list[str]:
    """A column as texts with whatever spaces stand in it: for task cells, which are many and decide
    nothing."""
    if set(map(type, cells)) <= {str}:
        return list(cells)  # type: ignore[arg-type]
    return [c if type(c) is str else _TEXT_OF[type(c)](c) for c in cells]


def marked_texts(cells: Sequence[Cell], field_type: str) -> list[str]:
    """`column_texts`, with the cells marked whose Excel type betrays a lost code (`NUMBER_MARK`,
    `DATE_MARK`)."""
    texts = column_texts(cells)
    if field_type == "indicator_codes":
        kinds: tuple[type, ...] = (int, float, dt.date, dt.datetime)
    elif field_type in ("item", "task"):
        kinds = (dt.date, dt.datetime)
    else:
        return texts
    return [
        (NUMBER_MARK if type(cell) in (int, float) else DATE_MARK) + text if type(cell) in kinds else text
        for cell, text in zip(cells, texts, strict=True)
    ]
