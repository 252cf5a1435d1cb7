"""Releases on disk: which there are, which one readers see, what a release says about itself.

A release is a folder ``published/<release_id>/`` that is complete from the moment it has its name;
``published/current`` is a symbolic link to one of them (contracts, section 1).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from school_quality.errors import Damaged, UsageError
from school_quality.landing.receipts import receipt_of
from school_quality.settings import Settings, dbt_project_dir, expectations_dir

MANIFEST = "manifest.json"
WAREHOUSE = "warehouse.duckdb"
STORAGE = "(storage_version 'v1.0.0')"
"""How published DuckDB files are written: for the oldest reader that docs/analysts.md promises."""
PERIOD = re.compile(r"(\d{4})(?:-(H[12]|Q[1-4]))?")

KEPT_RELEASES = 10
"""How many of the newest releases stay on disk, unless the administrator sets ``KEPT_VARIABLE``."""

KEPT_VARIABLE = "SCHOOL_QUALITY_KEPT_RELEASES"
FEWEST_KEPT = 2
"""The current release and the one before it: without it nobody could go back or ask what has changed."""

METHODOLOGY = "methodology"
"""Folder of a release with the seeds of the methodology that it was computed by."""

_GENERATED = {"__pycache__", "target", "logs", "dbt_packages"}


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is asked of a run: the last reporting year, the period of the documents, the day of judgement.

    ``municipality`` (id or name) limits the documents, never the warehouse; ``methodology_version`` replaces
    the edition of each year by this one.
    """

    year: int
    period: str
    as_of: date
    municipality: str | None = None
    methodology_version: str | None = None

    @classmethod
    def of(
        cls,
        year: int,
        period: str | None = None,
        as_of: str | date | None = None,
        municipality: str | None = None,
        methodology_version: str | None = None,
    ) -> Parameters:
        """Parameters with their defaults: the whole year, 31 August of the year after.

        Raises `UsageError` for a period of another year or an unreadable date.
        """
        if not 2010 <= year <= 2100:
            raise UsageError(f"Отчётный год {year} вне пределов 2010-2100.")
        match = PERIOD.fullmatch(period or str(year))
        if match is None:
            raise UsageError(
                f"Период «{period}» не понят. Нужен год, полугодие или четверть: {year}, {year}-H1, {year}-Q3"
            )
        if int(match[1]) != year:
            raise UsageError(f"Период «{period}» не относится к отчётному году {year}.")
        if isinstance(as_of, str):
            try:
                as_of = date.fromisoformat(as_of)
            except ValueError as error:
                raise UsageError(f"Дата «{as_of}» не понята. Нужна дата вида {year + 1}-08-31.") from error
        return cls(year, match[0], as_of or date(year + 1, 8, 31), municipality, methodology_version)


@dataclass(frozen=True, slots=True)
class ReleaseInfo:
    """What a release is made of; two builds with equal `inputs` give the same numbers.

    ``receipt_hash`` is the `chain` of the receipts; empty in a release of an older version.
    The open edition is made of ``open_before`` as well, the last publication before it, and of what readers
    saw when it was made, ``previous_release_id``.
    """

    release_id: str
    created_at: datetime  # UTC, without time zone
    reporting_year: int
    period: str
    as_of: date
    receipt_seq: int
    code_version: str
    previous_release_id: str | None
    municipality: str | None = None
    methodology_version: str | None = None
    methodology_hash: str = ""
    receipt_hash: str = ""
    practice_decisions: int = 0
    open_before: str | None = None

    @property
    def parameters(self) -> Parameters:
        return Parameters(
            self.reporting_year, self.period, self.as_of, self.municipality, self.methodology_version
        )

    @property
    def inputs(self) -> tuple[Parameters, int, str, str, str, int]:
        return (
            self.parameters,
            self.receipt_seq,
            self.receipt_hash,
            self.code_version,
            self.methodology_hash,
            self.practice_decisions,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "created_at": self.created_at.isoformat(),
            "as_of": self.as_of.isoformat(),
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> ReleaseInfo:
        fields = {name: document[name] for name in cls.__dataclass_fields__ if name in document}
        fields["created_at"] = datetime.fromisoformat(fields["created_at"])
        fields["as_of"] = date.fromisoformat(fields["as_of"])
        wrong = [name for name, value in fields.items() if not isinstance(value, _kinds()[name])]
        if wrong or not PERIOD.fullmatch(fields["period"]):
            raise TypeError(f"{wrong or 'period'}: not what a release says of itself")
        return cls(**fields)


@cache
def _kinds() -> dict[str, Any]:
    return get_type_hints(ReleaseInfo)


def methodology_files() -> list[Path]:
    """The seeds of the methodology: what an order could change."""
    return sorted((dbt_project_dir() / "seeds" / "methodology").glob("*.csv"))


def _code_files() -> Iterator[Path]:
    methodology = set(methodology_files())
    for root in (Path(__file__).resolve().parents[1], dbt_project_dir(), expectations_dir()):
        for path in sorted(root.rglob("*")):
            hidden = any(part.startswith(".") or part in _GENERATED for part in path.relative_to(root).parts)
            if path.is_file() and not hidden and path not in methodology:
                yield path


@cache
def code_version() -> str:
    """Twelve hexadecimal digits over the package, the dbt project and the suites; needs no git.

    Without the methodology, which has a hash of its own: a changed order and changed code are told apart.
    """
    return _digest(_code_files())


@cache
def methodology_hash() -> str:
    """Twelve hexadecimal digits over the seeds of the methodology."""
    return _digest(methodology_files())


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def current_id(settings: Settings) -> str | None:
    """The release that readers see; None before the first one."""
    return settings.current.resolve().name if leads_to_release(settings) else None


def leads_to_release(settings: Settings) -> bool:
    """Whether ``current`` is a link to a folder beside it, there or not any more."""
    link = settings.current
    return link.is_symlink() and link.resolve().parent == settings.published.resolve()


def warehouse(settings: Settings, release_id: str) -> Path:
    """The DuckDB file that readers of a release open."""
    return settings.published / release_id / WAREHOUSE


SET_ASIDE = ".damaged-"
"""How the names of what `damage.repair` has set aside begin."""


def kept_warehouse(settings: Settings, release_id: str) -> Path:
    """Where the warehouse of a release is, or was set aside with it: its history counts all the same."""
    aside = settings.published / f"{SET_ASIDE}{release_id}" / WAREHOUSE
    return aside if aside.is_file() else warehouse(settings, release_id)


def manifest(settings: Settings, release_id: str) -> dict[str, Any]:
    """The manifest of a release.

    Raises `UsageError` where there is no such release, `Damaged` where the file is not what was written.
    """
    path = settings.published / release_id / MANIFEST
    if Path(release_id).name != release_id or not path.is_file():
        raise UsageError(
            f"Выпуска «{release_id}» нет в {settings.published}. Список: school-quality releases"
        )
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if ReleaseInfo.from_json(document).release_id != release_id:
            raise ValueError("the manifest of another release")
        if not isinstance(document.get("sha256", {}), dict):
            raise TypeError("checksums without names")
        sorted(receipt_of(receipt).seq + 0 for receipt in document.get("receipts", []))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Damaged(f"Файл {path} повреждён. Что делать: school-quality repair") from error
    return document


def readable(settings: Settings) -> dict[str, dict[str, Any]]:
    """The manifests of the releases on disk, by id, without damaged ones."""
    found = {}
    for release_id in all_ids(settings):
        with suppress(Damaged):
            found[release_id] = manifest(settings, release_id)
    return found


def told_receipts(settings: Settings) -> list[dict[str, Any]]:
    """The receipts in force by the release that knows most of them; none before the first release."""
    found = list(readable(settings).values())
    return max(found, key=lambda document: document["receipt_seq"]).get("receipts", []) if found else []


def current(settings: Settings) -> ReleaseInfo | None:
    """What the current release is made of; None before the first one."""
    release_id = current_id(settings)
    return ReleaseInfo.from_json(manifest(settings, release_id)) if release_id else None


def all_ids(settings: Settings) -> list[str]:
    """Ids of the releases on disk, oldest first."""
    found = {path.parent.name for path in settings.published.glob(f"[!.]*/{MANIFEST}")}
    return sorted(found - {settings.current.name})


def kept_releases() -> int:
    """How many of the newest releases stay. Raises `UsageError` for a setting that is no such number."""
    setting = os.environ.get(KEPT_VARIABLE, "").strip()
    if not setting:
        return KEPT_RELEASES
    if not setting.isdecimal() or int(setting) < FEWEST_KEPT:
        raise UsageError(
            f"{KEPT_VARIABLE}={setting}: сколько выпусков хранить, целое число не меньше {FEWEST_KEPT}."
        )
    return int(setting)


def prune(settings: Settings, keep: int | None = None, shown: Mapping[str, int] | None = None) -> list[str]:
    """Remove releases that the retention rule does not keep; returns their ids.

    The ``keep`` newest stay, the current one, the last one of every reporting year, and one that somebody
    reads at this moment. Newest is what readers got last: ``shown`` numbers the releases in that order, and
    one that they never saw is older than all. A folder is renamed to a hidden name first, so that nobody
    meets a release half removed.
    """
    ids = sorted(all_ids(settings), key=lambda name: ((shown or {}).get(name, -1), name))
    kept = {current_id(settings), *ids[-(keep or kept_releases()) :]}
    known = readable(settings)  # what is damaged stays, for `repair` to find
    kept |= set({known[name]["reporting_year"]: name for name in ids if name in known}.values())
    kept |= set(ids) - known.keys()
    removed = []
    for release_id in ids:
        if release_id in kept or _is_read(warehouse(settings, release_id)):
            continue
        doomed = settings.published / f".removed-{release_id}"
        (settings.published / release_id).rename(doomed)
        shutil.rmtree(doomed)
        removed.append(release_id)
    return removed


_WHOLE_FILE = (os.SEEK_SET, 0, 0, 0)


@contextmanager
def held(settings: Settings, release_id: str) -> Iterator[None]:
    """Keep a release from `prune` while its files are read one by one.

    Its warehouse is locked as DuckDB locks what it reads, but by the open file and not by the process, whose
    lock would end when any of its handles on that file is closed. Where the file is missing, or the disk has
    no locks, nothing is held.
    """
    try:
        file = warehouse(settings, release_id).open("rb")
    except OSError:
        yield
        return
    with file:
        with suppress(OSError):
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_RDLCK, *_WHOLE_FILE))
        yield


def _is_read(file: Path) -> bool:
    """Whether another process has the file open in DuckDB, which locks what it opens (fcntl, whole file).

    Asks for the lock without taking it. False where the file is missing or the disk has no locks.
    """
    question = struct.pack("hhqqi", fcntl.F_WRLCK, *_WHOLE_FILE)  # struct flock, Linux
    try:
        with file.open("rb") as opened:
            answer = fcntl.fcntl(opened, fcntl.F_GETLK, question)
    except OSError:
        return False
    return bool(struct.unpack("hhqqi", answer)[0] != fcntl.F_UNLCK)
