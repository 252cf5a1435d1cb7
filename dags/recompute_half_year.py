"""The whole way with the documents of a half-year of the academic year (``2022-H1``).

Runs after the forms of each half-year are due (seed ``recompute_calendar``), when they come, and on demand.
Runs of other periods wait for this one in the pool; `school-quality run` runs the same in its own process.
"""

from __future__ import annotations

from airflow.sdk import DAG

from school_quality import run_record, steps

PERIOD = "half_year"

with DAG(
    dag_id="recompute_half_year",
    dag_display_name="Пересчёт за полугодие",
    schedule=steps.schedule(PERIOD),  # 16 January, 11 June, or half an hour after the last form
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=steps.RUN_TIMEOUT,  # 42 hours: waiting for quiet, the steps, a day for approval
    on_failure_callback=run_record.notice_of_failure,
    params=steps.parameters(period=r"^\d{4}-H[12]$"),
    tags=["школы"],
):
    steps.recompute(PERIOD)  # quiet, ingest, validate, build, report, approval, publication, notice
