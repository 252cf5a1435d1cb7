"""Which files to read again, because something besides their content that decides about them has changed.

A receipt holds the fingerprint of its circumstances; where they differ now, a file that was rejected, had
rows rejected, or could have had, is read again (contracts 2.1; methodology, Who counts 2).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from school_quality.landing.receipts import Receipt
from school_quality.model import Block
from school_quality.reading import subjects

Key = tuple[str, str]  # file_id, context

PROTOCOLS = ("ege_results", "oge_results")
"""What appeals look for."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What decides about a file beside its own content.

    ``references``: a fingerprint of reader, declarations, register, scales and thresholds; ``protocols``:
    the files in which appeals look for results; ``of_work``: the files of a work of ВПР, whose rows decide
    together whether a scale may be borrowed.
    """

    references: str
    protocols: frozenset[Key]
    of_work: Mapping[str, frozenset[Key]]

    @classmethod
    def of(cls, references: str, files: Iterable[tuple[Key, str | None, Iterable[str]]]) -> Circumstances:
        """The circumstances made by the files in force, each given with key, dataset and works."""
        protocols: set[Key] = set()
        of_work: dict[str, set[Key]] = defaultdict(set)
        for key, dataset, works in files:
            if dataset in PROTOCOLS:
                protocols.add(key)
            for work in works:
                of_work[work].add(key)
        return cls(references, frozenset(protocols), {w: frozenset(keys) for w, keys in of_work.items()})

    def fingerprint(self, dataset: str | None, works: Iterable[str] = ()) -> str:
        """A hash that changes whenever a file of the dataset with these works could be judged otherwise."""
        if dataset == "appeals":
            others = self.protocols
        elif dataset == "vpr_results":
            others = frozenset[Key]().union(*(self.of_work.get(work, frozenset()) for work in works))
        else:
            return self.references
        return hashlib.sha256(repr((self.references, sorted(others))).encode()).hexdigest()[:16]

    def changed(self, receipt: Receipt) -> bool:
        """Whether the file of a receipt was judged in other circumstances."""
        return receipt.reference_fingerprint != self.fingerprint(receipt.dataset, receipt.works)


def works_of(block: Block) -> set[str]:
    """The works whose rows a block of ВПР holds, as ``2022 5 math``."""
    if block.dataset != "vpr_results":
        return set()
    rows = len(block.row_numbers)
    years, grades, names = (
        block.columns[name] if name in block.columns else [block.constants.get(name, "")] * min(rows, 1)
        for name in ("reporting_year", "grade", "subject")
    )
    longest = max(len(years), len(grades), len(names))
    columns = (texts if len(texts) == longest else texts * longest for texts in (years, grades, names))
    return {
        f"{year} {grade} {subjects.find(name, 'vpr') or name}"
        for year, grade, name in set(zip(*columns, strict=True))
    }
