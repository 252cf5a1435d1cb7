"""The remarks workbooks: one a sender, complete, harmless, and gone when there is nothing to say any more."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from school_quality import datasets, landing
from school_quality.landing.landed import landed_columns
from school_quality.landing.receipts import OPEN_ROW_SCHEMA, REMARK_SCHEMA, Receipt, Staging
from school_quality.reporting.lists.remarks import remarks_dir, write_remarks
from school_quality.settings import Settings

MOMENT = datetime(2022, 11, 1, 12, 0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings.load(tmp_path)
    found.inbox.mkdir()
    return found


def receipt(seq: int, path: str, **changes: Any) -> Receipt:
    values: dict[str, Any] = {
        "seq": seq,
        "file_id": f"{seq:064d}",
        "context": "{}",
        "reader_version": "1",
        "action": "land",
        "received_at": MOMENT,
        "order_seq": seq,
        "path": path,
        "dataset": "form_pupils",
        "outcome": "accepted",
        "rows_read": 10,
        "rows_accepted": 10,
    }
    return Receipt(**(values | changes))


def partly(seq: int, path: str, **changes: Any) -> Receipt:
    values = {"outcome": "partly", "rows_accepted": 9, "rows_rejected": 1}
    return receipt(seq, path, **(values | changes))


def remark(seq: int, **changes: Any) -> dict[str, Any]:
    values = {
        "seq": seq,
        "file_id": f"{seq:064d}",
        "path": "",
        "dataset": "form_pupils",
        "sheet": "Лист1",
        "row_number": 4,
        "column_name": "Неуспевающих",
        "rule": "not_a_number",
        "level": "row",
        "value": "девять",
        "message": "В ячейке должно быть число.",
        "advice": "Впишите число цифрами.",
        "school_id": None,
    }
    return values | changes


def land(
    settings: Settings, receipts: list[Receipt], remarks: list[dict[str, Any]], schools: dict[int, list[str]]
) -> None:
    """Commit a batch; ``schools``: the schools of the rows that each receipt landed."""
    staging = Staging.open(settings)
    columns = landed_columns(datasets.get("form_pupils"))
    rows = [
        {"seq": seq, "school_id": school} | dict.fromkeys(set(columns) - {"seq", "school_id"})
        for seq, names in schools.items()
        for school in names
    ]
    fields = [(name, pa.string() if kind == "VARCHAR" else pa.int64()) for name, kind in columns.items()]
    table = pa.Table.from_pylist(rows, schema=pa.schema(fields))
    pq.write_table(table, staging.rows_file("form_pupils"))
    for sent in receipts:
        file = settings.inbox / sent.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")
    open_rows = [
        {name: line[name] for name in ("seq", "dataset", "sheet", "row_number", "school_id")}
        for line in remarks
        if line["level"] == "row"
    ]
    staging.commit(
        receipts,
        pa.Table.from_pylist(remarks, schema=REMARK_SCHEMA),
        pa.Table.from_pylist(open_rows, schema=OPEN_ROW_SCHEMA),
    )


def cells(path: Path, sheet: str) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    return [tuple(row) for row in book[sheet].iter_rows(values_only=True)]


def test_a_form_of_one_school_goes_to_that_school_and_others_to_their_office(settings: Settings) -> None:
    receipts = [partly(1, "школы/контингент.xlsx"), partly(2, "контингент.xlsx")]
    land(settings, receipts, [remark(1), remark(2)], {1: ["6017"], 2: ["6017", "6022"]})

    written = write_remarks(settings)

    assert [path.name for path in written] == ["ЦОКО.xlsx", "Школа 6017.xlsx"]


def test_an_unrecognised_file_is_nobodys_and_no_sender_is_called_after_a_folder(settings: Settings) -> None:
    unknown = {"dataset": None, "outcome": "rejected", "rows_read": 0, "rows_accepted": 0}
    receipts = [receipt(1, "2022/письмо.docx", **unknown), receipt(2, "фото.xlsx", **unknown)]
    lines = [remark(seq, level="file", rule="not_a_table", row_number=None, dataset=None) for seq in (1, 2)]
    land(settings, receipts, lines, {})

    written = write_remarks(settings)

    assert {path.stem for path in written} == {"Нераспознанные файлы"}


def test_the_summary_says_what_became_of_every_file_of_the_sender(settings: Settings) -> None:
    receipts = [receipt(1, "хорошо.xlsx"), partly(2, "частично.xlsx", rows_read=12, rows_skipped=2)]
    land(settings, receipts, [remark(2)], {1: ["6017", "6022"], 2: ["6017", "6022"]})

    (path,) = write_remarks(settings)

    rows = cells(path, "Сводка")
    header = rows.index(
        (
            "Файл",
            "Что это",
            "Результат",
            "Строк прочитано",
            "Принято",
            "Не принято",
            "Пропущено",
            "Замечаний",
        )
    )
    assert rows[header + 1 :] == [
        ("частично.xlsx", "Контингент", "принят частично", 12, 9, 1, 2, 1),
        ("хорошо.xlsx", "Контингент", "принят", 10, 10, 0, 0, 0),
    ]


def test_remarks_stand_by_file_sheet_and_row_with_what_to_do(settings: Settings) -> None:
    lines = [
        remark(1, row_number=12),
        remark(1, row_number=4, column_name="С ОВЗ"),
        remark(1, level="file", row_number=None, sheet="", column_name="", value="", message="Не тот файл."),
        remark(1, level="warning", sheet="А", row_number=99),
    ]
    land(settings, [partly(1, "контингент.xlsx")], lines, {1: ["6017", "6022"]})

    (path,) = write_remarks(settings)

    header, *rows = cells(path, "Замечания")
    assert header[:3] == ("Файл", "Лист", "Строка")
    assert [(row[1], row[2], row[5], row[9]) for row in rows] == [
        (None, None, None, "файл не принят"),
        ("А", 99, "Неуспевающих", "предупреждение"),
        ("Лист1", 4, "С ОВЗ", "строка не принята"),
        ("Лист1", 12, "Неуспевающих", "строка не принята"),
    ]
    assert rows[2][6:9] == ("девять", "В ячейке должно быть число.", "Впишите число цифрами.")


@pytest.mark.parametrize(
    "value", ["=1+1", '=HYPERLINK("http://x")', "+7", "@SUM(A1)", "http://x.example", "007"]
)
def test_a_value_is_never_a_formula_a_link_or_a_number(settings: Settings, value: str) -> None:
    land(settings, [partly(1, "контингент.xlsx")], [remark(1, value=value)], {1: ["6017", "6022"]})

    (path,) = write_remarks(settings)

    sheet = openpyxl.load_workbook(path)["Замечания"]
    assert (sheet["G2"].value, sheet["G2"].data_type) == (value, "s")
    assert sheet["E2"].hyperlink is None


def test_a_value_of_any_length_and_characters_is_shown(settings: Settings) -> None:
    long = "я" * 40_000
    lines = [remark(1, value=long), remark(1, value="а\x00\x0bб", row_number=5)]
    land(settings, [partly(1, "контингент.xlsx")], lines, {1: ["6017", "6022"]})

    (path,) = write_remarks(settings)

    _, first, second = cells(path, "Замечания")
    assert first[6] == "я" * 1_000 + "…"
    assert second[6][0] == "а"
    assert second[6][-1] == "б"


def test_a_name_of_a_file_is_one_line_of_a_cell(settings: Settings) -> None:
    land(settings, [partly(1, "а.csv\nб.csv")], [remark(1, path="а.csv\nб.csv")], {1: ["6003"]})

    (book,) = write_remarks(settings)

    named = {row[0] for sheet in ("Сводка", "Замечания") for row in cells(book, sheet)}
    assert r"а.csv\nб.csv" in named
    assert not [name for name in named if name and "\n" in name and "а.csv" in name]


def test_the_same_input_gives_the_same_bytes(settings: Settings) -> None:
    land(settings, [partly(1, "контингент.xlsx")], [remark(1)], {1: ["6017", "6022"]})

    (path,) = write_remarks(settings)
    first = path.read_bytes()
    path.unlink()
    write_remarks(settings)

    assert path.read_bytes() == first


def test_a_corrected_file_takes_its_workbook_away(settings: Settings) -> None:
    land(settings, [partly(1, "контингент.xlsx")], [remark(1)], {1: ["6017", "6022"]})
    write_remarks(settings)

    land(settings, [receipt(2, "контингент.xlsx")], [], {2: ["6017", "6022"]})

    assert write_remarks(settings) == []
    assert list(remarks_dir(settings).iterdir()) == []


def test_a_withdrawn_file_has_no_remarks(settings: Settings) -> None:
    land(settings, [partly(1, "контингент.xlsx")], [remark(1)], {1: ["6017", "6022"]})
    withdrawn = receipt(2, "контингент.xlsx", file_id=f"{1:064d}", action="withdraw", outcome="withdrawn")

    land(settings, [withdrawn], [], {})

    assert write_remarks(settings) == []


def test_a_rejected_file_that_was_taken_from_the_inbox_is_forgotten(settings: Settings) -> None:
    rejected = receipt(1, "не то.xlsx", outcome="rejected", rows_accepted=0)
    land(settings, [rejected], [remark(1, level="file")], {})
    assert len(write_remarks(settings)) == 1

    (settings.inbox / "не то.xlsx").unlink()

    assert write_remarks(settings) == []


def test_a_rejected_entry_of_an_archive_lies_in_the_inbox(settings: Settings) -> None:
    rejected = receipt(1, "формы.zip/не то.xlsx", outcome="rejected", rows_accepted=0)
    land(settings, [rejected], [remark(1, level="file")], {})
    (settings.inbox / "формы.zip" / "не то.xlsx").unlink()
    (settings.inbox / "формы.zip").rmdir()
    (settings.inbox / "формы.zip").write_bytes(b"")

    assert len(write_remarks(settings)) == 1


def test_a_folder_name_cannot_lead_a_workbook_out_of_its_place(settings: Settings) -> None:
    rejected = receipt(1, "..\\..\\x/не то.xlsx", dataset=None, outcome="rejected", rows_accepted=0)
    land(settings, [rejected], [remark(1, level="file", dataset=None)], {})

    (path,) = write_remarks(settings)

    assert path.parent == remarks_dir(settings)


def test_a_school_of_the_register_without_results_is_named_once_most_others_have_some(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOOL_QUALITY_PII_KEY", "00" * 32)
    header = (
        "Код ОО;Логин ФИС ОКО;Номер;Наименование;Вид;Тип;Код муниципалитета;Муниципалитет;Местность;"
        "Обучающихся;Действует с;Действует по"
    )
    schools = [f"{n};;{n};Школа {n};МБОУ;СОШ;1;Район;село;;;" for n in range(101, 108)]
    schools[6] = schools[6].removesuffix(";") + ";30.12.2020"
    (settings.inbox / "реестр.csv").write_text("\n".join([header, *schools]), encoding="utf-8")
    table = ["Код ОО;Год;ВПР Русский 5 кл. % «2»"]
    results = settings.inbox / "результаты.csv"

    results.write_text("\n".join([*table, "101;2022;10", "102;2022;10"]), encoding="utf-8")
    landing.ingest(settings)
    early = write_remarks(settings)
    results.write_text("\n".join([*table, *(f"{n};2022;10" for n in range(101, 106))]), encoding="utf-8")
    landing.ingest(settings)
    (late,) = write_remarks(settings)

    assert early == []
    _, *lines = cells(late, "Замечания")
    assert [(row[0], row[2], row[5], row[6], row[9]) for row in lines] == [
        ("реестр.csv", 7, "Наименование", "Школа 106", "предупреждение")
    ]
    assert "2022" in lines[0][7]


def test_a_warning_on_what_files_say_together_is_true_after_every_landing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOOL_QUALITY_PII_KEY", "00" * 32)
    header = (
        "Код ОО;Логин ФИС ОКО;Номер;Наименование;Вид;Тип;Код муниципалитета;Муниципалитет;Местность;"
        "Обучающихся;Действует с;Действует по"
    )
    schools = [f"{n};;{n};Школа {n};МБОУ;СОШ;1;Район;село;;;" for n in range(101, 107)]
    (settings.inbox / "реестр.csv").write_text("\n".join([header, *schools]), encoding="utf-8")
    table = "Код ОО;Год;ВПР Русский 5 кл. % «2»"
    (settings.inbox / "результаты.csv").write_text(
        "\n".join([table, *(f"{n};2022;10" for n in range(101, 106))]), encoding="utf-8"
    )

    def said() -> list[tuple[Any, ...]]:
        return [(row[0], row[2]) for book in write_remarks(settings) for row in cells(book, "Замечания")[1:]]

    landing.ingest(settings)
    missing = said()
    (settings.inbox / "ещё.csv").write_text(f"{table}\n106;2022;20", encoding="utf-8")
    report = landing.ingest(settings)
    complete = said()
    landing.withdraw(settings, report.landed[0].file_id)
    missing_again = said()

    assert missing == missing_again == [("реестр.csv", 7)]
    assert complete == []
