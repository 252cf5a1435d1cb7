"""An invented municipality with something for every part of its papers, one without ШНОР, one empty."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from invented import FORMULA_NAME, SCRIPT_NAME, empty_warehouse, insert, summarise

TEMPLATE_NAME = "МБОУ СОШ № 3 {{ 7 * 7 }} {% raw %} \x0b" + "с очень длинным названием " * 12

SCHOOLS = (
    ("101", "1", 1, SCRIPT_NAME),
    ("102", "1", 2, FORMULA_NAME),
    ("103", "1", 3, TEMPLATE_NAME),
    ("104", "1", 4, "МБОУ СОШ № 4"),
    ("201", "2", 1, "МБОУ СОШ № 21"),
    ("202", "2", 2, "МБОУ СОШ № 22"),
    ("301", "3", 1, "МБОУ СОШ № 31"),
)


def build(path: Path) -> None:
    """101 came into ШНОР and is supported, 102 is in the risk zone, 103 left, 104 is resilient."""
    with empty_warehouse(path) as connection:
        for table, row in _rows():
            insert(connection, table, row)
        summarise(connection)


def _rows() -> Iterator[tuple[str, dict[str, Any]]]:
    for id_, name in (("1", "Луговой район <b>"), ("2", "Лесной район"), ("3", "Степной район")):
        yield "marts.dim_municipality", {"municipality_id": id_, "municipality_name": name}
    for id_, municipality, number, name in SCHOOLS:
        yield (
            "marts.dim_school",
            {
                "school_id": id_,
                "municipality_id": municipality,
                "school_number": number,
                "school_name": name,
                "legal_kind": "МБОУ",
                "school_type": "secondary",
            },
        )
    for task, position, district, is_deficit, shared in (
        ("7", 7, 40.0, True, {"101"}),
        ("8", 8, 55.0, False, {"101", "102"}),
        ("9", 9, 60.0, False, {"101"}),
    ):
        work = {"procedure_id": "vpr_math_5", "reporting_year": 2022, "task": task}
        skill = "Решать <i>задачи</i>" if task == "7" else None
        yield "marts.dim_task", {**work, "position": position, "max_points": 1, "skill": skill}
        yield (
            "marts.fct_municipality_task",
            {**work, "municipality_id": "1", "achieved_pct": district, "is_deficit": is_deficit},
        )
        for school_id, gap in (("101", -30.0), ("102", -12.0), ("104", 10.0)):
            yield (
                "marts.fct_task_result",
                {
                    **work,
                    "school_id": school_id,
                    "municipality_id": "1",
                    "gap_pp": gap,
                    "is_deficit": school_id in shared,
                },
            )
    for period, label in (
        ("2022", "2022-2023 учебный год"),
        ("2022-Q1", "1 четверть 2022-2023 учебного года"),
    ):
        yield "marts.dim_period", {"period": period, "reporting_year": 2022, "label": label}
    for code, component, task, name, unit, points, owner in (
        ("1.3", "", 1, "Динамика ОГЭ: русский язык", "разность отношений", 3, "МКУО ЦОКО"),
        ("1.4", "", 1, "Динамика ОГЭ: математика", "разность отношений", 3, "МКУО ЦОКО"),
        ("1.11", "", 1, "Доля «2» на ВПР: математика, 5 класс", "%", 3, "МКУО ЦОКО"),
        ("2.1", "", 2, "Педагоги, прошедшие курсы", "%", 3, "МКУО КМЦ"),
        ("3.1", "failing", 3, "Доля обучающихся: неуспевающие", "%", None, "МКУО ЦОКО"),
        ("4.1", "", 4, "Сетевое взаимодействие", "да/нет", None, "МКУО ЦОКО"),
    ):
        yield (
            "marts.dim_indicator",
            {
                "indicator_code": code,
                "component": component,
                "task": task,
                "indicator_name": name,
                "unit": unit,
                "max_points": points,
                "owner": owner,
            },
        )
    yield (
        "marts.dim_procedure",
        {
            "procedure_id": "vpr_math_5",
            "subject": "math",
            "exam": "vpr",
            "grade": 5,
            "procedure_name": "ВПР, математика, 5 класс",
            "is_identifying": True,
        },
    )
    yield (
        "marts.dim_procedure",
        {
            "procedure_id": "oge_math_9",
            "exam": "oge",
            "grade": 9,
            "procedure_name": "ОГЭ, математика",
            "is_identifying": True,
        },
    )
    yield from _statuses()
    yield from _values()
    yield from _actions()


def _statuses() -> Iterator[tuple[str, dict[str, Any]]]:
    low = {"low_procedures": 2, "low_procedure_ids": ["oge_math_9", "vpr_math_5"]}
    known = {"is_index_computed": True, "is_low_results": False, "is_risk_zone": False, "low_procedures": 0}
    known |= {"identifying_procedures": 2, "is_supported": False, "is_difficult_social": False}
    known |= {"is_effective_mode": False, "official_low_results": False, "official_risk_zone": False}
    for row in (
        known
        | low
        | {
            "school_id": "101",
            "is_low_results": True,
            "official_low_results": True,
            "is_supported": True,
            "social_index": 40,
            "results_index": -0.8,
            "school_group": "struggling",
            "change_from_previous_year": "entered",
            "points": 3,
            "max_points": 9,
            "score_pct": 33.333,
            "coverage_pct": 100.0,
            "cluster": "слабые результаты, падают",
        },
        known
        | {
            "school_id": "102",
            "is_risk_zone": True,
            "official_risk_zone": False,
            "is_supported": True,
            "social_index": 60,
            "results_index": -0.2,
            "school_group": "underperforming",
            "change_from_previous_year": "none",
        },
        known
        | {
            "school_id": "103",
            "social_index": 70,
            "results_index": 0.3,
            "school_group": "thriving",
            "change_from_previous_year": "left",
            "is_effective_mode": True,
        },
        known
        | {
            "school_id": "104",
            "social_index": 45,
            "results_index": 0.1,
            "school_group": "resilient",
            "is_difficult_social": True,
            "change_from_previous_year": "none",
        },
    ):
        yield "marts.fct_school_status", {"municipality_id": "1"} | row
    for id_, group, index, is_low in (
        ("101", "underperforming", -0.5, False),
        ("102", "underperforming", -0.1, False),
        ("103", "struggling", -0.6, True),
        ("104", "resilient", 0.2, False),
    ):
        yield (
            "marts.fct_school_status",
            {
                "school_id": id_,
                "municipality_id": "1",
                "reporting_year": 2021,
                "is_low_results": is_low,
                "is_risk_zone": id_ == "101",
                "results_index": index,
                "is_index_computed": True,
                "school_group": group,
            },
        )
    for id_ in ("201", "202"):
        yield "marts.fct_school_status", known | {"school_id": id_, "municipality_id": "2"}
    yield "marts.fct_school_status", {"school_id": "301", "municipality_id": "3", "is_supported": None}


def _values() -> Iterator[tuple[str, dict[str, Any]]]:
    failed = {"school_id": "101", "municipality_id": "1", "is_low_result": True}
    yield (
        "marts.fct_procedure_result",
        failed | {"procedure_id": "vpr_math_5", "participants": 8, "failed": 3, "failed_pct": 37.5},
    )
    yield "marts.fct_procedure_result", failed | {"procedure_id": "oge_math_9", "failed_pct": 32.0}
    scored = {"municipality_id": "1", "status": "scored", "max_points": 3}
    for id_, code, year, value, points in (
        ("101", "1.11", 2022, 37.5, 0),
        ("101", "1.11", 2021, 20.0, 1),
        ("102", "1.11", 2022, 4.0, 3),
        ("102", "1.3", 2022, -0.25, 0),
        ("102", "1.3", 2021, -0.125, 0),
        ("102", "1.4", 2022, -0.5, 0),
        ("102", "1.4", 2021, 0.5, 3),
        ("101", "2.1", 2022, 80.0, 0),
    ):
        yield (
            "marts.fct_indicator_value",
            scored
            | {
                "school_id": id_,
                "indicator_code": code,
                "reporting_year": year,
                "period": str(year),
                "value": value,
                "points": points,
            },
        )
    yield (
        "marts.fct_lasting_fall",
        {
            "school_id": "102",
            "municipality_id": "1",
            "reporting_year": 2022,
            "indicator_code": "1.3",
            "value": -0.25,
            "value_before": -0.125,
        },
    )
    yield (
        "marts.fct_indicator_value",
        scored | {"school_id": "102", "indicator_code": "2.1", "status": "no_data", "reason": "no_form"},
    )
    for id_, failing, pupils in (("101", 6, 20), ("104", 4, 30)):
        yield (
            "marts.fct_indicator_value",
            {
                "school_id": id_,
                "municipality_id": "1",
                "indicator_code": "3.1",
                "component": "failing",
                "period": "2022-Q1",
                "status": "no_points",
                "value": 100 * failing / pupils,
                "numerator": failing,
                "denominator": pupils,
            },
        )
    yield (
        "marts.fct_indicator_value",
        {
            "school_id": "101",
            "municipality_id": "1",
            "indicator_code": "4.1",
            "period": "2022-Q1",
            "status": "no_points",
            "value": 1,
        },
    )
    yield (
        "marts.fct_municipality_indicator",
        {
            "municipality_id": "1",
            "reporting_year": 2022,
            "period": "2022-Q1",
            "indicator_code": "4.1",
            "value": 1,
            "denominator": 2,
            "reported": 1,
            "school_ids": ["101"],
        },
    )
    yield (
        "marts.fct_effectiveness",
        {
            "municipality_id": "1",
            "reporting_year": 2022,
            "outcome": "results_index",
            "supported_schools": 6,
            "comparison_schools": 5,
            "before_supported": -0.9,
            "before_comparison": -0.2,
            "change_supported": 0.4,
            "change_comparison": 0.1,
            "difference": 0.3,
            "ci_low": 0.1,
            "ci_high": 0.5,
        },
    )
    yield (
        "marts.fct_similar_school",
        {
            "school_id": "101",
            "municipality_id": "1",
            "reporting_year": 2022,
            "outcome": "results_index",
            "value_before": -0.5,
            "value_now": -0.8,
            "similar_school_id": "104",
            "similar_before": 0.2,
            "similar_now": 0.1,
        },
    )


def _actions() -> Iterator[tuple[str, dict[str, Any]]]:
    for rank, code in ((1, "1.11"), (2, "1.4")):
        yield (
            "marts.fct_recommendation",
            {
                "school_id": "101",
                "rank": rank,
                "indicator_code": code,
                "points_lost": 3,
                "measure_text": "Разобрать типичные ошибки ВПР",
                "owner": "МКУО КМЦ",
                "roadmap_item": "4.2",
                "peer_school_id": "104",
            },
        )
    yield (
        "marts.fct_support",
        {"school_id": "101", "municipality_id": "1", "role": "curator", "organisation": "МКУО ЦОКО"},
    )
    for year in (2021, 2022):
        yield (
            "marts.fct_measure",
            {
                "school_id": "101",
                "municipality_id": "1",
                "reporting_year": year,
                "indicator_codes": ["1.11"],
                "measure": f"Занятия {year} года <i>",
                "decision": "Приказ № 5",
                "starts_on": date(year, 10, 1),
                "ends_on": date(year + 1, 5, 1),
                "status": "in_progress",
                "points_change": -1 if year == 2021 else None,
                "compared_indicators": 1 if year == 2021 else 0,
            },
        )
    yield (
        "marts.fct_practice",
        {
            "school_id": "104",
            "municipality_id": "1",
            "reporting_year": 2022,
            "indicator_codes": ["1.11", "1.13"],
            "practice": "Устный счёт",
            "link": "https://example.org/4",
        },
    )
    for item, period, due_on, status, is_late, owners in (
        ("4.1", "2022", date(2023, 5, 31), "not_reported", True, ["МКУО КМЦ", "МКУО ЦОКО"]),
        ("4.2", "2022", date(2023, 5, 31), "done", False, ["МКУО КМЦ"]),
        ("4.6", "2022", None, "in_progress", False, ["МКУО ЦОКО"]),
        ("4.8", "2022-Q1", date(2022, 10, 31), "not_done", True, ["МКУО ЦОКО"]),
    ):
        yield (
            "marts.fct_roadmap_execution",
            {
                "item": item,
                "period": period,
                "municipality_id": "1",
                "due_on": due_on,
                "status": status,
                "is_overdue": is_late,
                "owners": owners,
            },
        )
    for id_, dataset, period, status in (
        ("102", "form_staff", "2022", "missing"),
        ("103", "form_pupils", "2022-Q1", "missing"),
        ("104", "form_pupils", "2022-Q1", "late"),
    ):
        yield (
            "marts.fct_submission",
            {
                "school_id": id_,
                "municipality_id": "1",
                "dataset": dataset,
                "reporting_year": 2022,
                "period": period,
                "due_on": date(2023, 6, 15),
                "status": status,
            },
        )
