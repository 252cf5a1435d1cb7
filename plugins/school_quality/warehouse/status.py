"""What has come and what is missing: files by their receipts, submissions by the published warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import starmap

from school_quality.landing import last_look
from school_quality.landing.receipts import Receipt, effective, read_receipts
from school_quality.settings import Settings
from school_quality.warehouse import releases, school_names
from school_quality.warehouse.opening import open_shut
from school_quality.warehouse.school_names import School


@dataclass(frozen=True, slots=True)
class Submissions:
    """How many schools handed in a dataset for a period, which did not, and which did after its day."""

    dataset: str
    period: str
    due_on: str | None
    counts: dict[str, int]  # by status of fct_submission
    missing: list[School]
    late: list[School]


def files(settings: Settings) -> list[Receipt]:
    """The receipts in force, by path: what became of each file when it was last read."""
    return sorted(
        effective(read_receipts(settings)).values(), key=lambda receipt: (receipt.path, receipt.seq)
    )


def not_read(settings: Settings) -> list[str]:
    """What of the inbox could not be read at the last look, and what to do; none where everything was."""
    look = last_look.load(settings)
    if look is None or not look.passed_over:
        return []
    return [
        f"При последнем приёме ({look.looked_at:%d.%m.%Y %H:%M} UTC):",
        *last_look.lines(look.passed_over),
    ]


def submissions(settings: Settings, year: int) -> list[Submissions]:
    """What the schools of the current release handed in for a year; empty before the first release."""
    release_id = releases.current_id(settings)
    if release_id is None:
        return []
    warehouse = releases.warehouse(settings, release_id)
    with open_shut(warehouse) as connection:
        rows = connection.execute(
            f"""
            select
                dataset,
                period,
                max(due_on)::varchar,
                histogram(status),
                list([municipality, name] order by municipality, school_number, name)
                    filter (where status = 'missing'),
                list([municipality, name] order by municipality, school_number, name)
                    filter (where status = 'late'),
            from marts.fct_submission
            join {school_names.relation()} using (school_id)
            where reporting_year = ?
            group by dataset, period
            order by dataset, period
            """,
            [year],
        ).fetchall()
    return [
        Submissions(
            dataset, period, due, dict(counts), *(list(starmap(School, found or [])) for found in lists)
        )
        for dataset, period, due, counts, *lists in rows
    ]
