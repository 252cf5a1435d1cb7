"""Task cells, masks, journal marks and plans of works, from files to landed rows (contracts 2.2)."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from school_quality.landing import ingest
from school_quality.landing.receipts import Receipt
from school_quality.landing.spool import EMPTY, NOT_ATTEMPTED, NOT_TAUGHT, UNCLEAR, task_cell
from school_quality.settings import Settings

from .conftest import REGISTER

Put = Callable[..., Path]

VPR_2021 = "логин школы;регион;код обучающегося;отметка за предыдущую четверть/триместр;вариант;всего баллов;"
VPR_2022 = "Пользователь;Муниципалитет;Школа;Дата загрузки;Код;Вариант;Итого баллов;"
F1 = "ОО;Муниципалитет;Название ОО;Код участника;Вариант;Первичный балл;Отметка;Отметка по журналу;"
PROTOCOL = (
    "№;Код ОО;Фамилия;Имя;Отчество;Документ;Задания с кратким ответом;Задания с развёрнутым ответом;"
    "Первичный балл;"
)
PLAN = "№ КИМ;№;Умения, виды деятельности;Уровень сложности;Код КЭС;Код КТ;Максимальный балл за задание\n"

UNUSED = "План к ним не применён, задания названы по номерам."


def rows(settings: Settings, dataset: str, columns: str) -> list[tuple[object, ...]]:
    files = str(settings.landing / "[0-9]*" / "rows" / f"{dataset}.parquet")
    return duckdb.sql(f"select {columns} from read_parquet('{files}') order by seq, row_number").fetchall()


def remarks(settings: Settings) -> list[tuple[str, int | None, str]]:
    files = str(settings.rejected / "*.parquet")
    return duckdb.sql(
        f"select rule, row_number, message from read_parquet('{files}') order by all"
    ).fetchall()


def of_plan(settings: Settings, put: Put, text: str, path: str = "Планы/2021/5/Математика.csv") -> Receipt:
    put("Реестр.csv", REGISTER, 9)
    put(path, text)
    return next(r for r in ingest(settings).receipts if r.dataset in ("work_plan", None))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("0", 0),
        ("12", 12),
        ("\u00a02 ", 2),
        ("X", NOT_ATTEMPTED),
        ("x ", NOT_ATTEMPTED),
        ("Х", NOT_ATTEMPTED),
        ("х", NOT_ATTEMPTED),
        ("не пройд.", NOT_TAUGHT),
        ("", EMPTY),
        ("\u00a0", EMPTY),
        ("H", UNCLEAR),
        ("-", UNCLEAR),
        ("1,5", UNCLEAR),
        ("128", UNCLEAR),
        ("99999999999999999999", UNCLEAR),
        ("²", UNCLEAR),
    ],
)
def test_a_task_cell_is_points_or_says_why_it_has_none(text: str, cell: int) -> None:
    assert task_cell(text) == cell


def test_cells_of_2021_land_by_place_and_those_of_the_absent_do_not(settings: Settings, put: Put) -> None:
    put("Реестр.csv", REGISTER, 9)
    text = VPR_2021 + "балл за 1;балл за 2;балл за 3;Учебник\n"
    text += "sch980603;Заречный район;1;4\u00a0;1;3;2;X;1;Книга\n"
    text += "sch980603;Заречный район;2;нет отметки;1;0;не пройд.;H;;\n"
    text += "sch980603;Заречный район;3;3;отсутствовал;;1;1;1;\n"
    put("Русский язык, 5 класс. ВПР 2021.csv", text)

    ingest(settings)

    assert rows(settings, "vpr_results", "tasks, cells, journal_mark") == [
        ("1|2|3", [2, NOT_ATTEMPTED, 1], 4),
        ("1|2|3", [NOT_TAUGHT, UNCLEAR, EMPTY], None),
        ("1|2|3", None, None),
    ]


def test_places_of_2020_are_numbers_of_their_headers(settings: Settings, put: Put) -> None:
    put("Реестр.csv", REGISTER, 9)
    header = "groups;user;id;code;otc;gender;klass;var-1;var-2;sum;a-1-grade;a-2-grade;Учебник;a-4-grade"
    put("2020/5/Математика.csv", header + "\nx;sch980603;1;60001;5;м;а;1;;1;1;X;Книга;\n")

    ingest(settings)

    assert rows(settings, "vpr_results", "tasks, cells") == [("1|2|4", [1, NOT_ATTEMPTED, EMPTY])]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        pytest.param(
            VPR_2022 + "1 (2б);11.3K1 (1б);2(1) (3б)",
            "edu980603;Заречный район;МБОУ;21.03.2022;1;1;3;2;1;X",
            id="export of 2022",
        ),
        pytest.param(
            F1 + "1 (2б);11.3K1 (1б);2(1) (3б)",
            "edu980603;Заречный район;МБОУ;1;1;3;3;4;2;1;X",
            id="Ф1",
        ),
    ],
)
def test_since_2022_headers_name_tasks_and_print_maxima(
    settings: Settings, put: Put, header: str, row: str
) -> None:
    put("Реестр.csv", REGISTER, 9)
    put("2022/5/Русский язык.csv", f"{header}\n{row}\n")

    ingest(settings)

    assert rows(settings, "vpr_results", "tasks, cells") == [("1=2|11.3К1=1|2(1)=3", [2, 1, NOT_ATTEMPTED])]


def test_results_that_an_older_reader_landed_are_read_again_once(
    settings: Settings, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("Реестр.csv", REGISTER, 9)
    text = VPR_2021 + "балл за 1\nsch980603;Заречный район;1;4;1;1;1\n"
    put("Русский язык, 5 класс. ВПР 2021.csv", text)
    monkeypatch.setattr(importlib.import_module("school_quality.landing.ingest"), "READER_VERSION", "4")
    first = ingest(settings)
    monkeypatch.undo()
    monkeypatch.setenv("SCHOOL_QUALITY_PII_KEY", "a key for tests")

    again, third = ingest(settings), ingest(settings)

    old = next(r for r in first.receipts if r.dataset == "vpr_results")
    assert [(r.path, r.order_seq) for r in again.receipts] == [(old.path, old.order_seq)]
    assert third.receipts == ()


@pytest.mark.parametrize(("exam", "score"), [("ege", "Балл"), ("oge", "Оценка")])
def test_masks_of_protocols_land_as_they_are(settings: Settings, put: Put, exam: str, score: str) -> None:
    put("Реестр.csv", REGISTER, 9)
    text = f"01 - Русский язык 2022.06.23\n{PROTOCOL}{score}\n"
    text += "1;006003;Иванов;Иван;;0001 000001;++46--72+;2(3)1(1)0(2);20;5\n"
    text += "2;006003;Петров;Пётр;;0001 000002;#ИМЯ?;;20;5\n"
    put("Протокол.csv", text)

    report = ingest(settings)

    assert [r.outcome for r in report.receipts] == ["accepted", "accepted"]
    assert rows(settings, f"{exam}_results", "short_answers, long_answers") == [
        ("++46--72+", "2(3)1(1)0(2)"),
        ("#ИМЯ?", None),
    ]


def test_a_plan_has_several_rows_a_task_and_its_work_by_the_path(settings: Settings, put: Put) -> None:
    text = PLAN + "1;1;Числа;Б;1.0;1;1\n2;2;Дроби;П;1;1;2\n2;2;Дроби;П;1;2;2.0\n"
    text += "1К1;3;Письмо;;9.14; 5.5;4\n1K1;3;Письмо;;9.15;5.5;4\n1K1;3;Письмо;;9.15;5.5;4\n"

    receipt = of_plan(settings, put, text)

    assert (receipt.rows_accepted, receipt.rows_rejected, receipt.rows_skipped) == (5, 0, 1)
    wanted = "reporting_year, exam, grade, subject, task, skill, level, content_codes, max_points, tasks"
    assert rows(settings, "work_plan", wanted)[1:] == [
        (2021, "vpr", 5, "math", "2", "Дроби", "advanced", "1", 2, "1|2|1К1"),
        (2021, "vpr", 5, "math", "2", "Дроби", "advanced", "1", 2, "1|2|1К1"),
        (2021, "vpr", 5, "math", "1К1", "Письмо", None, "9.14", 4, "1|2|1К1"),
        (2021, "vpr", 5, "math", "1К1", "Письмо", None, "9.15", 4, "1|2|1К1"),
    ]


@pytest.mark.parametrize(
    ("path", "title", "work"),
    [
        ("Планы/2022/ОГЭ/Математика.csv", "", ("oge", 9, "math")),
        ("2022/ЕГЭ/План, математика.csv", "", ("ege", 11, "math_profile")),
        ("План.csv", "План ВПР 2022 История 6 класс\n", ("vpr", 6, "history")),
        ("ОГЭ/План.csv", "ВПР 2022 История 6 класс\n", ("vpr", 6, "history")),
        ("План 2022.csv", "План основного государственного экзамена по физике\n", ("oge", 9, "physics")),
    ],
)
def test_the_exam_of_a_plan_stands_in_a_title_or_in_the_path(
    settings: Settings, put: Put, path: str, title: str, work: tuple[str, int, str]
) -> None:
    of_plan(settings, put, title + PLAN + "1;1;Числа;Б;1;1;1\n", path)

    assert rows(settings, "work_plan", "exam, grade, subject") == [work]


def test_a_plan_may_hold_several_works_by_its_columns(settings: Settings, put: Put) -> None:
    text = "Год;Экзамен;Класс;Предмет;Задание;Что проверяется;Максимум\n"
    text += "2022;ВПР;6;История;1;Даты;1\n2022;;6;История;2;Карта;2\n2022;ОГЭ;;Физика;1;Силы;1\n"

    of_plan(settings, put, text, "Планы.csv")

    assert rows(settings, "work_plan", "exam, grade, subject, task, tasks, max_points") == [
        ("vpr", 6, "history", "1", "1|2", 1),
        ("vpr", 6, "history", "2", "1|2", 2),
        ("oge", 9, "physics", "1", "1", 1),
    ]


def test_rows_of_a_task_that_differ_are_rejected_and_its_place_stays(settings: Settings, put: Put) -> None:
    text = PLAN + "1;1;Числа;Б;1;1;1\n2;2;Дроби;Б;1;1;1\n2;2;Дроби;П;1;2;1\n3;3;Текст;Б;1;1;1\n"
    text += "4;4;Речь;Б;1;1;1\n4;4;Слово;Б;2;1;1\n5;5;Слово;Б;1;1;1\n5;5;слово ;Б;2;1;1\n6;6;А;Б;1;1;1\n"
    text += "6;6;А;Б;2;1;2\n"

    receipt = of_plan(settings, put, text)

    assert (receipt.rows_accepted, receipt.rows_rejected) == (4, 6)
    found = rows(settings, "work_plan", "task, tasks")
    assert found == [(task, "1|2|3|4|5|6") for task in ("1", "3", "5", "5")]
    assert [r for r in remarks(settings) if r[0] == "plan_rows_differ"] == [
        ("plan_rows_differ", 3, "Строки задания 2 расходятся: уровень."),
        ("plan_rows_differ", 4, "Строки задания 2 расходятся: уровень."),
        ("plan_rows_differ", 6, "Строки задания 4 расходятся: умения."),
        ("plan_rows_differ", 7, "Строки задания 4 расходятся: умения."),
        ("plan_rows_differ", 10, "Строки задания 6 расходятся: максимум."),
        ("plan_rows_differ", 11, "Строки задания 6 расходятся: максимум."),
    ]


def test_a_working_copy_to_the_right_is_left_out_with_a_warning(settings: Settings, put: Put) -> None:
    header = PLAN.strip()
    text = f"{header};;{header}\n1;1;Числа;Б;1;1;1;;9;9;Иное;В;7;7;7\n;;;;;;;;8;8;Иное;В;7;7;7\n"

    receipt = of_plan(settings, put, text)

    assert (receipt.rows_read, receipt.rows_accepted, receipt.rows_skipped) == (2, 1, 1)
    assert rows(settings, "work_plan", "task, skill, max_points") == [("1", "Числа", 1)]
    assert [rule for rule, *_ in remarks(settings)] == ["working_copy"]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (";1;Числа;Б;1;1;1", "required_empty"),
        ("2021-01-11;1;Числа;Б;1;1;1", None),
        ("1;1;Числа;С;1;1;1", "not_in_list"),
        ("1;1;Числа;Б;1;1;0", "out_of_range"),
        ("1;1;Числа;Б;1;1;один", "not_a_number"),
        ("1;1;Числа;Б;#REF!;1;1", "formula_error"),
    ],
)
def test_a_row_of_a_plan_is_rejected_for_what_would_have_to_be_guessed(
    settings: Settings, put: Put, row: str, rule: str | None
) -> None:
    of_plan(settings, put, PLAN + row + "\n9;9;Слово;Б;1;1;1\n")

    assert [r for r, *_ in remarks(settings)] == ([rule] if rule else [])


def test_a_plan_without_its_maxima_is_rejected_by_name(settings: Settings, put: Put) -> None:
    receipt = of_plan(settings, put, "№ по КИМу;Умения;Уровень сложности;Код КЭС\n1;Числа;Б;1\n")

    assert receipt.outcome == "rejected"
    assert [r for r, *_ in remarks(settings)] == ["missing_column"]


def test_a_plan_with_other_tasks_than_the_work_has_places_is_told(settings: Settings, put: Put) -> None:
    header = VPR_2021 + "балл за 1;балл за 2;балл за 3\n"
    put("Математика, 5 класс. ВПР 2021.csv", header + "sch980603;Заречный район;1;4;1;2;2;X;\n")
    plan = PLAN + "1;1;Числа;Б;1;1;1\n2;2;Дроби;Б;1;1;2\n"

    of_plan(settings, put, plan)
    fitting = [r for r, *_ in remarks(settings)]
    put("Планы/2021/5/Математика.csv", plan + "3;3;Текст;Б;1;1;1\n")
    ingest(settings)

    assert fitting == []
    assert remarks(settings) == [
        (
            "plan_without_places",
            None,
            f"В плане заданий: 3, а в результатах этой работы: 2. {UNUSED}",
        )
    ]


def test_masks_count_places_too(settings: Settings, put: Put) -> None:
    text = f"01 - Русский язык 2022.06.23\n{PROTOCOL}Оценка\n"
    put("Протокол.csv", text + "1;006003;Иванов;Иван;;0001 000001;++-;2(3)1(1);20;5\n")

    of_plan(settings, put, PLAN + "1;1;Числа;Б;1;1;1\n", "Планы/2022/ОГЭ/Русский язык.csv")

    assert [m for r, _, m in remarks(settings) if r == "plan_without_places"] == [
        f"В плане заданий: 1, а в результатах этой работы: 5. {UNUSED}"
    ]
