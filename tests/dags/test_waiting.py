"""Ten files dropped one by one are one recomputation: a run waits for quiet, and ends if it was overtaken."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from school_quality import embedded
from school_quality.settings import Settings


def before(**ago: float) -> datetime:
    return datetime.now(UTC) - timedelta(**ago)


@pytest.fixture(autouse=True)
def airflow(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
    embedded.configure()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A run that files have started, five minutes ago, as its tasks see it."""
    from school_quality import steps

    run = SimpleNamespace(
        run_type="asset_triggered",
        start_date=before(minutes=5),
        run_after=datetime(2023, 9, 20, tzinfo=UTC),
        logical_date=None,
    )
    params: dict[str, Any] = dict.fromkeys(
        ("reporting_year", "period", "as_of", "municipality", "methodology_version")
    )
    pushed: dict[str, str] = {}
    context = {
        "dag_run": run,
        "params": {**params, "data_root": str(tmp_path)},
        "ti": SimpleNamespace(xcom_push=pushed.__setitem__),
    }
    monkeypatch.setattr(steps, "get_current_context", lambda: context)
    run.params, run.pushed = context["params"], pushed
    return run


def arrived(monkeypatch: pytest.MonkeyPatch, minutes: float, dataset: str = "ege_results") -> None:
    """Let the receipt log hold one file of a dataset, received some time ago."""
    from school_quality.landing import receipts

    receipt = receipts.Receipt(
        seq=1,
        file_id="0" * 64,
        context="{}",
        reader_version="1",
        action="land",
        received_at=before(minutes=minutes).replace(tzinfo=None),
        order_seq=1,
        path="file.xlsx",
        dataset=dataset,
        outcome="accepted",
        rows_read=10,
        rows_accepted=10,
    )
    monkeypatch.setattr(receipts, "read_receipts", lambda settings, up_to=None: [receipt])


def is_quiet(period_type: str = "year") -> bool:
    from school_quality import steps

    return bool(steps.wait_for_quiet.function(period_type))  # type: ignore[attr-defined]


def test_a_run_waits_while_a_file_that_it_reads_is_younger_than_half_an_hour(
    run: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived(monkeypatch, 29)
    assert not is_quiet()

    arrived(monkeypatch, 31)
    assert is_quiet()


def test_files_of_another_kind_of_recomputation_are_not_waited_for(
    run: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived(monkeypatch, 1, dataset="form_pupils")

    assert is_quiet("year")
    assert not is_quiet("quarter")


def test_after_six_hours_of_files_it_begins_with_what_there_is(
    run: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived(monkeypatch, 1)
    run.start_date = before(hours=7)

    assert is_quiet()


@pytest.mark.parametrize("run_type", ["manual", "scheduled", "backfill"])
def test_only_runs_that_files_have_started_wait(
    run: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, run_type: str
) -> None:
    arrived(monkeypatch, 1)
    run.run_type = run_type

    assert is_quiet()


def test_a_run_that_was_overtaken_is_skipped_and_says_by_which_release(
    run: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from school_quality.landing import receipts
    from school_quality.warehouse.publication import journal, releases
    from school_quality.warehouse.publication.releases import ReleaseInfo

    arrived(monkeypatch, 60)
    log = receipts.read_receipts(Settings(Path()))
    made = ReleaseInfo(
        release_id="20230919T120000Z-00000001",
        created_at=datetime(2023, 9, 19, 12),
        reporting_year=2023,
        period="2023",
        as_of=date(2023, 9, 19),
        receipt_seq=1,
        receipt_hash=receipts.chain(log),
        code_version=releases.code_version(),
        methodology_hash=releases.methodology_hash(),
        previous_release_id=None,
    )
    monkeypatch.setattr(releases, "all_ids", lambda settings: [made.release_id])
    monkeypatch.setattr(releases, "manifest", lambda settings, release_id: made.to_json())
    shown = journal.Entry.of(made.created_at, "publish", made, None)
    monkeypatch.setattr(journal, "read", lambda settings: [shown])

    with pytest.raises(AirflowSkipException, match=made.release_id):
        is_quiet()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, (2023, "2023", date(2023, 9, 20)), id="by-the-calendar"),
        pytest.param(
            {"as_of": "2023-10-01"}, (2023, "2023", date(2023, 10, 1)), id="another-day-of-judgement"
        ),
        pytest.param({"reporting_year": 2021}, (2021, "2021", date(2022, 8, 31)), id="a-year"),
        pytest.param({"period": "2020"}, (2020, "2020", date(2021, 8, 31)), id="a-period"),
    ],
)
def test_what_a_run_is_not_told_follows_from_its_date(
    run: SimpleNamespace, given: dict[str, Any], expected: tuple[int, str, date]
) -> None:
    from school_quality import steps

    run.params.update(given)
    asked = steps._asked("year")

    assert (asked.year, asked.period, asked.as_of) == expected


def test_a_year_without_its_quarter_is_refused_in_plain_words(run: SimpleNamespace) -> None:
    from school_quality import steps
    from school_quality.errors import UsageError

    run.params["reporting_year"] = 2022

    with pytest.raises(UsageError, match="2022-Q1"):
        steps._asked("quarter")


def nothing_received(run: SimpleNamespace, run_type: str) -> Any:
    """The build step of a run over an empty data root."""
    from school_quality import steps

    run.run_type = run_type
    run.params["reporting_year"] = 2023
    return steps.build.function("year")  # type: ignore[attr-defined]


@pytest.mark.parametrize("run_type", ["scheduled", "asset_triggered", "backfill"])
def test_where_nothing_was_received_yet_a_run_that_nobody_started_is_skipped_and_says_so(
    run: SimpleNamespace, run_type: str
) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    with pytest.raises(AirflowSkipException, match="нет ни одного принятого результата за 2023 год"):
        nothing_received(run, run_type)

    assert "Публиковать нечего" in run.pushed["nothing"]
    assert "error" not in run.pushed


def test_where_nothing_was_received_yet_a_run_that_a_person_started_fails(run: SimpleNamespace) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match="Публиковать нечего"):
        nothing_received(run, "manual")

    assert "Публиковать нечего" in run.pushed["error"]
    assert "Публиковать нечего" in run.pushed["nothing"]


@pytest.mark.parametrize(
    ("pushed", "outcome"),
    [({"error": "ничего", "nothing": "ничего"}, "no_results"), ({"error": "x"}, "failed")],
)
def test_a_run_without_results_is_recorded_as_such_and_not_as_a_failure(
    monkeypatch: pytest.MonkeyPatch, pushed: dict[str, str], outcome: str
) -> None:
    from school_quality import run_record

    def pull(task_ids: str, key: str = "return_value") -> str | None:
        return pushed.get(key)

    ti = SimpleNamespace(
        get_task_states=lambda dag_id, run_ids: {"r": {"ingest": "success", "build": "failed"}},
        xcom_pull=pull,
    )
    dag = SimpleNamespace(dag_id="recompute_quarter", task_dict=dict.fromkeys(("ingest", "build")))
    monkeypatch.setattr(run_record, "get_current_context", lambda: {"ti": ti, "run_id": "r", "dag": dag})
    monkeypatch.setattr(run_record, "of_task", lambda outcome, **found: ended_run(outcome, **found))

    assert run_record.ended().outcome == outcome


def ended_run(outcome: str, *, release: object = None, **found: str) -> Any:
    from school_quality.warehouse.publication.runs import Run

    moment = datetime(2022, 11, 20)
    return Run(
        run_id="r",
        dag_id="recompute_quarter",
        run_type="manual",
        started_at=moment,
        ended_at=moment,
        outcome=outcome,
        **found,
    )


def test_a_methodology_version_that_does_not_exist_is_refused_with_those_that_do(
    run: SimpleNamespace,
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    run.params["methodology_version"] = "1812"

    with pytest.raises(AirflowFailException, match=r"Версии методики «1812» нет\. Есть: 1496-2022"):
        nothing_received(run, "manual")

    assert "1812" in run.pushed["error"]


def test_a_methodology_version_goes_with_the_release_into_the_marts(
    run: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from school_quality import pipeline
    from school_quality.warehouse import build

    built: list[dict[str, Any]] = []
    monkeypatch.setattr(pipeline, "check_results_exist", lambda settings, release: None)
    monkeypatch.setattr(build, "run_dbt", lambda build_file, variables: built.append(variables) or [])
    run.params["methodology_version"] = "1496-2022"
    Path(run.params["data_root"], "warehouse").mkdir()

    release = nothing_received(run, "manual")

    assert release["methodology_version"] == "1496-2022"
    assert [variables["methodology_version"] for variables in built] == ["1496-2022"]


def ended(run: SimpleNamespace, **known: Any) -> str:
    """The notice that Airflow's callback leaves of a run that ended by itself."""
    from school_quality import run_record

    run_record.notice_of_failure(
        {"dag": SimpleNamespace(dag_id="recompute_annual"), "run_id": "manual__1", **known}
    )
    [notice] = (Path(run.params["data_root"]) / "notices").glob("*.txt")
    return notice.read_text(encoding="utf-8")


def test_a_run_that_took_too_long_leaves_a_notice_that_names_the_step_and_the_limit(
    run: SimpleNamespace,
) -> None:
    run.dag_id, run.run_id = "recompute_annual", "manual__1"
    run.conf = {"data_root": run.params["data_root"]}

    notice = ended(run, dag_run=run, ti=SimpleNamespace(task_id="build"), reason="timed_out")

    assert "Пересчёт за год: ОШИБКА." in notice
    assert "Шаг build не удался: запуск шёл дольше 42 ч и остановлен" in notice


def test_a_run_of_which_only_the_id_is_known_leaves_a_notice_too(
    run: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOOL_QUALITY_DATA", run.params["data_root"])

    notice = ended(run, reason="all_tasks_deadlocked")

    assert "Airflow называет причину так: all_tasks_deadlocked" in notice
    assert "Выпусков ещё нет." in notice
