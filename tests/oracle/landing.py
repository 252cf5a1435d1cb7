"""The rows in force: receipts up to a ``seq``, the latest correction of each key (contracts 1 and 2.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Row = dict[str, Any]

SCHOOL_YEAR = ("school_id", "reporting_year")
KEYS: dict[str, tuple[str, ...]] = {
    "school_register": ("school_id",),
    "mark_scale": ("reporting_year", "exam", "grade", "subject"),
    "thresholds": ("reporting_year", "exam", "subject"),
    "official_list": ("reporting_year", "list_kind", "school_id", "municipality_if_nobody"),
    "biased_vpr": ("reporting_year", "school_id"),
    "social_index": SCHOOL_YEAR,
    "results_index": SCHOOL_YEAR,
    "form_staff": SCHOOL_YEAR,
    "form_methodical": SCHOOL_YEAR,
    "form_olympiad": SCHOOL_YEAR,
    "form_documents": SCHOOL_YEAR,
    "form_pupils": (*SCHOOL_YEAR, "quarter"),
    "form_teacher_courses": (*SCHOOL_YEAR, "half_year"),
    "form_network": (*SCHOOL_YEAR, "quarter"),
    "ege_results": ("pupil_id", "subject", "date_or_year"),
    "oge_results": ("pupil_id", "subject", "date_or_year"),
    "appeals": ("pupil_id", "subject", "date_or_year"),
    "vpr_results": (*SCHOOL_YEAR, "grade", "subject", "sitting", "pupil_id"),
    "vpr_marks": (*SCHOOL_YEAR, "grade", "subject"),
    "procedure_results": (*SCHOOL_YEAR, "exam", "subject", "grade"),
}


def rows_in_force(landing: Path, seq: int) -> dict[str, list[Row]]:
    """Rows by dataset. Per file and context the last receipt decides; per key the greatest ``order_seq``."""
    last: dict[tuple[str, str], Row] = {}
    for path in sorted(landing.glob("0*/receipts.parquet")):
        for receipt in pq.read_table(path).to_pylist():
            place = (receipt["file_id"], receipt["context"])
            if receipt["seq"] <= seq and (place not in last or last[place]["seq"] < receipt["seq"]):
                last[place] = receipt
    order = {r["seq"]: r["order_seq"] for r in last.values() if r["action"] == "land"}

    result: dict[str, list[Row]] = {}
    for dataset, key in KEYS.items():
        kept: dict[tuple[Any, ...], Row] = {}
        for path in sorted(landing.glob(f"0*/rows/{dataset}.parquet")):
            for row in pq.read_table(path).to_pylist():
                if row["seq"] not in order:
                    continue
                row["order_seq"] = order[row["seq"]]
                row["date_or_year"] = row.get("exam_date") or row.get("reporting_year")
                if dataset == "official_list":
                    nobody = row["school_id"] is None
                    row["municipality_if_nobody"] = row["municipality_id"] if nobody else None
                place = tuple(row[k] for k in key)
                if place not in kept or kept[place]["order_seq"] < row["order_seq"]:
                    kept[place] = row
        result[dataset] = list(kept.values())
    return result
