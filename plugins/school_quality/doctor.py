"""A look at everything that must be right before a run, with what to do where it is not."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock, Timeout

from school_quality.embedded import airflow_home
from school_quality.reading.pseudonyms import key_file
from school_quality.settings import Settings
from school_quality.warehouse import releases

LOW_DISK_BYTES = 2 * 1024**3
"""A district's data root with ten releases takes well under 1 GiB; below 2 GiB a build may not finish."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; ``advice`` is empty where nothing needs to be done."""

    subject: str
    finding: str
    is_well: bool = True
    advice: str = ""


def examine(settings: Settings) -> list[Check]:
    """All checks of one data root, the fundamental ones first. Changes nothing."""
    return [
        _versions(),
        _data_root(settings),
        _disk(settings),
        _key(),
        *_locks(settings),
        _airflow(),
        _release(settings),
    ]


def _versions() -> Check:
    packages = ("apache-airflow", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations")
    found = ", ".join(f"{name} {version(name)}" for name in packages)
    return Check("Окружение", f"Python {sys.version.split()[0]}, {found}")


def _existing(path: Path) -> Path:
    """The path or the nearest of its folders that is there."""
    return next(p for p in (path, *path.parents) if p.exists())


def _data_root(settings: Settings) -> Check:
    root = settings.data_root
    if os.access(_existing(root), os.W_OK):
        return Check("Папка данных", str(root))
    return Check("Папка данных", f"{root}: нет права записи", False, "дайте право записи или укажите --data")


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(_existing(settings.data_root)).free
    finding = f"свободно {free / 1024**3:.1f} ГиБ"
    if free >= LOW_DISK_BYTES:
        return Check("Место на диске", finding)
    return Check("Место на диске", finding, False, "освободите место: для расчёта нужно не меньше 2 ГиБ")


def _key() -> Check:
    subject = "Ключ псевдонимов"
    path = key_file()
    if os.environ.get("SCHOOL_QUALITY_PII_KEY"):
        return Check(subject, "в переменной SCHOOL_QUALITY_PII_KEY")
    if not path.exists():
        return Check(subject, f"{path}: создаётся при первом чтении файлов с учениками")
    if path.stat().st_mode & 0o077:
        return Check(subject, f"{path} доступен другим пользователям", False, f"chmod 600 {path}")
    return Check(subject, f"{path}, лежит отдельно от данных; нужна его резервная копия")


def _locks(settings: Settings) -> list[Check]:
    checks = []
    for subject, path in (("Приём файлов", settings.ingest_lock), ("Расчёт", settings.build_lock)):
        if not path.exists():
            checks.append(Check(subject, "не занят"))
            continue
        lock = FileLock(path)
        try:
            with lock.acquire(timeout=0):
                checks.append(Check(subject, "не занят"))
        except Timeout:
            checks.append(Check(subject, "занят другим запуском, новый подождёт его конца"))
    return checks


def _airflow() -> Check:
    home = airflow_home()
    return Check(
        "Airflow", str(home) if (home / "migrated").is_file() else f"{home}: создаётся первым запуском"
    )


def _release(settings: Settings) -> Check:
    release = releases.current(settings)
    if release is None:
        return Check("Выпуск", "ещё нет", advice="school-quality run --year ГОД")
    return Check("Выпуск", f"{release.release_id}, период {release.period}, на дату {release.as_of}")
