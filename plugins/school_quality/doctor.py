"""A look at everything that must be right before a run, with what to do where it is not.

Health checks call it every few seconds, so it imports neither Airflow nor dbt.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock, Timeout

from school_quality import rights, terms, waiting
from school_quality.embedded import POOL, airflow_home, marker
from school_quality.errors import SchoolQualityError
from school_quality.landing.receipts import chain, last_seq, read_receipts
from school_quality.reading.pseudonyms import key_file
from school_quality.settings import Settings, project_root
from school_quality.warehouse.publication import damage, releases, runs

LOW_DISK_BYTES = 2 * 1024**3
"""A district's data root with ten releases takes well under 1 GiB; below 2 GiB a build may not finish."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; ``advice`` is empty where nothing needs to be done.

    Where ``is_well``, advice can wait; what is not well stops the next run.
    """

    subject: str
    finding: str
    is_well: bool = True
    advice: str = ""

    @property
    def mark(self) -> str:
        return "✗" if not self.is_well else "!" if self.advice else "✓"


def examine(settings: Settings) -> list[Check]:
    """All checks of one data root, the fundamental ones first. Changes nothing."""
    return [
        _versions(),
        _data_root(settings),
        _disk(settings),
        _key(settings),
        _rights(settings),
        *_locks(settings),
        _waiting(),
        _airflow(),
        *_published(settings),
        *_landing(settings),
        _receipts(settings),
        _last_run(settings),
    ]


def _versions() -> Check:
    packages = ("apache-airflow", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations")
    installed = {name: version(name) for name in packages}
    found = ", ".join(f"{name} {number}" for name, number in installed.items())
    finding = f"Python {sys.version.split()[0]}, {found}"
    lock = project_root() / "requirements.lock"
    locked = dict(re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", lock.read_text(encoding="utf-8")))
    strange = [name for name in packages if locked.get(name) != installed[name]]
    if strange:
        wanted = ", ".join(f"{name} {locked.get(name)}" for name in strange)
        return Check("Окружение", finding, False, f"версии не те, нужны {wanted}: удалите .venv и make run")
    return Check("Окружение", finding)


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


def _key(settings: Settings) -> Check:
    subject = "Ключ псевдонимов"
    path = key_file()
    if os.environ.get("SCHOOL_QUALITY_PII_KEY"):
        return Check(subject, "в переменной SCHOOL_QUALITY_PII_KEY")
    if not path.exists():
        if any(settings.landing.glob("[0-9]*/rows/*_results.parquet")):
            finding = f"{path}: ключа нет, а результаты учеников уже приняты"
            advice = "верните ключ из резервной копии: с новым ключом те же ученики станут другими"
            return Check(subject, finding, False, advice)
        return Check(subject, f"{path}: создаётся при первом чтении файлов с учениками")
    if path.stat().st_mode & 0o077:
        return Check(
            subject, f"{path} доступен другим пользователям", False, f"chmod 600 {shlex.quote(str(path))}"
        )
    return Check(subject, f"{path}, лежит отдельно от данных; нужна его резервная копия")


def _rights(settings: Settings) -> Check:
    """Whether other users of the machine can read what is kept, or cannot reach an inbox meant for them."""
    subject = "Права доступа"
    root, inbox = settings.data_root, settings.inbox
    for folder in (root, airflow_home()):
        if folder.is_dir() and (readers := rights.open_to(folder)):
            command = f"chmod {rights.folder_mode():o} {shlex.quote(str(folder))}"
            advice = f"следующий запуск закроет её; сейчас: {command}"
            return Check(subject, f"{folder} могут читать {readers}", advice=advice)
    if inbox.is_dir() and not inbox.is_symlink() and (inbox.stat().st_mode & ~root.stat().st_mode) & 0o022:
        return Check(
            subject,
            f"в папку приёма {inbox} могут писать другие, но {root} для них закрыта",
            advice=f"{rights.VARIABLE}=027 и общая группа у {root}",
        )
    readers = "только её пользователь" if rights.umask() == 0o077 else "её пользователь и группа"
    return Check(subject, f"папку данных читает {readers}")


def _locks(settings: Settings) -> list[Check]:
    checks = []
    for subject, path in (
        (terms.words("run")["ingest_inbox"], settings.ingest_lock),
        ("Расчёт", settings.build_lock),
    ):
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


def _waiting() -> Check:
    """Whether a run may last as long as all its waits, that for an approval included."""
    subject = "Сроки запусков"
    try:
        _, approval, run = waiting.quiet(), waiting.approval(), waiting.run()
    except ValueError as error:
        return Check(subject, str(error), False, "исправьте переменную: до этого DAG не загрузятся")
    hour = timedelta(hours=1)
    finding = f"разрешения ждут {approval / hour:g} ч, весь запуск до {run / hour:g} ч"
    needed = approval + waiting.LONGEST_WAIT
    if run > needed:
        return Check(subject, finding)
    advice = (
        f"запуск будет остановлен раньше, чем кончится ожидание: нужно SCHOOL_QUALITY_RUN_HOURS больше "
        f"{needed / hour:g} (файлов ждут до {waiting.LONGEST_WAIT / hour:g} ч) или меньше "
        "SCHOOL_QUALITY_APPROVAL_HOURS"
    )
    return Check(subject, finding, advice=advice)


def _airflow() -> Check:
    subject = "Airflow"
    address = os.environ.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "")
    file = airflow_home() / "airflow.db"
    if not address and not (file.is_file() and marker().is_file()):
        return Check(subject, f"{airflow_home()}: создаётся первым запуском")

    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError

    engine = create_engine(address or f"sqlite:///{file}")
    kind = engine.url.get_backend_name()  # never the address: it may hold a password
    try:
        with engine.connect() as connection:
            query = text("select slots from slot_pool where pool = :pool")
            slots = connection.execute(query, {"pool": POOL}).scalar()
    except SQLAlchemyError as error:
        reason = type(error).__name__
        return Check(
            subject, f"база {kind} не отвечает: {reason}", False, "проверьте её и airflow db migrate"
        )
    finally:
        engine.dispose()
    if slots != 1:
        finding = f"база {kind}, в пуле {POOL} мест: {slots or 'нет пула'}"
        return Check(subject, finding, False, f'airflow pools set {POOL} 1 "one writer"')
    return Check(subject, f"{airflow_home()}, база {kind}, пул {POOL} на одно место")


def _published(settings: Settings) -> list[Check]:
    """What is damaged of releases, journal and records; otherwise which release is in force."""
    repair = "school-quality repair"
    found = damage.find(settings)
    checks = [Check("Повреждено", each.line(settings), not each.is_in_the_way, repair) for each in found]
    if any(each.is_in_the_way for each in found):
        return checks
    release = releases.current(settings)
    if release is None:
        return [*checks, Check("Выпуск", "ещё нет", advice="school-quality run --year ГОД")]
    finding = f"{release.release_id}, период {release.period}, на дату {release.as_of}"
    return [*checks, Check("Выпуск", finding)]


def _landing(settings: Settings) -> list[Check]:
    """What of the landed files is missing, cut off or too much."""
    from school_quality.landing import integrity

    try:
        found = integrity.damages(settings, releases.told_receipts(settings), thoroughly=False)
    except SchoolQualityError as error:
        return [Check("Принятые строки", str(error), False, integrity.advice(settings, ()))]
    told = ["; ".join(each.lines(settings)) for each in found]
    return [Check("Принятые строки", line, False, integrity.advice(settings, found)) for line in told]


def _receipts(settings: Settings) -> Check:
    """Whether the release in force is made of the receipts that landing has."""
    subject = "Журнал квитанций"
    try:
        receipts, release = read_receipts(settings), releases.current(settings)
    except SchoolQualityError as error:
        return Check(subject, str(error), False, "school-quality repair")
    last = last_seq(receipts)
    if release is None or not release.receipt_hash:
        return Check(subject, f"квитанций {last}")
    if chain(r for r in receipts if r.seq <= release.receipt_seq) != release.receipt_hash:
        finding = f"выпуск сделан из других квитанций: их {release.receipt_seq}, в landing {last}"
        advice = (
            "верните landing из той же копии, что и выпуски; если её нет, school-quality run --year ГОД: "
            "он назовёт файлы, которых не хватает"
        )
        return Check(subject, finding, False, advice)
    later = last - release.receipt_seq
    if later:
        finding = f"квитанций {last}, последних {later} выпуск ещё не знает"
        return Check(subject, finding, advice="их учтёт school-quality run --year ГОД")
    return Check(subject, f"квитанций {last}, выпуск знает все")


def _last_run(settings: Settings) -> Check:
    subject = "Последний запуск"
    found = runs.all_runs(settings)
    if not found:
        return Check(subject, "ещё не было")
    last = max(found, key=lambda run: run.started_at)
    told = terms.words("run_outcome")[last.outcome]
    finding = f"{last.dag_id}, {last.started_at:%d.%m.%Y %H:%M} UTC, {told}"
    if last.outcome != "failed":
        return Check(subject, finding)
    return Check(subject, f"{finding}, шаг {last.failed_step}", advice=f"причина в папке {settings.notices}")
