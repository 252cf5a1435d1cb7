"""The tasks of which the DAGs are made: one line each, over `school_quality.pipeline`.

Everything heavy is imported when a task runs, never when a DAG file is parsed. A retry is worth it only where
the cause can go away by itself: a busy lock, a full or slow disk. A failed test or a bad parameter cannot.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from airflow.sdk import (
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    TriggerRule,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from school_quality.embedded import POOL
from school_quality.errors import SchoolQualityError
from school_quality.screen import progress

WRITER: dict[str, Any] = {
    "pool": POOL,
    "retries": 2,
    "retry_delay": timedelta(minutes=1),
    "retry_policy": ExceptionRetryPolicy(
        [RetryRule(OSError, RetryAction.RETRY, reason="a lock or the disk")],
        default=RetryAction.FAIL,
    ),
}
"""Arguments of every task that writes files: the one slot, and retries for what heals."""


def parameters(**period: Any) -> dict[str, Param]:
    """The parameters of a DAG that recomputes; ``period`` is the JSON schema of its period."""
    return {
        "reporting_year": Param(type="integer", minimum=2010, maximum=2100, title="Отчётный год"),
        "period": Param(title="Период", **period),
        "as_of": Param(None, type=["null", "string"], format="date", title="Дата, на которую судим о сроках"),
        "data_root": Param(None, type=["null", "string"], title="Папка данных, если не обычная"),
    }


@task(execution_timeout=timedelta(hours=2), **WRITER)
def ingest(quiet_seconds: float = 0) -> None:
    """Land what is new in the inbox."""
    from school_quality import pipeline

    with _explained():
        pipeline.ingest(_settings(), quiet_seconds=quiet_seconds)


@task(execution_timeout=timedelta(hours=1), **WRITER)
def validate() -> None:
    """Write what people read about the checks: remarks for the senders and Data Docs."""
    from school_quality import pipeline

    with _explained():
        pipeline.validate(_settings())


@task(execution_timeout=timedelta(hours=4), **WRITER)
def build() -> dict[str, Any]:
    """Build the marts; returns the release to be. Skipped, with all after it, if nothing changed."""
    from school_quality import pipeline
    from school_quality.warehouse.releases import Parameters

    params = get_current_context()["params"]
    with _explained():
        asked = Parameters.of(params["reporting_year"], params["period"], params["as_of"])
        release = pipeline.build(_settings(), asked)
    if release is None:
        raise AirflowSkipException("the current release is made of the same receipts, code and parameters")
    return release.to_json()


@task(execution_timeout=timedelta(hours=1), **WRITER)
def report(release: dict[str, Any]) -> None:
    """Write the documents of the release."""
    from school_quality import pipeline
    from school_quality.warehouse.releases import ReleaseInfo

    with _explained():
        pipeline.report(_settings(), ReleaseInfo.from_json(release))


@task(execution_timeout=timedelta(hours=1), **WRITER)
def publish(release: dict[str, Any]) -> None:
    """Show the release to readers."""
    from school_quality import pipeline
    from school_quality.warehouse.releases import ReleaseInfo

    with _explained():
        pipeline.publish(_settings(), ReleaseInfo.from_json(release))


@task(execution_timeout=timedelta(minutes=10), trigger_rule=TriggerRule.NONE_FAILED)
def summary() -> None:
    """Say in a few lines what readers see now, whether this run changed it or not."""
    from school_quality import pipeline

    with _explained():
        pipeline.tell(pipeline.summary(_settings()))


def _settings() -> Any:
    from school_quality.settings import Settings

    return Settings.load(get_current_context()["params"].get("data_root"))


@contextmanager
def _explained() -> Iterator[None]:
    """Turn an error that a user can cause into one message and a failed task without retries."""
    try:
        yield
    except SchoolQualityError as error:
        progress.error("%s", error)
        raise AirflowFailException(str(error)) from error
    except Exception as error:
        progress.error("Шаг прерван: %s: %s", type(error).__name__, error)
        raise
