"""To take a file back: a receipt that says so, and what the remaining files say together without it."""

from __future__ import annotations

from datetime import UTC, datetime

from school_quality.errors import UsageError
from school_quality.landing import across_files, refused
from school_quality.landing.landed import prepare
from school_quality.landing.receipts import (
    Receipt,
    Staging,
    effective,
    last_seq,
    locked,
    read_receipts,
    withdrawals,
)
from school_quality.landing.remarks import Remarks
from school_quality.landing.verdicts import Judge
from school_quality.reading import READER_VERSION
from school_quality.screen import one_line
from school_quality.settings import Settings

FILE_ID_PREFIX = 8
"""The shortest beginning of a ``file_id`` that `withdraw` takes."""


def withdraw(settings: Settings, file_id: str, received_at: datetime | None = None) -> list[Receipt]:
    """Take a file back in every context in which it is in force; its rows leave the marts of the next build.

    ``file_id`` may be its beginning of at least eight characters. The file is not landed again by itself
    while its content and context stay the same: name it to ``ingest`` for that. Raises `UsageError` if no
    file in force, or more than one, has this id.
    """
    if len(file_id) < FILE_ID_PREFIX:
        raise UsageError(f"Номер файла слишком короткий: нужно не меньше {FILE_ID_PREFIX} знаков.")
    with locked(settings):
        prepare(settings)
        log = read_receipts(settings)
        found = [r for r in effective(log).values() if r.file_id.startswith(file_id.lower())]
        if not found:
            before = [r for r in log if r.action == "withdraw" and r.file_id.startswith(file_id.lower())]
            raise UsageError(
                f"Файл {one_line(before[-1].path)} уже отозван."
                if before
                else f"Файла {file_id} среди принятых нет. Номера файлов: school-quality status --year ГОД."
            )
        if len({r.file_id for r in found}) > 1:
            paths = one_line("; ".join(sorted({r.path for r in found})))
            raise UsageError(
                f"По началу номера {file_id} нашлось несколько файлов: {paths}. Укажите номер целиком."
            )
        moment = received_at or datetime.now(UTC).replace(tzinfo=None)
        receipts = withdrawals(found, last_seq(log) + 1, moment, READER_VERSION)
        staging = Staging.open(settings)
        try:
            with Judge.open(settings, staging.spool, threads=1) as judge:
                judge.take_force(r for r in effective(log).values() if r not in found)
                judge.take_files((), ())
                judge.judge_references({})
                judge.judge_others({})
                remarks = Remarks()
                remarks.add_state(
                    across_files.find(judge.connection, judge.compared, judge.in_force),
                    judge.in_force,
                    receipts[-1].seq,
                )
                open_rows = refused.open_rows(
                    judge.connection, settings, judge.in_force, judge.compared, receipts[-1].seq
                )
            staging.commit(receipts, remarks.table(), open_rows)
        finally:
            staging.discard()
    return receipts
