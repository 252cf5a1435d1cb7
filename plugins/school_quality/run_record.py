"""The record and the notice of an Airflow run, made when it ends or publishes a release.

Inside a task they are made of Airflow's context and of what the tasks before have left; where a run ended
without its last task, of what Airflow knows alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context

from school_quality import waiting
from school_quality.screen import progress

if TYPE_CHECKING:
    from school_quality.settings import Settings
    from school_quality.warehouse.publication.runs import Run


def naive(moment: datetime) -> datetime:
    """UTC without a zone, as in the receipt log."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def started_at(dag_run: Any) -> datetime:
    """When a run began; Airflow leaves it open where the run was ended before its first task."""
    started: datetime = dag_run.start_date or dag_run.run_after
    return started


def _record(dag_run: Any, outcome: str, **found: Any) -> Run:
    """The record of a run by what Airflow knows of it, and by ``found``."""
    from school_quality.warehouse.publication.runs import Run

    return Run(
        run_id=f"{dag_run.dag_id}/{dag_run.run_id}",
        dag_id=dag_run.dag_id,
        run_type=str(getattr(dag_run.run_type, "value", dag_run.run_type)),
        started_at=naive(started_at(dag_run)).replace(microsecond=0),
        ended_at=None if outcome == "published" else naive(datetime.now(UTC)).replace(microsecond=0),
        outcome=outcome,
        **found,
    )


def of_task(outcome: str, *, release: dict[str, Any] | None, **found: Any) -> Run:
    """The record of the run of this task, with what its tasks have left so far."""
    from school_quality.warehouse.publication.releases import ReleaseInfo

    context = get_current_context()
    landed = context["ti"].xcom_pull(task_ids="ingest") or {"files": 0, "rejected": [], "rows_rejected": 0}
    info = ReleaseInfo.from_json(release) if release else None
    return _record(
        context["dag_run"],
        outcome,
        reporting_year=info.reporting_year if info else None,
        period=info.period if info else context["params"].get("period"),
        as_of=info.as_of if info else None,
        release_id=info.release_id if info else None,
        files_read=landed["files"],
        files_rejected=len(landed["rejected"]),
        rows_rejected=landed["rows_rejected"],
        **found,
    )


def ended() -> Run:
    """The record of the run at its end: which task failed, or how far it had reason to go."""
    from dataclasses import replace

    context = get_current_context()
    ti, run_id = context["ti"], context["run_id"]
    states = ti.get_task_states(context["dag"].dag_id, run_ids=[run_id])[run_id]
    release = ti.xcom_pull(task_ids="build")
    failed = next((name for name in context["dag"].task_dict if states.get(name) == "failed"), None)
    nothing = ti.xcom_pull(task_ids="build", key="nothing") if failed in (None, "build") else None
    found: dict[str, Any] = {}
    if nothing:  # no failure of anything, also where a person who asked is told of an error
        outcome, found = "no_results", {"message": nothing}
    elif failed is not None:
        message = ti.xcom_pull(task_ids=failed, key="error")
        # a copy that failed takes nothing back from the readers of the release, nor does a process that was
        # killed when it had shown it
        shown = states.get("publish") == "success" or (failed == "publish" and _is_current(release))
        outcome = "published" if shown else "failed"
        found = {
            "failed_step": failed,
            "message": message or "процесс прерван или время шага вышло; подробности в журнале шага",
        }
    else:
        if states.get("publish") == "success":
            outcome = "published"
        elif release is not None:
            outcome = "dry_run" if context["params"]["dry_run"] else "not_approved"
            is_answered = ti.xcom_pull(task_ids="approve", key="is_answered")
            found = {"message": _refusal(is_answered)} if outcome == "not_approved" else {}
        elif "publish" not in states and states.get("ingest") == "success":
            outcome = "landed"
        else:
            outcome, found = "nothing_new", {"message": ti.xcom_pull(task_ids="build", key="unchanged")}
    run = of_task(outcome, release=release, **found)
    return replace(run, ended_at=naive(datetime.now(UTC)).replace(microsecond=0))


def _is_current(release: dict[str, Any] | None) -> bool:
    from school_quality.settings import Settings
    from school_quality.warehouse.publication import releases

    settings = Settings.load(get_current_context()["params"].get("data_root"))
    return release is not None and releases.current_id(settings) == str(release["release_id"])


def _refusal(is_answered: bool | None) -> str:
    """Why a release was not approved; who refused is known to Airflow and stays there."""
    if is_answered:
        return "Публиковать не разрешили; кто, видно в Airflow у задачи approve."
    return f"Никто не ответил за {waiting.approval() / timedelta(hours=1):g} ч."


def tell(settings: Settings, run: Run) -> None:
    """Record the run and send its notice, unless it has nothing to say."""
    from school_quality import notices
    from school_quality.landing import last_look
    from school_quality.warehouse.publication import runs

    look = last_look.load(settings)
    is_news = look is not None and bool(look.news) and look.looked_at >= run.started_at
    if not notices.is_worth_telling(run, is_look_news=is_news):
        return
    try:
        runs.save(settings, run)
    finally:  # told all the same where the record cannot be written
        path = notices.send(settings, run, _findings(settings, run))
    progress.info("Извещение: %s", path)


def _findings(settings: Settings, run: Run) -> Any:
    from school_quality import datasets, pipeline
    from school_quality.notices import Findings
    from school_quality.warehouse import status
    from school_quality.warehouse.differences.changes import Effect
    from school_quality.warehouse.publication import releases

    current = releases.current_id(settings)
    computed: dict[str, Any] = {}
    if run.dag_id != "ingest_inbox" and run.outcome != "failed":
        effect = get_current_context()["ti"].xcom_pull(task_ids="report")
        computed["effect"] = Effect.from_json(effect) if effect else None
        if current is not None:
            manifest = releases.manifest(settings, current)
            computed["warnings"] = manifest["tests"]["warned"]
            year = run.reporting_year or manifest["reporting_year"]
            computed["submissions"] = status.submissions(settings, year)
    return Findings(
        **computed,
        current_release=current,
        rejected=_rejected(settings, run),
        has_remarks=pipeline.has_rejections(settings),
        not_read=status.not_read(settings),
        titles={name: dataset.title for name, dataset in datasets.load().items()},
    )


def _rejected(settings: Settings, run: Run) -> list[str]:
    from school_quality import pipeline

    return pipeline.arrivals(settings, run.started_at).rejected if run.files_rejected else []


def notice_of_failure(context: Mapping[str, Any]) -> None:
    """The notice of a run that ended without one: it took too long, or its last task could not run.

    Called by Airflow as the DAG's ``on_failure_callback``, outside of any task.
    """
    from school_quality import notices
    from school_quality.settings import Settings

    dag_run = context.get("dag_run") or _bare_run(context)
    settings = Settings.load((dag_run.conf or {}).get("data_root"))
    run = _record(dag_run, "failed", failed_step=_interrupted(context), message=_why(context.get("reason")))
    if not notices.path_of(settings, run).exists():
        tell(settings, run)


def _bare_run(context: Mapping[str, Any]) -> SimpleNamespace:
    """The record of a run of which Airflow gives only the id, because none of its tasks had begun."""
    return SimpleNamespace(
        dag_id=context["dag"].dag_id,
        run_id=context["run_id"],
        run_type=str(context["run_id"]).partition("__")[0],
        conf=None,
        start_date=datetime.now(UTC),
    )


def _interrupted(context: Mapping[str, Any]) -> str | None:
    """The task that was running, or next to run, when the run ended."""
    return getattr(context.get("ti"), "task_id", None)


def _why(reason: str | None) -> str:
    """Airflow's reason for the end of a run, in words for the notice."""
    if reason == "timed_out":
        return f"запуск шёл дольше {waiting.run() / timedelta(hours=1):g} ч и остановлен"
    return f"запуск остановлен, Airflow называет причину так: {reason or 'неизвестна'}"
