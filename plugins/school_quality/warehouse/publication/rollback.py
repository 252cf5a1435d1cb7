"""Going back to an older release that is still whole: one switch of ``current``, noted in the journal."""

from __future__ import annotations

import hashlib
from pathlib import Path

from school_quality.errors import UsageError
from school_quality.settings import Settings
from school_quality.warehouse.publication import journal, releases, runs
from school_quality.warehouse.publication.journal import Entry
from school_quality.warehouse.publication.publish import files
from school_quality.warehouse.publication.releases import MANIFEST, ReleaseInfo


def roll_back(settings: Settings, release_id: str) -> None:
    """Make an older release, or one that was taken back, the current one. The caller holds the build lock.

    Raises `UsageError` where there is no such release, it is current already, or a file of it is damaged.
    """
    release = ReleaseInfo.from_json(releases.manifest(settings, release_id))
    current = releases.current_id(settings)
    if release_id == current:
        raise UsageError(f"Выпуск {release_id} и так текущий.")
    damaged = damages(settings, release_id)
    if damaged:
        raise UsageError(f"Выпуск {release_id} повреждён, откат невозможен: {'; '.join(damaged[:5])}")
    entries = journal.read(settings)
    moment = journal.next_moment(entries)
    journal.switch(settings, entries, Entry.of(moment, "rollback", release, current))
    runs.save(
        settings,
        runs.Run(
            run_id=f"{runs.ROLLBACK}/{moment.isoformat()}",
            dag_id=runs.ROLLBACK,
            run_type="manual",
            started_at=moment.replace(microsecond=0),
            ended_at=moment.replace(microsecond=0),
            outcome="rolled_back",
            message=f"instead of {current}",
            reporting_year=release.reporting_year,
            period=release.period,
            as_of=release.as_of,
            release_id=release_id,
        ),
    )


def damages(settings: Settings, release_id: str) -> list[str]:
    """Where a release on disk differs from its manifest, in Russian; empty where it is whole."""
    folder = settings.published / release_id
    expected: dict[str, str] = releases.manifest(settings, release_id)["sha256"]
    present = {str(path.relative_to(folder)) for path in files(folder)} - {MANIFEST}
    found = [f"нет файла {name}" for name in sorted(expected.keys() - present)]
    found += [f"лишний файл {name}" for name in sorted(present - expected.keys())]
    found += [
        f"файл {name} изменён"
        for name in sorted(expected.keys() & present)
        if _sha256(folder / name) != expected[name]
    ]
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
