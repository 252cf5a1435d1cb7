"""Every DAG loads, and its steps, their order and their limits are as documented."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from school_quality import embedded

PROJECT = Path(__file__).resolve().parents[2]
RECOMPUTE = ("recompute_annual", "recompute_half_year", "recompute_quarter")
STEPS = ["wait_for_quiet", "ingest", "validate", "build", "report", "approve", "publish", "notice"]
WRITERS = {"ingest", "validate", "build", "report", "publish"}


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    os.environ["AIRFLOW_HOME"] = str(tmp_path_factory.mktemp("airflow"))
    embedded.configure()
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=PROJECT / "dags")
    assert bag.import_errors == {}
    return dict(bag.dags)


def test_there_are_exactly_four_dags(dags: dict[str, Any]) -> None:
    assert sorted(dags) == ["ingest_inbox", *RECOMPUTE]


@pytest.mark.parametrize("dag_id", RECOMPUTE)
def test_a_recomputation_goes_from_inbox_to_release_step_by_step(dags: dict[str, Any], dag_id: str) -> None:
    dag = dags[dag_id]

    order = [task.task_id for task in dag.topological_sort()]
    edges = {task.task_id: task.downstream_task_ids for task in dag.tasks}

    assert order == STEPS
    for task_id, following in pairwise(STEPS):
        assert following in edges[task_id]


def test_the_copy_in_postgres_follows_publication_where_it_is_switched_on_and_waits_for_the_server(
    dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.setenv("SCHOOL_QUALITY_POSTGRES", "1")

    dag = DagBag(dag_folder=PROJECT / "dags" / "recompute_annual.py").dags["recompute_annual"]

    assert [task.task_id for task in dag.topological_sort()] == [*STEPS[:-1], "copy_to_postgres", "notice"]
    copy = dag.get_task("copy_to_postgres")
    assert copy.upstream_task_ids == {"publish"}
    assert copy.retry_policy.evaluate(ConnectionError("away"), 1, 5).action.value == "retry"
    assert copy.retry_policy.evaluate(ValueError("refused"), 1, 5).action.value == "fail"


def test_the_inbox_dag_lands_and_writes_remarks_and_computes_nothing(dags: dict[str, Any]) -> None:
    dag = dags["ingest_inbox"]

    edges = {task.task_id: task.downstream_task_ids for task in dag.tasks}

    assert edges == {"ingest": {"validate"}, "validate": {"notice"}, "notice": set()}
    assert dag.get_task("ingest").op_kwargs == {"quiet_seconds": 120, "only_news": True}
    assert dag.schedule == "*/15 * * * *"


def test_one_run_of_a_dag_at_a_time_and_none_by_catching_up(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        assert dag.max_active_runs == 1
        assert dag.catchup is False
        assert dag.dagrun_timeout is not None


def test_every_task_that_writes_takes_the_one_slot_and_every_task_has_a_timeout(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        for task in dag.tasks:
            if task.task_id == "approve":
                assert task.response_timeout == timedelta(hours=24)
                continue
            assert task.execution_timeout is not None
            assert task.execution_timeout <= timedelta(hours=4)
            assert (task.pool == embedded.POOL) == (task.task_id in WRITERS)


def test_waiting_takes_no_worker_and_no_slot(dags: dict[str, Any]) -> None:
    for dag_id in RECOMPUTE:
        waiting = dags[dag_id].get_task("wait_for_quiet")

        assert waiting.mode == "reschedule"
        assert waiting.pool != embedded.POOL


def test_the_notice_comes_whatever_happened_and_hides_no_failure(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        notice = dag.get_task("notice")

        assert notice.is_teardown
        assert not notice.on_failure_fail_dagrun
        assert dag.on_failure_callback is not None


@pytest.mark.parametrize(
    ("params", "is_asked"),
    [
        ({"dry_run": False, "approval": False}, False),
        ({"dry_run": True, "approval": True}, False),
        ({"dry_run": False, "approval": True}, True),
    ],
)
def test_a_person_is_asked_only_where_the_run_says_so_and_reads_what_would_change(
    dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch, params: dict[str, bool], is_asked: bool
) -> None:
    from airflow.providers.standard.operators.hitl import ApprovalOperator

    asked: list[str | None] = []
    monkeypatch.setattr(ApprovalOperator, "execute", lambda self, context: asked.append(self.body))
    effect = {"values": 41, "schools": 7, "movements": []}
    context = {"params": params, "ti": SimpleNamespace(xcom_pull=lambda task_ids: effect)}

    dags["recompute_annual"].get_task("approve").execute(context)

    assert bool(asked) == is_asked
    assert all("изменилось значений 41, школ 7" in str(body) for body in asked)


@pytest.mark.parametrize(("person", "is_answered"), [({"id": "1", "name": "admin"}, True), (None, False)])
def test_a_refusal_and_an_answer_that_did_not_come_are_told_apart(
    dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch, person: dict[str, str] | None, is_answered: bool
) -> None:
    from airflow.providers.standard.operators.hitl import ApprovalOperator

    from school_quality import run_record

    pushed: dict[str, Any] = {}
    monkeypatch.setattr(ApprovalOperator, "execute_complete", lambda self, context, event: None)
    context = {"ti": SimpleNamespace(xcom_push=pushed.__setitem__)}

    dags["recompute_annual"].get_task("approve").execute_complete(context, {"responded_by_user": person})

    assert pushed == {"is_answered": is_answered}
    assert (run_record._refusal(pushed["is_answered"]) == "Никто не ответил за 24 ч.") != is_answered


def test_only_locks_and_the_disk_are_worth_a_retry(dags: dict[str, Any]) -> None:
    for task in dags["recompute_annual"].tasks:
        if task.task_id in WRITERS:
            assert task.retries == 2
            assert task.retry_policy.evaluate(OSError("disk"), 1, 2).action.value == "retry"
            assert task.retry_policy.evaluate(ValueError("bug"), 1, 2).action.value == "fail"


def test_a_killed_process_is_begun_again_soon_and_a_full_disk_gets_minutes(dags: dict[str, Any]) -> None:
    for task in dags["recompute_annual"].tasks:
        if task.task_id in WRITERS:
            assert task.retry_delay == timedelta(seconds=15)
            assert task.retry_delay * task.retry_exponential_backoff == timedelta(minutes=2)


@pytest.mark.parametrize("wrong", ["0", "-1", "nan", "сутки"])
def test_times_are_settings_of_the_administrator_and_a_wrong_one_names_its_variable(
    dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    from school_quality import waiting

    monkeypatch.setenv("SCHOOL_QUALITY_RUN_HOURS", "0.5")
    assert waiting.run() == timedelta(minutes=30)

    monkeypatch.setenv("SCHOOL_QUALITY_RUN_HOURS", wrong)
    with pytest.raises(ValueError, match=f"SCHOOL_QUALITY_RUN_HOURS={wrong}: нужно число больше нуля"):
        waiting.run()


@pytest.mark.parametrize(
    ("dag_id", "good", "bad"),
    [
        ("recompute_annual", "2022", "2022-Q1"),
        ("recompute_half_year", "2022-H2", "2022-H3"),
        ("recompute_quarter", "2022-Q4", "2022"),
    ],
)
def test_a_recomputation_takes_only_periods_of_its_kind(
    dags: dict[str, Any], dag_id: str, good: str, bad: str
) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    params = dags[dag_id].params

    params["period"] = good
    with pytest.raises(ParamValidationError):
        params["period"] = bad


@pytest.mark.parametrize(
    ("dag_id", "days"),
    [
        ("recompute_annual", ["2023-06-16", "2023-09-16"]),
        ("recompute_half_year", ["2023-01-16", "2023-06-11"]),
        ("recompute_quarter", ["2023-01-16", "2023-04-06", "2023-06-11", "2023-11-11"]),
    ],
)
def test_the_calendar_says_when_a_recomputation_runs_and_it_can_be_backfilled(
    dags: dict[str, Any], dag_id: str, days: list[str]
) -> None:
    from airflow.serialization.serialized_objects import DagSerialization
    from pendulum import datetime

    scheduled = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dags[dag_id]))
    runs = scheduled.iter_dagrun_infos_between(datetime(2023, 1, 1), datetime(2023, 12, 31))

    assert [f"{run.logical_date:%Y-%m-%d}" for run in runs] == days
    assert scheduled.timetable.periodic


def test_every_dataset_calls_for_one_recomputation(dags: dict[str, Any]) -> None:
    from airflow.sdk import Asset

    from school_quality import datasets

    read = {dag_id: dags[dag_id].timetable.asset_condition.objects for dag_id in RECOMPUTE}

    assert sorted(asset.name for assets in read.values() for asset in assets) == sorted(datasets.load())
    assert Asset("form_pupils", uri="school-quality://landing/form_pupils") in read["recompute_quarter"]


def test_reading_the_dag_files_imports_nothing_heavy() -> None:
    program = (
        "import sys; from school_quality import embedded; embedded.configure()\n"
        "from airflow.dag_processing.dagbag import DagBag\n"
        "before = set(sys.modules)\n"
        f"DagBag(dag_folder={str(PROJECT / 'dags')!r})\n"
        "heavy = {'pandas', 'duckdb', 'great_expectations', 'dbt', 'pyarrow', 'typst'}\n"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )

    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout.splitlines()[-1] == "[]"
