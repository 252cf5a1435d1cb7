"""What a sheet holds that calamine does not tell of its cells."""

from __future__ import annotations

from dataclasses import dataclass, field

from school_quality.reading.texts import number_text


@dataclass(slots=True)
class SheetScan:
    """By (row, column) from 0: texts of formula errors, and cells whose format shows 0.4 as 40 %."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    percents: set[tuple[int, int]] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.errors or self.percents)


NOT_COMPUTED = "#НЕВЫЧИСЛЕНО!"
"""For a formula whose value was never saved: programs that only write workbooks leave it to Excel."""

PERCENT_FORMATS = frozenset({9, 10})
"""Number formats ``0%`` and ``0.00%``, which no workbook declares."""


def is_percent(number_format: str) -> bool:
    """Whether a declared number format multiplies by 100: a ``%`` outside quotes and not escaped."""
    plain = "".join(number_format.split('"')[::2])
    return "%" in plain.replace("\\%", "")


def percent_text(share: float) -> str:
    """A share as people see it where its format is a percentage: ``40 %`` and not 0.4."""
    return f"{number_text(round(share * 100, 10))} %"
