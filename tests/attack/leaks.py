"""Ways to make the open edition leak: each switches one rule of the suppression off."""

from __future__ import annotations

import shutil
from pathlib import Path

from school_quality.warehouse.open_edition import disclosure

Change = tuple[str, str, str]
"""File of `disclosure.STEPS`, a text in it, what stands there instead."""

LEAKS: dict[str, Change] = {
    "the number of failed is not hidden": (
        "4_fct_procedure_result.sql",
        "case when is_open then failed end as failed",
        "failed",
    ),
    "the verdict and the distance to the threshold are not hidden": (
        "4_fct_procedure_result.sql",
        "case when is_open then pupils_to_threshold end as pupils_to_threshold",
        "pupils_to_threshold",
    ),
    "Wilson's interval is not hidden": (
        "4_fct_procedure_result.sql",
        "case when is_open then failed_ci_low_pct end as failed_ci_low_pct",
        "failed_ci_low_pct",
    ),
    "the mean mark is not hidden": (
        "4_fct_procedure_result.sql",
        "case when is_open then mean_mark end as mean_mark",
        "mean_mark",
    ),
    "the points of a hidden share are not hidden": (
        "3_fct_indicator_value.sql",
        "case when hidden_value.why is null then facts.points end as points",
        "facts.points",
    ),
    "all exams of a school are added up": (
        "3_fct_indicator_value.sql",
        "known_value.family in ('high_results', 'below_minimum')",
        "false",
    ),
    "the fives to twos of the year before are not hidden": (
        "3_fct_indicator_value.sql",
        "and inputs.source_period = hidden_result.reporting_year::varchar",
        "and inputs.source_period = hidden_result.reporting_year::varchar "
        "and inputs.source_period = known_value.period",
    ),
    "teachers with a category are shown a year later": (
        "3_fct_indicator_value.sql",
        "known_value.family in ('form_headcount_dynamics', 'pupil_share_fall')",
        "false",
    ),
    "that no teacher is counted is not hidden": (
        "3_fct_indicator_value.sql",
        "and coalesce(least_group(counted.field_value, teachers.field_value), 0) < known_value.min_teachers",
        "and known_value.value between 1 and known_value.min_teachers - 1",
    ),
    "that all teachers are counted in a number of teachers is not hidden": (
        "3_fct_indicator_value.sql",
        "coalesce(least_group(counted.field_value, teachers.field_value), 0)",
        "least(known_value.value, coalesce(teachers.field_value, 0))",
    ),
    "that nobody won is not hidden": (
        "3_fct_indicator_value.sql",
        "coalesce(least_group(counted.field_value, teachers.field_value), 0)",
        "coalesce(least_group(known_value.value, teachers.field_value), 0)",
    ),
    "winners of the municipal olympiad are not hidden": (
        "3_fct_indicator_value.sql",
        "least_group(known_value.numerator, known_value.denominator),\n                ",
        "",
    ),
    "whether there are winners of the regional olympiad is not hidden": (
        "3_fct_indicator_value.sql",
        "least_group(form.regional_winners, known_value.denominator)",
        "known_value.denominator",
    ),
    "that all teachers are counted is not hidden": (
        "3_fct_indicator_value.sql",
        "and least_group(known_value.numerator, known_value.denominator)",
        "and known_value.numerator <> known_value.denominator "
        "and least_group(known_value.numerator, known_value.denominator)",
    ),
    "a reason looks at the numbers of a school whose support is hidden": (
        "3_fct_indicator_value.sql",
        "delete from known_value\nwhere (",
        "delete from known_value\nwhere false and (",
    ),
}


def steps_with(change: Change, folder: Path) -> Path:
    """A copy of the steps in ``folder`` with one rule changed."""
    name, old, new = change
    shutil.copytree(disclosure.STEPS, folder)
    text = (folder / name).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    return folder
