"""Land what is new in the inbox and write the remarks for the senders; computes nothing.

Runs on demand. A file that changed in the last two minutes may be on its way still: it waits.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, chain

from school_quality import steps

QUIET_SECONDS = 120

with DAG(
    dag_id="ingest_inbox",
    dag_display_name="Приём файлов",
    schedule=None,  # on demand
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=4),
    params={"data_root": Param(None, type=["null", "string"], title="Папка данных, если не обычная")},
    tags=["школы"],
):
    chain(steps.ingest(quiet_seconds=QUIET_SECONDS), steps.validate())
