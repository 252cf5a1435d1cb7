"""Whether what was landed is still there as it was landed, and how it comes back where it is not.

Every batch holds a record of the sha256 of its Parquet files and of its remarks (`RECORD`), and its receipts
twice (`COPY`): a damaged log is made whole from the other one. Rows that are damaged are set aside, and the
files that they came from are read again, in the inbox. A batch of an older version has no record; its rows
are counted against its receipts, and the next landing gives it one (`seal`).
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from school_quality.errors import Damaged
from school_quality.landing.receipts import (
    COPY,
    OPEN_ROW_SCHEMA,
    PROOF,
    RECEIPTS,
    RECORD,
    REMARK_SCHEMA,
    SCHEMA,
    Receipt,
    Staging,
    batch_name,
    checksum,
    effective,
    last_seq,
    locked,
    read_files,
    receipt_of,
    record_proof,
    replace_file,
    replace_record,
    sync,
    withdrawals,
    write_record,
)
from school_quality.screen import one_line
from school_quality.settings import Settings

log = logging.getLogger(__name__)

HASHING_THREADS = 2
REMARKS = "remarks"
"""The name in a record for the batch's file below ``rejected/``."""
_ALL_ROWS = "rows"
"""The name in a record for rows whose files nobody knows any more."""
_SHOWN_FILES = 20


@dataclass(frozen=True, slots=True)
class Damage:
    """A file of the landing that is not as it was landed.

    ``batch`` is None for receipts that releases on disk know and no batch holds. ``receipts``: those in
    force whose rows the damaged file held; their files can bring them back. ``is_surplus``: there is too
    much, and nothing is missing.
    """

    file: Path
    what: str  # Russian
    batch: Path | None
    receipts: tuple[Receipt, ...] = ()
    is_surplus: bool = False

    def lines(self, settings: Settings) -> list[str]:
        """The file, what is wrong with it, and which files of the inbox can bring it back."""
        place = self.file.relative_to(settings.data_root)
        lines = [f"{place}: {self.what}"]
        here = sorted({r.path for r in self.receipts if settings.lies_in_inbox(r.path)})
        gone = sorted({f"{r.path} ({r.file_id[:12]})" for r in self.receipts if r.path not in here})
        if here:
            lines.append(f"  есть в папке приёма: {_some(here)}")
        if gone:
            lines.append(f"  в папке приёма нет: {_some(gone)}")
        return [one_line(line) for line in lines]


def _some(names: Sequence[str]) -> str:
    more = f" и ещё {len(names) - _SHOWN_FILES}" if len(names) > _SHOWN_FILES else ""
    return "; ".join(names[:_SHOWN_FILES]) + more


@dataclass(slots=True)
class Record:
    """sha256 of a batch's files by their path in it, also of those given up; and the seqs that nobody
    knows.
    """

    files: dict[str, str] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    unknown: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, batch: Path) -> Record | None:
        """The record of a batch; None where it is missing or damaged."""
        try:
            document = dict(json.loads((batch / RECORD).read_text(encoding="utf-8")))
            found = cls(**{name: document[name] for name in cls.__dataclass_fields__ if name in document})
            kinds = [type(getattr(found, name)) for name in ("files", "lost", "unknown")]
            proof = record_proof(document)
        except (OSError, ValueError, TypeError):
            return None
        is_sound = kinds == [dict, dict, list] and RECEIPTS in found.files
        return found if is_sound and document.get(PROOF, proof) == proof else None  # the first have no proof


def check(settings: Settings, told: Iterable[Mapping[str, Any]] = (), refused: str = "расчёт") -> None:
    """Raise `Damaged`, naming each file and what brings it back, unless everything landed is whole.

    ``told``: receipts as the releases on disk know them. ``refused``: what cannot begin, in Russian.
    """
    found = damages(settings, told)
    if found:
        lines = [line for damage in found for line in damage.lines(settings)]
        raise Damaged(
            f"Принятые строки повреждены, {refused} не начат.\n  " + "\n  ".join(lines) + "\n"
            f"Что делать: {advice(settings, found)}"
        )


def advice(settings: Settings, found: Sequence[Damage]) -> str:
    """What to do about these damages of the landing."""
    if found and all(damage.is_surplus for damage in found):
        return "school-quality repair"
    return (
        f"верните папки {settings.landing} и {settings.rejected} из резервной копии, а если "
        "её нет: school-quality repair прочитает файлы из папки приёма ещё раз. "
        "Чего нет и там, отзовите: school-quality withdraw НОМЕР_ФАЙЛА"
    )


def damages(
    settings: Settings, told: Iterable[Mapping[str, Any]] = (), *, thoroughly: bool = True
) -> list[Damage]:
    """Everything in the landing that is not as it was landed, batch by batch.

    Not ``thoroughly``, for a health check: only files that are missing, cut off or too many; no checksums.
    """
    folders = _folders(settings)
    records = {folder: Record.of(folder) for folder in folders}
    checksums = _checksums(settings, records, thoroughly=thoroughly)
    readable: dict[Path, list[Receipt]] = {}
    found = [Damage(path, "лишняя папка", path, is_surplus=True) for path in _strange_folders(settings)]
    for folder in folders:
        record, sums = records[folder], checksums[folder]
        if record is not None and sums.get(RECEIPTS) != record.files.get(RECEIPTS):
            found.append(Damage(folder / RECEIPTS, _difference(sums, RECEIPTS), folder))
            continue
        try:
            readable[folder] = read_files([folder / RECEIPTS])
        except (duckdb.Error, OSError) as error:
            log.warning("%s cannot be read: %s", folder / RECEIPTS, error)
            found.append(Damage(folder / RECEIPTS, _difference(sums, RECEIPTS), folder))
    for folder, repeated in _repeated(readable).items():
        del readable[folder]
        found.append(Damage(folder, f"повторяет квитанции {_ranges(repeated)} другого пакета", folder))
    receipts = sorted((r for batch in readable.values() for r in batch), key=lambda r: r.seq)
    force = {r.seq for r in effective(receipts).values()}
    for folder, batch in readable.items():
        in_force = [r for r in batch if r.seq in force]
        found += _of_batch(settings, folder, records[folder], checksums[folder], in_force)
    unknown = {seq for record in records.values() if record is not None for seq in record.unknown}
    if not any(damage.file.name == RECEIPTS for damage in found):
        found += _gaps(settings, receipts, unknown, told)
        found += _untold(settings, receipts, told)
    return found


def _folders(settings: Settings) -> list[Path]:
    """The folders that are batches or were, oldest first."""
    if not settings.landing.is_dir():
        return []
    return sorted(path for path in settings.landing.iterdir() if path.name.isdigit())


def _strange_folders(settings: Settings) -> list[Path]:
    """Folders beside the batches whose rows dbt would read and nobody else, such as copies made by hand."""
    if not settings.landing.is_dir():
        return []
    return sorted(
        path
        for path in settings.landing.iterdir()
        if path.is_dir() and not (path.name.isdigit() or path.name.startswith(".") or path.name == SCHEMA)
    )


def _repeated(batches: Mapping[Path, Sequence[Receipt]]) -> dict[Path, list[int]]:
    """Seqs that an earlier batch holds too, by batch; one not called by its first seq is the later."""
    known: set[int] = set()
    found = {}
    first = {folder: min((r.seq for r in receipts), default=0) for folder, receipts in batches.items()}
    for folder in sorted(batches, key=lambda path: (path.name != batch_name(first[path]), path.name)):
        seqs = {r.seq for r in batches[folder]}
        if seqs & known:
            found[folder] = sorted(seqs & known)
        known |= seqs
    return found


def _checksums(
    settings: Settings, records: Mapping[Path, Record | None], *, thoroughly: bool
) -> dict[Path, dict[str, str]]:
    """sha256 of every file of the batches by its name in a `Record`; not thoroughly, what stands for it."""
    folders = list(records)
    files = [
        (folder, str(path.relative_to(folder)), path)
        for folder in folders
        for path in sorted(folder.rglob("*.parquet"))
    ]
    remarks = ((folder, REMARKS, settings.rejected / f"{folder.name}.parquet") for folder in folders)
    files += [entry for entry in remarks if entry[2].is_file()]
    found: dict[Path, dict[str, str]] = {folder: {} for folder in folders}
    if not thoroughly:
        for folder, name, path in files:
            record = records[folder] or Record()
            found[folder][name] = (record.files | record.lost).get(name, "") if _is_closed(path) else ""
        return found
    with ThreadPoolExecutor(HASHING_THREADS) as pool:
        for (folder, name, _), digest in zip(
            files, pool.map(lambda entry: checksum(entry[2]), files), strict=True
        ):
            found[folder][name] = digest
    return found


def _is_closed(file: Path) -> bool:
    """Whether a Parquet file has its beginning and its end; one that is cut off has no end."""
    with file.open("rb") as opened:
        begin = opened.read(4)
        opened.seek(-min(4, file.stat().st_size), os.SEEK_END)
        return begin == opened.read(4) == b"PAR1"


def _difference(sums: Mapping[str, str], name: str) -> str:
    return "файл изменён" if name in sums else "файла нет"


def _of_batch(
    settings: Settings, folder: Path, record: Record | None, sums: Mapping[str, str], force: Sequence[Receipt]
) -> Iterator[Damage]:
    """What is wrong with a batch whose receipts can be read; ``force``: those of them that are in force."""
    if record is None:
        if (folder / RECORD).exists():
            yield Damage(folder / RECORD, "файл изменён", folder)
        yield from _short(folder, force)
        return
    wanted = record.files.keys() | (sums.keys() - record.lost.keys())
    damaged = [name for name in sorted(wanted) if sums.get(name) != record.files.get(name)]
    for name in damaged:
        path = settings.rejected / f"{folder.name}.parquet" if name == REMARKS else folder / name
        if name in record.files:
            yield Damage(path, _difference(sums, name), folder, _held(folder, name, damaged, force))
        else:
            yield Damage(path, "лишний файл", folder, is_surplus=True)
    restored = all(sums.get(name) == digest for name, digest in record.lost.items())
    if record.lost and not restored:
        yield from _short(folder, force)


def _held(folder: Path, name: str, damaged: Sequence[str], force: Sequence[Receipt]) -> tuple[Receipt, ...]:
    """The receipts whose rows or remarks a damaged file held; all of the batch where nobody knows."""
    if name == str(COPY):
        return ()
    if not name.startswith(f"{_ALL_ROWS}/"):
        return tuple(force)
    whole = [path for path in _row_files(folder) if str(path.relative_to(folder)) not in damaged]
    try:
        rows = _rows_by_seq(whole)
    except duckdb.Error:
        return tuple(force)
    return tuple(r for r in force if rows.get(r.seq, 0) < r.rows_accepted)


def _short(folder: Path, force: Sequence[Receipt]) -> Iterator[Damage]:
    """The receipts of a batch of which rows are missing, or the file of rows that cannot be read."""
    files = _row_files(folder)
    try:
        rows = _rows_by_seq(files)
    except duckdb.Error as error:
        broken = [path for path in files if not _opens(path)]
        log.warning("rows of %s cannot be read: %s", folder, error)
        for path in broken or files:
            yield Damage(path, "файл не читается", folder, tuple(force))
        return
    missing = tuple(r for r in force if rows.get(r.seq, 0) < r.rows_accepted)
    if missing:
        told, held = sum(r.rows_accepted for r in missing), sum(rows.get(r.seq, 0) for r in missing)
        what = f"строк {held}, а в квитанциях их {told}"
        yield Damage(folder / _ALL_ROWS, what, folder, missing)


def _row_files(folder: Path) -> list[Path]:
    return sorted((folder / _ALL_ROWS).glob("*.parquet"))


def _rows_by_seq(files: Sequence[Path]) -> dict[int, int]:
    """How many rows of senders' tables the files hold by receipt. Raises `duckdb.Error` for a damaged one."""
    if not files:
        return {}
    with duckdb.connect() as connection:
        return dict(
            connection.execute(
                "select seq, count(distinct (sheet, row_number)) "
                "from read_parquet($files, union_by_name = true) group by seq",
                {"files": [str(path) for path in files]},
            ).fetchall()
        )


def _opens(file: Path) -> bool:
    """Whether every value of a Parquet file can be read."""
    try:
        with duckdb.connect() as connection:
            query = "select count(distinct columns(*)) from read_parquet($file)"
            connection.execute(query, {"file": str(file)})
    except duckdb.Error:
        return False
    return True


def _gaps(
    settings: Settings, receipts: Sequence[Receipt], unknown: set[int], told: Iterable[Mapping[str, Any]]
) -> Iterator[Damage]:
    """Seqs below the last one that no receipt has."""
    missing = sorted(set(range(1, last_seq(receipts))) - {r.seq for r in receipts} - unknown)
    if missing:
        known = [receipt_of(document) for document in told]
        what = f"нет квитанций {_ranges(missing)}: папка с ними пропала"
        lost = tuple(r for r in known if r.seq in set(missing))
        yield Damage(settings.landing / batch_name(missing[0]), what, None, lost)


def _ranges(numbers: Sequence[int]) -> str:
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def _untold(
    settings: Settings, receipts: Sequence[Receipt], told: Iterable[Mapping[str, Any]]
) -> Iterator[Damage]:
    """Files that a release is made of and the log does not know, as where it is an older copy."""
    known, last = {r.file_id for r in receipts}, last_seq(receipts)
    present = {r.seq for r in receipts}
    lost = tuple(
        r for r in map(receipt_of, told) if r.file_id not in known and (r.seq > last or r.seq in present)
    )
    if lost:
        yield Damage(settings.landing, "нет квитанций файлов, из которых сделан выпуск", None, lost)


def seal(settings: Settings) -> None:
    """Give every batch of an older version its record, where its rows are all there. Needs the lock."""
    for folder in _folders(settings):
        if not (folder / RECORD).exists() and (folder / RECEIPTS).is_file():
            receipts = read_files([folder / RECEIPTS])
            if not list(_short(folder, [r for r in receipts if r.action == "land"])):
                write_record(folder, settings.rejected / f"{folder.name}.parquet")


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair did, in lines for people, and what it could not bring back."""

    lines: list[str]
    remaining: list[Damage]


def repair(
    settings: Settings,
    read_again: Callable[[frozenset[int]], object],
    told: Sequence[Mapping[str, Any]] = (),
) -> Repair:
    """Make the landing whole from its copies and from the inbox; nothing that it finds damaged is deleted.

    ``read_again`` lands the files of these seqs again; it takes the lock itself.
    """
    found = damages(settings, told)
    lines = [f"Повреждено: {line}" for damage in found for line in damage.lines(settings)]
    with locked(settings):
        for damage in found:
            lines += _mend(settings, damage)
        lost = [d for d in damages(settings, told) if d.batch is None]
        lines += [line for damage in lost for line in _tell_lost(settings, damage, told)]
    again = frozenset(r.seq for d in (*damages(settings, told), *found) for r in d.receipts)
    if again:
        read_again(again)
        lines.append(f"Прочитано ещё раз: квитанции {_ranges(sorted(again))}, чьи файлы есть в папке приёма.")
    return Repair(lines, damages(settings, told))


def _mend(settings: Settings, damage: Damage) -> Iterator[str]:
    """Bring a file back from its copy, or set it aside. Needs the lock."""
    batch = damage.batch
    if batch is None:
        return
    if damage.file == batch:
        yield f"Отложено: {_set_aside(settings, batch, batch).relative_to(settings.data_root)}"
        return
    record = Record.of(batch)
    name = REMARKS if damage.file.parent == settings.rejected else str(damage.file.relative_to(batch))
    whole = {str(COPY): batch / RECEIPTS, RECEIPTS: batch / COPY}.get(name)
    if whole is not None and record is not None and _is(whole, record.files.get(name)):
        _set_aside(settings, damage.file, batch)
        damage.file.parent.mkdir(exist_ok=True)
        shutil.copyfile(whole, damage.file)
        sync(damage.file)
        yield f"Восстановлено из второго экземпляра: {damage.file.relative_to(settings.data_root)}"
    elif name == RECEIPTS:
        aside = _set_aside(settings, batch, batch)
        yield f"Пакет без квитанций отложен: {aside.relative_to(settings.data_root)}"
    elif name == RECORD:
        _set_aside(settings, damage.file, batch)
        yield f"Суммы пакета записаны заново: {batch.relative_to(settings.data_root)}"
        if not list(_short(batch, [r for r in read_files([batch / RECEIPTS]) if r.action == "land"])):
            write_record(batch, settings.rejected / f"{batch.name}.parquet")
    elif record is not None and name != "rows":
        aside = _set_aside(settings, damage.file, batch)
        if name == REMARKS:
            replace_file(damage.file, REMARK_SCHEMA.empty_table())
            record.files[REMARKS] = checksum(damage.file)
        elif name in record.files:
            record.lost[name] = record.files.pop(name)
        replace_record(batch, asdict(record))
        yield f"Отложено: {aside.relative_to(settings.data_root)}"
    elif record is None and damage.file.is_file():
        aside = _set_aside(settings, damage.file, batch)
        yield f"Отложено: {aside.relative_to(settings.data_root)}"


def _is(file: Path, digest: str | None) -> bool:
    return file.is_file() and checksum(file) == digest


def _set_aside(settings: Settings, path: Path, batch: Path) -> Path:
    """Move what is damaged to a hidden folder, where no build looks; returns its new place."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    target = settings.landing / ".damaged" / f"{batch.name}-{stamp}" / path.name
    target.parent.mkdir(parents=True)
    if path.exists():
        path.rename(target)
    return target


def _tell_lost(settings: Settings, damage: Damage, told: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Write down again what releases tell of lost receipts, so that their files can be read or withdrawn.

    They fill the gap that they have left, withdrawals included, or else go to the end of the log and keep
    their place among corrections. Seqs of which nobody knows anything are written down as such.
    """
    receipts = sorted(
        (r for folder in _folders(settings) for r in read_files([folder / RECEIPTS])), key=lambda r: r.seq
    )
    last, present = last_seq(receipts), {r.seq for r in receipts}
    records = [Record.of(folder) for folder in _folders(settings)]
    present |= {seq for record in records if record is not None for seq in record.unknown}
    gap = sorted(set(range(1, last)) - present)
    known = [replace(r, works=(), reference_fingerprint="") for r in damage.receipts]
    if gap:
        in_force = {(document["file_id"], document["context"]) for document in told}
        free = sorted(set(gap) - {r.seq for r in known})
        before = [r for r in receipts if r.seq <= max((d["seq"] for d in told), default=0)]
        gone = [r for key, r in effective([*before, *known]).items() if in_force and key not in in_force]
        taken_back = withdrawals(gone, 1, datetime.now(UTC).replace(tzinfo=None), "repair")
        new = [*known, *(replace(r, seq=s, order_seq=s) for r, s in zip(taken_back, free, strict=False))]
    else:
        new = [replace(r, seq=seq) for seq, r in enumerate(known, last + 1)]
    unknown = sorted(set(gap) - {r.seq for r in new})
    staging = Staging.open(settings)
    name = batch_name(min([*gap, *(r.seq for r in new)]))
    nothing = REMARK_SCHEMA.empty_table(), OPEN_ROW_SCHEMA.empty_table()
    staging.commit(sorted(new, key=lambda r: r.seq), *nothing, name=name)
    record = Record.of(settings.landing / name)
    if record is not None:
        record = replace(record, lost={_ALL_ROWS: ""}, unknown=unknown)
        replace_record(settings.landing / name, asdict(record))
    if unknown:
        yield (
            f"О квитанциях {_ranges(unknown)} ничего не известно: если среди них был отзыв файла, отзовите "
            "его ещё раз; файлы, которых теперь нет в журнале, примет следующий запуск."
        )
    if new:
        yield f"Квитанции записаны заново по рассказу выпусков: {_ranges(sorted(r.seq for r in new))}"
