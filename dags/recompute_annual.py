"""The whole way for a reporting year: inbox, landing, marts, documents, release.

Runs in June and September (seed ``recompute_calendar``), when files that it reads have come, and on demand.
Runs of other periods wait for this one in the pool; `school-quality run` runs the same in its own process.
"""

from __future__ import annotations

from airflow.sdk import DAG

from school_quality import run_record, steps

PERIOD = "year"

with DAG(
    dag_id="recompute_annual",
    dag_display_name="Пересчёт за год",
    schedule=steps.schedule(PERIOD),  # 16 June, 16 September, or half an hour after the last file
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=steps.RUN_TIMEOUT,  # 42 hours: waiting for quiet, the steps, a day for approval
    on_failure_callback=run_record.notice_of_failure,
    params=steps.parameters(period=r"^\d{4}$"),
    tags=["школы"],
):
    steps.recompute(PERIOD)  # quiet, ingest, validate, build, report, approval, publication, notice
