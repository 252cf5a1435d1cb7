"""What has come and what is missing: files by their receipts, submissions by the published warehouse."""

from __future__ import annotations

from dataclasses import dataclass

from school_quality.landing.receipts import Receipt, effective, read_receipts
from school_quality.settings import Settings
from school_quality.warehouse import releases


@dataclass(frozen=True, slots=True)
class Submissions:
    """How many schools handed in a dataset for a period, and which did not; schools by number or name."""

    dataset: str
    period: str
    due_on: str | None
    counts: dict[str, int]  # by status of fct_submission
    absent: list[str]  # missing or late


def files(settings: Settings) -> list[Receipt]:
    """The receipts in force, by path: what became of each file when it was last read."""
    return sorted(
        effective(read_receipts(settings)).values(), key=lambda receipt: (receipt.path, receipt.seq)
    )


def submissions(settings: Settings, year: int) -> list[Submissions]:
    """What the schools of the current release handed in for a year; empty before the first release."""
    import duckdb

    release_id = releases.current_id(settings)
    if release_id is None:
        return []
    warehouse = releases.warehouse(settings, release_id)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            """
            select
                dataset,
                period,
                max(due_on)::varchar,
                histogram(status),
                list(coalesce(school_number::varchar, school_name) order by school_number, school_name)
                    filter (where status in ('missing', 'late')),
            from marts.fct_submission
            left join marts.dim_school using (school_id)
            where reporting_year = ?
            group by dataset, period
            order by dataset, period
            """,
            [year],
        ).fetchall()
    return [
        Submissions(dataset, period, due, dict(counts), absent or [])
        for dataset, period, due, counts, absent in rows
    ]
