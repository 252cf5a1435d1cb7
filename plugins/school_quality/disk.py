"""What happens where a disk is full: a message that says which and how much, and room kept for the notice."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

from school_quality.settings import Settings

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_WORDS = ("No space left on device", "Disk quota exceeded", "failed to offload data block")
"""What DuckDB, Arrow and dbt, whose errors have no number, say of a full disk."""
RESERVE_BYTES = 256 * 1024
"""Kept free for the record and the notice of a run; both together take a few kilobytes."""
FIRST_BUILD_BYTES = 2 * 1024**3
"""What a run is taken to need while no release tells; a district takes well under 1 GiB."""


class DiskFull(OSError):
    """No room is left; the text is for people. An `OSError`, for trying again later may help."""

    def __str__(self) -> str:
        return str(self.strerror)


def is_full(error: BaseException) -> bool:
    """Whether an error says that there is no room."""
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    return any(word in str(error) for word in _WORDS)


@contextmanager
def watched(settings: Settings) -> Iterator[None]:
    """Turn an error of a full disk into `DiskFull`, which names the disk and what stays in force."""
    try:
        yield
    except DiskFull:
        raise
    except Exception as error:
        if not is_full(error):
            raise
        raise DiskFull(errno.ENOSPC, message(settings, error)) from error


def message(settings: Settings, error: BaseException) -> str:
    """Which disk is full, how much a run needs and which release stays in force.

    An error names at most one file, so the fullest of the disks in question is taken for the full one.
    """
    from school_quality.warehouse.publication import releases

    named = (getattr(error, "filename", None), getattr(error, "filename2", None))
    places = [Path(os.fsdecode(name)).absolute() for name in named if isinstance(name, str | bytes)]
    places = [_existing(place) for place in (*places, settings.data_root, Path(gettempdir()))]
    place = min(places, key=lambda folder: shutil.disk_usage(folder).free)
    disk = next(folder for folder in (place, *place.parents) if folder.is_mount())
    in_force = releases.current_id(settings)
    remains = f"в силе остаётся выпуск {in_force}" if in_force else "выпусков ещё нет"
    return (
        f"На диске {disk} кончилось место: свободно {_size(shutil.disk_usage(place).free)}, "
        f"а расчёту и выпуску нужно около {_size(needed(settings))}. Ничего не испорчено, {remains}. "
        "Освободите место и запустите ещё раз."
    )


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _size(count: int) -> str:
    return f"{count / 1024**3:.1f} ГиБ" if count >= 1024**3 else f"{max(count / 1024**2, 0.1):.1f} МиБ"


def needed(settings: Settings) -> int:
    """Bytes that a build, its documents and its release will take: as many as the last ones."""
    folder = settings.current.resolve()
    if not settings.current.is_dir():
        return FIRST_BUILD_BYTES
    release = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return release + (settings.build_file.stat().st_size if settings.build_file.is_file() else release)


def write(settings: Settings, path: Path, text: str) -> None:
    """Write a small file whole or not at all; on a full disk the reserve gives way to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_suffix(".tmp")
    try:
        _write(staging, text)
    except OSError as error:
        if not is_full(error):
            raise
        _reserve(settings).unlink(missing_ok=True)
        _write(staging, text)
    staging.replace(path)
    keep_reserve(settings)


def _write(staging: Path, text: str) -> None:
    try:
        with staging.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        staging.unlink(missing_ok=True)
        raise


def _reserve(settings: Settings) -> Path:
    return settings.warehouse / ".reserve"


def keep_reserve(settings: Settings) -> None:
    """Make the reserve where it is missing and there is room for it."""
    path = _reserve(settings)
    if path.is_file() and path.stat().st_size == RESERVE_BYTES:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.write_bytes(bytes(RESERVE_BYTES))
    except OSError as error:
        path.unlink(missing_ok=True)
        if not is_full(error):
            raise
