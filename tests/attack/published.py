"""What an attacker holds: the open marts of one release, and the methodology, which is public."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]

SEEDS = Path(__file__).resolve().parents[2] / "dbt_project/seeds"
VERSION = "1496-2022"
SUPPRESSED = "suppressed"


def seed(name: str) -> list[Row]:
    path = next(SEEDS.glob(f"*/{name}.csv"))
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass
class Release:
    """The marts that say something of numbers, as rows; tests may write them by hand."""

    results: list[Row] = field(default_factory=list)
    values: list[Row] = field(default_factory=list)
    statuses: list[Row] = field(default_factory=list)
    districts: list[Row] = field(default_factory=list)
    recommendations: list[Row] = field(default_factory=list)


def read(warehouse: Path) -> Release:
    """The open marts in the DuckDB file ``warehouse``."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:

        def rows(table: str) -> list[Row]:
            cursor = connection.execute(f"from marts.{table}")
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]

        return Release(
            results=rows("fct_procedure_result"),
            values=rows("fct_indicator_value"),
            statuses=rows("fct_school_status"),
            districts=rows("fct_municipality_procedure"),
            recommendations=rows("fct_recommendation"),
        )


INDICATORS = {(row["indicator_code"], row["component"]): row for row in seed("indicators")}
IDENTIFYING = {row["procedure_id"] for row in seed("identifying_procedures")}
LIMITS = {row["parameter"]: int(row["value"]) for row in seed("disclosure_limits")}
PARAMETERS = {row["parameter"]: float(row["value"]) for row in seed("parameters")}
BANDS = [
    (row["indicator_code"], int(row["from_value"]), int(row["to_value"] or 10**9), int(row["points"]))
    for row in seed("bands")
]


def band(code: str, looked_up: int) -> int:
    """The points of an indicator for the number that is looked up in its bands."""
    return next(points for found, low, high, points in BANDS if found == code and low <= looked_up <= high)


def half_up(part: int, whole: int) -> int:
    """The percent as a whole number, halves upwards."""
    return (200 * part + whole) // (2 * whole)


def procedure(code: str) -> str | None:
    """The one procedure that an indicator of results reads; None where it reads several or none."""
    row = INDICATORS.get((code, ""), {})
    one = row.get("exam") and row.get("subject") and "|" not in row["exam"] + row["subject"]
    return f"{row['exam']}_{row['subject']}_{row['grade']}" if one else None


def family(value: Row) -> str:
    return str(INDICATORS[value["indicator_code"], value["component"] or ""]["family"])
