"""The whole way with the documents of a school quarter (``2022-Q1``).

Runs after the forms of each quarter are due (seed ``recompute_calendar``), when they come, and on demand.
Runs of other periods wait for this one in the pool; `school-quality run` runs the same in its own process.
"""

from __future__ import annotations

from airflow.sdk import DAG

from school_quality import run_record, steps

PERIOD = "quarter"

with DAG(
    dag_id="recompute_quarter",
    dag_display_name="Пересчёт за четверть",
    # 11 November, 16 January, 6 April, 11 June, or half an hour after the last form
    schedule=steps.schedule(PERIOD),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=steps.RUN_TIMEOUT,  # 42 hours: waiting for quiet, the steps, a day for approval
    on_failure_callback=run_record.notice_of_failure,
    params=steps.parameters(period=r"^\d{4}-Q[1-4]$"),
    tags=["школы"],
):
    steps.recompute(PERIOD)  # quiet, ingest, validate, build, report, approval, publication, notice
