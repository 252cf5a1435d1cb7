"""DOCX of a `Paper`: a zip of WordprocessingML parts, each a template of the one Jinja environment.

The parts are kept as text under ``templates/docx`` and not as a binary template: a change can be read and
reviewed, texts from files are escaped as in HTML, and identical input gives identical bytes (the zip has no
clock). Format: ECMA-376, Part 1, WordprocessingML; layout: ГОСТ Р 7.0.97-2016.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import asdict
from itertools import zip_longest
from typing import Any

from school_quality.reporting.layout.rendering import LONG_WORD, Press, environment
from school_quality.reporting.papers.paper import SIGNED, Block, Bullets, Figure, Grid, Paper, Signature, Text

# Twentieths of a point: A4 with margins of 30 mm left (for binding) and 10 mm right.
PAGE_WIDTH, MARGINS = 11906, (1701, 567)
TEXT_WIDTH = PAGE_WIDTH - sum(MARGINS)
# An em of a head (9 pt, bold) and of a text (10.5 pt, narrower), and the margins of a cell.
HEAD_EM, TEXT_EM, CELL_MARGINS = 180, 185, 142
# Letters in parts of an em, as the bold of the widest serif font has them.
WIDE_LETTERS = frozenset("жмфшщыюЖМФШЩЫЮ%")
# English metric units, 36,000 a millimetre: the size in which ``context_plot.typ`` draws.
PLOT_SIZE = (160 * 36_000, 95 * 36_000)

PARTS = {
    "[Content_Types].xml": "content_types.xml",
    "_rels/.rels": "package.rels",
    "docProps/core.xml": "core.xml",
    "word/_rels/document.xml.rels": "document.rels",
    "word/document.xml": "document.xml",
    "word/styles.xml": "styles.xml",
    "word/settings.xml": "settings.xml",
    "word/fontTable.xml": "fontTable.xml",
    "word/numbering.xml": "numbering.xml",
    "word/header.xml": "header.xml",
    "word/footer.xml": "footer.xml",
}

# What XML 1.0 cannot hold, and line ends, which a run of text has no place for.
_ILLEGAL = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def docx(paper: Paper, press: Press) -> bytes:
    """The document as the bytes of a .docx; ``press`` draws its plots."""
    blocks = []
    plots: list[bytes] = []
    for block, following in zip_longest(paper.blocks, paper.blocks[1:]):
        content = asdict(block) | {"keeps_next": _holds(block, following)}
        if isinstance(block, Grid):
            content["widths"] = _widths(block)
        elif isinstance(block, Figure):
            plots.append(press.picture("context_plot.typ", block))
            content["number"] = len(plots)
        blocks.append(content)
    context = {
        "paper": _legal({**asdict(paper), "blocks": blocks}),
        "plots": len(plots),
        "plot_size": PLOT_SIZE,
        "text_width": TEXT_WIDTH,
        "margins": MARGINS,
        "signed": SIGNED,
    }
    parts = {
        name: environment().get_template(f"docx/{file}.j2").render(context).encode()
        for name, file in PARTS.items()
    }
    parts |= {f"word/media/plot{number}.png": plot for number, plot in enumerate(plots, start=1)}
    return _zip(parts)


def _widths(table: Grid) -> list[int]:
    """Columns in twentieths of a point, none narrower than its longest word, as far as there is room.

    What a reader's program prints instead of a font that it lacks may be a fifth wider, and a word that does
    not fit is broken after any letter.
    """
    least = [
        CELL_MARGINS
        + max(
            HEAD_EM * _longest_word(column.title),
            TEXT_EM * max((_longest_word(row[place]) for row in table.rows), default=0),
        )
        for place, column in enumerate(table.columns)
    ]
    wanted = [width * TEXT_WIDTH for width in table.widths]
    spare = [max(0.0, width - narrowest) for width, narrowest in zip(wanted, least, strict=True)]
    missing = sum(max(0.0, narrowest - width) for width, narrowest in zip(wanted, least, strict=True))
    if missing > sum(spare):  # no room for all: as the words are long
        return [round(narrowest * TEXT_WIDTH / sum(least)) for narrowest in least]
    kept = 1 - missing / sum(spare) if missing else 1.0
    return [round(narrowest + kept * room) for narrowest, room in zip(least, spare, strict=True)]


def _longest_word(text: str) -> float:
    """Ems of the widest word; one that is longer than any column is broken whatever its width."""
    words = re.split("[ \n/–-]", text)  # a no-break space is a part of its word
    return max((sum(map(_ems, word)) for word in words if len(word) <= LONG_WORD), default=0.0)


def _ems(letter: str) -> float:
    if letter in WIDE_LETTERS:
        return 1.3 if letter.isupper() else 1.05
    return 0.95 if letter.isupper() else 0.73 if letter.isalnum() else 0.4


def _holds(block: Block, following: Block | None) -> bool:
    """Whether a block stays with the next one: before lines to sign, and words before a table or list."""
    return isinstance(following, Signature) or (
        isinstance(block, Text) and isinstance(following, Grid | Bullets)
    )


def _legal(value: Any) -> Any:
    """``value`` with every text in it cleared of what XML cannot hold."""
    if isinstance(value, str):
        return _ILLEGAL.sub(" ", value)
    if isinstance(value, dict):
        return {key: _legal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_legal(item) for item in value]
    return value


def _zip(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()
