"""The remarks workbooks: for each sender what became of its files, and every remark with what to do about it.

A sender is the school where all rows of a form are of one school, otherwise the office that the dataset's
declaration names; of a form of many schools each gets what is said of its rows, too. Files that could not
be recognised are nobody's and have a workbook of their own. Made of the refusals that still stand
(`landing.refused`) and ``rejected/*.parquet``: the same input gives the same bytes.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import xlsxwriter

from school_quality import datasets, terms
from school_quality.landing.receipts import REMARK_SCHEMA, Receipt, effective, last_seq, read_receipts
from school_quality.landing.refused import Standing, standing
from school_quality.screen import one_line
from school_quality.settings import Settings

SUMMARY_SHEET = "Сводка"
REMARKS_SHEET = "Замечания"

OUTCOMES = terms.words("file_outcome")
PART = "сводный файл, строки школы"
LEVELS = terms.words("remark_level")

MAX_LINES = 200_000
"""More lines than this nobody reads; a workbook says how many it leaves out."""

MAX_TEXT = 1_000
"""A cell of a hostile file may hold 32,767 characters; this many are enough to find it."""

LINE_HEIGHT = 15  # points

_UNRECOGNISED = "Нераспознанные файлы"
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')


class Line(NamedTuple):
    """One remark."""

    level: str
    sheet: str
    row_number: int | None
    school_id: str
    school: str  # its name
    column: str
    value: str
    message: str
    advice: str

    def place(self) -> tuple[bool, str, int, str, str]:
        """The order of lines in a workbook: of the file itself first, then by sheet, row and column."""
        return self.level != "file", self.sheet, self.row_number or 0, self.column, self.message


@dataclass(slots=True)
class SentFile:
    """A file whose remarks count; ``is_part``: only the lines of one school of a file of many."""

    receipt: Receipt
    lines: list[Line] = field(default_factory=list)
    is_part: bool = False


def remarks_dir(settings: Settings) -> Path:
    return settings.rejected / "remarks"


def write_remarks(settings: Settings) -> list[Path]:
    """Write a workbook for each sender who has remarks, remove those of senders who have none any more."""
    directory = remarks_dir(settings)
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for sender, files in sorted(_by_sender(settings).items()):
        path = directory / f"{_file_name(sender)}.xlsx"
        content = workbook(sender, files)
        if not path.is_file() or path.read_bytes() != content:
            part = path.with_suffix(".part")
            part.write_bytes(content)
            part.replace(path)
        written.append(path)
    for path in set(directory.glob("*.xlsx")) - set(written):
        path.unlink()
    return written


def _file_name(sender: str) -> str:
    return _NOT_IN_NAMES.sub(" ", sender).strip(" .")[:100] or _UNRECOGNISED


def _by_sender(settings: Settings) -> dict[str, list[SentFile]]:
    """All files in force of the senders who have a remark, in the order of the summary."""
    found = standing(settings)
    files = {receipt.seq: SentFile(receipt) for receipt in found.receipts}
    with duckdb.connect() as connection:
        _add_lines(connection, settings, files, found)
        for sent in files.values():
            sent.lines.sort(key=Line.place)
        schools = _only_schools(connection, settings, files)
    by_sender: dict[str, list[SentFile]] = defaultdict(list)
    forms = {d.name for d in datasets.load().values() if d.is_form}
    for sent in files.values():
        school = schools.get(sent.receipt.seq)
        by_sender[_sender(sent.receipt, school)].append(sent)
        if school is None and sent.receipt.dataset in forms:
            for part in _parts(sent):
                by_sender[_sender(part.receipt, part.lines[0].school_id)].append(part)
    order = list(OUTCOMES)[::-1]
    return {
        sender: sorted(
            sent, key=lambda s: (order.index(s.receipt.outcome), not s.lines, s.receipt.path, s.receipt.seq)
        )
        for sender, sent in by_sender.items()
        if any(s.lines for s in sent)
    }


def _parts(sent: SentFile) -> Iterable[SentFile]:
    """A form of many schools cut into parts to pass on: the remarks on the rows of each school."""
    by_school: dict[str, list[Line]] = defaultdict(list)
    for line in sent.lines:
        if line.school_id:
            by_school[line.school_id].append(line)
    return [SentFile(sent.receipt, lines, is_part=True) for _, lines in sorted(by_school.items())]


def _add_lines(
    connection: duckdb.DuckDBPyConnection, settings: Settings, files: dict[int, SentFile], found: Standing
) -> None:
    """Give each file the remarks that landing wrote on it, without those on rows that have come right
    since.
    """
    state = last_seq(read_receipts(settings))
    paths = [str(path) for path in sorted(settings.rejected.glob("[0-9]*.parquet"))]
    if not paths:
        return
    # a column that remarks have gained since is null in older batches
    connection.register("none_yet", REMARK_SCHEMA.empty_table())
    names = _names(connection, settings)
    lines = connection.execute(
        """
        select seq, level, coalesce(sheet, ''), row_number, coalesce(school_id, ''),
            coalesce(column_name, ''), coalesce(value, ''), message, advice
        from (from none_yet union all by name from read_parquet($paths, union_by_name = true))
        where list_contains($seqs, seq) and coalesce(state_seq, $state) = $state
        """,
        {"paths": paths, "seqs": list(files), "state": state},
    ).fetchall()
    for seq, level, sheet, row_number, school_id, *said in lines:
        if level != "row" or (sheet, row_number) in found.open_rows.get(seq, ()):
            name = names.get(school_id, "")
            files[seq].lines.append(Line(level, sheet, row_number, school_id, name, *said))


def _names(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, str]:
    """The names of schools by the register in force."""
    places = {r.seq: r.order_seq for r in effective(read_receipts(settings)).values()}
    paths = [str(path) for path in sorted(settings.landing.glob("[0-9]*/rows/school_register.parquet"))]
    if not paths:
        return {}
    found = connection.execute(
        "select seq, row_number, school_id, school_name from read_parquet($paths, union_by_name = true)",
        {"paths": paths},
    ).fetchall()
    rows = sorted((places[seq], row, school, name) for seq, row, school, name in found if seq in places)
    return {school: name for _, _, school, name in rows}


def _only_schools(
    connection: duckdb.DuckDBPyConnection, settings: Settings, files: dict[int, SentFile]
) -> dict[int, str]:
    """By seq, the school of a form's file whose rows, accepted or not, are all of one school."""
    forms = {d.name for d in datasets.load().values() if d.is_form}
    seqs = [seq for seq, sent in files.items() if sent.receipt.dataset in forms]
    rows = [str(path) for name in forms for path in settings.landing.glob(f"[0-9]*/rows/{name}.parquet")]
    rejected = [str(path) for path in settings.rejected.glob("[0-9]*.parquet")]
    parts = [
        f"select seq, school_id from read_parquet({paths!r}, union_by_name = true)"
        for paths in (sorted(rows), sorted(rejected))
        if paths
    ]
    if not seqs or not parts:
        return {}
    found = connection.execute(
        f"""
        select seq, min(school_id) from ({" union all by name ".join(parts)})
        where list_contains($seqs, seq) group by seq having count(distinct school_id) = 1
        """,
        {"seqs": seqs},
    ).fetchall()
    return dict(found)


def _sender(receipt: Receipt, school_id: str | None) -> str:
    if school_id:
        return f"Школа {school_id}"
    if receipt.dataset:
        return datasets.get(receipt.dataset).sender
    return _UNRECOGNISED


Formats = dict[str, Any]


def workbook(sender: str, files: list[SentFile]) -> bytes:
    """The workbook of one sender; every text is a text cell, never a formula or a link."""
    buffer = io.BytesIO()
    options = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    book = xlsxwriter.Workbook(buffer, options | {"in_memory": True})
    # the moment of the last receipt, so that nothing but the input decides the bytes
    created = max((sent.receipt.received_at for sent in files), default=datetime(2000, 1, 1))
    book.set_properties({"title": f"Замечания: {sender}", "created": created})
    cell = {"valign": "top", "border": 1}
    header = {"bold": True, "bg_color": "#D9E2EC", "border": 1, "text_wrap": True, "valign": "vcenter"}
    formats = {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "note": book.add_format({"text_wrap": True, "valign": "top"}),
        "header": book.add_format(header),
        "text": book.add_format(cell | {"text_wrap": True, "num_format": "@"}),
        "number": book.add_format(cell | {"num_format": "#,##0"}),
        "row": book.add_format(cell | {"num_format": "0", "align": "center"}),
    }
    _write_summary(book, formats, sender, files)
    _write_lines(book, formats, files)
    book.close()
    return buffer.getvalue()


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


def _fit(sheet: Any, row: int, texts: Iterable[str], columns: list[tuple[str, int]]) -> None:
    """Make a row as high as its longest wrapped text; only Excel would do it by itself."""
    lines = max(ceil(len(text) / (0.85 * width)) for text, (_, width) in zip(texts, columns, strict=True))
    if lines > 1:
        sheet.set_row(row, LINE_HEIGHT * min(lines, MAX_TEXT // 20))


def _header(sheet: Any, formats: Formats, row: int, columns: list[tuple[str, int]]) -> None:
    for column, (name, width) in enumerate(columns):
        sheet.write_string(row, column, name, formats["header"])
        sheet.set_column(column, column, width)
    sheet.set_row(row, 2 * LINE_HEIGHT + 2)
    sheet.freeze_panes(row + 1, 0)
    sheet.repeat_rows(row)


def _prepare(sheet: Any) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.5)
    sheet.set_footer("&L&A&RСтраница &P из &N")


NOTE = (
    "Что исправить, сказано на листе «Замечания». Исправьте строки в файле и пришлите его снова целиком: "
    "новые значения заменят прежние. Предупреждения ничего не отменяют, но посмотреть на них стоит."
)

SUMMARY_COLUMNS = [
    ("Файл", 50),
    ("Что это", 36),
    ("Результат", 17),
    ("Строк прочитано", 12),
    ("Принято", 10),
    ("Не принято", 10),
    ("Пропущено", 12),
    ("Замечаний", 12),
]


def _write_summary(book: Any, formats: Formats, sender: str, files: list[SentFile]) -> None:
    sheet = book.add_worksheet(SUMMARY_SHEET)
    _prepare(sheet)
    sheet.write_string(0, 0, f"Замечания к файлам. Отправитель: {sender}", formats["title"])
    sheet.merge_range(1, 0, 1, len(SUMMARY_COLUMNS) - 1, NOTE, formats["note"])
    sheet.set_row(1, 2 * LINE_HEIGHT + 2)
    _header(sheet, formats, 3, SUMMARY_COLUMNS)
    for row, sent in enumerate(files, start=4):
        receipt = sent.receipt
        title = datasets.get(receipt.dataset).title if receipt.dataset else "не распознано"
        outcome = PART if sent.is_part else OUTCOMES[receipt.outcome]
        texts = (one_line(receipt.path), title, outcome)
        _fit(sheet, row, texts, SUMMARY_COLUMNS[: len(texts)])
        for column, text in enumerate(texts):
            sheet.write_string(row, column, text, formats["text"])
        counts = (receipt.rows_read, receipt.rows_accepted, receipt.rows_rejected, receipt.rows_skipped)
        for column, count in enumerate((*counts, len(sent.lines)), start=3):
            if sent.is_part and column < len(SUMMARY_COLUMNS) - 1:
                sheet.write_blank(row, column, None, formats["number"])
            else:
                sheet.write_number(row, column, count, formats["number"])
    sheet.autofilter(3, 0, 3 + len(files), len(SUMMARY_COLUMNS) - 1)


LINE_COLUMNS = [
    ("Файл", 40),
    ("Лист", 16),
    ("Строка", 9),
    ("Код ОО", 10),
    ("Школа", 26),
    ("Столбец", 26),
    ("Значение", 20),
    ("Что не так", 46),
    ("Что сделать", 46),
    ("Вид замечания", 19),
]
ROW_COLUMN = 2


def _write_lines(book: Any, formats: Formats, files: list[SentFile]) -> None:
    sheet = book.add_worksheet(REMARKS_SHEET)
    _prepare(sheet)
    _header(sheet, formats, 0, LINE_COLUMNS)
    lines = [(one_line(sent.receipt.path), line) for sent in files for line in sent.lines]
    for row, (path, line) in enumerate(lines[:MAX_LINES], start=1):
        number = "" if line.row_number is None else str(line.row_number)
        said = (line.school_id, line.school, line.column, line.value, line.message, line.advice)
        texts = [_cut(text) for text in (path, line.sheet, number, *said, LEVELS[line.level])]
        _fit(sheet, row, texts, LINE_COLUMNS)
        for column, text in enumerate(texts):
            if text:
                sheet.write_string(row, column, text, formats["text"])
            else:
                sheet.write_blank(row, column, None, formats["text"])
        if line.row_number is not None:
            sheet.write_number(row, ROW_COLUMN, line.row_number, formats["row"])
    shown = min(len(lines), MAX_LINES)
    sheet.autofilter(0, 0, max(shown, 1), len(LINE_COLUMNS) - 1)
    if len(lines) > shown:
        rest = f"И ещё {len(lines) - shown} замечаний: они не поместились. Исправьте сначала эти."
        sheet.write_string(shown + 1, 0, rest, formats["title"])
