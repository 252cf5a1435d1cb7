"""Who on a shared machine may read what the system writes: its own user and, if so set, its group.

``SCHOOL_QUALITY_UMASK`` is the one setting: 077, the default, keeps everybody else out; with 027 the group
reads. Every entry point calls `take`, and whoever takes a lock to write calls `close_data`; a service of
Airflow in a deployment is started by ``python -m school_quality.server exec``, which does both. The inbox
keeps the rights of the centre: nothing in it is changed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from school_quality.errors import UsageError
from school_quality.settings import Settings

VARIABLE = "SCHOOL_QUALITY_UMASK"
_ALLOWED = {"077": 0o077, "027": 0o027}


def umask() -> int:
    """The rights that nobody gets. Raises `UsageError` for a value that would open more."""
    given = os.environ.get(VARIABLE) or "077"
    if given not in _ALLOWED:
        raise UsageError(f"{VARIABLE}={given}: возможны 077 (только пользователь) и 027 (ещё его группа).")
    return _ALLOWED[given]


def folder_mode() -> int:
    """The mode of a folder made now."""
    return 0o777 & ~umask()


def take() -> None:
    """Apply the setting to this process and all that it starts, the logs of Airflow's tasks included."""
    hidden = umask()
    os.umask(hidden)
    for kind, full in (("FOLDER", 0o777), ("FILE", 0o666)):
        os.environ.setdefault(
            f"AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_{kind}_PERMISSIONS", oct(full & ~hidden)
        )


def close_data(settings: Settings) -> None:
    """Make the data root, or mend one that was made with other rights."""
    close(settings.data_root, settings.kept)


def close(root: Path, kept: Iterable[Path]) -> None:
    """Make ``root``, or mend it and all in ``kept``; the root last, so that an interrupted mending is
    repeated.
    """
    hidden = umask()
    root.mkdir(parents=True, exist_ok=True)
    if stat.S_IMODE(root.stat().st_mode) & 0o777 == folder_mode():
        return
    with suppress(PermissionError):  # it belongs to somebody else, as the doctor says
        for path in kept:
            for folder, _, files in os.walk(path):
                for name in files:
                    _mend(Path(folder, name), hidden)
                _mend(Path(folder), hidden)
            if path.is_file():
                _mend(path, hidden)
        _mend(root, hidden)


def open_to(folder: Path) -> str | None:
    """Whom an existing folder lets in against the setting, in Russian; None where all is well."""
    mode = folder.stat().st_mode & umask()
    if mode & stat.S_IRWXO:
        return "все пользователи машины"
    return f"группа {_group(folder)}" if mode & stat.S_IRWXG else None


def _group(path: Path) -> str:
    try:
        return path.group()
    except KeyError:  # a number without a name
        return str(path.stat().st_gid)


def _mend(path: Path, hidden: int) -> None:
    """Give others the rights of the owner except ``hidden``; a link stays as it is."""
    with suppress(FileNotFoundError):  # it was moved or removed meanwhile
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            return
        own = mode & stat.S_IRWXU
        path.chmod(mode & 0o7000 | (own | own >> 3 | own >> 6) & ~hidden)
