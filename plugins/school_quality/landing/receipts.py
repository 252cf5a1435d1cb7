"""The receipt log and the batches that hold it: append-only, immutable, committed by one rename.

A batch is the folder ``landing/<first seq>/`` with ``receipts.parquet``, ``rows/<dataset>.parquet``, what is
kept of skipped and rejected rows (``left_out/<dataset>.parquet``, ``refused.parquet``), and
``open_rows.parquet``; its remarks are ``rejected/<first seq>.parquet``. Whoever writes holds `locked`;
readers need no lock, because a batch is either there as a whole or not at all (contracts, section 1).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from school_quality import rights
from school_quality.errors import Damaged
from school_quality.settings import Settings

Action = Literal["land", "withdraw"]
Outcome = Literal["accepted", "partly", "rejected", "withdrawn"]

RECEIPTS = "receipts.parquet"
COPY = Path("copy", RECEIPTS)
"""The receipts of a batch once more, deeper than the globs of dbt look: see `integrity`."""
RECORD = "checksums.json"
"""The record of a batch: sha256 of each of its files, by its path in it."""
PROOF = "proof"
"""The name in a record for the sha256 of the rest of the record."""
SCHEMA = "schema"
"""The folder of `write_schema_batch`."""

LOCK_TIMEOUT_SECONDS = 3600
"""A landing of a whole country takes minutes; an hour means that something hangs."""

RECEIPT_SCHEMA = pa.schema(
    [
        ("seq", pa.int64()),
        ("file_id", pa.string()),
        ("context", pa.string()),
        ("reader_version", pa.string()),
        ("action", pa.string()),
        ("received_at", pa.timestamp("us")),
        ("order_seq", pa.int64()),
        ("path", pa.string()),
        ("dataset", pa.string()),
        ("outcome", pa.string()),
        ("rows_read", pa.int64()),
        ("rows_accepted", pa.int64()),
        ("rows_rejected", pa.int64()),
        ("rows_skipped", pa.int64()),
        ("skipped_sheets", pa.list_(pa.string())),
        ("reference_fingerprint", pa.string()),
        ("depends_on_references", pa.bool_()),
        ("works", pa.list_(pa.string())),
    ]
)

OPEN_ROW_SCHEMA = pa.schema(
    [
        ("state_seq", pa.int64()),
        ("seq", pa.int64()),
        ("dataset", pa.string()),
        ("sheet", pa.string()),
        ("row_number", pa.int32()),
        ("school_id", pa.string()),
        ("reporting_year", pa.int32()),
        ("period_number", pa.int32()),
    ]
)
"""Rejected rows that are open at ``state_seq`` (`refused`), with what they are about where it is known."""

REMARK_SCHEMA = pa.schema(
    [
        ("seq", pa.int64()),
        ("file_id", pa.string()),
        ("path", pa.string()),
        ("dataset", pa.string()),
        ("sheet", pa.string()),
        ("row_number", pa.int32()),
        ("column_name", pa.string()),
        ("rule", pa.string()),
        ("level", pa.string()),
        ("value", pa.string()),
        ("message", pa.string()),
        ("advice", pa.string()),
        ("school_id", pa.string()),
        ("state_seq", pa.int64()),
    ]
)
"""``state_seq``: null for what was said when a file was read; a remark on what files say together holds only
as long as this is the last seq of the log."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One line of the log: a file that was read in a context, or taken back.

    ``order_seq`` is the seq of the first ``land`` since the file was last withdrawn in this context: a
    re-read keeps its place among corrections. ``depends_on_references``: another register, scale, threshold
    table, subject seed, declaration, reader or file could change the outcome, so the file is read again
    when ``reference_fingerprint`` does (`rereading.Circumstances`). ``works``: those whose rows a file of
    ВПР holds. ``received_at`` is UTC without a zone.
    """

    seq: int
    file_id: str
    context: str
    reader_version: str
    action: Action
    received_at: datetime
    order_seq: int
    path: str
    dataset: str | None
    outcome: Outcome
    rows_read: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rows_skipped: int = 0
    skipped_sheets: tuple[str, ...] = ()
    reference_fingerprint: str = ""
    depends_on_references: bool = False
    works: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return self.file_id, self.context


def batch_name(first_seq: int) -> str:
    return f"{first_seq:010d}"


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """The right to write batches; waits for another process. Leftovers of a crashed one are removed first."""
    rights.close_data(settings)
    with FileLock(settings.ingest_lock, timeout=LOCK_TIMEOUT_SECONDS):
        remove_leftovers(settings)
        yield


def staging_root(settings: Settings) -> Path:
    """Hidden, and deeper than the globs of dbt look: nothing in it is ever taken for a batch."""
    return settings.landing / ".staging"


def remove_leftovers(settings: Settings) -> None:
    """What a crash left: staged batches, and remarks whose batch was never committed. Needs the lock."""
    shutil.rmtree(staging_root(settings), ignore_errors=True)
    if not settings.rejected.is_dir():
        return
    for path in settings.rejected.glob("[0-9]*.parquet"):
        if not (settings.landing / path.stem).is_dir():
            path.unlink()
    for path in settings.rejected.glob(".*.parquet"):
        path.unlink()


def batches(settings: Settings) -> list[Path]:
    """The committed batches, oldest first."""
    if not settings.landing.is_dir():
        return []
    return sorted(p for p in settings.landing.iterdir() if p.name.isdigit() and (p / RECEIPTS).is_file())


def read_receipts(settings: Settings, up_to: int | None = None) -> list[Receipt]:
    """The log in order of seq, up to and including ``up_to``. Raises `Damaged` where it cannot be read."""
    try:
        return read_files([p / RECEIPTS for p in batches(settings)], up_to)
    except duckdb.Error as error:
        raise Damaged(f"Журнал квитанций не читается: {error}\nЧто делать: school-quality repair") from error


def read_files(paths: Sequence[Path], up_to: int | None = None) -> list[Receipt]:
    """The receipts of some batches in order of seq. Raises `duckdb.Error` for a file that is not readable."""
    files = [str(path) for path in paths]
    if not files:
        return []
    columns = ", ".join(RECEIPT_SCHEMA.names)
    with duckdb.connect() as connection:
        # a column that receipts have gained since is null in older batches
        connection.register("none_yet", RECEIPT_SCHEMA.empty_table())
        rows = connection.execute(
            f"""
            select {columns} from (
                from none_yet union all by name from read_parquet($files, union_by_name = true)
            )
            where $up_to is null or seq <= $up_to order by seq
            """,
            {"files": files, "up_to": up_to},
        ).fetchall()
    return [_receipt(dict(zip(RECEIPT_SCHEMA.names, row, strict=True))) for row in rows]


def _receipt(columns: dict[str, Any]) -> Receipt:
    lists = {name: tuple(columns[name] or ()) for name in ("skipped_sheets", "works")}
    return Receipt(**columns | lists)


def receipt_of(document: Mapping[str, Any]) -> Receipt:
    """A receipt made of what a manifest says: enough to read its file again in its old place."""
    told = {name: value for name, value in document.items() if name in Receipt.__dataclass_fields__}
    moment = datetime.fromisoformat(told["received_at"])
    order_seq = told.get("order_seq", told["seq"])
    return Receipt(**{**told, "action": "land", "received_at": moment, "order_seq": order_seq,
                      "depends_on_references": True})  # fmt: skip


def chain(receipts: Iterable[Receipt]) -> str:
    """A hash over the receipts and their order: each is hashed with the hash of those before it.

    Two logs with the same last seq and other receipts differ in it. Fields that a receipt of an older log
    lacks are left out.
    """
    found = ""
    for receipt in receipts:
        said = [(name, value) for name in RECEIPT_SCHEMA.names if (value := getattr(receipt, name))]
        found = hashlib.sha256(f"{found}{said!r}".encode()).hexdigest()
    return found


def last_seq(receipts: Sequence[Receipt]) -> int:
    return receipts[-1].seq if receipts else 0


def latest(receipts: Iterable[Receipt]) -> dict[tuple[str, str], Receipt]:
    """The last receipt of each file in each context, withdrawals included."""
    return {r.key: r for r in sorted(receipts, key=lambda r: r.seq)}


def effective(receipts: Iterable[Receipt]) -> dict[tuple[str, str], Receipt]:
    """The receipts in force: the last one of each file and context, where it is a ``land``."""
    return {key: r for key, r in latest(receipts).items() if r.action == "land"}


def superseded(receipts: Iterable[Receipt]) -> frozenset[int]:
    """Seqs of receipts in force whose file was overwritten: a later file lies at the same path.

    A file that was rejected whole overwrites nothing: what was accepted before stands, with its remarks.
    """
    gone: set[int] = set()
    by_path: dict[str, list[Receipt]] = {}
    for receipt in sorted(receipts, key=lambda r: (r.order_seq, r.seq)):
        before = by_path.setdefault(receipt.path, [])
        gone.update(r.seq for r in before if receipt.rows_accepted or not r.rows_accepted)
        before.append(receipt)
    return frozenset(gone)


@dataclass(slots=True)
class Staging:
    """A batch being written; it exists for readers only after `commit`."""

    settings: Settings
    folder: Path

    @classmethod
    def open(cls, settings: Settings) -> Staging:
        folder = staging_root(settings) / uuid.uuid4().hex
        (folder / "batch" / "rows").mkdir(parents=True)
        (folder / "spool").mkdir()
        return cls(settings, folder)

    @property
    def batch(self) -> Path:
        return self.folder / "batch"

    @property
    def spool(self) -> Path:
        """Room for what is read but not yet decided; gone with the commit."""
        return self.folder / "spool"

    def rows_file(self, dataset: str) -> Path:
        return self.batch / "rows" / f"{dataset}.parquet"

    def left_out_file(self, dataset: str) -> Path:
        return self.batch / "left_out" / f"{dataset}.parquet"

    def commit(
        self,
        receipts: Sequence[Receipt],
        remarks: pa.Table,
        open_rows: pa.Table,
        refused: pa.Table | None = None,
        name: str | None = None,
    ) -> None:
        """Make the batch visible. The remarks go first: without their batch they are leftovers."""
        name = name or batch_name(receipts[0].seq)
        pq.write_table(receipts_table(receipts), self.batch / RECEIPTS)
        pq.write_table(open_rows, self.batch / "open_rows.parquet")
        if refused is not None and refused.num_rows:
            pq.write_table(refused, self.batch / "refused.parquet")
        self.settings.rejected.mkdir(parents=True, exist_ok=True)
        told = self.settings.rejected / f"{name}.parquet"
        replace_file(told, remarks.cast(REMARK_SCHEMA))
        write_record(self.batch, told)
        for path in sorted(self.batch.rglob("*"), reverse=True):
            sync(path)
        sync(self.batch)
        self.batch.rename(self.settings.landing / name)
        sync(self.settings.landing)
        self.discard()

    def discard(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def write_record(batch: Path, remarks: Path) -> None:
    """Write the record of a batch and the copy of its receipts."""
    copy = batch / COPY
    copy.parent.mkdir(exist_ok=True)
    shutil.copyfile(batch / RECEIPTS, copy)
    sums = {str(path.relative_to(batch)): checksum(path) for path in sorted(batch.rglob("*.parquet"))}
    if remarks.is_file():
        sums["remarks"] = checksum(remarks)
    sync(copy)
    replace_record(batch, {"files": sums})


def replace_record(batch: Path, document: Mapping[str, Any]) -> None:
    """Replace the record of a batch atomically; it holds a checksum of itself."""
    staged = batch / f".{RECORD}"
    staged.write_text(json.dumps({**document, PROOF: record_proof(document)}), encoding="utf-8")
    sync(staged)
    staged.replace(batch / RECORD)
    sync(batch)


def record_proof(document: Mapping[str, Any]) -> str:
    """sha256 of what a record says, without the proof itself."""
    said = {name: value for name, value in document.items() if name != PROOF}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def checksum(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def receipts_table(receipts: Sequence[Receipt]) -> pa.Table:
    """Receipts as Arrow, in the columns of `RECEIPT_SCHEMA`."""
    columns = [pa.array([getattr(r, f.name) for r in receipts], f.type) for f in RECEIPT_SCHEMA]
    return pa.Table.from_arrays(columns, schema=RECEIPT_SCHEMA)


def replace_file(path: Path, table: pa.Table) -> None:
    """Write a Parquet file so that a reader sees the old or the new one, never a part."""
    staged = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.parquet")
    pq.write_table(table, staged)
    sync(staged)
    staged.replace(path)
    sync(path.parent)


def has_schema(path: Path, schema: pa.Schema) -> bool:
    """Whether a Parquet file is there, can be read and has these columns."""
    try:
        return bool(pq.read_schema(path).equals(schema))
    except (OSError, pa.ArrowInvalid):
        return False


def sync(path: Path) -> None:
    """fsync a file or a folder: a rename is only worth what lies under it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_schema_batch(settings: Settings, schemas: Mapping[str, pa.Schema]) -> None:
    """``landing/schema/``: every dataset with no rows, so that dbt's globs never come back empty-handed.

    Files are replaced one by one and only where the declared columns changed. Needs the lock.
    """
    wanted = schema_files(settings, schemas)
    rows = settings.landing / SCHEMA / "rows"
    rows.mkdir(parents=True, exist_ok=True)
    settings.rejected.mkdir(parents=True, exist_ok=True)
    for path, schema in wanted.items():
        if not has_schema(path, schema):
            replace_file(path, schema.empty_table())
    for path in rows.glob("[!.]*.parquet"):
        if path not in wanted:
            path.unlink()


def schema_files(settings: Settings, schemas: Mapping[str, pa.Schema]) -> dict[Path, pa.Schema]:
    """What `write_schema_batch` writes, with the columns of each file."""
    folder = settings.landing / SCHEMA
    return {
        **{folder / "rows" / f"{name}.parquet": schema for name, schema in schemas.items()},
        folder / RECEIPTS: RECEIPT_SCHEMA,
        folder / "open_rows.parquet": OPEN_ROW_SCHEMA,
        settings.rejected / f"{SCHEMA}.parquet": REMARK_SCHEMA,
    }


def withdrawals(
    found: Iterable[Receipt], first_seq: int, received_at: datetime, reader_version: str
) -> list[Receipt]:
    """The receipts that withdraw those given, in the order in which these came."""
    ordered = sorted(found, key=lambda r: r.seq)
    return [
        Receipt(
            seq=seq,
            file_id=r.file_id,
            context=r.context,
            reader_version=reader_version,
            action="withdraw",
            received_at=received_at,
            order_seq=seq,
            path=r.path,
            dataset=r.dataset,
            outcome="withdrawn",
        )
        for seq, r in enumerate(ordered, first_seq)
    ]


def context_words(context: str) -> str:
    """A context in plain Russian for a report: ``2022 год, 5 класс``."""
    items = json.loads(context)
    words = []
    if items.get("year"):
        words.append(f"{items['year']} год")
    if items.get("grade"):
        words.append(f"{items['grade']} класс")
    if items.get("subject"):
        words.append(f"предмет {items['subject']}")
    if items.get("sitting") == "autumn":
        words.append("осень")
    return ", ".join(words) or "без года и класса"
