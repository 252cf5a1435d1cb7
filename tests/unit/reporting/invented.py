"""A small warehouse of invented schools, in the columns of the contract that documents and explanations read.

Tests insert only what matters to them: the other columns are null (an empty component, no flags).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

VERSION = "1496-2022"

# Names that a careless template would take for markup or a formula.
SCRIPT_NAME = 'МБОУ СОШ № 1 <script>alert("1")</script> #eval("2") $x$ *y*'
FORMULA_NAME = '=HYPERLINK("http://example.org";"МБОУ ООШ № 2")'

TABLES = {
    "marts.dim_municipality": "municipality_id VARCHAR, municipality_name VARCHAR",
    "marts.dim_school": """
        school_id VARCHAR, municipality_id VARCHAR, school_number INTEGER, school_name VARCHAR,
        legal_kind VARCHAR, school_type VARCHAR, locality VARCHAR, fisoko_login VARCHAR, open_from DATE,
        open_to DATE, successor_school_id VARCHAR""",
    "marts.dim_period": """
        period VARCHAR, reporting_year INTEGER, period_type VARCHAR, academic_year VARCHAR, starts_on DATE,
        ends_on DATE, label VARCHAR""",
    "marts.dim_indicator": """
        methodology_version VARCHAR, indicator_code VARCHAR, component VARCHAR, task INTEGER,
        indicator_name VARCHAR, unit VARCHAR, max_points INTEGER, period_type VARCHAR, scope VARCHAR,
        owner VARCHAR, clause VARCHAR, note VARCHAR""",
    "marts.dim_procedure": """
        procedure_id VARCHAR, exam VARCHAR, subject VARCHAR, grade INTEGER, procedure_name VARCHAR,
        is_identifying BOOLEAN""",
    "marts.fct_procedure_result": """
        school_id VARCHAR, municipality_id VARCHAR, reporting_year INTEGER, procedure_id VARCHAR,
        participants BIGINT, absent BIGINT, mean_score DOUBLE, mean_mark DOUBLE, share_2_pct DOUBLE,
        share_3_pct DOUBLE, share_4_pct DOUBLE, share_5_pct DOUBLE, failed BIGINT, failed_pct DOUBLE,
        failed_ci_low_pct DOUBLE, failed_ci_high_pct DOUBLE, is_low_result BOOLEAN,
        pupils_to_threshold BIGINT, data_level VARCHAR, flags VARCHAR[]""",
    "marts.fct_municipality_procedure": """
        municipality_id VARCHAR, reporting_year INTEGER, procedure_id VARCHAR, schools BIGINT,
        participants BIGINT, mean_score DOUBLE, mean_mark DOUBLE, failed BIGINT, failed_pct DOUBLE""",
    "marts.fct_indicator_value": """
        school_id VARCHAR, municipality_id VARCHAR, reporting_year INTEGER, period VARCHAR,
        indicator_code VARCHAR, component VARCHAR, status VARCHAR, reason VARCHAR, value DOUBLE,
        value_now DOUBLE, value_before DOUBLE, value_text VARCHAR, value_note VARCHAR, numerator BIGINT,
        denominator BIGINT, participants BIGINT, points INTEGER, max_points INTEGER, ci_low DOUBLE,
        ci_high DOUBLE, flags VARCHAR[], methodology_version VARCHAR""",
    "marts.fct_school_status": """
        school_id VARCHAR, municipality_id VARCHAR, reporting_year INTEGER, low_procedures INTEGER,
        low_procedure_ids VARCHAR[], is_low_results BOOLEAN, is_risk_zone BOOLEAN,
        is_difficult_social BOOLEAN, official_low_results BOOLEAN, official_risk_zone BOOLEAN,
        official_difficult_social BOOLEAN, in_project_500 BOOLEAN, is_supported BOOLEAN,
        social_index DECIMAL(18, 6), results_index DOUBLE, is_index_computed BOOLEAN, points INTEGER,
        max_points INTEGER, score_pct DOUBLE, coverage_pct DOUBLE, school_group VARCHAR, cluster VARCHAR,
        change_from_previous_year VARCHAR, is_effective_mode BOOLEAN""",
    "marts.fct_recommendation": """
        school_id VARCHAR, reporting_year INTEGER, rank INTEGER, indicator_code VARCHAR,
        points_lost INTEGER, measure_code VARCHAR, measure_text VARCHAR, owner VARCHAR,
        roadmap_item VARCHAR, peer_school_id VARCHAR""",
    "marts.fct_support": """
        school_id VARCHAR, municipality_id VARCHAR, reporting_year INTEGER, role VARCHAR,
        organisation VARCHAR, mentor_school_id VARCHAR, valid_from DATE, valid_to DATE""",
    "marts.fct_lineage": """
        school_id VARCHAR, period VARCHAR, indicator_code VARCHAR, component VARCHAR, file_id VARCHAR,
        sheet VARCHAR, row_from INTEGER, row_to INTEGER, rows BIGINT""",
    "meta.source_file": """
        file_id VARCHAR, context VARCHAR, path VARCHAR, dataset VARCHAR, rows_read BIGINT,
        rows_accepted BIGINT, rows_rejected BIGINT, rows_skipped BIGINT, received_at TIMESTAMP,
        outcome VARCHAR""",
}

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
    """A new warehouse file with the tables that documents read; close it before it is read."""
    connection = duckdb.connect(str(path))
    connection.execute("create schema marts; create schema meta")
    for table, columns in TABLES.items():
        connection.execute(f"create table {table} ({columns})")
    return connection


def insert(connection: duckdb.DuckDBPyConnection, table: str, *rows: dict[str, Any]) -> None:
    """Insert rows by column name over the table's defaults."""
    for row in rows:
        full = DEFAULTS.get(table, {}) | row
        marks = ", ".join("?" for _ in full)
        connection.execute(f"insert into {table} ({', '.join(full)}) values ({marks})", list(full.values()))
