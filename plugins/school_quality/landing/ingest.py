"""From the inbox to a committed batch: what is new is read, judged and landed (contracts 1 and 2)."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from school_quality.datasets import declarations_fingerprint, get
from school_quality.landing import across_files, judging, last_look, refused
from school_quality.landing.integrity import seal
from school_quality.landing.landed import content_hash, prepare
from school_quality.landing.receipts import (
    Outcome,
    Receipt,
    Staging,
    effective,
    last_seq,
    latest,
    locked,
    read_receipts,
    withdrawals,
)
from school_quality.landing.remarks import Remarks, failure_remarks
from school_quality.landing.report import IngestReport
from school_quality.landing.rereading import Circumstances, Key, works_of
from school_quality.landing.spool import Spool
from school_quality.landing.verdicts import REFERENCES, Counts, Judge, LandedFile
from school_quality.model import Context, FileReading, Remark
from school_quality.reading import (
    READER_VERSION,
    PassedOver,
    Source,
    keeps_more,
    kept_processes,
    look,
    of_files,
    read_files,
)
from school_quality.settings import Settings
from school_quality.validation import keep

PROCESSES = 2
"""Reading processes, and threads of DuckDB."""

PROGRESS_FILES = 500
"""Say how far the reading is every so many files."""


@dataclass(slots=True)
class Batch:
    """What one ingest has read so far; files are numbered in the order in which they were read."""

    staging: Staging
    processes: int
    progress: Callable[[str], None]
    spool: Spool
    sources: dict[int, Source] = field(default_factory=dict)
    readings: dict[int, FileReading] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)  # of the receipts
    works: dict[int, set[str]] = field(default_factory=dict)  # of ВПР, that have rows in a file
    waiting: dict[Key, str] = field(default_factory=dict)  # path of a file that changed since the scan
    seen: set[Key] = field(default_factory=set)  # `key_of` of the files that this ingest has looked at
    copies: dict[str, list[Source]] = field(default_factory=dict)  # by file_id: read, and the same as another

    def read(self, sources: Sequence[Source]) -> None:
        """Read files into the spool; of a reading only what is said of the whole file stays in memory."""
        wanted = {key_of(source): source for source in sources}
        self.seen |= set(wanted)
        known = set(self.keys.values())
        for reading in read_files(sources, self.processes):
            number = len(self.sources)
            source = wanted.pop((reading.file_id, context_key(reading.context)))
            key = (reading.file_id, reading.used_context)
            if key in known:
                self.copies.setdefault(source.file_id, []).append(source)
                continue
            known.add(key)
            self.sources[number], self.keys[number], self.readings[number] = source, key, reading
            if not reading.rejected:
                for block in reading.blocks:
                    if block.dataset == "vpr_results":
                        self.works.setdefault(number, set()).update(works_of(block))
                    self.spool.add(number, block)
            reading.blocks = []
            if (number + 1) % PROGRESS_FILES == 0:
                self.progress(f"Прочитано файлов: {number + 1}")
        self.spool.flush()
        self.waiting |= {key: source.path for key, source in wanted.items()}

    @property
    def passed_over(self) -> tuple[PassedOver, ...]:
        return tuple(PassedOver(path, "young") for path in self.waiting.values())

    def in_order(self) -> list[int]:
        """File numbers in the order of their receipts: modification time, then path."""
        return sorted(self.sources, key=lambda n: (self.sources[n].modified_at, self.sources[n].path))

    def files(self, first_seq: int, last: dict[Key, Receipt]) -> list[LandedFile]:
        """The files with their seqs; one that is read again keeps its place in the order of corrections."""
        found = []
        for seq, number in enumerate(self.in_order(), first_seq):
            before = last.get(self.keys[number])
            order_seq = before.order_seq if before is not None and before.action == "land" else seq
            remarks = tuple(self.readings[number].remarks)
            found.append(LandedFile(number, seq, order_seq, self.sources[number].file_id, remarks))
        return found


@lru_cache(maxsize=10_000)
def context_key(context: Context) -> str:
    """`Context.key`, which thousands of files of a few folders share."""
    return context.key()


def key_of(source: Source) -> Key:
    """The content and all that the path says, before anybody knows which part of it matters."""
    return source.file_id, context_key(source.context)


def is_of(source: Source, key: Key) -> bool:
    """Whether the receipt of ``key`` is of this source: what was asked of its path is the same."""
    file_id, context = key
    return source.file_id == file_id and source.context.key(json.loads(context)) == context


class Known:
    """Finds the receipt of a source."""

    def __init__(self, last: Mapping[Key, Receipt]) -> None:
        self._keys: dict[str, list[Key]] = {}
        # those in force first: they decide
        for key, receipt in sorted(last.items(), key=lambda item: item[1].action != "land"):
            self._keys.setdefault(receipt.file_id, []).append(key)

    def key_of(self, source: Source) -> Key:
        """The key of the receipt; `key_of` where there is none."""
        keys = self._keys.get(source.file_id, ())
        return next((key for key in keys if is_of(source, key)), key_of(source))


def ingest(
    settings: Settings,
    *,
    files: Sequence[Path] | None = None,
    quiet_seconds: float = 0.0,
    processes: int = PROCESSES,
    progress: Callable[[str], None] = lambda _: None,
    received_at: datetime | None = None,
    again: frozenset[int] = frozenset(),
) -> IngestReport:
    """Land what is new in the inbox, or ``files`` only; read again what changed references may judge
    otherwise.

    A withdrawn file is landed again if its content or context changes, or if it is named in ``files``.
    ``quiet_seconds``: files changed later than so long ago wait for the next time (`look`).
    ``received_at``: UTC without a zone, by default now. ``again``: receipts in force whose files are read
    again in any case; they keep their place among corrections. Nothing is landed, and nothing is left behind,
    if anything raises.
    """
    moment = received_at or datetime.now(UTC).replace(tzinfo=None)
    with locked(settings), kept_processes(), _collector_off():
        prepare(settings)
        log = read_receipts(settings)
        seal(settings)
        before = last_look.load(settings)
        found = look(settings.inbox, quiet_seconds, before.young if before else None)
        last_look.keep(settings, found, before, moment)
        passed_over = tuple(found.passed_over) if files is None else ()
        plan = replace(Plan.of(found.sources, files, settings, log), again=again)
        if not plan.new and not again and not any(may_change(r) for _, r in plan.present):
            return IngestReport((), last_seq(log), len(plan.unchanged), plan.kept_withdrawn, passed_over)
        staging = Staging.open(settings)
        try:
            batch = Batch(staging, processes, progress, Spool(staging.spool))
            report = _land(settings, plan, batch, moment)
            return replace(report, passed_over=(*passed_over, *report.passed_over))
        finally:
            staging.discard()


@contextmanager
def _collector_off() -> Iterator[None]:
    """Sources, readings and receipts of thousands of files live until the end and have no cycles among them:
    the collector would only walk over them, again and again (*measured*: a tenth of landing 5,000 forms)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with the files that lie in the inbox."""

    log: list[Receipt]
    new: list[Source]
    unchanged: list[Source]
    kept_withdrawn: tuple[str, ...]
    present: list[tuple[Source, Receipt]]  # in force: other circumstances might change their outcome
    moved: list[Receipt]  # in force for a place where the file is no more

    copies: dict[str, list[Source]]  # by file_id: where it lies besides the place that is read
    again: frozenset[int] = frozenset()  # receipts whose rows are lost

    @classmethod
    def of(
        cls, found: list[Source], files: Sequence[Path] | None, settings: Settings, log: list[Receipt]
    ) -> Plan:
        """Sort the files by their receipts. The same content in the same context counts once."""
        last, force = latest(log), effective(log)
        known = Known(last)
        asked = found if files is None else of_files(list(files), settings.inbox)
        new: dict[Key, Source] = {}
        unchanged: list[Source] = []
        kept: list[str] = []
        present: dict[Key, Source] = {}
        for source in found:
            present.setdefault(known.key_of(source), source)
        for source in sorted(asked, key=lambda s: (s.modified_at, s.path)):
            key = known.key_of(source)
            if key in force or key in new:
                unchanged.append(source)
            elif key in last and files is None and not _came_back(key, force, present, settings):
                kept.append(source.path)
            else:
                new[key] = source
        in_force = [(s, force[k]) for k, s in present.items() if k in force]
        arrived = {file_id for file_id, _ in new}
        moved = [
            r
            for r in force.values()
            if r.file_id in arrived and r.key not in present and not settings.lies_in_inbox(r.path)
        ]
        read = {s.path for s in new.values()} | {s.path for s, _ in in_force}
        copies: dict[str, list[Source]] = {}
        for source in unchanged:
            if source.path not in read:
                copies.setdefault(source.file_id, []).append(source)
        return cls(log, list(new.values()), unchanged, tuple(kept), in_force, moved, copies)


def _came_back(key: Key, force: dict[Key, Receipt], places: Container[Key], settings: Settings) -> bool:
    """Whether a file was withdrawn here only because it lay elsewhere, where it is no more."""
    elsewhere = [r for r in force.values() if r.file_id == key[0]]
    return bool(elsewhere) and all(
        r.key not in places and not settings.lies_in_inbox(r.path) for r in elsewhere
    )


def _land(settings: Settings, plan: Plan, batch: Batch, moment: datetime) -> IngestReport:
    last = latest(plan.log)
    force = effective(plan.log)
    batch.read(plan.new)
    here = {s.file_id for s in batch.sources.values()}
    with Judge.open(settings, batch.staging.spool, batch.processes) as judge:
        while True:
            moved = {r.key: r for r in plan.moved if r.file_id in here}
            # read again, and what its path was asked for has changed with the reader or the declarations
            moved |= {key: force[key] for key in _replaced(batch, force)}
            first = last_seq(plan.log) + 1
            taken_back = withdrawals(moved.values(), first, moment, READER_VERSION)
            first += len(taken_back)
            gone = set(moved) | set(batch.keys.values())
            judge.take_force(r for k, r in force.items() if k not in gone)
            judge.take_files(batch.files(first, last), batch.spool.blocks)
            judge.judge_references(batch.spool.chunks)
            circumstances = _circumstances(batch, judge)
            again = _to_read_again(plan, batch, force, circumstances, judge)
            if not again:
                break
            batch.read(again)
        if not batch.sources:
            unchanged = len(plan.unchanged)
            return IngestReport((), last_seq(plan.log), unchanged, plan.kept_withdrawn, batch.passed_over)
        judge.judge_others(batch.spool.chunks)
        return _commit(plan, batch, judge, taken_back, circumstances, moment)


def _replaced(batch: Batch, force: dict[Key, Receipt]) -> set[Key]:
    """Receipts in force of files that were read again and have another key now."""
    known = Known(force)
    found = {n: known.key_of(source) for n, source in batch.sources.items()}
    return {
        key
        for n, key in found.items()
        if key in force and key not in batch.keys.values() and key != batch.keys[n]
    }


def may_change(receipt: Receipt) -> bool:
    """Whether a file in force may come out otherwise when it is read again."""
    return receipt.depends_on_references or keeps_more(receipt.dataset, receipt.reader_version)


def _references(judge: Judge) -> str:
    """A fingerprint of everything that decides about a file, except other results."""
    parts = [READER_VERSION, declarations_fingerprint()]
    parts += [content_hash(judge.connection, get(name)) for name in REFERENCES]
    parts += [f"{part} {key}" for part, key in sorted(judge.register.elsewhere)]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _circumstances(batch: Batch, judge: Judge) -> Circumstances:
    landed = [(r.key, r.dataset, r.works) for r in judge.in_force]
    read = [(batch.keys[n], r.dataset, batch.works.get(n, ())) for n, r in batch.readings.items()]
    return Circumstances.of(_references(judge), [*landed, *read])


def _to_read_again(
    plan: Plan, batch: Batch, force: dict[Key, Receipt], circumstances: Circumstances, judge: Judge
) -> list[Source]:
    """Files in force that are now judged by other references, or whose rows contradict a scale of this
    batch.
    """
    known = Known(force)
    overtaken = judge.overtaken() if batch.spool.chunks.get("mark_scale") else frozenset()
    again = []
    for source, receipt in plan.present:
        if key_of(source) in batch.seen:
            continue
        is_other = receipt.depends_on_references and circumstances.changed(receipt)
        if (
            is_other
            or keeps_more(receipt.dataset, receipt.reader_version)
            or receipt.seq in overtaken | plan.again
        ):
            again.append(source)
    # results first: they decide whether appeals are worth another look
    results = [s for s in again if force[known.key_of(s)].dataset != "appeals"]
    return results or again


def _commit(
    plan: Plan,
    batch: Batch,
    judge: Judge,
    taken_back: list[Receipt],
    circumstances: Circumstances,
    moment: datetime,
) -> IngestReport:
    totals = judge.counts_by_file()
    remarks = Remarks()
    blocks = {b.block: b for b in batch.spool.blocks}
    receipts = list(taken_back)
    by_file: dict[int, Receipt] = {}
    reasons: dict[int, str] = {}
    for file in sorted(judge.files.values(), key=lambda f: f.seq):
        source, reading = batch.sources[file.file], batch.readings[file.file]
        counts = totals.get(file.file, Counts())
        works = tuple(sorted(batch.works.get(file.file, ())))
        rows = batch.spool.rows.get(file.file, 0)
        receipt = _receipt(
            file, source, reading, counts, rows, moment, works, circumstances, file.file in judge.contested
        )
        receipts.append(receipt)
        by_file[file.file] = receipt
        of_file = [r for r in reading.remarks if r.level != "row"]
        if counts.wrong_file:
            rejected, judged = counts.wrong_file
            details = {
                "rejected": str(rejected),
                "judged": str(judged),
                "percent": str(judging.MAX_REJECTED_PCT),
            }
            of_file.append(Remark("too_many_rejected", "file", details=details))
        for remark in of_file:
            line = remarks.add(receipt, remark)
            if remark.level == "file":
                reasons.setdefault(receipt.seq, line)
                # the sender of a copy is told as well: the copy itself gets no receipt
                for copy in (*plan.copies.get(receipt.file_id, ()), *batch.copies.get(receipt.file_id, ())):
                    if is_of(copy, receipt.key):
                        remarks.add(replace(receipt, path=copy.path), remark)
    for name in judge.judged:
        if batch.spool.chunks.get(name):
            for number, remark, school_id in failure_remarks(judge.connection, name, blocks):
                remarks.add(by_file[number], remark, school_id)
    in_force = [*judge.in_force, *by_file.values()]
    remarks.add_state(
        across_files.find(judge.connection, judge.compared, in_force), in_force, receipts[-1].seq
    )
    for name in judge.judged:
        judge.write(get(name), batch.staging.rows_file(name))
        judge.write_left_out(get(name), batch.staging.left_out_file(name))
    open_rows = refused.open_rows(
        judge.connection, judge.settings, in_force, judge.compared, receipts[-1].seq
    )
    for validation in judge.validations.values():
        keep(judge.settings, validation)
    batch.staging.commit(receipts, remarks.table(), open_rows, refused.refused_rows(judge.connection))
    reread = {r.seq: r.path for r in receipts if r.action == "land" and r.order_seq != r.seq}
    again = set(reread.values())
    unchanged = sum(source.path not in again for source in plan.unchanged)
    return IngestReport(
        tuple(receipts),
        last_seq(plan.log),
        unchanged + sum(map(len, batch.copies.values())),
        plan.kept_withdrawn,
        batch.passed_over,
        reread=frozenset(reread),
        file_remarks=reasons,
    )


def _receipt(
    file: LandedFile,
    source: Source,
    reading: FileReading,
    counts: Counts,
    block_rows: int,
    moment: datetime,
    works: tuple[str, ...],
    circumstances: Circumstances,
    is_contested: bool,
) -> Receipt:
    if reading.rejected:
        counts, read, skipped = Counts(), 0, 0
        outcome: Outcome = "rejected"
    else:
        read, skipped = block_rows + reading.rows_skipped, counts.skipped + reading.rows_skipped
        outcome = "accepted" if not counts.rejected else "partly" if counts.accepted else "rejected"
    if read != counts.accepted + counts.rejected + skipped:
        raise AssertionError(
            f"{source.path}: read {read}, accepted {counts.accepted}, "
            f"rejected {counts.rejected}, skipped {skipped}"
        )
    return Receipt(
        seq=file.seq,
        file_id=source.file_id,
        context=reading.used_context,
        reader_version=READER_VERSION,
        action="land",
        received_at=moment,
        order_seq=file.order_seq,
        path=source.path,
        dataset=reading.dataset,
        outcome=outcome,
        rows_read=read,
        rows_accepted=counts.accepted,
        rows_rejected=counts.rejected,
        rows_skipped=skipped,
        skipped_sheets=tuple(reading.skipped_sheets),
        reference_fingerprint=circumstances.fingerprint(reading.dataset, works),
        depends_on_references=outcome != "accepted" or counts.by_register > 0 or is_contested,
        works=works,
    )
