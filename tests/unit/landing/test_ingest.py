"""Receipts as a sender and the centre meet them: what is landed, what is not, and in which order."""

from __future__ import annotations

import errno
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import xlsxwriter

from school_quality.errors import UsageError
from school_quality.landing import IngestReport, ingest, integrity, last_look, overlay, withdraw
from school_quality.landing.receipts import Receipt, effective, read_receipts
from school_quality.model import FileReading
from school_quality.reading import Source, read_files
from school_quality.screen import table
from school_quality.settings import Settings
from school_quality.warehouse import status

from .conftest import REGISTER, landed

INDEX = "Код ОО;Отчётный год;ИСБШ\n006003;2022;50,0\n006007;2022;40,0\n"
YEARLESS = "Код ОО;ИСБШ\n006003;50,0\n"

Put = Callable[..., Path]


def land(settings: Settings, **options: object) -> IngestReport:
    """Ingest in one reading process."""
    return ingest(settings, processes=1, **options)  # type: ignore[arg-type]


def in_force(settings: Settings) -> list[Receipt]:
    return list(effective(read_receipts(settings)).values())


@pytest.fixture
def registered(settings: Settings, put: Put) -> Settings:
    """A data root whose register has landed."""
    put("Реестр.csv", REGISTER, age=1000)
    assert land(settings).rows == {"read": 4, "accepted": 4, "rejected": 0, "skipped": 0}
    return settings


def test_the_same_content_in_the_same_context_changes_nothing(registered: Settings, put: Put) -> None:
    put("ИСБШ.csv", INDEX)
    first = land(registered)
    put("Копия/ещё раз.csv", INDEX)

    second = land(registered)

    assert first.seq_after == 2
    assert second.receipts == ()
    assert second.seq_after == 2
    assert second.unchanged == 3
    assert len(list(registered.landing.glob("[0-9]*"))) == 2


def test_a_file_moved_to_the_right_folder_is_landed_there_and_withdrawn_where_it_was(
    registered: Settings, put: Put
) -> None:
    wrong = put("2021/ИСБШ.csv", YEARLESS)
    land(registered)
    right = registered.inbox / "2022" / "ИСБШ.csv"
    right.parent.mkdir()
    wrong.rename(right)

    report = land(registered)

    assert [r.action for r in report.receipts] == ["withdraw", "land"]
    assert report.moved[0].path == "2021/ИСБШ.csv"
    assert "перенесён" in "\n".join(report.lines())
    assert [json.loads(r.context) for r in in_force(registered) if r.dataset == "social_index"] == [
        {"year": 2022}
    ]


def test_a_copy_of_a_file_that_says_everything_itself_changes_nothing_in_any_folder(
    registered: Settings, put: Put
) -> None:
    put("ИСБШ.csv", INDEX)
    first = land(registered)
    put("2021/ИСБШ.csv", INDEX)
    put("2019/5 класс/осень/ИСБШ.csv", INDEX)

    second = land(registered)

    assert [r.context for r in first.landed] == ["{}"]
    assert (second.receipts, second.unchanged) == ((), 4)


def test_copies_that_arrive_together_in_folders_that_do_not_matter_land_once(
    registered: Settings, put: Put
) -> None:
    put("2021/ИСБШ.csv", INDEX)
    put("2022/ИСБШ.csv", INDEX)

    report = land(registered)

    assert [r.path for r in report.landed] == ["2021/ИСБШ.csv"]
    assert land(registered).receipts == ()


def test_a_vpr_export_moved_to_another_year_is_withdrawn_where_it_was(registered: Settings, put: Put) -> None:
    table = "логин школы;код обучающегося;вариант;всего баллов;балл за 1\nsch980603;50001;1;5;5\n"
    wrong = put("2020/5 класс/математика.csv", table)
    land(registered)
    right = registered.inbox / "2021" / "5 класс" / "математика.csv"
    right.parent.mkdir(parents=True)
    wrong.rename(right)

    report = land(registered)

    assert [(r.action, json.loads(r.context)["year"]) for r in report.receipts] == [
        ("withdraw", 2020),
        ("land", 2021),
    ]


def test_a_file_rejected_for_want_of_a_year_lands_from_a_folder_that_has_one(
    registered: Settings, put: Put
) -> None:
    file = put("ИСБШ.csv", YEARLESS)
    rejected = land(registered)
    folder = registered.inbox / "2022"
    folder.mkdir()
    file.rename(folder / file.name)

    landed_now = land(registered)

    assert [r.outcome for r in rejected.landed] == ["rejected"]
    assert [(r.action, r.outcome) for r in landed_now.receipts] == [
        ("withdraw", "withdrawn"),
        ("land", "accepted"),
    ]


def test_a_file_copied_to_another_folder_is_in_force_in_both(registered: Settings, put: Put) -> None:
    put("2021/ИСБШ.csv", YEARLESS)
    land(registered)
    put("2022/ИСБШ.csv", YEARLESS)

    land(registered)

    years = [json.loads(r.context)["year"] for r in in_force(registered) if r.dataset == "social_index"]
    assert sorted(years) == [2021, 2022]


def test_a_file_moved_there_and_back_is_landed_again(registered: Settings, put: Put) -> None:
    here = put("2021/ИСБШ.csv", YEARLESS)
    there = registered.inbox / "2022" / "ИСБШ.csv"
    there.parent.mkdir()
    land(registered)
    here.rename(there)
    land(registered)
    there.rename(here)

    report = land(registered)

    assert [r.action for r in report.receipts] == ["withdraw", "land"]
    assert [json.loads(r.context) for r in in_force(registered) if r.dataset == "social_index"] == [
        {"year": 2021}
    ]


def test_a_withdrawn_file_stays_out_until_it_is_named(registered: Settings, put: Put) -> None:
    file = put("ИСБШ.csv", INDEX)
    file_id = land(registered).landed[0].file_id

    (receipt,) = withdraw(registered, file_id[:12])
    left_alone = land(registered)
    named = land(registered, files=[file])

    assert (receipt.action, receipt.outcome, receipt.path) == ("withdraw", "withdrawn", "ИСБШ.csv")
    assert left_alone.receipts == ()
    assert left_alone.kept_withdrawn == ("ИСБШ.csv",)
    assert [r.action for r in named.receipts] == ["land"]
    assert named.landed[0].order_seq == named.landed[0].seq


def test_withdrawing_what_is_not_in_force_says_so(registered: Settings) -> None:
    with pytest.raises(UsageError, match="среди принятых нет"):
        withdraw(registered, "0" * 64)
    with pytest.raises(UsageError, match="слишком короткий"):
        withdraw(registered, "0")


def test_withdrawing_twice_says_that_it_was_done_and_the_report_says_how_to_undo_it(
    registered: Settings, put: Put
) -> None:
    put("ИСБШ.csv", INDEX)
    file_id = land(registered).landed[0].file_id
    withdraw(registered, file_id)

    with pytest.raises(UsageError, match=r"Файл ИСБШ\.csv уже отозван"):
        withdraw(registered, file_id[:12])

    assert "вернуть: school-quality ingest ФАЙЛ" in "\n".join(land(registered).lines())


def test_files_that_arrive_together_get_receipts_by_modification_time_then_path(
    registered: Settings, put: Put
) -> None:
    put("а.csv", INDEX.replace("50,0", "1"), age=10)
    put("я.csv", INDEX.replace("50,0", "2"), age=20)
    put("б.csv", INDEX.replace("50,0", "3"), age=10)

    report = land(registered)

    assert [r.path for r in report.landed] == ["я.csv", "а.csv", "б.csv"]


def test_files_rejected_for_want_of_a_register_are_read_again_when_it_comes(
    settings: Settings, put: Put
) -> None:
    put("ИСБШ.csv", INDEX, age=100)
    first = land(settings)
    put("поправка.csv", INDEX.replace("50,0", "60"), age=50)
    land(settings)
    put("Реестр.csv", REGISTER)

    third = land(settings)

    assert first.landed[0].outcome == "rejected"
    assert [(r.path, r.outcome) for r in third.landed] == [
        ("ИСБШ.csv", "accepted"),
        ("поправка.csv", "accepted"),
        ("Реестр.csv", "accepted"),
    ]
    assert [r.order_seq for r in third.landed] == [1, 2, 5]
    assert third.reread == {3, 4}
    assert land(settings).receipts == ()


def test_files_without_rejections_are_not_read_again(registered: Settings, put: Put) -> None:
    put("ИСБШ.csv", INDEX)
    land(registered)
    put("Реестр 2.csv", REGISTER.replace("СОШ № 3;", "СОШ № 3 имени героя;"))

    report = land(registered)

    assert [r.path for r in report.landed] == ["Реестр 2.csv"]


def test_rows_skipped_because_the_register_lacks_their_municipality_come_back_with_it(
    registered: Settings, put: Put
) -> None:
    marks = (
        "Год;Класс;Предмет;Муниципалитет;Логин;ОО;Кол-во участников;2;3;4;5\n"
        "2022;5;Математика;Заречный район;sch980603;СОШ № 3;10;10;30;40;20\n"
        "2022;5;Математика;Новый район;sch980803;СОШ № 1;10;10;30;40;20\n"
    )
    put("Статистика.csv", marks)
    first = land(registered)
    header = REGISTER.split("\n")[0]
    put("Новый.csv", f"{header}\n008003;sch980803;1;СОШ № 1;МБОУ;СОШ;008;Новый район;село;90;01.09.2012;\n")

    second = land(registered)

    assert (first.landed[0].rows_accepted, first.landed[0].rows_skipped) == (1, 1)
    again = next(r for r in second.landed if r.path == "Статистика.csv")
    assert (again.rows_accepted, again.rows_skipped) == (2, 0)


VPR = "логин школы;код обучающегося;вариант;всего баллов;балл за 1"
SCALE = "Год;Экзамен;Класс;Предмет;Максимум;2 до;3 до;4 до\n{};ВПР;5;Математика;{};3;6;8\n"


def totals(school: str, *found: tuple[int, int]) -> str:
    """An export of a school: so many pupils with such a total."""
    rows = [total for count, total in found for _ in range(count)]
    return "\n".join([VPR, *(f"sch{school};{n};1;{total};1" for n, total in enumerate(rows, 1))])


def counts(settings: Settings) -> dict[str, tuple[int, int]]:
    """Rows accepted and rejected of each ВПР file in force."""
    return {
        r.path.split("/")[-1]: (r.rows_accepted, r.rows_rejected)
        for r in in_force(settings)
        if r.dataset == "vpr_results"
    }


def test_rows_above_a_borrowed_scale_are_judged_again_when_more_rows_say_that_it_does_not_fit(
    registered: Settings, put: Put
) -> None:
    put("шкалы.csv", SCALE.format(2021, 10))
    put("2022/5 класс/математика а.csv", totals("980603", (99, 5), (1, 12)))
    land(registered)
    fits = counts(registered)
    more = put("2022/5 класс/математика б.csv", totals("980607", (99, 5), (2, 12)))
    land(registered)
    does_not = counts(registered)
    withdraw(registered, next(r.file_id for r in in_force(registered) if r.path.endswith("б.csv")))
    more.unlink()
    report = land(registered)

    assert fits == {"математика а.csv": (99, 1)}
    assert does_not == {"математика а.csv": (100, 0), "математика б.csv": (101, 0)}
    assert counts(registered) == fits
    assert [r.path for r in report.landed] == ["2022/5 класс/математика а.csv"]
    assert land(registered).receipts == ()


def test_accepted_rows_above_a_scale_are_judged_again_when_more_rows_say_that_it_fits(
    registered: Settings, put: Put
) -> None:
    put("шкалы.csv", SCALE.format(2021, 10))
    put("2022/5 класс/математика а.csv", totals("980603", (30, 5), (1, 12)))
    land(registered)
    does_not = counts(registered)
    put("2022/5 класс/математика б.csv", totals("980607", (100, 5)))

    land(registered)

    assert does_not == {"математика а.csv": (31, 0)}
    assert counts(registered) == {"математика а.csv": (30, 1), "математика б.csv": (100, 0)}
    assert land(registered).receipts == ()


def test_a_correction_counts_once_when_it_is_asked_whether_a_scale_fits(
    registered: Settings, put: Put
) -> None:
    put("шкалы.csv", SCALE.format(2021, 10))
    put("2022/5 класс/математика.csv", totals("980603", (97, 5), (3, 12)), age=10)
    land(registered)
    does_not = counts(registered)
    put("2022/5 класс/математика исправлено.csv", totals("980603", (99, 5), (1, 12)))

    land(registered)

    assert does_not == {"математика.csv": (100, 0)}
    assert counts(registered) == {"математика.csv": (97, 3), "математика исправлено.csv": (99, 1)}


def test_rows_of_other_works_do_not_make_a_file_worth_another_look(registered: Settings, put: Put) -> None:
    put("шкалы.csv", SCALE.format(2021, 10))
    put("2022/5 класс/математика.csv", totals("980603", (99, 5), (1, 12)))
    land(registered)
    put("2022/6 класс/математика.csv", totals("980603", (10, 5)))

    report = land(registered)

    assert [r.path for r in report.landed] == ["2022/6 класс/математика.csv"]


def test_rows_that_a_later_scale_does_not_allow_are_judged_again(registered: Settings, put: Put) -> None:
    put("2022/5 класс/математика.csv", totals("980603", (9, 5), (1, 12)))
    put("2022/6 класс/математика.csv", totals("980603", (9, 5), (1, 12)))
    land(registered)
    before = counts(registered)
    put("шкалы.csv", SCALE.format(2022, 10))

    report = land(registered)

    assert set(before.values()) == {(10, 0)}
    assert {r.path: r.rows_rejected for r in report.landed} == {
        "2022/5 класс/математика.csv": 1,
        "шкалы.csv": 0,
    }


def test_what_lies_on_the_second_sheet_of_a_workbook_is_in_force_too(registered: Settings, put: Put) -> None:
    table = [line.split(";") for line in SCALE.format(2022, 10).splitlines()]
    with xlsxwriter.Workbook(registered.inbox / "справочники.xlsx") as book:
        for title, rows in (
            ("Пороги", [["Год", "Экзамен", "Предмет", "Минимальный балл"]]),
            ("Шкалы", table),
        ):
            sheet = book.add_worksheet(title)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
        book.worksheets()[0].write_row(1, 0, ["2022", "ЕГЭ", "Русский язык", "24"])
    report = land(registered)
    put("2022/5 класс/математика.csv", totals("980603", (9, 5), (1, 12)))

    land(registered)

    assert [(r.dataset, r.rows_accepted) for r in report.landed] == [("thresholds", 2)]
    assert counts(registered) == {"математика.csv": (9, 1)}


def test_a_receipt_whose_file_asks_its_path_for_more_on_a_second_reading_is_replaced(
    registered: Settings, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(
        "2022/ИСБШ.csv", f"{INDEX}999999;2022;30,0\n" + "".join(f"006003;{y};30\n" for y in range(2011, 2019))
    )
    first = land(registered)
    module = importlib.import_module("school_quality.landing.ingest")

    def asks_for_the_year(sources: Sequence[Source], processes: int) -> Iterator[FileReading]:
        for reading in read_files(sources, processes):
            reading.consulted = ("year",)
            yield reading

    # the next version of the reader takes the year from the path
    monkeypatch.setattr(module, "READER_VERSION", "the next one")
    monkeypatch.setattr(module, "read_files", asks_for_the_year)
    second = land(registered)

    assert [(r.outcome, json.loads(r.context)) for r in first.landed] == [("partly", {})]
    assert [(r.action, json.loads(r.context)) for r in second.receipts] == [
        ("withdraw", {}),
        ("land", {"year": 2022}),
    ]
    assert [r.key for r in in_force(registered) if r.dataset == "social_index"] == [second.landed[0].key]
    assert land(registered).receipts == ()


def test_appeals_are_read_again_when_their_results_come(registered: Settings, put: Put) -> None:
    appeal = (
        "№;Код ОО;Класс;Фамилия;Имя;Отчество;Документ;Тип апелляции / перепроверки;Состояние;Экзамен;"
        "Балл до изменения;Текущие;;Разница\n;;;;;;;;;;;Первичный балл;Балл;\n"
        "1;006003;11;Лугова;Анна;Львовна;0011 183347;О несогласии;Апелляция удовлетворена;"
        "Русский язык(2022.05.30);23;15;25;2\n"
    )
    protocol = (
        "01 - Русский язык 2022.05.30;;;;;;;;\n"
        "№;Код ОО;Класс;Фамилия;Имя;Отчество;Документ;Первичный балл;Балл\n"
        "1;006003;11;Лугова;Анна;Львовна;0011 183347;13;23\n"
    )
    put("Апелляции.csv", appeal)
    first = land(registered)
    put("Протокол.csv", protocol)

    second = land(registered)

    assert first.landed[0].outcome == "rejected"
    assert {r.path: r.outcome for r in second.landed} == {
        "Апелляции.csv": "accepted",
        "Протокол.csv": "accepted",
    }
    assert land(registered).receipts == ()


APPEAL = (
    "№;Код ОО;Класс;Фамилия;Имя;Отчество;Документ;Тип апелляции / перепроверки;Состояние;Экзамен;"
    "Балл до изменения;Текущие;;Разница\n;;;;;;;;;;;Первичный балл;Балл;\n"
    "1;{school};9;Лугова;Анна;Львовна;0011 183347;О несогласии;Апелляция удовлетворена;"
    "{exam}(2022.05.23);2;8;3;1\n"
)
OGE_HEADER = (
    "№;Код ОО;Муниципалитет;Класс;Фамилия;Имя;Отчество;Документ;Первичный балл;Оценка;Категория участника\n"
)
LUGOVA = "9;Лугова;Анна;Львовна;0011 183347;7;2"


@pytest.mark.parametrize(
    ("title", "row", "exam"),
    [
        pytest.param(
            "02 - Математика 2022.05.23", f"1;006003;;{LUGOVA};ГВЭ", "02 - Математика", id="category"
        ),
        pytest.param(
            "52 - Математика (ГВЭ) 2022.05.23", f"1;006003;;{LUGOVA};", "52 - Математика ГВЭ", id="title"
        ),
        pytest.param(
            "02 - Математика 2022.05.23", f"1;999111;СПО региона;{LUGOVA};", "02 - Математика", id="a college"
        ),
    ],
)
def test_an_appeal_whose_result_was_skipped_is_skipped_in_whatever_batch_it_comes(
    registered: Settings, put: Put, title: str, row: str, exam: str
) -> None:
    appeal = APPEAL.format(school=row.split(";")[1], exam=exam)
    put("рано.csv", appeal)
    before = land(registered)
    put("Протокол.csv", f"{title};;;;;;;;;;\n{OGE_HEADER}{row}\n")
    with_protocol = {r.path: r for r in land(registered).landed}
    put("поздно.csv", f"\n{appeal}")

    (late,) = land(registered).landed

    assert [r.outcome for r in before.landed] == ["rejected"]
    assert (with_protocol["Протокол.csv"].outcome, with_protocol["Протокол.csv"].rows_skipped) == (
        "accepted",
        1,
    )
    for receipt in (with_protocol["рано.csv"], late):
        assert (receipt.outcome, receipt.rows_rejected, receipt.rows_skipped) == ("accepted", 0, 1)


def test_rows_of_a_pseudo_unit_of_the_register_that_name_no_municipality_are_skipped(
    registered: Settings, put: Put
) -> None:
    index = "Код ОО;Отчётный год;ИСБШ\n006003;2022;50\n009001;2022;40\n"
    put("рано.csv", index)
    before = land(registered)
    college = "009001;sch990001;;Колледж;ГБПОУ;Колледж;009;СПО региона;город;400;01.09.2012;\n"
    put("колледжи.csv", REGISTER.split("\n")[0] + "\n" + college)
    after = {r.path: r for r in land(registered).landed}
    put("поздно.csv", index.replace("50", "51"))
    put(
        "в районе.csv",
        "Год;Класс;Предмет;Муниципалитет;Логин;ОО;Кол-во участников;2;3;4;5\n"
        "2022;5;Математика;Заречный район;sch990001;Колледж;10;10;30;40;20\n",
    )

    later = {r.path: r for r in land(registered).landed}

    assert [(r.rows_accepted, r.rows_rejected) for r in before.landed] == [(1, 1)]
    assert after["колледжи.csv"].rows_skipped == 1
    for receipt in (after["рано.csv"], later["поздно.csv"]):
        assert (receipt.rows_accepted, receipt.rows_rejected, receipt.rows_skipped) == (1, 0, 1)
    assert later["в районе.csv"].rows_rejected == 1


def test_a_rejected_copy_gets_a_remark_of_its_own(registered: Settings, put: Put) -> None:
    put("пусто.csv", "")
    put("тоже пусто.xlsx", "")

    report = land(registered)

    remarks = duckdb.sql(
        f"select path, rule, message from '{registered.rejected}/{report.seq_after:010d}.parquet' "
        "order by path"
    ).fetchall()
    assert [(path, rule) for path, rule, _ in remarks] == [
        ("пусто.csv", "file_empty"),
        ("тоже пусто.xlsx", "file_empty"),
    ]
    assert all(message for _, _, message in remarks)


def test_remarks_name_file_sheet_row_column_and_value(registered: Settings, put: Put) -> None:
    rows = "".join(f"006003;{year};50\n" for year in range(2011, 2019))
    put("ИСБШ.csv", f"Код ОО;Отчётный год; ИСБШ*\n{rows}006007;2022;много\n")

    report = land(registered)

    line = duckdb.sql(
        "select path, dataset, row_number, column_name, rule, level, value, school_id "
        f"from '{registered.rejected}/{report.seq_after:010d}.parquet'"
    ).fetchone()
    assert line == ("ИСБШ.csv", "social_index", 10, "ИСБШ*", "not_a_number", "row", "много", "6007")


def test_a_remark_on_a_login_in_brackets_names_the_column_in_which_it_stands(
    registered: Settings, put: Put
) -> None:
    lines = [f"СОШ (edu{login});20;10;40;30;20" for login in ("980603", "980607", "980703", "980555")]
    header = "Группы участников;Кол-во участников;2;3;4;5"
    put("ВПР 2022. Математика. 5 класс.csv", "\n".join([header, *lines]))

    land(registered)

    files = str(registered.rejected / "[0-9]*.parquet")
    found = duckdb.sql(
        f"select column_name, rule from read_parquet('{files}') where level = 'row'"
    ).fetchall()
    assert found == [("Группы участников", "unknown_school")]


def test_every_dataset_has_an_empty_file_for_the_globs_of_dbt(registered: Settings) -> None:
    from school_quality.datasets import load

    for name, dataset in load().items():
        found = duckdb.sql(
            f"describe select * from '{registered.landing}/schema/rows/{name}.parquet'"
        ).fetchall()
        assert {row[0]: row[1] for row in found} == {
            "seq": "BIGINT",
            "file_id": "VARCHAR",
            "sheet": "VARCHAR",
            "row_number": "INTEGER",
        } | dataset.columns


def test_a_preview_lands_the_files_in_a_data_root_of_its_own_and_keeps_nothing(
    registered: Settings, put: Put, tmp_path: Path
) -> None:
    put("ИСБШ.csv", INDEX)
    land(registered)
    before = sorted(str(p) for p in registered.data_root.rglob("*"))
    file = tmp_path / "поправка.csv"
    file.write_text(INDEX.replace("50,0", "70,5"), encoding="utf-8")

    with overlay(registered, [file]) as over:
        seqs = [r.seq for r in read_receipts(over.settings)]
        rows = landed(over.settings, "social_index")
        root = over.settings.data_root

    assert seqs == [1, 2, 3]
    assert ("6003", 2022, Decimal("70.5")) in rows
    assert over.report.landed[0].path == "поправка.csv"
    assert not root.exists()
    assert sorted(str(p) for p in registered.data_root.rglob("*")) == before


def test_a_preview_tells_what_is_wrong_with_its_files_and_counts_no_file_below_zero(
    registered: Settings, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [f"006003;{year};50" for year in range(2011, 2020)]
    put("ИСБШ.csv", "\n".join(["Код ОО;Отчётный год;ИСБШ", *many, "006003;2020;нет", ""]))
    land(registered)
    file = tmp_path / "поправка.csv"
    file.write_text("\n".join(["Код ОО;Отчётный год;ИСБШ", *many, "006003;2020;140", ""]), encoding="utf-8")
    monkeypatch.setattr(importlib.import_module("school_quality.landing.ingest"), "READER_VERSION", "next")

    with overlay(registered, [file]) as over:
        remarks = over.remarks()

    assert (len(over.report.reread), over.report.unchanged) == (1, 0)
    assert remarks == [
        "поправка.csv: строка 11, столбец «ИСБШ», «140»: Значение должно быть от 0 до 100. Проверьте число."
    ]


def test_leftovers_of_a_crash_are_removed_by_the_next_ingest(registered: Settings, put: Put) -> None:
    staged = registered.landing / ".staging" / "crashed" / "batch" / "rows"
    staged.mkdir(parents=True)
    (staged / "social_index.parquet").write_bytes(b"half")
    orphan = registered.rejected / "0000000002.parquet"
    orphan.write_bytes(b"half")
    put("ИСБШ.csv", INDEX)

    report = land(registered)

    assert report.seq_after == 2
    assert not (registered.landing / ".staging" / "crashed").exists()
    assert duckdb.sql(f"select count(*) from '{orphan}'").fetchall() == [(0,)]


SCRIPT = """
import sys
from pathlib import Path
from school_quality.landing import ingest
from school_quality.settings import Settings
ingest(Settings(Path(sys.argv[1])), processes=1)
"""


def start(settings: Settings) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(settings.data_root)])


def test_two_processes_that_land_at_once_land_everything_once(settings: Settings, put: Put) -> None:
    put("Реестр.csv", REGISTER, age=1000)
    for year in range(2012, 2022):
        put(f"{year}.csv", INDEX.replace("2022", str(year)))

    running = [start(settings), start(settings)]

    assert [process.wait(timeout=120) for process in running] == [0, 0]
    log = read_receipts(settings)
    assert [r.seq for r in log] == list(range(1, 12))
    assert len({r.key for r in log}) == 11
    assert len(landed(settings, "social_index")) == 20


@pytest.mark.parametrize("moment", ["spool", "batch"])
def test_a_killed_landing_leaves_nothing_half_landed(settings: Settings, put: Put, moment: str) -> None:
    put("Реестр.csv", REGISTER, age=1000)
    for year in range(2012, 2022):
        put(f"{year}.csv", INDEX.replace("2022", str(year)))
    process = start(settings)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if any((settings.landing / ".staging").glob(f"*/{moment}/**/*.*")):
            break
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    committed = [p.name for p in settings.landing.glob("[0-9]*")]
    report = land(settings)

    # killed before the rename nothing is there, killed after it everything is
    assert committed in ([], ["0000000001"])
    assert len(report.landed) == (11 if not committed else 0)
    assert len(landed(settings, "social_index")) == 20
    assert not (settings.landing / ".staging").exists() or not any((settings.landing / ".staging").iterdir())


def test_a_row_of_a_csv_with_a_shifted_cell_is_rejected_and_the_others_are_accepted(
    registered: Settings, put: Put
) -> None:
    put(
        "ИСБШ.csv",
        "Код ОО,Отчётный год,ИСБШ\n006003,2022,50\n006007,2022,40,5\n006007,2023\n007003,2022,60\n",
    )

    report = land(registered)

    assert report.rows == {"read": 4, "accepted": 2, "rejected": 2, "skipped": 0}
    assert [row[0] for row in landed(registered, "social_index")] == ["6003", "7003"]
    (file,) = sorted(registered.rejected.glob("[0-9]*2.parquet"))
    assert duckdb.read_parquet(str(file)).project("row_number, rule, value, school_id").fetchall() == [
        (3, "ragged_row", "4 вместо 3", "6007"),
        (4, "ragged_row", "2 вместо 3", "6007"),
    ]


def test_what_of_the_inbox_was_not_read_is_told_by_ingest_and_status_until_it_is_read(
    registered: Settings, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("сюда/ИСБШ.csv", INDEX)
    (registered.inbox / "ссылка.csv").symlink_to("/etc/hosts")
    for name in ("а.csv", "б.csv"):
        os.utime(put(name, INDEX.replace("2022", "2023")), (time.time() + 7200,) * 2)

    first = land(registered, quiet_seconds=120)
    told = status.not_read(registered)
    second = land(registered, quiet_seconds=120)
    by_hand = land(registered)

    words = [
        "Не прочитано в папке приёма: 3.",
        "  а.csv, б.csv: время изменения в будущем; проверьте часы; прочитаем в следующий раз, "
        "если файл не изменится",
        "  ссылка.csv: ссылка ведёт за пределы папки приёма, на папку или в никуда; положите сам файл",
    ]
    assert [r.path for r in first.landed] == ["сюда/ИСБШ.csv"]
    assert first.lines()[:3] == words
    assert told[1:] == words
    assert second.lines()[-1] == "Новых файлов, которые можно прочитать, нет (прочитанных раньше: 2)."
    assert [r.path for r in by_hand.landed] == ["а.csv"]
    assert status.not_read(registered)[1] == "Не прочитано в папке приёма: 1."


FORGED = "кадры.csv\nВсё принято\x1b[2K\u2028\u202e"


def test_a_name_of_a_file_forges_no_line(registered: Settings, put: Put) -> None:
    """Of the report, of the table of files, of an explanation of damage, of a preview."""
    file = put(FORGED, "а;б\n1;2\n")
    put(f"{FORGED}.csv", INDEX.replace("40,0", "много")).chmod(0o600)
    (registered.inbox / f"ссылка{FORGED}").symlink_to("/nowhere")

    with overlay(registered, [registered.inbox / f"{FORGED}.csv"]) as overlaid:
        shown = [*overlaid.report.lines(), *overlaid.remarks()]
    report = land(registered)
    rejected = next(r for r in report.landed if r.path == FORGED)
    damage = integrity.Damage(registered.landing / "0000000001", "файл изменён", None, tuple(report.landed))
    shown += [*report.lines(), *status.not_read(registered), *damage.lines(registered)]
    shown += table(["Путь"], [[receipt.path] for receipt in status.files(registered)])

    assert file.is_file()
    assert len([line for line in shown if "Всё принято" in line]) >= 8
    assert [line for line in shown if line.splitlines() != [line] or not line.isprintable()] == []
    with pytest.raises(UsageError, match=r"Файл кадры.csv\\nВсё принято\S* уже отозван"):
        for _ in range(2):
            withdraw(registered, rejected.file_id)


def test_only_what_a_look_finds_anew_is_news_and_what_passes_by_itself_is_none(
    registered: Settings, put: Put
) -> None:
    put("молодой.csv", INDEX)
    os.utime(registered.inbox / "молодой.csv")
    (registered.inbox / "ссылка.csv").symlink_to("/etc/hosts")

    land(registered, quiet_seconds=120)
    first = last_look.load(registered)
    land(registered, quiet_seconds=120)
    second = last_look.load(registered)

    assert first is not None
    assert second is not None
    assert [each.path for each in first.passed_over] == ["молодой.csv", "ссылка.csv"]
    assert ([each.path for each in first.news], second.news) == (["ссылка.csv"], ())


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"looked_at": 5}', "\x00"])
def test_a_damaged_record_of_the_last_look_is_made_anew(registered: Settings, put: Put, content: str) -> None:
    registered.last_look.write_text(content)
    put("ИСБШ.csv", INDEX)

    assert status.not_read(registered) == []
    assert [r.path for r in land(registered, quiet_seconds=120).landed] == ["ИСБШ.csv"]
    assert last_look.load(registered) is not None


def test_files_in_a_folder_that_is_closed_to_us_stay_landed_and_in_force(
    registered: Settings, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("2022/ИСБШ.csv", INDEX)
    land(registered)
    put("ещё.csv", INDEX.replace("2022", "2023"))
    real_scandir, real_stat = os.scandir, os.stat

    def closed(path: object) -> bool:
        return str(path).startswith(str(registered.inbox / "2022"))

    def unlisted(path: str) -> Any:
        if closed(path):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real_scandir(path)

    def unseen(path: Any, **options: Any) -> os.stat_result:
        if closed(path) and str(path) != str(registered.inbox / "2022"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real_stat(path, **options)

    monkeypatch.setattr(os, "scandir", unlisted)
    monkeypatch.setattr(os, "stat", unseen)

    report = land(registered)

    assert [(each.path, each.reason) for each in report.passed_over] == [("2022/", "no_access")]
    assert [r.path for r in report.receipts] == ["ещё.csv"]
    assert {r.path for r in in_force(registered)} == {"Реестр.csv", "2022/ИСБШ.csv", "ещё.csv"}
