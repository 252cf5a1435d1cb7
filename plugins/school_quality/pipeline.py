"""The steps from inbox to release; Airflow tasks and CLI commands call these functions and nothing else.

Each step reads what the one before it left on disk, and can be run again with the same result. What a release
is made of is fixed when its build begins (`ReleaseInfo`): a later step that does not find that build any
more, because another run has used the build file meanwhile, makes it again from the same receipts.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import groupby, starmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from school_quality import disk, rights
from school_quality.errors import NothingToPublish, UsageError
from school_quality.screen import progress
from school_quality.settings import Settings
from school_quality.warehouse import school_names
from school_quality.warehouse.publication import releases
from school_quality.warehouse.publication.releases import Parameters, ReleaseInfo
from school_quality.warehouse.school_names import School

if TYPE_CHECKING:
    import duckdb

    from school_quality.landing import IngestReport
    from school_quality.warehouse.copies.postgres import Address, Copied
    from school_quality.warehouse.differences.changes import Effect
    from school_quality.warehouse.publication.runs import Run
    from school_quality.warehouse.status import Submissions

log = logging.getLogger(__name__)

ASSESSMENTS = ("ege_results", "oge_results", "vpr_results", "vpr_marks", "procedure_results")
"""Datasets of which at least one accepted result must exist before anything is published."""

LOCK_TIMEOUT_SECONDS = 3600


def ingest(
    settings: Settings, *, files: Sequence[Path] | None = None, quiet_seconds: float = 0
) -> IngestReport:
    """Land what is new in the inbox, or of it ``files`` only, withdrawn ones included.

    Files younger than ``quiet_seconds`` wait for the next time. Raises `UsageError` for a file elsewhere,
    `Damaged` where what is there is not as it was landed.
    """
    from school_quality import landing
    from school_quality.landing import integrity

    settings.inbox.mkdir(parents=True, exist_ok=True)
    for file in files or ():
        if not file.resolve().is_relative_to(settings.inbox.resolve()):
            raise UsageError(f"Файл {file} лежит не в папке {settings.inbox}: положите его туда.")
    integrity.check(settings, releases.told_receipts(settings), "приём")
    progress.info("Чтение файлов из %s", settings.inbox)
    with disk.watched(settings):
        found = landing.ingest(settings, files=files, quiet_seconds=quiet_seconds, progress=progress.info)
    for line in found.lines():
        progress.info("  %s", line)
    return found


def validate(settings: Settings) -> None:
    """Write what people read about the checks: the remarks workbooks for the senders, and Data Docs.

    The checks themselves are part of `ingest`: no row is accepted that has not passed them.
    """
    from school_quality.landing import integrity
    from school_quality.reporting.lists.remarks import remarks_dir, write_remarks
    from school_quality.validation import docs

    integrity.check(settings, releases.told_receipts(settings))
    with disk.watched(settings):
        workbooks = write_remarks(settings)
        docs.write_index(settings)
    if workbooks:
        progress.info("Замечания отправителям (книг: %d): %s", len(workbooks), remarks_dir(settings))
    else:
        progress.info("Замечаний нет.")


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The outcome of a build that was not needed: which release stays in force, and why, in Russian."""

    release_id: str
    message: str


def build(settings: Settings, parameters: Parameters) -> ReleaseInfo | Unchanged:
    """Build the marts of everything received so far, unless the current release has the same inputs.

    A build of the same inputs that another run has just made after the same release is taken over. Raises
    `Damaged` where landing or the releases are not as they were written, `NothingToPublish` where no
    assessment result was accepted, `BuildFailed` where dbt fails, `UsageError` for a methodology version
    that does not exist.
    """
    from school_quality.warehouse.publication import damage

    if parameters.methodology_version is not None:
        from school_quality.warehouse.scenarios import check_version

        check_version(parameters.methodology_version)
    with _writing(settings):
        damage.check(settings)
        release = next_release(settings, parameters)
        previous = releases.current(settings)
        if previous is not None and (reason := _unchanged(settings, release, previous)):
            progress.info("%s", reason)
            return Unchanged(previous.release_id, reason)
        check_results_exist(settings, release)
        same = _built_of_the_same(settings, release)
        if same is not None:
            progress.info("Выпуск %s из того же уже построен, берём его.", same.release_id)
            return same
        _dbt(settings, release)
    return release


def _unchanged(settings: Settings, release: ReleaseInfo, previous: ReleaseInfo) -> str | None:
    """Why ``release`` would bring readers nothing new after ``previous``; None where it does."""
    if previous.inputs == release.inputs:
        return f"Ничего не изменилось: выпуск {previous.release_id} остаётся в силе."
    taken_back = _taken_back(settings, release)
    if taken_back is None:
        return None
    return (
        f"Из тех же файлов уже сделан выпуск {taken_back}, и он отменён откатом: выпуск "
        f"{previous.release_id} остаётся в силе. Отзовите или исправьте файл, из-за которого отменили, "
        f"или верните выпуск: school-quality rollback {taken_back}"
    )


def _built_of_the_same(settings: Settings, release: ReleaseInfo) -> ReleaseInfo | None:
    """The release in the build file, where it is whole and could stand for ``release``: inputs and place
    agree.
    """
    import duckdb

    found = _made(settings)
    if found is None or replace(found, release_id="", created_at=release.created_at) != replace(
        release, release_id=""
    ):
        return None
    try:
        with duckdb.connect(str(settings.build_file), read_only=True) as connection:
            told = connection.execute("select release_id from meta.release").fetchall()
    except duckdb.Error:
        return None
    return found if told == [(found.release_id,)] else None


def _taken_back(settings: Settings, release: ReleaseInfo) -> str | None:
    """A release with the inputs of ``release`` that a person has taken back, if there is one.

    The day of judgement does not count: runs by the calendar bring a new one every time.
    """
    from school_quality.warehouse.publication import journal

    known = releases.readable(settings)
    for release_id in sorted(journal.rolled_back(journal.read(settings)) & {*known}):
        taken_back = ReleaseInfo.from_json(known[release_id])
        if replace(taken_back, as_of=release.as_of).inputs == release.inputs:
            return release_id
    return None


def repair(settings: Settings) -> Repaired:
    """Make releases and landing whole again as far as possible; nothing that is damaged is deleted.

    Waits for other runs. What stays damaged afterwards is said in the lines.
    """
    from school_quality import landing
    from school_quality.landing import integrity
    from school_quality.warehouse.publication import damage

    with _writing(settings):
        done = damage.repair(settings)
        told = releases.told_receipts(settings)
        found = integrity.repair(settings, lambda seqs: landing.ingest(settings, again=seqs), told)
        remaining = [line for each in found.remaining for line in each.lines(settings)]
        remaining += [each.line(settings) for each in damage.find(settings, thoroughly=True)]
    return Repaired([*done, *found.lines], remaining)


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was found and done, and what is still damaged: lines for people."""

    done: list[str]
    remaining: list[str]


def roll_back(settings: Settings, release_id: str) -> None:
    """Show readers an older release again, until the next publication."""
    from school_quality.warehouse.publication import damage, rollback

    with _writing(settings):
        damage.check(settings, with_releases=False)
        rollback.roll_back(settings, release_id)


def report(settings: Settings, release: ReleaseInfo) -> Path:
    """Write the documents of a release beside its build; returns their folder."""
    with _writing(settings):
        return _documents(settings, release)


def publish(settings: Settings, release: ReleaseInfo, run: Run | None = None) -> Path:
    """Publish a build with its documents, noting the Airflow ``run``; returns the folder of the release.

    Raises `UsageError` where the program has changed since the build: what is published would be made of two
    versions under the name of one; `Refused` where readers got another release meanwhile.
    """
    from school_quality.warehouse import build as dbt
    from school_quality.warehouse.publication import damage
    from school_quality.warehouse.publication import publish as publication

    made_by = (release.code_version, release.methodology_hash)
    if made_by != (releases.code_version(), releases.methodology_hash()):
        raise UsageError(
            f"Программа или методика изменились с тех пор, как построен выпуск {release.release_id}. "
            f"Пересчитайте: school-quality run --year {release.reporting_year}"
        )
    with _writing(settings):
        if release.release_id == releases.current_id(settings):
            progress.info("Выпуск %s уже опубликован.", release.release_id)
            return settings.published / release.release_id
        damage.check(settings)
        publication.check(settings, release)
        documents = _documents(settings, release)
        results = dbt.read_results(settings.warehouse)
        folder = publication.publish(settings, release, settings.build_file, documents, results, run)
    progress.info("Опубликован выпуск %s", release.release_id)
    return folder


def copy_to_postgres(settings: Settings, address: Address | None = None) -> Copied:
    """Copy the current release to PostgreSQL: to ``address``, by default that of the environment or Airflow.

    Raises what `school_quality.warehouse.copies.postgres.publish` raises.
    """
    from school_quality.warehouse.copies import postgres

    found = address or postgres.from_environment() or postgres.from_airflow()
    copied = postgres.publish(settings, found)
    postgres.tell(copied)
    return copied


def built(settings: Settings) -> ReleaseInfo:
    """What the build file holds. Raises `UsageError` before the first build."""
    found = _made(settings)
    if found is None:
        raise UsageError("Хранилище ещё не построено. Сначала: school-quality build --year ГОД")
    return found


def _made(settings: Settings) -> ReleaseInfo | None:
    """`built`, or None: before the first build, and where its record is damaged, which means no build."""
    try:
        return ReleaseInfo.from_json(json.loads(settings.build_record.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        log.warning("the record of the build is damaged, so it is made again: %s", error)
        return None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What was received since some moment: how much was read and rejected, which datasets have news."""

    files: int
    rejected: list[str]  # paths of files rejected whole
    rows_rejected: int
    datasets: list[str]
    last_at: datetime | None  # UTC, without zone


def arrivals(settings: Settings, since: datetime, datasets: Sequence[str] | None = None) -> Arrivals:
    """What the receipt log says of the time since a moment (UTC, no zone), by default for all datasets.

    Read from the log and not from the report of an ingest, so that a task that was killed after landing
    knows on its second try what it had done on its first.
    """
    from school_quality.landing.receipts import read_receipts

    found = [
        receipt
        for receipt in read_receipts(settings)
        if receipt.received_at >= since and (datasets is None or receipt.dataset in datasets)
    ]
    landed = [receipt for receipt in found if receipt.action == "land"]
    return Arrivals(
        files=len(landed),
        rejected=sorted(receipt.path for receipt in landed if receipt.outcome == "rejected"),
        rows_rejected=sum(receipt.rows_rejected for receipt in landed),
        datasets=sorted(
            {
                receipt.dataset
                for receipt in found
                if receipt.dataset and (receipt.rows_accepted or receipt.action == "withdraw")
            }
        ),
        last_at=max((receipt.received_at for receipt in found), default=None),
    )


def covered_by(settings: Settings, parameters: Parameters) -> str | None:
    """A published release that is made of everything received so far, whatever its day of judgement.

    A run that was started by changed files has nothing to add to it. A release that is complete on disk and
    was never shown, because its publication was killed, does not count.
    """
    from school_quality.landing.receipts import chain, read_receipts
    from school_quality.warehouse.open_edition import practices
    from school_quality.warehouse.publication import journal

    made_of = (
        chain(read_receipts(settings)),
        releases.code_version(),
        releases.methodology_hash(),
        len(practices.decisions(settings)),
    )
    shown = {entry.release_id for entry in journal.read(settings)}
    known = releases.readable(settings)
    for release_id in sorted(shown & {*known}, reverse=True):
        release = ReleaseInfo.from_json(known[release_id])
        same = replace(release.parameters, as_of=parameters.as_of) == parameters
        if same and release.inputs[2:] == made_of:
            return release_id
    return None


def effect(settings: Settings, release: ReleaseInfo) -> Effect | None:
    """What ``release``, built or published, changes against the one before it; None where there is none."""
    from school_quality.warehouse.differences import changes

    if release.previous_release_id not in releases.all_ids(settings):
        return None
    previous = str(release.previous_release_id)
    published = releases.warehouse(settings, release.release_id)
    if published.is_file():
        return changes.effect(settings, published, previous)
    with _writing(settings):
        _ensure_built(settings, release)
        return changes.effect(settings, settings.build_file, previous)


def has_rejections(settings: Settings) -> bool:
    """Whether a file is not accepted, or a row that nothing has brought since: what the remarks speak of."""
    from school_quality.landing.refused import standing

    return standing(settings).has_rejections


def submissions(settings: Settings, year: int, as_of: date | None = None) -> list[Submissions]:
    """Who has handed in what for a year: by everything received so far, also before any release.

    The current release answers where it is made of all that; otherwise the models of submissions are built
    aside. ``as_of`` is the day that decides what is due: by default that of the release, else today, at
    most the last day of the year's calendar.
    """
    from school_quality import landing
    from school_quality.landing.receipts import last_seq, read_receipts
    from school_quality.warehouse import build as dbt
    from school_quality.warehouse import status

    current = releases.current(settings)
    if (
        current is not None
        and year <= current.reporting_year
        and as_of in (None, current.as_of)
        and current.receipt_seq == last_seq(read_receipts(settings))
    ):
        return status.submissions(settings, year)
    asked = Parameters.of(year, None)
    day = as_of or min(datetime.now(UTC).date(), asked.as_of)
    landing.keep_up(settings)
    with TemporaryDirectory(prefix="school-quality-status-") as folder:
        build_file = Path(folder) / "build.duckdb"
        release = next_release(settings, replace(asked, as_of=day))
        models = ("--select", "+fct_submission", "+dim_school", "+dim_municipality")
        dbt.run_dbt(
            build_file,
            dbt.release_variables(settings, release),
            *models,
            "--exclude-resource-type",
            "test",
        )
        return status.of_warehouse(build_file, year)


@contextmanager
def _writing(settings: Settings) -> Iterator[None]:
    """The right to write builds and releases of this data root; waits for another run, saying so."""
    from filelock import FileLock, Timeout

    rights.close_data(settings)
    lock = FileLock(settings.build_lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.info("Хранилище занято другим запуском, ждём его конца…")
        lock.acquire(timeout=LOCK_TIMEOUT_SECONDS)
    try:
        with disk.watched(settings):
            disk.keep_reserve(settings)
            yield
    except disk.DiskFull:
        shutil.rmtree(settings.warehouse / "documents" / ".staging", ignore_errors=True)
        raise
    finally:
        lock.release()


def next_release(settings: Settings, parameters: Parameters) -> ReleaseInfo:
    """The release that a build would make now, of everything received so far.

    Raises `Damaged` where landed files are damaged: nothing may be built of them, not even on trial.
    """
    from school_quality.landing import integrity
    from school_quality.landing.receipts import chain, last_seq, read_receipts
    from school_quality.warehouse.open_edition import open_versions, practices

    integrity.check(settings, releases.told_receipts(settings))
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    receipts = read_receipts(settings)
    receipt_seq, receipt_hash = last_seq(receipts), chain(receipts)
    previous = releases.current_id(settings)
    version = releases.code_version()
    methodology = releases.methodology_hash()
    decisions = len(practices.decisions(settings))
    made_of = (parameters, receipt_hash, version, methodology, previous, decisions)
    digest = hashlib.sha256(repr(made_of).encode()).hexdigest()[:8]
    return ReleaseInfo(
        release_id=f"{now:%Y%m%dT%H%M%SZ}-{digest}",
        created_at=now,
        reporting_year=parameters.year,
        period=parameters.period,
        as_of=parameters.as_of,
        receipt_seq=receipt_seq,
        code_version=version,
        previous_release_id=previous,
        municipality=parameters.municipality,
        methodology_version=parameters.methodology_version,
        methodology_hash=methodology,
        receipt_hash=receipt_hash,
        practice_decisions=decisions,
        open_before=open_versions.last_publication(settings),
    )


def check_results_exist(settings: Settings, release: ReleaseInfo) -> None:
    """Raise `NothingToPublish` unless an accepted assessment result of the years asked is in force."""
    import duckdb

    from school_quality.landing.receipts import effective, read_receipts

    for receipt in effective(read_receipts(settings, release.receipt_seq)).values():
        if receipt.dataset not in ASSESSMENTS or not receipt.rows_accepted:
            continue
        rows = sorted(settings.landing.glob(f"[0-9]*/rows/{receipt.dataset}.parquet"))
        with duckdb.connect() as connection:
            found = connection.execute(
                "select 1 from read_parquet($files) where seq = $seq and reporting_year <= $year limit 1",
                {"files": [str(path) for path in rows], "seq": receipt.seq, "year": release.reporting_year},
            ).fetchone()
        if found:
            return
    raise NothingToPublish(
        f"Публиковать нечего: нет ни одного принятого результата за {release.reporting_year} год и раньше. "
        f"Положите выгрузки в {settings.inbox}; что не принято и почему: {settings.rejected / 'remarks'}. "
        f"Кто сдал формы, видно и без результатов: school-quality status --year {release.reporting_year}"
    )


def _dbt(settings: Settings, release: ReleaseInfo) -> None:
    from school_quality import landing
    from school_quality.warehouse import build as dbt

    landing.keep_up(settings)
    progress.info("Расчёт показателей (dbt) …")
    started = time.monotonic()
    settings.build_record.unlink(missing_ok=True)
    results = dbt.run_dbt(settings.build_file, dbt.release_variables(settings, release))
    dbt.log_timings(results)
    progress.info("Построено: %s; %.0f с", dbt.summary(results), time.monotonic() - started)
    record = json.dumps(release.to_json(), ensure_ascii=False)
    settings.build_record.write_text(record, encoding="utf-8")


def _ensure_built(settings: Settings, release: ReleaseInfo) -> None:
    from school_quality.warehouse.publication import publish as publication

    if _made(settings) != release:
        publication.check(settings, release)  # what nobody will get is not built again
        progress.info("Сборку заменил другой запуск, строим выпуск %s ещё раз.", release.release_id)
        _dbt(settings, release)


def _documents(settings: Settings, release: ReleaseInfo) -> Path:
    """The folder of a release's documents, written where it is missing; folders of older builds are
    removed.
    """
    from school_quality import reporting

    _ensure_built(settings, release)
    root = settings.warehouse / "documents"
    folder = root / release.release_id
    if folder.is_dir():
        return folder
    shutil.rmtree(root, ignore_errors=True)
    staging = root / ".staging"
    staging.mkdir(parents=True)
    open_warehouse = _open_marts(settings, release, staging)
    before = _documents_before(settings, release)
    editions: tuple[tuple[reporting.Edition, Path, Path, Path | None, str], ...] = (
        ("official", settings.build_file, staging, before, "Карточки и отчёты …"),
        ("open", open_warehouse, staging / "open", before and before / "open", "Открытая редакция …"),
    )
    for edition, warehouse, target, previous, title in editions:
        progress.info(title)
        reporting.write_documents(
            warehouse,
            target,
            year=release.reporting_year,
            period=release.period if release.period != str(release.reporting_year) else None,
            release=release.to_json(),
            municipality=release.municipality,
            edition=edition,
            previous=previous,
            progress=progress.info,
        )
    staging.rename(folder)
    return folder


def _open_marts(settings: Settings, release: ReleaseInfo, staging: Path) -> Path:
    """Write the marts of the open edition with their tables for download; returns their DuckDB file."""
    from school_quality.warehouse.open_edition import disclosure, open_versions, practices

    directory = staging / "open" / "data"
    directory.mkdir(parents=True)
    warehouse = directory / releases.WAREHOUSE
    edition = disclosure.write_open_marts(
        settings.build_file,
        warehouse,
        practices.released(settings, release.practice_decisions),
        before=open_versions.earlier(settings, release, is_rebased=disclosure.is_rebased_each_year()),
        versions=staging / open_versions.FOLDER,
    )
    disclosure.export(warehouse, directory)
    progress.info(
        "Открытые данные: результатов %d из %d, значений показателей %d из %d",
        edition.open_results,
        edition.results,
        edition.open_values,
        edition.values,
    )
    return warehouse


def _documents_before(settings: Settings, release: ReleaseInfo) -> Path | None:
    """The folder of the release before, whose unchanged documents this one shares; None without one."""
    if release.previous_release_id is None:
        return None
    folder = settings.published / release.previous_release_id
    return folder if folder.is_dir() else None


SHOWN_MUNICIPALITIES = 12
"""A list over more municipalities than this is for a file, not for a screen."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a person wants to know at the end of a run."""

    release_id: str
    folder: Path
    reporting_year: int
    schools: int
    low_results: dict[int, list[School]]  # by year, only years with results
    supported: list[School] | None  # None: nothing tells who is
    cards: int


def summary(settings: Settings) -> Summary:
    """The current release in a few numbers. Raises what `damage.shown` raises."""
    from school_quality.warehouse.publication import damage
    from school_quality.warehouse.readers.opening import open_shut

    release = ReleaseInfo.from_json(releases.manifest(settings, damage.shown(settings)))
    year = release.reporting_year
    warehouse = releases.warehouse(settings, release.release_id)
    with open_shut(warehouse) as connection:
        schools = connection.execute(
            "select count(*) from marts.fct_school_status where reporting_year = ?", [year]
        ).fetchone()
        years = connection.execute(
            "select distinct reporting_year from marts.fct_school_status "
            "where is_low_results is not null order by all"
        ).fetchall()
        known = connection.execute(
            "select count(is_supported) > 0 from marts.fct_school_status where reporting_year = ?",
            [year],
        ).fetchone()
        return Summary(
            release_id=release.release_id,
            folder=settings.current,
            reporting_year=year,
            schools=schools[0] if schools else 0,
            low_results={found: _schools(connection, "is_low_results", found) for (found,) in years},
            supported=_schools(connection, "is_supported", year) if known and known[0] else None,
            cards=len(list((settings.current / "scorecards").glob("*.html"))),
        )


def _schools(connection: duckdb.DuckDBPyConnection, condition: str, year: int) -> list[School]:
    """The schools of a year where ``condition``, a column of `fct_school_status`, is true."""
    found = connection.execute(
        f"""
        select municipality, name
        from marts.fct_school_status join {school_names.relation()} using (school_id)
        where {condition} and reporting_year = ?
        order by municipality, school_number, name
        """,
        [year],
    ).fetchall()
    return list(starmap(School, found))


def tell(found: Summary) -> None:
    """Show a summary to people."""
    progress.info("")
    progress.info("Школ в %d году: %d", found.reporting_year, found.schools)
    for year, schools in found.low_results.items():
        _tell_schools(f"ШНОР по результатам {year} года", schools)
    if found.reporting_year not in found.low_results:
        progress.info(
            "Результатов процедур, по которым определяют ШНОР, за %d год ещё нет: они не определены.",
            found.reporting_year,
        )
    title = f"Поддержку в {found.reporting_year} году получают"
    if found.supported is None:
        progress.info("%s: нет данных", title)
    else:
        _tell_schools(title, found.supported)
    progress.info("Карточки школ (%d): %s", found.cards, found.folder / "scorecards")
    progress.info("Отчёты: %s", found.folder / "reports")
    progress.info("Хранилище: %s", found.folder / releases.WAREHOUSE)
    progress.info("Открытая редакция для сайта: %s", found.folder / "open")


def _tell_schools(title: str, schools: Sequence[School]) -> None:
    """One line for one municipality, a line each for several; only the number where they are too many."""
    total = len(schools)
    if schools and not schools[0].municipality:
        progress.info("%s: %s (всего %d)", title, school_names.listed(schools), total)
        return
    progress.info("%s: %s", title, total or "нет")
    municipalities = [list(found) for _, found in groupby(schools, key=lambda school: school.municipality)]
    if len(municipalities) <= SHOWN_MUNICIPALITIES:
        for found in municipalities:
            progress.info("  %s", school_names.listed(found))
