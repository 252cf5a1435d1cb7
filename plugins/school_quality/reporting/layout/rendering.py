"""Laying out: one Jinja environment for HTML, one Typst compiler for PDF.

Texts from files reach both as data: Jinja escapes them, Typst gets them as JSON and shows strings as text.
"""

from __future__ import annotations

import json
import os
import re
import struct
import unicodedata
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import typst

from school_quality import terms

_HERE = Path(__file__).parents[1]
FONTS = _HERE / "fonts"
TEMPLATES = _HERE / "templates"
PICTURE_PPI = 200.0
PRESSES = min(4, os.cpu_count() or 1)
# No column holds a word of so many characters; it may be broken after each part of so many.
LONG_WORD, WORD_PART = 40, 10
ZERO_WIDTH_SPACE = "\u200b"


@cache
def environment() -> jinja2.Environment:
    """The project's only Jinja environment: escapes everything, fails on an unknown name.

    ``term(kind, code)`` is the word of a code.
    """
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["term"] = lambda kind, code: terms.words(kind)[code]
    return found


class Press:
    """Prints PDFs with one Typst compiler, which keeps fonts and templates between documents."""

    def __init__(self) -> None:
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
        self._compiler = typst.Compiler(root=str(TEMPLATES), font_paths=fonts)

    def print(self, template: str, document: Any) -> bytes:
        """The PDF of a dataclass ``document`` laid out by ``templates/<template>``.

        It is a PDF/UA: Typst refuses to write one without tags, language, title or a glyph for a character.
        Identical input gives identical bytes: the templates give the document no date of creation.
        """
        return self.compile(template, breakable(displayable(as_json(document))))

    def compile(self, template: str, data: str) -> bytes:
        """The PDF of JSON that is ready: only of characters that the fonts have."""
        pdf = self._compiler.compile(
            input=str(TEMPLATES / template), format="pdf", sys_inputs={"document": data}, pdf_standards="ua-1"
        )
        if not isinstance(pdf, bytes):
            raise TypeError(f"Typst made no PDF of {template}")
        return pdf

    def picture(self, template: str, document: Any) -> bytes:
        """The PNG of a dataclass ``document`` drawn by ``templates/<template>``, for DOCX."""
        data = displayable(as_json(document))
        png = self._compiler.compile(
            input=str(TEMPLATES / template), format="png", ppi=PICTURE_PPI, sys_inputs={"document": data}
        )
        if not isinstance(png, bytes):
            raise TypeError(f"Typst drew no single page of {template}")
        return png


def as_json(document: Any) -> str:
    """A tree of dataclasses, tuples and plain values as JSON; dates in ISO."""
    return json.dumps(document, default=_fields, ensure_ascii=False)


def _fields(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def displayable(text: str) -> str:
    """JSON with ``?`` for each character that the shipped fonts lack, and without control characters.

    PDF/UA allows neither; Word leaves its optional hyphens as control characters in the cells of plans.
    """
    return _undisplayable().sub("?", unicodedata.normalize("NFC", _CONTROL.sub(r"\1", text)))


def breakable(text: str) -> str:
    """JSON with places to break a line in words that no column holds; Typst breaks addresses by itself."""
    return _LONG_WORD.sub(lambda found: "".join(_parts(found[0])), text)


# As JSON escapes them, behind whole escapes of backslashes; line ends and tabs have escapes of their own.
_CONTROL = re.compile(r"(?<!\\)((?:\\\\)*)\\u00[01][0-9a-f]")

# Neither quotes nor escapes, so that what is between them stays JSON.
_LONG_WORD = re.compile(rf'[^\s"\\]{{{LONG_WORD},}}')


def _parts(word: str) -> Iterator[str]:
    for start in range(0, len(word), WORD_PART):
        if start and "://" not in word:
            yield ZERO_WIDTH_SPACE
        yield word[start : start + WORD_PART]


@cache
def _undisplayable() -> re.Pattern[str]:
    covered = set.intersection(*(_characters(path.read_bytes()) for path in sorted(FONTS.glob("*.ttf"))))
    return re.compile("[^" + "".join(re.escape(chr(code)) for code in sorted(covered | {0x0A})) + "]")


def _characters(font: bytes) -> set[int]:
    """Code points of a TrueType font's Unicode table (cmap format 4, OpenType specification)."""
    tables = struct.unpack_from(">H", font, 4)[0]
    records = [struct.unpack_from(">4sIII", font, 12 + 16 * index) for index in range(tables)]
    start = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    for index in range(struct.unpack_from(">H", font, start + 2)[0]):
        table = start + struct.unpack_from(">I", font, start + 8 + 8 * index)[0]
        if struct.unpack_from(">H", font, table)[0] == 4:
            segments = struct.unpack_from(">H", font, table + 6)[0] // 2
            ends = struct.unpack_from(f">{segments}H", font, table + 14)
            starts = struct.unpack_from(f">{segments}H", font, table + 16 + 2 * segments)
            return {
                code for first, last in zip(starts, ends, strict=True) for code in range(first, last + 1)
            } - {0xFFFF}
    raise ValueError("The font has no format 4 character map")
