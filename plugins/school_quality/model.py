"""The nouns that the steps hand to one another: sources, contexts, blocks of cells, remarks."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["file", "row", "warning"]

CONTEXT_FIELDS = ("year", "grade", "subject", "sitting", "exam")
"""What a path may say of a file (contracts, section 2)."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a path said that the content may lack (contracts, section 2).

    Where one name holds two years, they are in ``conflicting_years`` and ``year`` is None.
    """

    year: int | None = None
    grade: int | None = None
    subject: str | None = None
    sitting: str | None = None  # "autumn" where the name or a folder says so
    conflicting_years: tuple[int, ...] = ()
    exam: str | None = None  # ege, oge or vpr

    def key(self, fields: Collection[str] = CONTEXT_FIELDS) -> str:
        """Canonical JSON of some fields, the ``context`` of a receipt; null where the path did not say it."""
        return json.dumps({name: getattr(self, name) for name in sorted(fields)}) if fields else "{}"


@dataclass(frozen=True, slots=True)
class Remark:
    """One line of the remarks workbook and of ``meta.rejected_row``.

    ``rule`` is an id of the rule catalogue (``expectations/rules.yml``), which holds message and advice;
    ``details`` fills the message's placeholders. ``value`` is empty where the column identifies a pupil.
    """

    rule: str
    level: Level
    sheet: str = ""
    row_number: int | None = None
    column: str = ""  # the header as the sender wrote it
    value: str = ""
    details: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Block:
    """The rows below one header: columns of cell texts with provenance.

    ``columns`` maps a declared field to one text a row ("" = an empty cell; numbers without a trailing
    ``.0``; dates in ISO; formula errors as ``#…``). ``constants`` holds fields that are the same for all rows
    (year, subject, date of a title; what the path said), as text in the same form. ``headers`` maps a field
    to the header as the sender wrote it. Pupils are pseudonyms: no block carries a name or a document.
    """

    dataset: str
    sheet: str
    row_numbers: list[int]
    columns: dict[str, list[str]]
    constants: dict[str, str]
    headers: dict[str, str]
    tasks: dict[str, list[str]] = field(default_factory=dict)
    """The cells of tasks or of scores, header -> one text a row. In ВПР by pupil they decide nothing but may
    warn."""
    maxima: dict[str, str] = field(default_factory=dict)
    """Header of a task -> its maximum, where a row below the header prints it."""
    footer: dict[str, str] = field(default_factory=dict)
    """What is printed for the block as a whole and compared with its rows: ``mean_primary_score``,
    ``mean_test_score``, ``mean_mark``, ``participants`` (``Всего участников``, ``Кол-во участников``).
    ``left_out``: how many rows of the block are marked ``is_left_out`` (ГВЭ): landing skips them, the footer
    counts them."""


@dataclass(slots=True)
class FileReading:
    """What a file turned out to be; its rows are those of ``blocks`` and ``rows_skipped``.

    Skipped are totals and repeated headers.
    """

    file_id: str
    path: str
    context: Context
    dataset: str | None = None  # None: rejected as a whole
    blocks: list[Block] = field(default_factory=list)
    rows_skipped: int = 0
    skipped_sheets: list[str] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    consulted: tuple[str, ...] = ()
    """Fields of the context that were asked for because the content does not say them."""

    @property
    def used_context(self) -> str:
        """What the path contributed, or was asked for in vain: the ``context`` of the receipt."""
        return self.context.key(self.consulted)

    @property
    def rejected(self) -> bool:
        return any(r.level == "file" for r in self.remarks)
