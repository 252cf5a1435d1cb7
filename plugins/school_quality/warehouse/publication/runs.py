"""What became of each run: a small JSON file a run under ``runs/``, and from there ``meta.run`` of a release.

A run that fails publishes nothing, so its record must live outside the warehouse; the next release shows it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from school_quality import disk
from school_quality.settings import Settings

if TYPE_CHECKING:
    import duckdb

ROLLBACK = "rollback"
"""Takes the place of a DAG's id in the record of a rollback: no DAG goes back by itself."""

log = logging.getLogger(__name__)

KEPT_RUNS = 1000
"""How many records stay: some years of a centre's runs; runs that found nothing new leave none."""

COLUMNS = {
    "run_id": ("varchar", "DAG and run id in Airflow"),
    "dag_id": ("varchar", "Which DAG"),
    "run_type": ("varchar", "manual, scheduled, asset_triggered or backfill"),
    "started_at": ("timestamp", "Start, UTC"),
    "ended_at": ("timestamp", "End, UTC; null for the run that made this release"),
    "outcome": (
        "varchar",
        "published, rolled_back, nothing_new, no_results, dry_run, not_approved, landed or failed",
    ),
    "failed_step": ("varchar", "Task that failed"),
    "message": ("varchar", "What the failed task said"),
    "reporting_year": ("integer", "Reporting year asked for; null where only files were landed"),
    "period": ("varchar", "Period of the documents"),
    "as_of": ("date", "Day that decides what is due"),
    "release_id": ("varchar", "Release built, published or not"),
    "files_read": ("bigint", "Files read in this run"),
    "files_rejected": ("bigint", "Files rejected whole"),
    "rows_rejected": ("bigint", "Rows not accepted"),
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a DAG; the fields are the columns of ``meta.run``, times in UTC without zone."""

    run_id: str
    dag_id: str
    run_type: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    failed_step: str | None = None
    message: str | None = None
    reporting_year: int | None = None
    period: str | None = None
    as_of: date | None = None
    release_id: str | None = None
    files_read: int = 0
    files_rejected: int = 0
    rows_rejected: int = 0

    @property
    def file_name(self) -> str:
        """A name for files about this run, in order of time; run ids hold characters that names may not."""
        digest = hashlib.sha256(self.run_id.encode()).hexdigest()[:8]
        return f"{self.started_at:%Y%m%dT%H%M%SZ}-{self.dag_id}-{digest}"

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Run:
        known: dict[str, Any] = {field.name: document.get(field.name) for field in fields(cls)}
        for name in ("started_at", "ended_at"):
            known[name] = datetime.fromisoformat(known[name]) if known[name] else None
        known["as_of"] = date.fromisoformat(known["as_of"]) if known["as_of"] else None
        return cls(**known)


def save(settings: Settings, run: Run) -> Path:
    """Write the record of a run, in place of an earlier one of the same run; the oldest beyond 1,000 go."""
    path = settings.runs / f"{run.file_name}.json"
    disk.write(settings, path, json.dumps(asdict(run), ensure_ascii=False, default=_text) + "\n")
    for old in _files(settings)[:-KEPT_RUNS]:
        old.unlink(missing_ok=True)
    return path


def all_runs(settings: Settings) -> list[Run]:
    """The records on disk that can be read, oldest first."""
    return [run for run in map(_read, _files(settings)) if run is not None]


def damaged(settings: Settings) -> list[Path]:
    """The records that cannot be read."""
    return [path for path in _files(settings) if _read(path) is None]


def _files(settings: Settings) -> list[Path]:
    return sorted(settings.runs.glob("[!.]*.json"))


def _read(path: Path) -> Run | None:
    try:
        return Run.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("the record of a run in %s cannot be read: %s", path, error)
        return None


def record(connection: duckdb.DuckDBPyConnection, settings: Settings, run: Run | None) -> None:
    """Fill ``meta.run`` of attached ``new``, a release being written: earlier runs, and ``run``, its own."""
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())
    connection.execute(f"create table new.meta.run ({columns})")
    connection.execute("comment on table new.meta.run is 'Runs up to this release. One row per run.'")
    for name, (_, comment) in COLUMNS.items():
        connection.execute(f"comment on column new.meta.run.{name} is '{comment}'")
    known = {found.run_id: found for found in [*all_runs(settings), *([run] if run else [])]}
    rows = [[getattr(found, name) for name in COLUMNS] for found in known.values()]
    if rows:
        connection.executemany(f"insert into new.meta.run values ({', '.join('?' * len(COLUMNS))})", rows)


def _text(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in the record of a run")
