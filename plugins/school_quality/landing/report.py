"""What an ingest did, for the command line, the tasks and the tests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from school_quality import terms
from school_quality.landing import last_look
from school_quality.landing.receipts import Receipt, context_words
from school_quality.reading import PassedOver
from school_quality.screen import one_line


@dataclass(frozen=True, slots=True)
class IngestReport:
    """Receipts of one ingest in order of seq, and what was left alone.

    ``unchanged``: files that were read before in the same context. ``kept_withdrawn``: paths of files in
    the inbox that somebody withdrew. ``passed_over``: what of the inbox could not be read.
    ``file_remarks``: why a file was rejected, by its seq.
    """

    receipts: tuple[Receipt, ...]
    seq_before: int
    unchanged: int = 0
    kept_withdrawn: tuple[str, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    reread: frozenset[int] = frozenset()
    file_remarks: dict[int, str] | None = None

    @property
    def seq_after(self) -> int:
        return self.receipts[-1].seq if self.receipts else self.seq_before

    @property
    def landed(self) -> tuple[Receipt, ...]:
        """The receipts of files that were read."""
        return tuple(r for r in self.receipts if r.action == "land")

    @property
    def moved(self) -> tuple[Receipt, ...]:
        """Withdrawals of files that now lie in another folder."""
        return tuple(r for r in self.receipts if r.action == "withdraw")

    @property
    def datasets(self) -> tuple[str, ...]:
        """Datasets whose rows in force may have changed."""
        return tuple(sorted({r.dataset for r in self.receipts if r.dataset is not None}))

    @property
    def has_news(self) -> bool:
        """Whether rows in force may have changed: something was accepted, moved or read again."""
        return bool(self.moved or self.reread or self.rows["accepted"])

    @property
    def has_rejections(self) -> bool:
        return any(r.outcome == "rejected" or r.rows_rejected for r in self.landed)

    @property
    def rows(self) -> dict[str, int]:
        """Rows read, accepted, rejected and skipped."""
        names = ("rows_read", "rows_accepted", "rows_rejected", "rows_skipped")
        return {name.removeprefix("rows_"): sum(getattr(r, name) for r in self.landed) for name in names}

    def lines(self) -> list[str]:
        """The report in plain Russian: each file that was not accepted whole, then the totals."""
        reasons, told = self.file_remarks or {}, terms.words("file_outcome")
        found = [
            f"{r.path}: файл перенесён, прежний приём отозван ({context_words(r.context)})"
            for r in self.moved
        ]
        for r in self.landed:
            if r.outcome == "accepted":
                continue
            counts = f"строк {r.rows_read}, принято {r.rows_accepted}, не принято {r.rows_rejected}"
            reason = f" ({reasons[r.seq]})" if r.seq in reasons else ""
            found.append(f"{r.path}: {told[r.outcome]}{reason}; {counts}")
        found += [
            f"{path}: отозван раньше, снова не принимается; вернуть: school-quality ingest ФАЙЛ"
            for path in self.kept_withdrawn
        ]
        found = [*map(one_line, found), *last_look.lines(self.passed_over)]
        if not self.landed:
            readable = ", которые можно прочитать," if self.passed_over else ""
            return [*found, f"Новых файлов{readable} нет (прочитанных раньше: {self.unchanged})."]
        outcomes = Counter(r.outcome for r in self.landed)
        rows = self.rows
        again = f", из них повторно {len(self.reread)}" if self.reread else ""
        return [
            *found,
            f"Файлов прочитано: {len(self.landed)}{again}; принято {outcomes['accepted']}, "
            f"частично {outcomes['partly']}, не принято {outcomes['rejected']}; "
            f"без изменений {self.unchanged}.",
            f"Строк: {rows['read']}; принято {rows['accepted']}, не принято {rows['rejected']}, "
            f"пропущено {rows['skipped']}.",
        ]
