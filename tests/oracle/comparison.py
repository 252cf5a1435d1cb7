"""Fact tables of a build beside those of the second opinion: what differs, cell by cell."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb

from .calculation import Calculation
from .landing import Row

SCHOOL_YEAR = ("school_id", "reporting_year")
KEYS: dict[str, tuple[str, ...]] = {
    "fct_procedure_result": (*SCHOOL_YEAR, "procedure_id"),
    "fct_municipality_procedure": ("municipality_id", "reporting_year", "procedure_id"),
    "fct_indicator_value": ("school_id", "period", "indicator_code", "component"),
    "fct_school_status": SCHOOL_YEAR,
    "fct_municipality_indicator": ("municipality_id", "period", "indicator_code"),
}
# worded by the product, not by the methodology: what is missing of 2.10 is named in the text of the value
WORDED = {("fct_indicator_value", "value_text"): {"1.9"}}


def facts(calculation: Calculation) -> dict[str, list[Row]]:
    return {
        "fct_procedure_result": calculation.procedure_results,
        "fct_municipality_procedure": calculation.municipality_procedures,
        "fct_indicator_value": calculation.indicator_values,
        "fct_school_status": calculation.school_statuses,
        "fct_municipality_indicator": calculation.municipality_indicators,
    }


def built(build_file: Path) -> dict[str, list[Row]]:
    """The same tables of a dbt build."""
    tables = {}
    with duckdb.connect(str(build_file), read_only=True) as connection:
        for name in KEYS:
            cursor = connection.execute(f"from marts.{name}")
            names = [column[0] for column in cursor.description]
            tables[name] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return tables


def same(wanted: Any, got: Any) -> bool:
    """Equal; numbers up to rounding of floats, lists as sets."""
    if wanted is None or got is None:
        return wanted is None and got is None
    if isinstance(wanted, list):
        return sorted(wanted) == sorted(got)
    if isinstance(wanted, float) or isinstance(got, float):
        return math.isclose(float(wanted), float(got), rel_tol=1e-9, abs_tol=1e-9)
    return bool(wanted == got)


def differences(wanted: dict[str, list[Row]], got: dict[str, list[Row]]) -> list[str]:
    """One line a kind of difference (table, indicator or procedure, column): how many, and an example."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for table, key in KEYS.items():
        rows = {tuple(row[k] for k in key): row for row in got[table]}
        for want in wanted[table]:
            place = tuple(want[k] for k in key)
            what = str(want.get("indicator_code") or want.get("procedure_id") or "")
            have = rows.pop(place, None)
            if have is None:
                found[table, what, "missing row"].append(str(place))
                continue
            for column, value in want.items():
                if what not in WORDED.get((table, column), {what}):
                    continue
                if not same(value, have[column]):
                    found[table, what, column].append(f"{place}: wanted {value!r}, got {have[column]!r}")
        for place in rows:
            found[table, "", "extra row"].append(str(place))
    return [f"{' '.join(kind)}: {len(cases)} x, e.g. {cases[0]}" for kind, cases in found.items()]
