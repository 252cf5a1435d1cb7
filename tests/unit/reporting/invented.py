"""A small warehouse of invented schools, in the tables of the contract.

Tests insert only what matters to them: the other columns are null (an empty component, no flags).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb

from school_quality.quoting import identifier, literal
from school_quality.settings import dbt_project_dir
from school_quality.warehouse import contract

VERSION = "1496-2022"

# Names that a careless template would take for markup or a formula.
SCRIPT_NAME = 'МБОУ СОШ № 1 <script>alert("1")</script> #eval("2") $x$ *y*'
FORMULA_NAME = '=HYPERLINK("http://example.org";"МБОУ ООШ № 2")'

FIGURES = ("fct_school_points", "fct_municipality_points", "fct_municipality_value")
"""Marts that dbt computes of other marts and of seeds alone, each after what it reads."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "marts.dim_indicator": {"component": "", "methodology_version": VERSION},
    "marts.fct_lineage": {"component": ""},
    "marts.fct_procedure_result": {"flags": [], "data_level": "pupil", "reporting_year": 2022},
    "marts.fct_indicator_value": {
        "component": "",
        "flags": [],
        "methodology_version": VERSION,
        "reporting_year": 2022,
        "period": "2022",
    },
    "marts.fct_school_status": {"reporting_year": 2022, "low_procedure_ids": [], "is_supported": False},
    "marts.fct_recommendation": {"reporting_year": 2022},
    "marts.fct_support": {"reporting_year": 2022},
}


def empty_warehouse(path: Path) -> duckdb.DuckDBPyConnection:
    """A new warehouse file with the tables of the contract, empty; close it before it is read."""
    connection = duckdb.connect(str(path))
    for schema in contract.SCHEMAS:
        connection.execute(f"create schema {schema}")
    for table in contract.tables():
        columns = ", ".join(f"{identifier(column.name)} {column.data_type}" for column in table.columns)
        connection.execute(f"create table {table.schema}.{table.name} ({columns})")
    return connection


def insert(connection: duckdb.DuckDBPyConnection, table: str, *rows: dict[str, Any]) -> None:
    """Insert rows by column name over the table's defaults."""
    for row in rows:
        full = DEFAULTS.get(table, {}) | row
        marks = ", ".join("?" for _ in full)
        connection.execute(f"insert into {table} ({', '.join(full)}) values ({marks})", list(full.values()))


def summarise(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill the figures of schools and municipalities by the SQL of their models; again after a change."""
    for name in FIGURES:
        sql = (dbt_project_dir() / "models" / "marts" / f"{name}.sql").read_text(encoding="utf-8")
        sql = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", lambda found: _relation(found[1]), sql)
        connection.execute(f"delete from marts.{name}")
        connection.execute(f"insert into marts.{name} by name {sql}")
    connection.execute("delete from marts.fct_municipality_context")
    connection.execute(
        "insert into marts.fct_municipality_context"
        " select municipality_id, reporting_year, count(*), median(social_index) from marts.fct_school_status"
        " where social_index > 0 group by all"
    )


def _relation(name: str) -> str:
    if name.startswith(("dim_", "fct_")):
        return f"marts.{name}"
    return f"read_csv({literal(dbt_project_dir() / 'seeds' / 'methodology' / f'{name}.csv')})"
