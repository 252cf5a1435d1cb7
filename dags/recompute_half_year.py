"""The whole way with the documents of a half-year of the academic year (``2022-H1``).

Runs on demand, also from ``school-quality run``; runs of other periods wait for this one in the pool.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, chain

from school_quality import steps

with DAG(
    dag_id="recompute_half_year",
    dag_display_name="Пересчёт за полугодие",
    schedule=None,  # on demand
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    params=steps.parameters(type="string", pattern=r"^\d{4}-H[12]$"),
    tags=["школы"],
):
    release = steps.build()
    chain(
        steps.ingest(),
        steps.validate(),
        release,
        steps.report(release),
        steps.publish(release),
        steps.summary(),
    )
