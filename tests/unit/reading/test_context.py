"""What names of files and folders say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from school_quality.model import Context
from school_quality.reading.context import of_path, years_in


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Проведение работы по математике, 5 класс. ВПР 2021.xlsx", Context(2021, 5, "math", exam="vpr")),
        (
            "2021/7/Проведение работы по русскому языку, 7 класс (по образцу 7 класса). ВПР 2021.csv",
            Context(2021, 7, "russian", exam="vpr"),
        ),
        ("2022/Русский язык, 6 класс (по программе 5 класса).xlsx", Context(2022, 5, "russian")),
        ("vpr/2022/6/Русскому языку, осень.xlsx", Context(2022, 6, "russian", "autumn")),
        ("vpr/2022/6 класс/осенний этап/Истории.xlsx", Context(2022, 6, "history", "autumn")),
        ("2022/5/Русский язык. Статистика по отметкам.xlsx", Context(2022, 5, "russian")),
        ("2022/Математика (профильный уровень).csv", Context(2022, None, "math_profile")),
        ("2021-2022/Контингент 101 год.csv", Context(2021)),
        ("Контингент 2021-22.csv", Context(2021)),
        ("Формы/2021–2022 учебный год/Кадры.csv", Context(2021)),
        ("Выгрузка 23.09.2022.csv", Context(2022)),
        ("Выгрузка_2022-09-23.csv", Context(2022)),
        ("Выгрузка 20220923.csv", Context(2022)),
        ("Окружающему_миру_4_класс_2022.xlsx", Context(2022, 4, "world")),
        ("2022/5-6 классы/Химия.xlsx", Context(2022, None, "chemistry")),
        ("Математика и русский язык, 5 класс, 2022.xlsx", Context(2022, 5, None)),
        ("2020/5/Сводка.xlsx", Context(2020, 5)),
        ("архив 2021.zip/5 класс/Математика.xlsx", Context(2021, 5, "math")),
        ("формы_1_четверть.zip/Формы/Индекс ИСБШ.csv", Context()),
        ("form_pupils.xlsx", Context()),
        ("ЕГЭ/2022/ВПР/План, 5 класс.xlsx", Context(2022, 5, exam="vpr")),
        ("ЕГЭ/Планы ОГЭ 2022.xlsx", Context(2022, exam="oge")),
        ("ЕГЭ и ОГЭ 2022/План.xlsx", Context(2022)),
        ("2020/2021/5/6/Математика.xlsx", Context(2021, 6, "math")),
        (
            "Математика, 6 класс. ВПР 2019, исправлено 2020.xlsx",
            Context(None, 6, "math", None, (2019, 2020), exam="vpr"),
        ),
        ("2022/Математика 2019 и 2020.xlsx", Context(None, None, "math", None, (2019, 2020))),
        ("ВПР 2021-2022, снято 10.01.2023.xlsx", Context(None, None, None, None, (2021, 2023), "vpr")),
    ],
)
def test_a_path_gives_year_grade_subject_and_sitting(path: str, expected: Context) -> None:
    assert of_path(path) == expected


@given(st.integers(2010, 2099), st.sampled_from(["-", "–", " - ", "/"]), st.booleans())
def test_an_academic_year_is_its_first_year_however_it_is_written(
    year: int, dash: str, is_short: bool
) -> None:
    second = str(year + 1)[-2:] if is_short else str(year + 1)

    assert years_in(f"формы {year}{dash}{second} уч. г.") == {year}


@given(st.integers(2010, 2100), st.integers(1, 12), st.integers(1, 28))
def test_a_date_gives_its_year_in_every_order(year: int, month: int, day: int) -> None:
    assert years_in(f"{day:02}.{month:02}.{year}") == {year}
    assert years_in(f"{year}-{month:02}-{day:02}") == {year}


@given(st.integers(0, 2009) | st.integers(2101, 9999))
def test_other_numbers_are_no_years(number: int) -> None:
    assert years_in(f"приказ {number}") == set()


@given(st.text(max_size=40))
def test_no_name_makes_the_reader_fail(name: str) -> None:
    context = of_path(name.replace("\x00", "") + ".csv")

    assert context.year is None or 2010 <= context.year <= 2100
    assert context.grade is None or 1 <= context.grade <= 11
