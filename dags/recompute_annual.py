"""The whole way for a reporting year: inbox, landing, marts, documents, release.

Runs on demand, also from ``school-quality run``; runs of other periods wait for this one in the pool.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, chain

from school_quality import steps

with DAG(
    dag_id="recompute_annual",
    dag_display_name="Пересчёт за год",
    schedule=None,  # on demand
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    params=steps.parameters(default=None, type=["null", "string"], pattern=r"^\d{4}$"),
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
