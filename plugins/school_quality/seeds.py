"""The seeds of the dbt project for Python: what the methodology and the field's reference tables say."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from school_quality.quoting import literal
from school_quality.settings import dbt_project_dir

Row = dict[str, str]

FOLDERS = ("methodology", "reference")


def path(name: str) -> Path:
    """The file of a seed, whose name is unique over all folders; `KeyError` where there is none."""
    for folder in FOLDERS:
        found = dbt_project_dir() / "seeds" / folder / f"{name}.csv"
        if found.is_file():
            return found
    raise KeyError(name)


@cache
def rows(name: str) -> tuple[Row, ...]:
    """The rows of a seed as texts by column, in the order of the file, read once."""
    return tuple(read(path(name)))


def read(file: Path) -> list[Row]:
    """The rows of a CSV file in the form of a seed, e.g. one kept with an older release."""
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def relation(name: str) -> str:
    """A seed as a relation of DuckDB's SQL, all columns as texts."""
    return f"read_csv({literal(path(name))}, header = true, all_varchar = true)"


def edition(year: int) -> str:
    """The edition of the methodology that is in force in a reporting year; `ValueError` where none is."""
    in_force = [
        row
        for row in rows("methodology_versions")
        if int(row["first_reporting_year"]) <= year <= int(row["last_reporting_year"] or 9999)
    ]
    return max(in_force, key=lambda row: int(row["first_reporting_year"]))["methodology_version"]
