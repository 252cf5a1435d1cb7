"""How a step of reading says that a file is rejected."""

from __future__ import annotations

from school_quality.model import Remark


class Rejected(Exception):
    """The file (or archive) is rejected whole; ``remark`` says why."""

    def __init__(self, rule: str, *, sheet: str = "", row_number: int | None = None, **details: str) -> None:
        super().__init__(rule)
        self.remark = Remark(rule, "file", sheet=sheet, row_number=row_number, details=details)
