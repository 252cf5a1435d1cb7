"""What is known of a failed share of a few pupils: over comparable years, and by the region's experience.

Shown beside the share and read by no verdict. Source: methodology, Small schools.
"""

from __future__ import annotations

from school_quality.reporting import words
from school_quality.reporting.content.facts import Row

SMALL = "small_n"


def estimates(row: Row) -> str:
    """In words, of a row of ``fct_procedure_result`` with few participants and counted failures; else ''."""
    if SMALL not in (row["flags"] or ()) or row["failed_shrunk_pct"] is None:
        return ""
    pooled = "сравнимых прошлых лет нет"
    if row["pooled_years"] > 1:
        bounds = words.interval(row["failed_pooled_ci_low_pct"], row["failed_pooled_ci_high_pct"])
        years = words.counted(row["pooled_years"], "год", "года", "лет")
        pooled = f"за {years} {row['failed_pooled']} из {row['participants_pooled']} ({bounds})"
    expected = f"{words.number(row['failed_shrunk_pct'], 0)}{words.NBSP}%"
    return f"{pooled}, по опыту таких же работ региона ожидалось бы около {expected}"
