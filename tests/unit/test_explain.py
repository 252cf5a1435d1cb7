"""A value is explained down to the rows of the files; wrong questions get a friendly answer."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import pytest

sys.path.insert(0, str(Path(__file__).parent / "reporting"))

from invented import empty_warehouse, insert

from school_quality.errors import UsageError
from school_quality.explain import Explanation, explain


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explained") / "warehouse.duckdb"
    with empty_warehouse(path) as connection:
        insert(
            connection,
            "marts.dim_municipality",
            {"municipality_id": "1", "municipality_name": "Луговой район"},
        )
        insert(
            connection,
            "marts.dim_municipality",
            {"municipality_id": "2", "municipality_name": "Лесной район"},
        )
        for school_id, municipality, number in (("6036", "1", 36), ("6040", "1", 4), ("7040", "2", 4)):
            insert(
                connection,
                "marts.dim_school",
                {
                    "school_id": school_id,
                    "municipality_id": municipality,
                    "school_number": number,
                    "school_name": f"МБОУ СОШ № {number}",
                    "school_type": "secondary",
                },
            )
        insert(
            connection, "marts.dim_period", {"period": "2022", "reporting_year": 2022, "label": "2022 год"}
        )
        for code, name, unit in (("1.4", "Динамика ОГЭ", "разность отношений"), ("1.10", "Доля «2»", "%")):
            insert(
                connection,
                "marts.dim_indicator",
                {
                    "indicator_code": code,
                    "indicator_name": name,
                    "unit": unit,
                    "max_points": 3,
                    "clause": f"Приказ № 1496, раздел 4, показатель {code}",
                    "note": "Замечание.",
                },
            )
        insert(
            connection,
            "marts.dim_indicator",
            {"indicator_code": "2.2", "indicator_name": "Категории", "unit": "%", "max_points": 3},
        )
        insert(
            connection,
            "marts.dim_procedure",
            {"procedure_id": "oge_math_9", "exam": "oge", "grade": 9, "procedure_name": "ОГЭ, математика"},
            {
                "procedure_id": "vpr_russian_5",
                "exam": "vpr",
                "grade": 5,
                "procedure_name": "ВПР, русский, 5 класс",
            },
        )
        for year, mean, district in ((2022, 12.0, 15.0), (2021, 14.0, 16.0)):
            insert(
                connection,
                "marts.fct_procedure_result",
                {
                    "school_id": "6036",
                    "municipality_id": "1",
                    "reporting_year": year,
                    "procedure_id": "oge_math_9",
                    "participants": 20,
                    "mean_score": mean,
                },
                {
                    "school_id": "6036",
                    "municipality_id": "1",
                    "reporting_year": year,
                    "procedure_id": "vpr_russian_5",
                    "participants": 31,
                    "failed": 5,
                    "failed_pct": 16.129,
                },
            )
            insert(
                connection,
                "marts.fct_municipality_procedure",
                {
                    "municipality_id": "1",
                    "reporting_year": year,
                    "procedure_id": "oge_math_9",
                    "mean_score": district,
                },
            )
        insert(
            connection,
            "marts.fct_indicator_value",
            {
                "school_id": "6036",
                "indicator_code": "1.4",
                "status": "scored",
                "value": -0.075,
                "value_now": 0.8,
                "value_before": 0.875,
                "points": 0,
                "max_points": 3,
            },
            {
                "school_id": "6036",
                "indicator_code": "1.10",
                "status": "scored",
                "value": 16.129,
                "numerator": 5,
                "denominator": 31,
                "participants": 31,
                "points": 1,
                "max_points": 3,
            },
            {
                "school_id": "6036",
                "indicator_code": "2.2",
                "status": "scored",
                "value": 50.0,
                "numerator": 10,
                "denominator": 20,
                "points": 2,
                "max_points": 3,
            },
            {
                "school_id": "6040",
                "indicator_code": "1.10",
                "status": "no_data",
                "reason": "no_results",
                "max_points": 3,
            },
            *(
                {
                    "school_id": school_id,
                    "indicator_code": "2.2",
                    "status": "not_applicable",
                    "reason": "not_supported",
                    "max_points": 3,
                }
                for school_id in ("6040", "7040")
            ),
        )
        insert(connection, "marts.fct_school_status", {"school_id": "7040", "is_supported": False})
        insert(
            connection,
            "meta.source_file",
            {
                "file_id": "f1",
                "path": "2022/5/Русский язык.xlsx",
                "dataset": "vpr_results",
                "received_at": "2022-06-10 08:00:00",
            },
            {
                "file_id": "f2",
                "path": "Формы/Кадры.xlsx",
                "dataset": "form_staff",
                "received_at": "2023-06-01 08:00:00",
            },
        )
        insert(
            connection,
            "marts.fct_lineage",
            {
                "school_id": "6036",
                "period": "2022",
                "indicator_code": "1.10",
                "file_id": "f1",
                "sheet": "Протокол",
                "row_from": 4,
                "row_to": 40,
                "rows": 31,
            },
            {
                "school_id": "6036",
                "period": "2022",
                "indicator_code": "2.2",
                "file_id": "f2",
                "sheet": "Лист1",
                "row_from": 2,
                "row_to": 3,
                "rows": 1,
            },
        )
    return path


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """Two batches of a form: the file was read again, and another school stands in the same sheet."""
    for batch, teachers in (("0000000001", 19), ("0000000002", 20)):
        folder = tmp_path / batch / "rows"
        folder.mkdir(parents=True)
        duckdb.sql(
            f"""
            copy (
                select {int(batch)}::bigint as seq, 'f2' as file_id, 'Лист1' as sheet, n as row_number,
                    school_id, 2022 as reporting_year, {teachers} as teachers, 10 as first_category
                from (values (2, '6036'), (3, '6040')) as t(n, school_id)
            ) to '{folder / "form_staff.parquet"}' (format parquet)
            """
        )
    return tmp_path


def about(warehouse: Path, school: str, indicator: str, landing: Path = Path("/nowhere")) -> Explanation:
    return explain(warehouse, landing, school, indicator, 2022)


@pytest.mark.parametrize("school", ["6036", "006036", " 6036 ", "36", "№ 36"])
def test_a_school_is_found_by_code_with_or_without_zeros_or_by_its_number(
    warehouse: Path, school: str
) -> None:
    assert about(warehouse, school, "1.10").school_id == "6036"


def test_the_explanation_names_formula_clause_and_version(warehouse: Path) -> None:
    text = about(warehouse, "36", "1.10").render()

    assert "Показатель 1.10. Доля «2»" in text
    assert "Методика: 1496-2022 (Приказ от 12.09.2022 № 1496)" in text
    assert "Основание: Приказ № 1496, раздел 4, показатель 1.10" in text
    assert "Формула: отметки «2» / участники (кто писал работу)" in text
    assert "Наше чтение: Замечание." in text


def test_the_band_that_decided_is_marked(warehouse: Path) -> None:
    value = about(warehouse, "36", "1.10").values[0]

    assert [text for text, decided in value.bands if decided] == ["6–30\u00a0%: 1\u00a0балл"]
    assert len(value.bands) == 3


def test_a_difference_shows_both_years_beside_the_district(warehouse: Path) -> None:
    text = about(warehouse, "36", "1.4").render().replace("\u00a0", " ")

    assert "2022 год: −0,075 — 0 из 3 баллов" in text
    assert "ОГЭ, математика, 2022: писали 20, средний балл 12 (район 15)" in text
    assert "ОГЭ, математика, 2021: писали 20, средний балл 14 (район 16)" in text
    assert "ВПР" not in text
    assert "→ снижение: 0 баллов" in text


def test_the_rows_of_the_file_stand_behind_the_value(warehouse: Path) -> None:
    text = about(warehouse, "36", "1.10").render().replace("\u00a0", " ")

    assert "2022/5/Русский язык.xlsx, лист «Протокол», строки 4–40, учтено 31 (получен 10.06.2022)" in text


def test_a_form_row_is_shown_with_its_fields_as_last_read_and_no_other_school(
    warehouse: Path, landing: Path
) -> None:
    sources = about(warehouse, "36", "2.2", landing).values[0].sources

    assert [source.contents for source in sources] == [
        ("строка 2. Отчётный год: 2022; Педагогических работников: 20; Первая категория: 10",)
    ]


def test_an_indicator_of_supported_schools_is_unknown_where_support_is(warehouse: Path) -> None:
    assert (
        "нет данных — нужна ли школе адресная поддержка, неизвестно"
        in about(warehouse, "6040", "2.2").render()
    )
    assert (
        "не относится к школе — школа не в числе поддерживаемых" in about(warehouse, "7040", "2.2").render()
    )


def test_missing_data_are_explained_by_their_reason(warehouse: Path) -> None:
    text = about(warehouse, "6040", "1.10").render()

    assert "2022 год: нет данных — нет результатов" in text
    assert "→" not in text
    assert "Строк в принятых файлах за этим значением нет." in text


@pytest.mark.parametrize(
    ("school", "indicator", "year", "period", "message"),
    [
        ("999", "1.10", 2022, None, r"Школы «999» в хранилище нет"),
        ("4", "1.10", 2022, None, r"Школ с номером 4 несколько.*Код ОО 7040.*Код ОО 6040"),
        ("36", "9.9", 2022, None, r"Показателя «9.9» в методике нет. Есть: 1.4, 1.10, 2.2"),
        ("36", "1.10", 2030, None, r"за 2030 год значений нет. Есть годы: 2022"),
        ("36", "1.10", 2022, "2022-Q1", r"нет значения за 2022-Q1. Есть: 2022"),
        ("", "1.10", 2022, None, r"Школы «» в хранилище нет"),
    ],
)
def test_a_wrong_question_is_answered_with_what_there_is(
    warehouse: Path, school: str, indicator: str, year: int, period: str | None, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        explain(warehouse, Path("/nowhere"), school, indicator, year, period)
