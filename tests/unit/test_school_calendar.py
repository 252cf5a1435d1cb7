"""The day of a run gives its reporting year and period, by the calendar and never by the clock."""

from __future__ import annotations

import csv
from datetime import date, timedelta

import pytest

from school_quality import school_calendar
from school_quality.settings import dbt_project_dir


@pytest.mark.parametrize(
    ("period_type", "day", "year", "period"),
    [
        ("year", date(2023, 6, 15), 2022, "2022"),
        ("year", date(2023, 6, 16), 2022, "2022"),
        ("year", date(2023, 9, 15), 2022, "2022"),
        ("year", date(2023, 9, 16), 2023, "2023"),
        ("year", date(2024, 2, 29), 2023, "2023"),
        ("half_year", date(2023, 1, 16), 2022, "2022-H1"),
        ("half_year", date(2023, 1, 15), 2021, "2021-H2"),
        ("half_year", date(2023, 6, 11), 2022, "2022-H2"),
        ("quarter", date(2022, 11, 11), 2022, "2022-Q1"),
        ("quarter", date(2023, 1, 1), 2022, "2022-Q1"),
        ("quarter", date(2023, 1, 16), 2022, "2022-Q2"),
        ("quarter", date(2023, 4, 6), 2022, "2022-Q3"),
        ("quarter", date(2023, 6, 11), 2022, "2022-Q4"),
    ],
)
def test_a_day_stands_for_the_last_recomputation_that_was_due(
    period_type: str, day: date, year: int, period: str
) -> None:
    due = school_calendar.latest(period_type, day)

    assert (due.reporting_year, due.period) == (year, period)
    assert due.day <= day


def test_forms_of_a_quarter_are_due_the_day_before_the_recomputation() -> None:
    with (dbt_project_dir() / "seeds/methodology/submission_calendar.csv").open(encoding="utf-8") as file:
        deadlines = [row for row in csv.DictReader(file) if row["period_type"] == "quarter"]

    for row in deadlines:
        deadline = date(2022 + int(row["year_offset"]), int(row["due_month"]), int(row["due_day"]))
        due = school_calendar.latest("quarter", deadline + timedelta(days=1))

        assert due.day == deadline + timedelta(days=1)
        assert due.period == f"2022-Q{row['period_number']}"


def test_quarter_forms_concern_the_quarter_and_results_the_year() -> None:
    assert "form_pupils" in school_calendar.datasets("quarter")
    assert school_calendar.datasets("half_year") == ("form_teacher_courses",)
    assert {"ege_results", "appeals", "mark_scale"} <= set(school_calendar.datasets("year"))
