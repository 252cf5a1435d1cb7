"""The tasks of which the DAGs are made: a few lines each, over `school_quality.pipeline`.

Everything heavy is imported when a task runs, never when a DAG file is parsed. A retry is worth it only where
the cause can go away by itself: a busy lock, a full or slow disk, a worker that was killed. A failed test or
a bad parameter cannot.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import (
    Asset,
    AssetAlias,
    AssetAny,
    AssetOrTimeSchedule,
    ExceptionRetryPolicy,
    MultipleCronTriggerTimetable,
    Param,
    RetryAction,
    RetryRule,
    chain,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from school_quality import run_record, school_calendar, waiting
from school_quality.embedded import POOL
from school_quality.errors import NothingToPublish, SchoolQualityError, UsageError
from school_quality.screen import progress

if TYPE_CHECKING:
    from school_quality.settings import Settings
    from school_quality.warehouse.copies.postgres import Address
    from school_quality.warehouse.publication.releases import Parameters


def _is_on(name: str) -> bool:
    """Whether the administrator has switched an option on."""
    return os.environ.get(name, "").lower() in {"1", "true", "yes"}


WRITER: dict[str, Any] = {
    "pool": POOL,
    "weight_rule": "upstream",  # a run that has begun ends before another begins
    "retries": 2,
    "retry_delay": timedelta(seconds=15),  # a killed process is begun again soon; a full disk gets minutes
    "retry_exponential_backoff": 8,
    "retry_policy": ExceptionRetryPolicy(
        [RetryRule(OSError, RetryAction.RETRY, reason="a lock or the disk")],
        default=RetryAction.FAIL,
    ),
}
"""Arguments of every task that writes files: the one slot, and retries for what heals."""

QUIET, LONGEST_WAIT = waiting.quiet(), waiting.LONGEST_WAIT
APPROVAL_TIMEOUT, RUN_TIMEOUT = waiting.approval(), waiting.run()

NEWS = AssetAlias("landed")
"""What `ingest` announces: an event for each dataset with new rows, and for no other."""


def asset(dataset: str) -> Asset:
    """The asset that stands for the landed rows of a dataset."""
    return Asset(name=dataset, uri=f"school-quality://landing/{dataset}")


def schedule(period_type: str) -> AssetOrTimeSchedule:
    """The days of the calendar, or news in a dataset that this kind of recomputation reads."""
    return AssetOrTimeSchedule(
        timetable=MultipleCronTriggerTimetable(*school_calendar.crons(period_type), timezone="UTC"),
        assets=AssetAny(*(asset(dataset) for dataset in school_calendar.datasets(period_type))),
    )


def data_root() -> Param:
    return Param(None, type=["null", "string"], title="Папка данных, если не обычная")


def parameters(period: str) -> dict[str, Param]:
    """The parameters of a DAG that recomputes; ``period`` is the pattern of its period."""
    approval = _is_on("SCHOOL_QUALITY_APPROVAL")
    return {
        "reporting_year": Param(
            None,
            type=["null", "integer"],
            minimum=2010,
            maximum=2100,
            title="Отчётный год",
            description="Пусто: по календарю на дату запуска",
        ),
        "period": Param(
            None,
            type=["null", "string"],
            pattern=period,
            title="Период",
            description="Пусто: по календарю на дату запуска",
        ),
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Дата, на которую судим о сроках",
            description="Пусто: дата запуска; если год задан, 31 августа следующего года",
        ),
        "municipality": Param(
            None,
            type=["null", "string"],
            title="Только один район: код или название",
            description="Документы пишутся для него одного; хранилище остаётся полным",
        ),
        "methodology_version": Param(
            None, type=["null", "string"], title="Версия методики для всех лет, если не своя у каждого года"
        ),
        "dry_run": Param(False, type="boolean", title="Пробный расчёт: ничего не публиковать"),
        "approval": Param(approval, type="boolean", title="Публиковать только с разрешения"),
        "data_root": data_root(),
    }


@task.sensor(
    mode="reschedule",  # holds neither a worker nor the pool's slot while it waits
    poke_interval=60,
    timeout=LONGEST_WAIT.total_seconds() + 3600,
    execution_timeout=timedelta(minutes=10),
    retries=2,
    retry_delay=timedelta(minutes=1),
)
def wait_for_quiet(period_type: str) -> bool:
    """Wait, in a run that files have started, until no such file is younger than the quiet time.

    Files that come meanwhile are waited for as well. The runs that they start find themselves overtaken and
    are skipped, so ten files dropped one by one are one recomputation.
    """
    from school_quality import pipeline

    run = get_current_context()["dag_run"]
    if run.run_type != "asset_triggered":
        return True
    with _explained():
        now = datetime.now(UTC)
        news = pipeline.arrivals(
            _settings(), run_record.naive(now - QUIET), school_calendar.datasets(period_type)
        ).last_at
        if news is not None and now - run_record.started_at(run) < LONGEST_WAIT:
            progress.info("Последний файл пришёл в %s UTC, ждём, не придут ли ещё.", f"{news:%H:%M}")
            return False
        covered = pipeline.covered_by(_settings(), _asked(period_type))
    if covered is not None:
        _skip(f"Нового нет: всё принятое уже в выпуске {covered}.")
    return True


@task(execution_timeout=timedelta(hours=2), outlets=[NEWS], **WRITER)
def ingest(quiet_seconds: float, at_once_by_hand: bool = False, only_news: bool = False) -> dict[str, Any]:
    """Land what is new in the inbox, and announce the datasets that have new rows.

    Files touched less than ``quiet_seconds`` ago wait for the next run; with ``at_once_by_hand`` they do
    not in a run that a person started. With ``only_news``, a run that finds no file ends here, skipped.
    """
    from school_quality import pipeline

    context = get_current_context()
    run = context["dag_run"]
    with _explained():
        at_once = at_once_by_hand and run.run_type == "manual"
        pipeline.ingest(_settings(), quiet_seconds=0 if at_once else quiet_seconds)
        found = pipeline.arrivals(_settings(), run_record.naive(run_record.started_at(run)))
    for dataset in found.datasets:
        context["outlet_events"][NEWS].add(asset(dataset))
    if only_news and found.last_at is None:
        _skip("Нового нет: с прошлого раза не пришло ни одного файла.")
    return {"files": found.files, "rejected": found.rejected, "rows_rejected": found.rows_rejected}


@task(execution_timeout=timedelta(hours=1), **WRITER)
def validate() -> None:
    """Write what people read about the checks: remarks for the senders and Data Docs."""
    from school_quality import pipeline

    with _explained():
        pipeline.validate(_settings())


@task(execution_timeout=timedelta(hours=4), **WRITER)
def build(period_type: str) -> dict[str, Any]:
    """Build the marts; returns the release to be. Skipped, with all after it, if nothing changed.

    Skipped, too, where there is no result yet, unless a person started the run.
    """
    from school_quality import pipeline

    with _explained():
        try:
            release = pipeline.build(_settings(), _asked(period_type))
        except NothingToPublish as nothing:
            _skip_or_fail(nothing)
    if isinstance(release, pipeline.Unchanged):
        get_current_context()["ti"].xcom_push("unchanged", release.message)
        raise AirflowSkipException(release.message)
    return release.to_json()


@task(execution_timeout=timedelta(hours=1), **WRITER)
def report(release: dict[str, Any]) -> dict[str, Any] | None:
    """Write the documents of the release; returns what it changes against the one before it."""
    from school_quality import pipeline
    from school_quality.warehouse.publication.releases import ReleaseInfo

    with _explained():
        pipeline.report(_settings(), ReleaseInfo.from_json(release))
        effect = pipeline.effect(_settings(), ReleaseInfo.from_json(release))
    return asdict(effect) if effect else None


class Approval(ApprovalOperator):
    """Waits for a person's yes where the run asks for one; everywhere else it says yes itself."""

    def execute(self, context: Any) -> Any:
        params = context["params"]
        if params["dry_run"] or not params["approval"]:
            return None

        from school_quality.notices import effect_lines
        from school_quality.warehouse.differences.changes import Effect

        effect = context["ti"].xcom_pull(task_ids="report")
        changed = effect_lines(Effect.from_json(effect)) if effect else ["Прежнего выпуска нет."]
        until = f"{datetime.now(UTC) + APPROVAL_TIMEOUT:%d.%m %H:%M}"
        rule = f"Без ответа до {until} UTC выпуск не публикуется, остаётся прежний."
        self.body = "\n\n".join([rule, *changed])
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Called after the answer. That there was one is noted with the run, because a refusal leaves no
        value.
        """
        context["ti"].xcom_push("is_answered", event.get("responded_by_user") is not None)
        return super().execute_complete(context, event)


def approve() -> Approval:
    """Ask a person, in Airflow's list of required actions, whether the release may be published."""
    return Approval(
        task_id="approve",
        subject="Опубликовать выпуск {{ ti.xcom_pull(task_ids='build')['release_id'] }}?",
        defaults=ApprovalOperator.REJECT,
        response_timeout=APPROVAL_TIMEOUT,
        retries=2,  # it asks again after a killed process, or an answer that came before it had quite gone
        retry_delay=timedelta(seconds=15),
    )


@task(execution_timeout=timedelta(hours=1), **WRITER)
def publish(release: dict[str, Any]) -> None:
    """Show the release to readers; skipped in a dry run."""
    from school_quality import pipeline
    from school_quality.warehouse.publication.releases import ReleaseInfo

    context = get_current_context()
    if context["params"]["dry_run"]:
        _skip("Пробный расчёт: ничего не опубликовано.")
    with _explained():
        info = ReleaseInfo.from_json(release)
        pipeline.publish(_settings(), info, run_record.of_task("published", release=info.to_json()))


@task(
    execution_timeout=timedelta(hours=1),
    retries=5,
    retry_delay=timedelta(minutes=1),
    retry_exponential_backoff=2,
    retry_policy=ExceptionRetryPolicy(
        [RetryRule(OSError, RetryAction.RETRY, reason="the server is away")], default=RetryAction.FAIL
    ),
)
def copy_to_postgres() -> None:
    """Copy the release that readers see to PostgreSQL; tried again while the server does not answer."""
    from school_quality import pipeline
    from school_quality.errors import PostgresUnavailable

    with _explained():
        try:
            pipeline.copy_to_postgres(_settings(), _postgres())
        except PostgresUnavailable as away:
            raise ConnectionError(str(away)) from away


def _postgres() -> Address | None:
    """Where the copy goes: the environment or, inside a task, Airflow's connection says it."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    from school_quality.warehouse.copies import postgres

    try:
        return postgres.from_environment() or postgres.Address.of_airflow(
            BaseHook.get_connection(postgres.AIRFLOW_CONNECTION)
        )
    except AirflowNotFoundException:
        return None


@task(execution_timeout=timedelta(minutes=10), retries=1, retry_delay=timedelta(minutes=1))
def notice() -> None:
    """Say how the run ended, whatever happened in it; on the screen, what readers see now."""
    from school_quality import pipeline
    from school_quality.warehouse.publication import releases

    with _explained():
        run = run_record.ended()
        settings = _settings()
        if run.dag_id != "ingest_inbox" and run.outcome != "failed" and releases.current_id(settings):
            pipeline.tell(pipeline.summary(settings))
        run_record.tell(settings, run)


def recompute(period_type: str) -> None:
    """The steps of a recomputation and their order: inside a DAG, this is the whole of it."""
    release: Any = build(period_type)  # at parse time a promise of what the task returns
    chain(
        wait_for_quiet(period_type),
        ingest(quiet_seconds=120, at_once_by_hand=True),
        validate(),
        release,
        report(release),
        approve(),
        publish(release),
        *([copy_to_postgres()] if _is_on("SCHOOL_QUALITY_POSTGRES") else []),
        notice().as_teardown(),
    )


def _settings() -> Settings:
    from school_quality import rights
    from school_quality.settings import Settings

    rights.take()  # an Airflow that was not started by our own commands has other ones
    return Settings.load(get_current_context()["params"].get("data_root"))


def _asked(period_type: str) -> Parameters:
    """What the run is asked to compute; whatever is not said follows from its date by the calendar."""
    from school_quality.warehouse.publication.releases import Parameters

    context = get_current_context()
    params, run = context["params"], context["dag_run"]
    year, period, as_of = params["reporting_year"], params["period"], params["as_of"]
    if year is None and period is None:
        day = (run.logical_date or run.run_after).date()
        due = school_calendar.latest(period_type, day)
        year, period, as_of = due.reporting_year, due.period, as_of or day
    elif period is None and period_type != "year":
        raise UsageError(
            f"Год {year} задан, а период нет: укажите, например, {year}-{period_type[0].upper()}1"
        )
    return Parameters.of(
        year or int(period[:4]), period, as_of, params["municipality"], params["methodology_version"]
    )


def _skip_or_fail(nothing: NothingToPublish) -> NoReturn:
    """Skip where there is nothing yet, in a run that no person started; fail in one that a person did.

    What there was to say stays with the run, for its notice.
    """
    context = get_current_context()
    context["ti"].xcom_push("nothing", str(nothing))
    if context["dag_run"].run_type == "manual":
        raise nothing
    _skip(str(nothing))


def _skip(message: str) -> NoReturn:
    """End the task as skipped, and say why where people look: on the screen or in the task's log."""
    progress.info("%s", message)
    raise AirflowSkipException(message)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn an error that a user can cause into one message and a failed task without retries.

    The message stays with the run, for its notice.
    """
    ti = get_current_context()["ti"]
    try:
        yield
    except AirflowSkipException:
        raise
    except SchoolQualityError as error:
        progress.error("%s", error)
        ti.xcom_push("error", str(error))
        raise AirflowFailException(str(error)) from error
    except Exception as error:
        from school_quality.disk import DiskFull

        message = str(error) if isinstance(error, DiskFull) else f"{type(error).__name__}: {error}"
        progress.error("Шаг прерван: %s", message)
        if isinstance(error, OSError) and ti.try_number <= ti.max_tries:
            progress.info(
                "Попытка %d из %d не удалась, шаг скоро повторится сам.", ti.try_number, ti.max_tries + 1
            )
        ti.xcom_push("error", message)
        raise
