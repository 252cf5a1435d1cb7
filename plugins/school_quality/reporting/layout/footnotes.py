"""Numbered remarks below a table."""

from __future__ import annotations

from collections.abc import Iterable


class Footnotes:
    """Numbers for the remarks of one table, as first cited; the smaller ones first."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def cite(self, remarks: Iterable[str]) -> str:
        numbers = {self._numbers.setdefault(remark, len(self._numbers) + 1) for remark in remarks}
        return ",".join(map(str, sorted(numbers)))

    def texts(self) -> tuple[str, ...]:
        return tuple(f"{number} — {remark}" for remark, number in self._numbers.items())
