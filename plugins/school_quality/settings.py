"""Where everything is: the one place in which a path is built.

Environment variables: ``SCHOOL_QUALITY_DATA`` (the data root), ``SCHOOL_QUALITY_HOME`` (the checkout, where
it cannot be derived from this file), ``SCHOOL_QUALITY_PII_KEY`` / ``SCHOOL_QUALITY_PII_KEY_FILE`` (see
`school_quality.reading.pseudonyms`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from school_quality.errors import UsageError


def project_root() -> Path:
    """The checkout: the folder that holds ``dbt_project/`` and ``expectations/``."""
    home = os.environ.get("SCHOOL_QUALITY_HOME")
    return Path(home).resolve() if home else Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Settings:
    """Paths of one data root. All that the system writes lies under it, but the Airflow home and the key."""

    data_root: Path

    @classmethod
    def load(cls, data_root: str | Path | None = None) -> Settings:
        """Settings for ``data_root``, by default ``SCHOOL_QUALITY_DATA`` or ``data/`` of the checkout."""
        root = data_root or os.environ.get("SCHOOL_QUALITY_DATA") or project_root() / "data"
        return cls(Path(root).resolve())

    @property
    def inbox(self) -> Path:
        return self.data_root / "inbox"

    def lies_in_inbox(self, path: str) -> bool:
        """Whether a receipt's path, which may be ``archive.zip/entry``, still names something there."""
        file = self.inbox / path
        try:
            return file.exists() or any(parent.is_file() for parent in file.parents)
        except PermissionError:
            return True  # in a folder that is closed to us: nothing says that it is gone

    @property
    def last_look(self) -> Path:
        """What the last look into the inbox could not read; see `school_quality.landing.last_look`."""
        return self.data_root / "inbox.json"

    @property
    def landing(self) -> Path:
        """Committed batches (``<first seq>/``) and ``schema/``; see `school_quality.landing`."""
        return self.data_root / "landing"

    @property
    def rejected(self) -> Path:
        """Reasons for files and rows not accepted, and ``remarks/`` with the workbooks for the senders."""
        return self.data_root / "rejected"

    @property
    def warehouse(self) -> Path:
        """The private build: ``build.duckdb``, dbt's target and logs, Data Docs."""
        return self.data_root / "warehouse"

    @property
    def build_file(self) -> Path:
        return self.warehouse / "build.duckdb"

    @property
    def build_record(self) -> Path:
        """Beside the build file, says which release it holds."""
        return self.warehouse / "build.json"

    @property
    def published(self) -> Path:
        return self.data_root / "published"

    @property
    def current(self) -> Path:
        """Symbolic link to the release that readers see."""
        return self.published / "current"

    @property
    def runs(self) -> Path:
        """The record of each run; see `school_quality.warehouse.publication.runs`."""
        return self.data_root / "runs"

    @property
    def templates(self) -> Path:
        """Blank forms by year; see `school_quality.templates`."""
        return self.data_root / "templates"

    @property
    def notices(self) -> Path:
        """The notice of each run as a text file; see `school_quality.notices`."""
        return self.data_root / "notices"

    @property
    def kept(self) -> tuple[Path, ...]:
        """All that the system keeps in the data root: everything but the inbox, which is the centre's."""
        folders = (self.landing, self.rejected, self.warehouse, self.published, self.runs, self.notices)
        return (*folders, self.templates, self.last_look, self.ingest_lock, self.build_lock)

    def check_outside(self, path: Path) -> None:
        """Raise `UsageError` for a file that a user wants written among what is kept or in the inbox."""
        target = path.resolve()
        for place in (self.data_root, self.inbox, *self.kept):
            if target.is_relative_to(place.resolve()):
                raise UsageError(
                    f"Файл {path} лежит в папке данных {self.data_root}: туда пишет только система. "
                    "Укажите другую папку."
                )

    @property
    def ingest_lock(self) -> Path:
        return self.data_root / "landing.lock"

    @property
    def build_lock(self) -> Path:
        return self.data_root / "warehouse.lock"


def dbt_project_dir() -> Path:
    return project_root() / "dbt_project"


def expectations_dir() -> Path:
    return project_root() / "expectations"
