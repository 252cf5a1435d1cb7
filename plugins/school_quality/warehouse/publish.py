"""Atomic publication: a release is written aside, made durable, renamed, and only then shown to readers.

A crash at any moment leaves the old release in force; the next publication removes what was left behind.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from school_quality.landing.receipts import sync
from school_quality.settings import Settings
from school_quality.warehouse import changes, runs
from school_quality.warehouse.build import NodeResult
from school_quality.warehouse.releases import MANIFEST, ReleaseInfo, prune

log = logging.getLogger(__name__)

PUBLISHED_SCHEMAS = ("marts", "meta")


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
    same release again is a repetition, not a second release.
    """
    settings.published.mkdir(parents=True, exist_ok=True)
    for leftover in (*settings.published.glob(".staging-*"), *settings.published.glob(".removed-*")):
        shutil.rmtree(leftover)
    target = settings.published / release.release_id
    if not target.exists():
        staging = settings.published / f".staging-{release.release_id}"
        staging.mkdir()
        shutil.copytree(documents, staging, dirs_exist_ok=True)
        rows = _write_warehouse(settings, release, build_file, staging, run)
        _write_manifest(staging, release, rows, results)
        for path in _files_and_folders(staging):
            sync(path)
        staging.rename(target)
        sync(settings.published)
    _switch(settings, release.release_id)
    for removed in prune(settings):
        log.info("release %s is beyond retention and was removed", removed)
    return target


def _switch(settings: Settings, release_id: str) -> None:
    """Point ``current`` at the release: one atomic replacement of a symbolic link."""
    link = settings.published / ".staging-current"
    link.unlink(missing_ok=True)
    link.symlink_to(release_id)
    os.replace(link, settings.current)  # noqa: PTH105 -- Path.replace would do the same; os.replace says atomic
    sync(settings.published)


def _write_warehouse(
    settings: Settings, release: ReleaseInfo, build_file: Path, staging: Path, run: runs.Run | None
) -> dict[str, dict[str, int]]:
    """Copy the published schemas with their comments, and the marts to Parquet; row counts by table."""
    import duckdb

    parquet = staging / "parquet"
    parquet.mkdir()
    rows: dict[str, dict[str, int]] = {schema: {} for schema in PUBLISHED_SCHEMAS}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{_quoted(build_file)}' as build (read_only)")
        connection.execute(f"attach '{_quoted(staging / 'warehouse.duckdb')}' as warehouse")
        for schema in PUBLISHED_SCHEMAS:
            connection.execute(f"create schema warehouse.{schema}")
        for schema, table, comment in _tables(connection):
            connection.execute(f'create table warehouse.{schema}."{table}" as from build.{schema}."{table}"')
            if comment:
                connection.execute(
                    f"comment on table warehouse.{schema}.\"{table}\" is '{_escaped(comment)}'"
                )
        for schema, table, column, comment in connection.execute(
            "select schema_name, table_name, column_name, comment from duckdb_columns() "
            "where database_name = 'build' and schema_name in ? and comment is not null",
            [list(PUBLISHED_SCHEMAS)],
        ).fetchall():
            connection.execute(
                f'comment on column warehouse.{schema}."{table}"."{column}" is \'{_escaped(comment)}\''
            )
        changes.record(connection, settings, release)
        runs.record(connection, settings, run)
        for schema, table, _ in _tables(connection):
            found = connection.execute(f'select count(*) from warehouse.{schema}."{table}"').fetchone()
            rows[schema][table] = found[0] if found else 0
            if schema == "marts":
                connection.execute(
                    f"copy warehouse.marts.\"{table}\" to '{_quoted(parquet / f'{table}.parquet')}' "
                    "(format parquet, compression zstd)"
                )
        connection.execute("checkpoint warehouse")
    return rows


def _tables(connection: Any) -> list[tuple[str, str, str | None]]:
    tables: list[tuple[str, str, str | None]] = connection.execute(
        "select schema_name, table_name, comment from duckdb_tables() "
        "where database_name = 'build' and schema_name in ? order by all",
        [list(PUBLISHED_SCHEMAS)],
    ).fetchall()
    return tables


def _write_manifest(
    staging: Path, release: ReleaseInfo, rows: dict[str, dict[str, int]], results: list[NodeResult]
) -> None:
    import duckdb

    with duckdb.connect(str(staging / "warehouse.duckdb"), read_only=True) as connection:
        versions = [
            version
            for (version,) in connection.execute(
                "select distinct methodology_version from marts.dim_indicator order by all"
            ).fetchall()
        ]
    tests = [result for result in results if result.kind in {"test", "unit_test"}]
    document = {
        **release.to_json(),
        "methodology_versions": versions,
        "rows": rows,
        "tests": {
            "passed": sum(result.status in {"pass", "success"} for result in tests),
            "warned": sorted(result.name for result in tests if result.status == "warn"),
        },
        "sha256": {
            str(path.relative_to(staging)): _sha256(path)
            for path in _files_and_folders(staging)
            if path.is_file()
        },
    }
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    (staging / MANIFEST).write_text(text, encoding="utf-8")


def _files_and_folders(folder: Path) -> Iterator[Path]:
    """Everything below ``folder`` and itself, children before their folder."""
    yield from sorted(folder.rglob("*"), reverse=True)
    yield folder


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _quoted(path: Path) -> str:
    return _escaped(str(path))


def _escaped(text: str) -> str:
    return text.replace("'", "''")
