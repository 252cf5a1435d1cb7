"""One invented district and a half: four schools with a status each, hostile names among them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from invented import FORMULA_NAME, SCRIPT_NAME, empty_warehouse, insert, summarise

# Task, maximum, what it checks, percent of the school and the district, gap, whether it is a deficit.
TASKS = (
    ("1", 1, "Сравнение дробей", 90.0, 85.0, 5.0, False),
    ("2", 1, None, 30.0, 45.0, -15.0, True),
    ("3", 2, "Задачи на движение", 25.0, 40.0, -15.0, True),
    ("4", 1, "Проц\x02енты", 10.0, 52.0, -42.0, True),
    ("5", 1, "<b>Площадь</b> #eval(1) и объём фигур", 20.0, 30.5, -10.5, True),
)


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2022: 101 is ШНОР, 102 in the risk zone, 103 has no results, 201 lives where no list was delivered."""
    path = tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb"
    with empty_warehouse(path) as connection:
        insert(
            connection,
            "marts.dim_municipality",
            {"municipality_id": "1", "municipality_name": "Луговой район"},
            {"municipality_id": "2", "municipality_name": "Лесной район"},
        )
        for school_id, municipality, number, name, kind in (
            ("101", "1", 1, SCRIPT_NAME, "secondary"),
            ("102", "1", 2, FORMULA_NAME, "basic"),
            ("103", "1", 3, "МБОУ СОШ № 3 " + "имени очень длинного названия " * 12, "secondary"),
            ("201", "2", 1, "МАОУ гимназия № 1 \N{GRINNING FACE} \u4e2d", "secondary"),
        ):
            insert(
                connection,
                "marts.dim_school",
                {
                    "school_id": school_id,
                    "municipality_id": municipality,
                    "school_number": number,
                    "school_name": name,
                    "school_type": kind,
                },
            )
        for period, label in (("2022", "2022 год"), ("2022-Q1", "1 четверть 2022-2023")):
            insert(
                connection,
                "marts.dim_period",
                {
                    "period": period,
                    "reporting_year": 2022,
                    "label": label,
                    "academic_year": "2022-2023",
                },
            )
        for code, name, unit, points in (
            ("1.4", "Динамика ОГЭ: математика", "разность отношений", 3),
            ("1.11", "Доля «2» на ВПР: математика, 5 класс", "%", 3),
            ("2.2", "Педагоги с категорией", "%", 3),
            ("4.1", "Взаимодействие с другими школами", "да/нет", None),
        ):
            insert(
                connection,
                "marts.dim_indicator",
                {
                    "indicator_code": code,
                    "indicator_name": name,
                    "unit": unit,
                    "max_points": points,
                    "clause": f"Приказ № 1496, раздел 4, показатель {code}",
                    "owner": "МКУО ЦОКО",
                },
            )
        insert(
            connection,
            "marts.dim_procedure",
            {
                "procedure_id": "vpr_math_5",
                "exam": "vpr",
                "grade": 5,
                "procedure_name": "ВПР, математика, 5 класс",
                "is_identifying": True,
            },
            {
                "procedure_id": "oge_math_9",
                "exam": "oge",
                "grade": 9,
                "procedure_name": "ОГЭ, математика",
                "is_identifying": True,
            },
        )
        insert(
            connection,
            "marts.fct_procedure_result",
            {
                "school_id": "101",
                "municipality_id": "1",
                "procedure_id": "vpr_math_5",
                "participants": 20,
                "absent": 3,
                "failed": 7,
                "failed_pct": 35.0,
                "failed_ci_low_pct": 18.1,
                "failed_ci_high_pct": 56.7,
                "is_low_result": True,
                "pupils_to_threshold": 2,
            },
            {
                "school_id": "101",
                "municipality_id": "1",
                "procedure_id": "oge_math_9",
                "failed_pct": 32.0,
                "is_low_result": True,
                "data_level": "table",
            },
            {"school_id": "102", "municipality_id": "1", "procedure_id": "vpr_math_5", "participants": 8},
        )
        for position, (task, maximum, skill, school, district, gap, is_deficit) in enumerate(TASKS, start=1):
            work = {"procedure_id": "vpr_math_5", "reporting_year": 2022, "task": task}
            insert(
                connection,
                "marts.dim_task",
                {
                    **work,
                    "position": position,
                    "max_points": maximum,
                    "max_source": "plan",
                    "level": "basic",
                    "skill": skill,
                },
            )
            insert(
                connection,
                "marts.fct_task_result",
                {
                    **work,
                    "school_id": "101",
                    "municipality_id": "1",
                    "pupils": 20,
                    "achieved_pct": school,
                    "district_achieved_pct": district,
                    "gap_pp": gap,
                    "is_deficit": is_deficit,
                    "data_level": "pupil",
                },
            )
        insert(
            connection,
            "marts.fct_municipality_procedure",
            {
                "municipality_id": "1",
                "reporting_year": 2022,
                "procedure_id": "vpr_math_5",
                "schools": 2,
                "participants": 28,
                "failed_pct": 25.0,
            },
        )
        insert(
            connection,
            "marts.fct_school_status",
            {
                "school_id": "101",
                "municipality_id": "1",
                "low_procedures": 2,
                "low_procedure_ids": ["oge_math_9", "vpr_math_5"],
                "is_low_results": True,
                "is_risk_zone": False,
                "is_difficult_social": False,
                "official_low_results": False,
                "official_risk_zone": False,
                "is_supported": True,
                "social_index": 48.5,
                "results_index": -0.75,
                "is_index_computed": True,
                "points": 1,
                "max_points": 6,
                "score_pct": 16.7,
                "coverage_pct": 66.7,
                "school_group": "struggling",
                "cluster": "слабее других в математике",
                "change_from_previous_year": "entered",
            },
            {
                "school_id": "102",
                "municipality_id": "1",
                "low_procedures": 0,
                "is_low_results": False,
                "is_risk_zone": True,
                "official_low_results": False,
                "official_risk_zone": True,
                "points": 5,
                "max_points": 6,
                "score_pct": 83.3,
                "coverage_pct": 100.0,
            },
            {"school_id": "103", "municipality_id": "1"},
            {
                "school_id": "201",
                "municipality_id": "2",
                "low_procedures": 0,
                "is_low_results": False,
                "is_risk_zone": False,
                "is_difficult_social": True,
            },
        )
        insert(
            connection,
            "marts.fct_indicator_value",
            {
                "school_id": "101",
                "municipality_id": "1",
                "indicator_code": "1.4",
                "status": "scored",
                "value": -0.069,
                "value_now": 0.68,
                "value_before": 0.749,
                "participants": 7,
                "points": 0,
                "max_points": 3,
                "flags": ["small_n"],
            },
            {
                "school_id": "101",
                "municipality_id": "1",
                "indicator_code": "1.11",
                "status": "scored",
                "value": 35.0,
                "numerator": 7,
                "denominator": 20,
                "participants": 20,
                "ci_low": 18.1,
                "ci_high": 56.7,
                "points": 0,
                "max_points": 3,
            },
            {
                "school_id": "101",
                "municipality_id": "1",
                "indicator_code": "1.11",
                "reporting_year": 2021,
                "period": "2021",
                "status": "scored",
                "value": 22.0,
                "points": 1,
                "max_points": 3,
            },
            {
                "school_id": "101",
                "municipality_id": "1",
                "indicator_code": "2.2",
                "status": "no_data",
                "reason": "no_form",
                "max_points": 3,
            },
            {
                "school_id": "101",
                "municipality_id": "1",
                "indicator_code": "4.1",
                "period": "2022-Q1",
                "status": "no_points",
                "value": 1,
            },
            {
                "school_id": "101",
                "municipality_id": "1",
                "indicator_code": "4.1",
                "period": "2022-Q2",
                "status": "no_points",
                "value": 0,
            },
            {
                "school_id": "103",
                "municipality_id": "1",
                "indicator_code": "1.11",
                "status": "no_data",
                "reason": "no_results",
                "max_points": 3,
            },
            {
                "school_id": "102",
                "municipality_id": "1",
                "indicator_code": "2.2",
                "status": "not_applicable",
                "reason": "not_supported",
                "max_points": 3,
            },
        )
        for rank, code, lost in ((1, "1.11", 3), (2, "1.4", 3)):
            insert(
                connection,
                "marts.fct_recommendation",
                {
                    "school_id": "101",
                    "rank": rank,
                    "indicator_code": code,
                    "points_lost": lost,
                    "measure_text": "Разобрать типичные ошибки по математике",
                    "owner": "МКУО КМЦ",
                    "roadmap_item": "4.2",
                    "peer_school_id": "102",
                },
            )
        insert(
            connection,
            "marts.fct_support",
            {"school_id": "101", "municipality_id": "1", "role": "tutor", "organisation": "МКУО КМЦ"},
            {"school_id": "101", "municipality_id": "1", "role": "curator", "organisation": "=1+1"},
            {
                "school_id": "101",
                "municipality_id": "1",
                "role": "mentor_school",
                "organisation": "102",
                "mentor_school_id": "102",
                "valid_to": "2023-05-31",
            },
        )
        for dataset, period, due_on, status in (
            ("form_pupils", "2022-Q1", "2022-11-10", "partly"),
            ("form_staff", "2022", "2023-06-15", "missing"),
            ("form_documents", "2022", "2023-06-15", "received"),
            ("ege_results", "2022", "2022-08-15", "missing"),
        ):
            insert(
                connection,
                "marts.fct_submission",
                {
                    "school_id": "101",
                    "municipality_id": "1",
                    "dataset": dataset,
                    "reporting_year": 2022,
                    "period": period,
                    "due_on": due_on,
                    "status": status,
                },
            )
        insert(
            connection,
            "meta.source_file",
            {
                "file_id": "f1",
                "path": "2022/5/Математика.xlsx",
                "dataset": "vpr_results",
                "received_at": "2022-09-01 10:00:00",
            },
            {
                "file_id": "f2",
                "path": "Формы/Кадры.xlsx",
                "dataset": "form_staff",
                "received_at": "2023-06-01 10:00:00",
            },
        )
        insert(
            connection,
            "marts.fct_lineage",
            {
                "school_id": "101",
                "period": "2022",
                "indicator_code": "1.11",
                "file_id": "f1",
                "sheet": "Протокол",
                "row_from": 4,
                "row_to": 30,
                "rows": 20,
            },
        )
        summarise(connection)
        # as if the first district had schools enough for a median
        connection.execute(
            "update marts.fct_municipality_points set schools = 4, median_pct = 50 where task = 0"
        )
    return path
