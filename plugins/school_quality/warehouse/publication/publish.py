"""Atomic publication: a release is written aside, made durable, renamed, and only then shown to readers.

A crash at any moment leaves the old release in force; the next publication removes what was left behind.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from school_quality.errors import Refused
from school_quality.landing.receipts import Receipt, effective, read_receipts, sync
from school_quality.quoting import identifier, literal
from school_quality.settings import Settings
from school_quality.warehouse.build import NodeResult
from school_quality.warehouse.contract import SCHEMAS
from school_quality.warehouse.differences import changes, comparison
from school_quality.warehouse.differences.causes import Made
from school_quality.warehouse.differences.changes import Difference
from school_quality.warehouse.publication import damage, history, journal, releases, runs
from school_quality.warehouse.publication.journal import Entry
from school_quality.warehouse.publication.releases import (
    MANIFEST,
    METHODOLOGY,
    STORAGE,
    WAREHOUSE,
    ReleaseInfo,
)

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger(__name__)

CHANGES_WORKBOOK = "reports/release_changes.xlsx"
HASHING_THREADS = 2

Rows = dict[str, dict[str, int]]


def publish(
    settings: Settings,
    release: ReleaseInfo,
    build_file: Path,
    documents: Path,
    results: list[NodeResult],
    run: runs.Run | None = None,
) -> Path:
    """Publish ``build_file`` and the folder ``documents`` as ``release``; returns the folder of the release.

    The caller holds the build lock; ``run`` is the Airflow run that publishes, if one does. Publishing the
    same release again is a repetition, not a second release. Raises what `check` raises, and `UsageError`
    for a retention setting that is no number.
    """
    keep = releases.kept_releases()
    settings.published.mkdir(parents=True, exist_ok=True)
    for leftover in (*settings.published.glob(".staging-*"), *settings.published.glob(".removed-*")):
        leftover.unlink() if leftover.is_symlink() else shutil.rmtree(leftover)
    target = settings.published / release.release_id
    entries, current = journal.read(settings), releases.current_id(settings)
    if release.release_id == current:
        return target
    check(settings, release)
    if not target.exists():
        staging = settings.published / f".staging-{release.release_id}"
        staging.mkdir()
        entry = Entry.of(journal.next_moment(entries), "publish", release, current)
        try:
            _write_release(settings, release, build_file, documents, results, run, [*entries, entry], staging)
            staging.rename(target)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)  # a full disk needs the room at once
            raise
        sync(settings.published)
    # the moment that the release tells of itself: it may have been complete before a crash, and not yet shown
    moment = datetime.fromisoformat(releases.manifest(settings, release.release_id)["published_at"])
    entry = Entry.of(moment, "publish", release, current)
    journal.switch(settings, entries, entry)
    for removed in releases.prune(settings, keep, journal.first_shown([*entries, entry])):
        log.info("release %s is beyond retention and was removed", removed)
    return target


def check(settings: Settings, release: ReleaseInfo) -> None:
    """Raise `Refused` where readers would lose by a publication: see the message of each case."""
    current = releases.current_id(settings)
    if release.release_id == current:
        return
    if release.release_id in journal.rolled_back(journal.read(settings)):
        raise Refused(
            f"Выпуск {release.release_id} отменён откатом и не опубликован, в силе остаётся {current}. "
            f"Вернуть его: school-quality rollback {release.release_id}"
        )
    if release.previous_release_id != current:
        raise Refused(
            f"Выпуск {release.release_id} не опубликован: пока он ждал, читатели получили другой, {current}. "
            "Этот старше и закрыл бы то, что пришло после него. "
            f"Пересчитайте: school-quality run --year {release.reporting_year}"
        )


def _write_release(
    settings: Settings,
    release: ReleaseInfo,
    build_file: Path,
    documents: Path,
    results: list[NodeResult],
    run: runs.Run | None,
    entries: Sequence[Entry],
    staging: Path,
) -> None:
    """Everything in the folder of a release, durable; ``entries`` is the journal that ends with it."""
    shutil.copytree(documents, staging, dirs_exist_ok=True, copy_function=_link)
    (staging / METHODOLOGY).mkdir()
    for seed in releases.methodology_files():
        shutil.copyfile(seed, staging / METHODOLOGY / seed.name)
    rows, difference = _write_warehouse(settings, release, build_file, staging, run, entries)
    if difference is not None:
        from school_quality.reporting.lists import changes_workbook

        path = staging / CHANGES_WORKBOOK
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(changes_workbook.workbook(difference))
    before = settings.published / current if (current := entries[-1].replaced_release_id) else None
    checksums = _checksums(staging, before)
    _write_manifest(settings, staging, release, entries[-1].moment, rows, results, checksums)
    sync(staging / MANIFEST)
    for path in staging.rglob("*"):
        if path.is_dir():
            sync(path)
    sync(staging)


def _link(source: str, target: str) -> None:
    """A document is never changed once written, so the release may share it with the build; else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _write_warehouse(
    settings: Settings,
    release: ReleaseInfo,
    build_file: Path,
    staging: Path,
    run: runs.Run | None,
    entries: Sequence[Entry],
) -> tuple[Rows, Difference | None]:
    """The published schemas with their comments, what changed, the history, the marts as Parquet.

    Returns the number of rows by schema and table, and what the release changes; None for the first one.
    """
    import duckdb

    parquet = staging / "parquet"
    parquet.mkdir()
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"attach {literal(build_file)} as build (read_only)")
        connection.execute(f"attach {literal(staging / WAREHOUSE)} as new {STORAGE}")
        _copy_tables(connection)
        runs.record(connection, settings, run)
        changes.create_record(connection)
        history.begin(connection, entries)
        difference = _follow(connection, settings, release, entries)
        history.finish(connection)
        rows = _count(connection)
        for table in rows["marts"]:
            connection.execute(
                f"copy new.marts.{identifier(table)} to {literal(parquet / f'{table}.parquet')} "
                "(format parquet, compression zstd)"
            )
        connection.execute("checkpoint new")
    return rows, difference


def _copy_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """The published schemas of attached ``build`` with their comments, into attached ``new``."""
    for schema in SCHEMAS:
        connection.execute(f"create schema new.{schema}")
    for schema, table, comment in connection.execute(
        "select schema_name, table_name, comment from duckdb_tables() "
        "where database_name = 'build' and schema_name in ? order by all",
        [list(SCHEMAS)],
    ).fetchall():
        name = f"{schema}.{identifier(table)}"
        connection.execute(f"create table new.{name} as from build.{name}")
        if comment:
            connection.execute(f"comment on table new.{name} is {literal(comment)}")
    for schema, table, column, comment in connection.execute(
        "select schema_name, table_name, column_name, comment from duckdb_columns() "
        "where database_name = 'build' and schema_name in ? and comment is not null",
        [list(SCHEMAS)],
    ).fetchall():
        name = f"{schema}.{identifier(table)}.{identifier(column)}"
        connection.execute(f"comment on column new.{name} is {literal(comment)}")


def _follow(
    connection: duckdb.DuckDBPyConnection, settings: Settings, release: ReleaseInfo, entries: Sequence[Entry]
) -> Difference | None:
    """Carry the history on into attached ``new`` and record what it changes; None for the first release.

    The newest published release holds the history, even where a person has gone back to an older one since:
    the way from it through the rollbacks to the release in force is followed step by step. Where it is
    damaged, the history is that of the newest one that is not.
    """
    moment = entries[-1].moment
    way = _way(settings, entries)
    if not way or way[-1].release_id != entries[-1].replaced_release_id:
        if entries[:-1]:
            log.warning("history and changes begin anew: no release before can be read")
        history.add_years(connection, "new", moment)
        return None
    changes.attach(connection, settings, way[0].release_id, "old")
    is_carried = history.carry_on(connection, "old")
    for before, step in pairwise(way):
        if step.release_id == before.release_id:  # what was between is not readable any more
            continue
        changes.attach(connection, settings, step.release_id, "middle")
        if is_carried:
            columns = comparison.compare(connection, "middle", "old")
            history.step(connection, columns, "middle", "old", step.moment)
        connection.execute("detach old; detach middle")
        changes.attach(connection, settings, step.release_id, "old")
    columns = comparison.compare(connection, "new", "old")
    if is_carried:
        history.step(connection, columns, "new", "old", moment)
    else:
        history.add_years(connection, "new", moment)
    previous = ReleaseInfo.from_json(releases.manifest(settings, way[-1].release_id))
    inputs = changes.find(connection, settings, Made.of(settings, release), Made.of(settings, previous))
    changes.record(connection, release)
    difference = Difference(previous, release, inputs, *changes.fetch(connection, changes.SHOWN_IN_WORKBOOK))
    connection.execute("detach old")
    return difference


def _way(settings: Settings, entries: Sequence[Entry]) -> list[Entry]:
    """The newest publication before the last entry that can be read, and what readers saw after it.

    Empty before the first one.
    """
    found: list[Entry] = []
    for entry in reversed(entries[:-1]):
        if damage.tells_history(settings, entry.release_id):
            found.insert(0, entry)
            if entry.action == "publish":
                return found
    return []


def _count(connection: duckdb.DuckDBPyConnection) -> Rows:
    rows: Rows = {schema: {} for schema in (*SCHEMAS, history.SCHEMA)}
    for schema, table in connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'new' order by all"
    ).fetchall():
        found = connection.execute(f"select count(*) from new.{schema}.{identifier(table)}").fetchone()
        rows[schema][table] = found[0] if found else 0
    return rows


def _write_manifest(
    settings: Settings,
    staging: Path,
    release: ReleaseInfo,
    published_at: datetime,
    rows: Rows,
    results: list[NodeResult],
    checksums: dict[str, str],
) -> None:
    """What the release is made of: no personal data, nothing that a reader of the release may not see."""
    import duckdb

    with duckdb.connect(str(staging / WAREHOUSE), read_only=True) as connection:
        versions = [
            version
            for (version,) in connection.execute(
                "select distinct methodology_version from marts.dim_indicator order by all"
            ).fetchall()
        ]
    tests = [result for result in results if result.kind in {"test", "unit_test"}]
    in_force = effective(read_receipts(settings, release.receipt_seq)).values()
    document = {
        **release.to_json(),
        "published_at": published_at.isoformat(),
        "methodology_versions": versions,
        "receipts": [
            receipt_document(receipt) for receipt in sorted(in_force, key=lambda receipt: receipt.seq)
        ],
        "rows": rows,
        "tests": {
            "passed": sum(result.status in {"pass", "success"} for result in tests),
            "warned": sorted(result.name for result in tests if result.status == "warn"),
            "results": {result.name: result.status for result in sorted(tests, key=lambda test: test.name)},
        },
        "sha256": checksums,
    }
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    (staging / MANIFEST).write_text(text, encoding="utf-8")


_RECEIPT_FIELDS = (
    "seq", "file_id", "context", "path", "dataset", "reader_version", "received_at", "outcome",
    "rows_read", "rows_accepted", "rows_rejected", "rows_skipped", "order_seq",
)  # fmt: skip


def receipt_document(receipt: Receipt) -> dict[str, Any]:
    """A receipt as the manifest tells of it."""
    found = {name: value for name, value in asdict(receipt).items() if name in _RECEIPT_FIELDS}
    return {**found, "received_at": receipt.received_at.isoformat()}


def _checksums(staging: Path, before: Path | None) -> dict[str, str]:
    """sha256 of every file by its path in the release, once it is durable.

    A file that is shared with the release before is neither read nor synced again.
    """
    known = {}
    if before is not None and (before / MANIFEST).is_file():
        known = json.loads((before / MANIFEST).read_text(encoding="utf-8"))["sha256"]

    def checksum(name: str) -> str:
        path = staging / name
        shared = before / name if before is not None else None
        if name in known and shared is not None and shared.is_file() and shared.samefile(path):
            return str(known[name])
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        return digest

    names = sorted(str(path.relative_to(staging)) for path in files(staging))
    with ThreadPoolExecutor(HASHING_THREADS) as pool:
        return dict(zip(names, pool.map(checksum, names), strict=True))


def files(folder: Path) -> Iterator[Path]:
    """Every file below a folder."""
    return (path for path in folder.rglob("*") if path.is_file())
