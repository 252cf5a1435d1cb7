"""Land what is new in the inbox, write the remarks for the senders, announce the news; computes nothing.

Runs every quarter of an hour and on demand. A file that changed in the last two minutes may be on its way
still: it waits. A run that finds nothing new ends as skipped.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, chain

from school_quality import run_record, steps

with DAG(
    dag_id="ingest_inbox",
    dag_display_name="Приём файлов",
    schedule="*/15 * * * *",  # every quarter of an hour
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=4),
    on_failure_callback=run_record.notice_of_failure,
    params={"data_root": steps.data_root()},
    tags=["школы"],
):
    chain(
        steps.ingest(quiet_seconds=120, only_news=True),
        steps.validate(),
        steps.notice().as_teardown(),
    )
