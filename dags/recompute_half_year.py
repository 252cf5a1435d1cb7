"""The whole way with the documents of a half-year of the academic year (``2022-H1``).

Runs after the forms of each half-year are due (seed ``recompute_calendar``), when they come, and on demand.
Runs of other periods wait for this one in the pool; `school-quality run` runs the same in its own process.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, chain

from school_quality import steps

PERIOD = "half_year"

with DAG(
    dag_id="recompute_half_year",
    dag_display_name="Пересчёт за полугодие",
    schedule=steps.schedule(PERIOD),  # 16 January, 11 June, or half an hour after the last form
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=42),  # waiting for quiet, the steps, a day for approval
    on_failure_callback=steps.notice_of_failure,
    params=steps.parameters(period=r"^\d{4}-H[12]$"),
    tags=["школы"],
):
    release = steps.build(PERIOD)
    chain(
        steps.wait_for_quiet(PERIOD),
        steps.ingest(quiet_seconds=120, at_once_by_hand=True),
        steps.validate(),
        release,
        steps.report(release),
        steps.approve(),
        steps.publish(release),
        steps.notice().as_teardown(),
    )
