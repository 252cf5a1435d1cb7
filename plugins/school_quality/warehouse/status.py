"""What has come and what is missing: files by their receipts, submissions by the published warehouse."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import starmap
from pathlib import Path

import duckdb

from school_quality import datasets
from school_quality.landing import last_look
from school_quality.landing.landed import landed_datasets, take_force, view_in_force, view_landed
from school_quality.landing.receipts import Receipt, effective, read_receipts, superseded
from school_quality.landing.refused import standing
from school_quality.settings import Settings
from school_quality.warehouse import school_names
from school_quality.warehouse.publication import releases
from school_quality.warehouse.readers.opening import open_shut
from school_quality.warehouse.school_names import School


@dataclass(frozen=True, slots=True)
class Submissions:
    """How many schools handed in a dataset for a period; which did not, which late, which in part."""

    dataset: str
    period: str
    due_on: str | None
    counts: dict[str, int]  # by status of fct_submission
    missing: list[School]
    late: list[School]
    partly: list[School] = field(default_factory=list)


def files(settings: Settings) -> list[Receipt]:
    """The receipts in force, by path: what became of each file when it was last read."""
    return sorted(
        effective(read_receipts(settings)).values(), key=lambda receipt: (receipt.path, receipt.seq)
    )


def replaced(settings: Settings) -> frozenset[int]:
    """Seqs of receipts in force whose rows, accepted or rejected, later files have replaced.

    Rows are compared by key; files of pupils' results only by their place.
    """
    receipts = list(effective(read_receipts(settings)).values())
    counting: set[int] = set()
    with duckdb.connect() as connection:
        take_force(connection, receipts)
        for name in sorted(landed_datasets(settings) & set(datasets.load())):
            dataset = datasets.get(name)
            rows = view_landed(connection, settings, dataset)
            if "pupil_id" not in dataset.columns:
                connection.execute(f"create table accepted_{name} as select * from {rows} limit 0")
                rows = view_in_force(connection, dataset)
            counting |= {seq for (seq,) in connection.execute(f"select distinct seq from {rows}").fetchall()}
    open_rows = standing(settings).open_rows
    return superseded(receipts) - counting | {
        r.seq
        for r in receipts
        if (r.rows_accepted or r.rows_rejected) and r.seq not in counting and not open_rows.get(r.seq)
    }


def corrected(settings: Settings) -> frozenset[int]:
    """Seqs of receipts in force whose rejected rows have all been brought by later receipts."""
    now = standing(settings)
    return frozenset(r.seq for r in now.receipts if r.outcome == "partly" and not now.open_rows.get(r.seq))


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
    return of_warehouse(releases.warehouse(settings, release_id), year) if release_id else []


def of_warehouse(warehouse: Path, year: int) -> list[Submissions]:
    """What the schools handed in for a year by ``fct_submission`` of a warehouse."""
    lists = [
        f"""list([municipality, name] order by municipality, school_number, name)
            filter (where status = '{status}')"""
        for status in ("missing", "late", "partly")
    ]
    with open_shut(warehouse) as connection:
        rows = connection.execute(
            f"""
            select
                dataset,
                period,
                max(due_on)::varchar,
                histogram(status),
                {", ".join(lists)}
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
            dataset, period, due, dict(counts), *(list(starmap(School, found or [])) for found in schools)
        )
        for dataset, period, due, counts, *schools in rows
    ]
