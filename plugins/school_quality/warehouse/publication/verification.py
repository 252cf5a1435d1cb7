"""Proof that a release is what its receipts make: rebuilt elsewhere and compared table by table.

The copy of the data root holds links to the landed batches, which never change, and nothing else; the build
is told the release's own year, date, receipts and id, as when it was made. The open edition is made again,
too, from the versions that the release says were open before it. Documents are proved by their checksums
only, and so are the tables that tell of other releases and runs: they are no function of receipts.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from school_quality.errors import UsageError
from school_quality.landing import integrity, landed
from school_quality.landing.preview import linked
from school_quality.landing.receipts import chain, effective, last_seq, read_receipts
from school_quality.quoting import literal
from school_quality.settings import Settings
from school_quality.warehouse import build
from school_quality.warehouse.contract import SCHEMAS
from school_quality.warehouse.open_edition import disclosure, open_versions, practices
from school_quality.warehouse.publication import releases, rollback
from school_quality.warehouse.publication.publish import receipt_document
from school_quality.warehouse.publication.releases import WAREHOUSE, ReleaseInfo

if TYPE_CHECKING:
    import duckdb

TOLD = {"release_change", "run"}
"""Tables of ``meta`` that tell of the release before and of runs; the rebuild does not have them."""

_ROOM, _IN_USE = ".verify-", "in_use.lock"
"""How the folders are named in which a release is rebuilt, and the lock in each of those at work."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the release and its rebuilt twin: the rows that only one of them has, to the bit."""

    name: str
    rows: int
    missing: int
    surplus: int
    has_same_columns: bool = True

    @property
    def is_equal(self) -> bool:
        return self.has_same_columns and self.missing == self.surplus == 0


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found: damaged files, receipts that are no longer the same, tables that differ."""

    release: ReleaseInfo
    files: int
    damages: list[str]
    lost_receipts: int
    tables: list[Table]
    code_version: str
    methodology_hash: str

    @property
    def is_code_same(self) -> bool:
        return self.code_version == self.release.code_version

    @property
    def is_methodology_same(self) -> bool:
        return self.methodology_hash == self.release.methodology_hash

    @property
    def is_proved(self) -> bool:
        return not self.damages and not self.lost_receipts and all(table.is_equal for table in self.tables)


def verify(settings: Settings, release_id: str) -> Verification:
    """Check the files of a release, then rebuild it and compare.

    Takes no lock that a publication waits for; the release is kept from retention meanwhile. Where its
    warehouse cannot be opened, which is a damage, no table is compared. Raises `UsageError` where there is
    no such release, where fewer rows are landed than it was made of, or where retention was quicker;
    `Damaged` where the rows are not as they were landed; `BuildFailed` where the rebuild fails.
    """
    with releases.held(settings, release_id):
        try:
            return _verify(settings, release_id)
        except FileNotFoundError as error:
            if (settings.published / release_id).is_dir():
                raise
            raise UsageError(
                f"Выпуск {release_id} убран по сроку хранения, пока его проверяли. "
                "Какие есть: school-quality releases"
            ) from error


def _verify(settings: Settings, release_id: str) -> Verification:
    document = releases.manifest(settings, release_id)
    release = ReleaseInfo.from_json(document)
    receipts = read_receipts(settings, release.receipt_seq)
    if last_seq(receipts) != release.receipt_seq:
        raise UsageError(
            f"Журнал квитанций кончается на {last_seq(receipts)}, а выпуск сделан из {release.receipt_seq}: "
            f"в {settings.landing} не хватает пакетов, верните их из резервной копии."
        )
    integrity.check(settings)
    if len(practices.decisions(settings, release.practice_decisions)) < release.practice_decisions:
        raise UsageError(
            f"Выпуск сделан после решения {release.practice_decisions} о текстах практик, а в "
            f"{practices.path_of(settings)} их меньше: верните файл из резервной копии."
        )
    damages = rollback.damages(settings, release_id)
    in_force = sorted(effective(receipts).values(), key=lambda receipt: receipt.seq)
    told = document.get("receipts", [])
    lost = _unlike(map(receipt_document, in_force), told) if told else 0
    if not lost and release.receipt_hash and chain(receipts) != release.receipt_hash:
        lost = 1  # one that is not in force any more
    with _room(settings) as folder:
        copy = linked(settings, folder)
        landed.prepare(copy)
        build.run_dbt(
            copy.build_file, build.release_variables(copy, release), "--exclude-resource-type", "test"
        )
        published = releases.warehouse(settings, release_id)
        is_readable = _opens(published)
        tables = compare(published, copy.build_file) if is_readable else []
        tables += _open_tables(settings, release, copy, damages)
    if not is_readable and not any(WAREHOUSE in damage for damage in damages):
        damages.append(f"файл {WAREHOUSE} не открывается")
    return Verification(
        release,
        len(document["sha256"]),
        damages,
        lost,
        tables,
        releases.code_version(),
        releases.methodology_hash(),
    )


def _unlike(receipts: Iterable[Mapping[str, Any]], told: Iterable[Mapping[str, Any]]) -> int:
    """How many receipts differ from what a release says of them, as far as it says it, or are unknown to
    it.
    """
    by_seq = {entry["seq"]: entry for entry in told}
    return sum(
        not by_seq.get(receipt["seq"], {"seq": None}).items() <= receipt.items() for receipt in receipts
    )


@contextmanager
def _room(settings: Settings) -> Iterator[Path]:
    """A folder to rebuild in, removed afterwards; those that killed verifications left are removed first.

    Whoever works in one holds its lock, which the kernel ends with the process.
    """
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.warehouse / ".verify.lock"):
        for left in settings.warehouse.glob(f"{_ROOM}*/"):
            with suppress(Timeout), FileLock(left / _IN_USE, timeout=0):
                shutil.rmtree(left)
        folder = Path(mkdtemp(dir=settings.warehouse, prefix=_ROOM))
        lock = FileLock(folder / _IN_USE)
        lock.acquire()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def _open_tables(settings: Settings, release: ReleaseInfo, copy: Settings, damages: list[str]) -> list[Table]:
    """Compare the open marts with those made again of the rebuilt release and of what was open before.

    Where the release named as ``open_before`` is still there, both must agree on what was open. In a
    release that is older than these versions the open edition is proved by checksums only.
    """
    before = open_versions.own(settings, release)
    published = settings.published / release.release_id / "open" / "data" / WAREHOUSE
    is_damaged = any(open_versions.FOLDER in damage or "open/data/" in damage for damage in damages)
    if before is None or is_damaged or not published.is_file():
        return []
    if open_versions.differs_from_earlier(settings, release):
        damages.append(f"основа открытой редакции не та, что в выпуске {release.open_before}")
    rebuilt = copy.warehouse / "open.duckdb"
    texts = practices.released(settings, release.practice_decisions)
    disclosure.write_open_marts(copy.build_file, rebuilt, texts, before=before)
    return [replace(table, name=f"open.{table.name}") for table in compare(published, rebuilt)]


def _opens(warehouse: Path) -> bool:
    """Whether DuckDB reads the file. `FileNotFoundError` where it is gone with its release: no damage."""
    import duckdb

    if not warehouse.parent.is_dir():
        raise FileNotFoundError(warehouse)
    try:
        with duckdb.connect(str(warehouse), read_only=True):
            return True
    except duckdb.Error:
        return False


def compare(published: Path, rebuilt: Path) -> list[Table]:
    """The tables of two warehouse files that are functions of the receipts, as multisets of rows."""
    import duckdb

    with duckdb.connect() as connection:
        for name, file in (("old", published), ("new", rebuilt)):
            connection.execute(f"attach {literal(file)} as {name} (read_only)")
        names = connection.execute(
            """
            select schema_name, table_name from duckdb_tables()
            where database_name in ('new', 'old') and schema_name in ? and table_name not in ?
            group by all
            order by all
            """,
            [list(SCHEMAS), sorted(TOLD)],
        ).fetchall()
        return [_compare(connection, schema, table) for schema, table in names]


def _compare(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> Table:
    columns = {name: _columns(connection, name, schema, table) for name in ("old", "new")}
    counts = [
        _number(connection, f"select count(*) from {name}.{schema}.{table}") if columns[name] else 0
        for name in ("old", "new")
    ]
    label = f"{schema}.{table}"
    if columns["old"] != columns["new"]:
        return Table(label, counts[0], counts[0], counts[1], has_same_columns=False)
    for side, (one, other) in {"missing": ("old", "new"), "surplus": ("new", "old")}.items():
        connection.execute(
            f"create or replace temp table {side} as "
            f"from {one}.{schema}.{table} except all from {other}.{schema}.{table}"
        )
    missing, surplus = (
        _number(connection, f"select count(*) from {side}") for side in ("missing", "surplus")
    )
    return Table(label, counts[0], missing, surplus)


def _columns(connection: duckdb.DuckDBPyConnection, name: str, schema: str, table: str) -> dict[str, str]:
    return dict(
        connection.execute(
            "select column_name, data_type from duckdb_columns() "
            "where database_name = ? and schema_name = ? and table_name = ? order by column_index",
            [name, schema, table],
        ).fetchall()
    )


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    found = connection.execute(query).fetchone()
    return int(found[0]) if found else 0
