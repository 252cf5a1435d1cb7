"""Blank forms to send out: workbooks made from the declarations of datasets, with the schools in them.

Headers are exactly the declared ones and stand in the first row, so that a filled form is accepted as it is.
Drop-down lists, cell checks and notes say the same as the declaration; codes are text cells, because a
program that guesses makes a date of ``4.3`` and a number of ``1.10``. Nothing is hidden or locked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from school_quality import datasets, seeds, terms
from school_quality.datasets import Dataset, Field
from school_quality.errors import UsageError
from school_quality.landing.landed import take_force, view_landed
from school_quality.landing.receipts import effective, read_receipts
from school_quality.settings import Settings

SCHOOL_NAME_HEADER = "Школа (для справки)"
"""A column that no dataset declares: it helps whoever fills the form, and the reader passes it over."""

EMPTY_ROWS = 300
"""Rows prepared in forms that may have any number of rows."""

CODE_DIGITS = 6
"""A ``Код ОО`` is printed with leading zeros; landing takes it either way."""

PERIODS = {"year": (None,), "half_year": (1, 2), "quarter": (1, 2, 3, 4), "any": (None,)}
PERIOD_FIELDS = {"half_year": "half_year", "quarter": "quarter"}

FORMATS = {"text": "@", "date": "dd.mm.yyyy", "number": "0"}

_TEXT_TYPES = ("text", "school_code", "academic_year", "item", "indicator_codes", "enum", "bool", "login")
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')


@dataclass(frozen=True, slots=True)
class School:
    """A school of the register in force."""

    school_id: str
    name: str
    number: int | None
    municipality_id: str
    municipality_name: str

    @property
    def code(self) -> str:
        return self.school_id.zfill(CODE_DIGITS)


@dataclass(frozen=True, slots=True)
class Form:
    """One workbook: a dataset, the period that it is filled for, and the schools in it."""

    dataset: Dataset
    year: int
    number: int | None  # of the half-year or quarter
    schools: tuple[School, ...]

    @property
    def title(self) -> str:
        name = terms.words("period_type").get(self.dataset.period)
        period = f", {self.number} {name}" if self.number else ""
        return f"{self.dataset.title}{period}, {self.academic_year}"

    @property
    def academic_year(self) -> str:
        return f"{self.year}-{self.year + 1}"

    @property
    def is_filled_by_school(self) -> bool:
        """Whether the form has one row a school; others have any number of rows."""
        return self.dataset.period != "any" and self.dataset.fields["school_code"].empty == "error"

    def prefilled(self, field: Field, school: School) -> str | int | None:
        """What the form says already in a school's row."""
        if field.type == "school_code":
            return school.code
        if field.type == "academic_year":
            return self.academic_year
        if field.type == "year":
            return self.year
        return self.number if field.name == PERIOD_FIELDS.get(self.dataset.period) else None


def write(settings: Settings, year: int, school: str | None = None, municipality: str | None = None) -> Path:
    """`write_templates` into ``templates/<year>`` of the data root; returns that folder."""
    directory = settings.templates / str(year)
    write_templates(settings, year, directory, school, municipality)
    return directory


def write_templates(
    settings: Settings, year: int, directory: Path, school: str | None = None, municipality: str | None = None
) -> list[Path]:
    """Write the blank forms of academic year ``year``/``year + 1``: a folder a municipality, or the school's.

    ``school``: its ``Код ОО``; ``municipality``: its code or name. Raises `UsageError` where the register in
    force does not have it, or is empty.
    """
    written = []
    for folder, schools in _folders(open_schools(settings, year), school, municipality).items():
        for dataset in datasets.load().values():
            if not dataset.is_form:
                continue
            for number in PERIODS[dataset.period]:
                form = Form(dataset, year, number, tuple(schools))
                path = directory / folder / f"{_file_name(form.title)}.xlsx"
                path.parent.mkdir(parents=True, exist_ok=True)
                write_form(form, path)
                written.append(path)
    return written


def open_schools(settings: Settings, year: int) -> list[School]:
    """The schools of the register in force that are open in academic year ``year``/``year + 1``."""
    register = datasets.get("school_register")
    with duckdb.connect() as connection:
        take_force(connection, effective(read_receipts(settings)).values())
        landed = view_landed(connection, settings, register)
        found = connection.execute(
            f"""
            with in_force as (
                select * from {landed} qualify
                row_number() over (partition by school_id order by order_seq desc, row_number desc) = 1
            )
            select school_id, school_name, school_number, municipality_id, municipality_name from in_force
            where coalesce(open_from, $opens) <= $closes and coalesce(open_to, $closes) >= $opens
            order by municipality_name, school_number nulls last, school_id
            """,
            {"opens": date(year, 9, 1), "closes": date(year + 1, 8, 31)},
        ).fetchall()
    return [School(*row) for row in found]


def _folders(schools: list[School], school: str | None, municipality: str | None) -> dict[str, list[School]]:
    """Which schools go into the forms of which folder."""
    if not schools:
        raise UsageError(
            "Реестр школ ещё не принят, или школ, открытых в этом году, в нём нет: проверьте год "
            "или положите реестр в inbox и выполните school-quality ingest."
        )
    if school is not None:
        found = [s for s in schools if s.school_id == school.strip().lstrip("0")]
        if not found:
            raise UsageError(f"Школы с кодом {school} в реестре нет или в этом году она закрыта.")
        return {_file_name(f"Школа {found[0].code}"): found}
    if municipality is not None:
        wanted = municipality.strip().casefold()
        everywhere = schools
        schools = [
            s
            for s in everywhere
            if wanted in (s.municipality_id, s.municipality_id.zfill(3), s.municipality_name.casefold())
        ]
        if not schools:
            known = ", ".join(
                dict.fromkeys(f"{s.municipality_name} ({s.municipality_id})" for s in everywhere)
            )
            raise UsageError(f"Муниципалитета «{municipality}» в реестре нет. Есть: {known}.")
    folders: dict[str, list[School]] = {}
    for one in schools:
        folders.setdefault(_file_name(one.municipality_name), []).append(one)
    return folders


def _file_name(text: str) -> str:
    return _NOT_IN_NAMES.sub(" ", text).strip(" .")[:120]


def write_form(form: Form, path: Path) -> None:
    """Write one blank form; the same form gives the same bytes."""
    options = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"title": form.title, "created": datetime(form.year, 9, 1)})
        sheet = book.add_worksheet(_sheet_name(form.dataset.title))
        columns = _write_header(book, sheet, form)
        rows = len(form.schools) if form.is_filled_by_school else EMPTY_ROWS
        if form.is_filled_by_school:
            _write_schools(book, sheet, form, columns)
        for name, column in columns.items():
            _add_check(sheet, form, columns, form.dataset.fields[name], column, rows)
        _write_help(book, form)


def _sheet_name(title: str) -> str:
    return re.sub(r"[\[\]:*?/\\]", " ", title)[:31]


def _write_header(book: Any, sheet: Any, form: Form) -> dict[str, int]:
    """The first row with its notes, the columns' widths and formats; returns the column of each field."""
    header = book.add_format(
        {"bold": True, "bg_color": "#D9E2EC", "border": 1, "text_wrap": True, "valign": "vcenter"}
    )
    formats = {kind: book.add_format({"num_format": code}) for kind, code in FORMATS.items()}
    columns: dict[str, int] = {}
    place = 0
    for name, field in form.dataset.fields.items():
        columns[name] = place
        sheet.set_column(place, place, _width(field), formats[_kind(field)])
        sheet.write_string(0, place, field.header, header)
        sheet.write_comment(0, place, explain(field), {"x_scale": 2, "y_scale": 1.2, "font_size": 9})
        place += 1
        if field.type == "school_code" and form.is_filled_by_school:
            sheet.set_column(place, place, 34, formats["text"])
            sheet.write_string(0, place, SCHOOL_NAME_HEADER, header)
            place += 1
    sheet.set_row(0, 64)
    sheet.freeze_panes(1, 2 if form.is_filled_by_school else 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    return columns


def _kind(field: Field) -> str:
    return "text" if field.type in _TEXT_TYPES else "date" if field.type == "date" else "number"


def _width(field: Field) -> int:
    longest_word = max(len(word) for word in field.header.split())
    roomy = field.type == "text" and not field.name.endswith("_name")
    return max(longest_word + 3, 36 if roomy else 14)


def _write_schools(book: Any, sheet: Any, form: Form, columns: dict[str, int]) -> None:
    """A row for each school: its code, its name and the period are there already, the rest is framed."""
    given = {"bg_color": "#F2F2F2", "border": 1}
    text = book.add_format(given | {"num_format": "@"})
    number = book.add_format(given | {"num_format": "0"})
    empty = {kind: book.add_format({"num_format": code, "border": 1}) for kind, code in FORMATS.items()}
    for row, school in enumerate(form.schools, start=1):
        for name, column in columns.items():
            field = form.dataset.fields[name]
            value = form.prefilled(field, school)
            if isinstance(value, str):
                sheet.write_string(row, column, value, text)
            elif value is not None:
                sheet.write_number(row, column, value, number)
            else:
                sheet.write_blank(row, column, None, empty[_kind(field)])
        sheet.write_string(row, columns["school_code"] + 1, school.name, text)


def explain(field: Field) -> str:
    """What to write in a column, for the note on its header and the list of explanations."""
    what = {
        "int": "Целое число",
        "decimal": "Число",
        "date": "Дата в виде дд.мм.гггг",
        "year": "Год четырьмя цифрами",
        "academic_year": "Учебный год, например 2022-2023",
        "quarter": "Целое число",
        "half_year": "Целое число",
        "school_code": "Код ОО из реестра",
        "item": "Номер пункта дорожной карты текстом, например 4.1",
        "indicator_codes": "Код показателя текстом, например 1.10; несколько кодов через запятую",
    }.get(field.type, "Текст")
    if field.allowed:
        what = f"Одно из значений: {', '.join(field.allowed)}"
    elif field.minimum is not None and field.maximum is not None:
        what += f" от {field.minimum:g} до {field.maximum:,g}".replace(",", "\u00a0")
    if field.unit:
        what += f", {field.unit}"
    parts = [f"{what}.".replace("..", ".")]
    if field.note and field.note not in what:
        parts.append(f"{field.note.rstrip('.')}.")
    parts.append("Можно не заполнять." if field.empty == "null" else "Обязательно.")
    return " ".join(parts)


def _add_check(sheet: Any, form: Form, columns: dict[str, int], field: Field, column: int, rows: int) -> None:
    """The drop-down list or the check of a column's cells."""
    check = _check(form, columns, field)
    if check is None:
        return
    check |= {"ignore_blank": True, "error_type": "stop", "error_title": field.header[:32]}
    check.setdefault("error_message", explain(field)[:255])
    sheet.data_validation(1, column, rows, column, check)


def _check(form: Form, columns: dict[str, int], field: Field) -> dict[str, Any] | None:
    if field.allowed:
        return {"validate": "list", "source": field.allowed}
    if field.type == "school_code" and not form.is_filled_by_school:
        return {"validate": "list", "source": f"=Школы!$A$2:$A${len(form.schools) + 1}"}
    if field.name == "municipality_name":
        names = dict.fromkeys(school.municipality_name for school in form.schools)
        return {"validate": "list", "source": list(names)}
    if field.type == "item":
        items = list(roadmap_items())
        # a list longer than a check can hold stays a note
        return {"validate": "list", "source": items} if len(",".join(items)) <= 255 else None
    if field.type == "date":
        between = {"criteria": "between", "minimum": date(2010, 1, 1), "maximum": date(2100, 12, 31)}
        return {"validate": "date", **between}
    if field.type == "year":
        return {"validate": "list", "source": [str(form.year)]}
    if field.type == "academic_year":
        return {"validate": "list", "source": [form.academic_year]}
    if field.name == PERIOD_FIELDS.get(form.dataset.period):
        return {"validate": "list", "source": [str(form.number)]}
    if field.type != "int" or field.minimum is None or field.maximum is None:
        return None
    check: dict[str, Any] = {
        "validate": "integer",
        "criteria": "between",
        "minimum": int(field.minimum),
        "maximum": int(field.maximum),
    }
    for declared in form.dataset.parts:
        if field.name in declared.parts:
            whole = form.dataset.fields[declared.whole]
            others = [name for name in declared.parts if name != field.name]
            cells = [f"${xl_col_to_name(columns[name])}2" for name in (declared.whole, *others)]
            check["maximum"] = f"={'-'.join(cells)}"
            together = " вместе с «" + "», «".join(form.dataset.fields[n].header for n in others) + "»"
            check["error_message"] = (
                f"Целое число, и{together if others else ''} не больше, чем «{whole.header}» в этой строке."
            )[:255]
    return check


def roadmap_items() -> dict[str, str]:
    """The items of the roadmap with their names, of every methodology version, in its order."""
    return {row["item"]: row["item_name"] for row in seeds.rows("roadmap_items")}


def _write_help(book: Any, form: Form) -> None:
    """Sheets beside the form: how to fill it, and the schools where their codes are chosen from a list."""
    bold = book.add_format({"bold": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet("Пояснения")
    sheet.set_column(0, 0, 52, wrap)
    sheet.set_column(1, 1, 95, wrap)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    lines: list[tuple[str, str]] = [
        (form.title, ""),
        ("Кто присылает", form.dataset.sender),
        (
            "Как заполнять",
            "Серые ячейки уже заполнены. Заголовки не меняйте, столбцы не удаляйте.",
        ),
        ("Если сказать нечего", "Удалите строку школы целиком: пустая обязательная ячейка — ошибка."),
        *((f"Столбец: {field.header}", explain(field)) for field in form.dataset.fields.values()),
    ]
    if "item" in form.dataset.fields:
        lines += [(f"Пункт {item}", name) for item, name in roadmap_items().items()]
    for row, (left, right) in enumerate(lines):
        sheet.write_string(row, 0, left, bold if row == 0 else wrap)
        sheet.write_string(row, 1, right, wrap)
    if not form.is_filled_by_school:
        _write_school_list(book, form.schools, bold)


def _write_school_list(book: Any, schools: Iterable[School], bold: Any) -> None:
    text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet("Школы")
    sheet.set_column(0, 0, 12, text)
    sheet.set_column(1, 1, 50, text)
    sheet.write_string(0, 0, "Код", bold)
    sheet.write_string(0, 1, "Название", bold)
    for row, school in enumerate(schools, start=1):
        sheet.write_string(row, 0, school.code, text)
        sheet.write_string(row, 1, school.name, text)
