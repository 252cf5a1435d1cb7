"""From tables to blocks: columns of texts, what titles and footers say, pupils as pseudonyms.

One function a shape of dataset (``Dataset.shape``); a shape knows how its titles and footers are written,
the names of its columns come from the declaration.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

from school_quality import datasets, seeds
from school_quality.datasets import Dataset
from school_quality.model import Block, Context
from school_quality.reading import pseudonyms, subjects
from school_quality.reading.context import Consulted, Mention, combine, mention
from school_quality.reading.failures import Rejected
from school_quality.reading.headers import Header, nearest_headers
from school_quality.reading.tables import Sheet, Table
from school_quality.reading.texts import (
    BEHIND_CODE,
    DATE_MARK,
    cell_text,
    column_texts,
    fold,
    marked_texts,
    raw_texts,
    task_name,
    without_zero_fraction,
)
from school_quality.reading.titles import ExamTitle, exam_title, is_gve, iso_date, parse_exam

_LOGIN = re.compile(r"\((?:edu|sch)(\d{6})\)", re.IGNORECASE)
_SCHOOL_WORD = re.compile(r"№|(?<![а-я])(?:[а-я]?сош|оош|нош|школ|лице|гимнази|кадет)", re.IGNORECASE)
_SCHOOL_NAME = re.compile(r"№|(?:edu|sch)\d{6}|(?<![А-Яа-я])[А-Я]{1,4}ОУ(?![А-Яа-я])")
_MADE_ON = re.compile(r"дата|по состоянию|приказ|сформирован|выгру")
_OUTCOME = re.compile(r"понизили|подтвердили|повысили")
_DECLARED = re.compile(r"(?:кол-во|количество)\s+участников\s*:?\s*(\d+)")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_WHOLE_CODE = re.compile(rf"0*(\d+)(?:[.,]0+)?(?:{BEHIND_CODE}[^\W\d].*)?", re.DOTALL)

NO_MARK = "нет отметки"
"""What ФИС ОКО writes into a cell of marks that has none."""

ABSENT = "отсутствовал"
"""The variant of a pupil who did not write."""

NOTHING = Context()
"""What titles say where the shape has already read them."""


@dataclass(slots=True)
class Blocks:
    """Blocks of a table (none, if all its rows are skipped) and how many of its rows are skipped."""

    blocks: list[Block]
    skipped: int


def take_titles(table: Table, first: Table) -> None:
    """Below another table of a sheet a report speaks of the same work, where its own titles name none."""
    if table is first or "group" not in table.header.columns:
        return
    said = _said(table)
    if not (said.year or said.grade or said.subject or said.conflicting_years):
        table.titles += first.titles


def make(sheet: Sheet, table: Table, path: Consulted) -> Blocks:
    """The block of a table. Raises `Rejected` where year, grade or subject are nowhere."""
    header = table.header
    shape = header.dataset.shape
    if shape == "protocol":
        return _protocol(sheet, table, path)
    if shape == "appeals":
        return _appeals(sheet, table, path)
    if shape == "pupils":
        return _pupils(sheet, table, path)
    if shape == "plan":
        return _plan(sheet, table, path)
    block = _block(sheet, table, table.rows, header.dataset)
    skipped = table.skipped
    if shape == "journal":
        skipped += _keep_outcomes(block, table)
    elif "group" in header.columns:
        skipped += _keep_schools(block)
    _complete(block, table, header.dataset, path)
    return Blocks([block] if block.row_numbers else [], skipped)


def _block(sheet: Sheet, table: Table, rows: Sequence[int], dataset: Dataset) -> Block:
    """Declared columns of the given rows; the cells of pupils are left to the shapes that make pseudonyms of
    them."""
    header = table.header
    picked = [sheet.rows[r] for r in rows]
    columns: dict[str, list[str]] = {}
    for name, index in header.columns.items():
        declared = dataset.fields.get(name)
        if declared is not None and declared.is_personal:
            continue
        cells = [row[index] for row in picked]
        columns[name] = marked_texts(cells, declared.type) if declared else column_texts(cells)
    tasks = {name: raw_texts([row[index] for row in picked]) for name, index in header.tasks.items()}
    maxima = sheet.rows[header.row] if header.has_maxima else ()
    return Block(
        dataset=dataset.name,
        sheet=sheet.name,
        row_numbers=[r + 1 for r in rows],
        columns=columns,
        constants={},
        headers=dict(header.texts),
        tasks=tasks,
        maxima={name: cell_text(maxima[index]) for name, index in header.tasks.items()} if maxima else {},
    )


def _personal(sheet: Sheet, table: Table, rows: Sequence[int]) -> dict[str, list[str]]:
    """The cells that identify pupils; they must not leave this module but as pseudonyms."""
    header = table.header
    none = [""] * len(rows)
    return {
        f.name: column_texts([sheet.rows[r][header.columns[f.name]] for r in rows])
        if f.name in header.columns
        else none
        for f in header.dataset.fields.values()
        if f.is_personal
    }


def _keep(block: Block, wanted: Sequence[bool]) -> int:
    """Leave only the wanted rows in a block; returns how many went."""
    gone = len(wanted) - sum(wanted)
    if gone:
        block.row_numbers = list(compress(block.row_numbers, wanted))
        block.columns = {name: list(compress(cells, wanted)) for name, cells in block.columns.items()}
        block.tasks = {name: list(compress(cells, wanted)) for name, cells in block.tasks.items()}
    return gone


# ---- what titles and the path say ----


def _said(table: Table) -> Context:
    """Year, grade, subject and sitting by the titles above a table; all titles together, dates of making
    left out."""
    made = {value for label, value in table.title_pairs.items() if label.startswith("дата")}
    titles = [t for t in table.titles if t not in made and not _MADE_ON.match(fold(t))]
    mentions = [mention(t) for t in titles]
    # a school may be called by a subject or a number: its name says nothing about the work
    of_work = [m for t, m in zip(titles, mentions, strict=True) if not _SCHOOL_NAME.search(t)]
    return combine(
        [
            Mention(
                frozenset().union(*(m.years for m in mentions)),
                frozenset().union(*(m.grades for m in of_work)),
                frozenset().union(*(m.subjects for m in of_work)),
                any(m.is_autumn for m in mentions),
                frozenset().union(*(m.exams for m in mentions)),
            )
        ]
    )


def _complete(
    block: Block, table: Table, dataset: Dataset, path: Consulted, said: Context | None = None
) -> None:
    """Fill in what no column has from titles, then from the path; reject what is required and nowhere."""
    for name, attribute in (("reporting_year", "year"), ("grade", "grade"), ("subject", "subject")):
        declared = dataset.fields.get(name)
        if declared is None or name in block.columns or name in block.constants:
            continue
        value = None
        if declared.from_title:
            said = said or _said(table)
            if name == "reporting_year" and said.conflicting_years:
                raise Rejected("two_years", sheet=block.sheet, years=_years(said))
            value = getattr(said, attribute)
        if value is None and declared.from_path:
            value = path.ask(attribute)
        if value is not None:
            block.constants[name] = str(value)
        elif declared.required:
            raise _missing(name, block, table, dataset, path)
    if "sitting" in dataset.columns:
        said = said or _said(table)
        sitting = said.sitting or path.ask("sitting")
        if sitting:
            block.constants["sitting"] = str(sitting)


def _missing(name: str, block: Block, table: Table, dataset: Dataset, path: Consulted) -> Rejected:
    """Why a file without year, grade or subject is rejected, with the hint that helps most."""
    if name == "reporting_year" and path.conflicting_years:
        years = ", ".join(str(y) for y in path.conflicting_years)
        return Rejected("two_years", sheet=block.sheet, years=years)
    if dataset.shape == "record":
        header = dataset.fields[name].header
        nearest = nearest_headers([header], table.header.unknown)
        return Rejected("missing_column", sheet=block.sheet, missing=f"«{header}»", nearest=nearest)
    return Rejected({"reporting_year": "no_year", "grade": "no_grade", "subject": "no_subject"}[name])


def _years(context: Context) -> str:
    return ", ".join(str(y) for y in context.conflicting_years)


# ---- protocols of ЕГЭ and ОГЭ ----


EXAM_OF = {"ege_results": "ege", "oge_results": "oge"}


def _dataset_of(header: Header, table: Table) -> tuple[Dataset, ExamTitle | None]:
    """ОГЭ or ЕГЭ: they share a header with base maths, so the title decides."""
    own = [v for v in header.variants if v.subjects]
    if len(header.variants) > 1 and own:
        as_ege = exam_title(table.titles, "ege")
        if as_ege is not None and any(as_ege.subject in v.subjects for v in own):
            return datasets.get("ege_results"), as_ege
        rest = next(v for v in header.variants if not v.subjects)
        name = next(d.name for d in datasets.load().values() if rest in d.variants)
        return datasets.get(name), exam_title(table.titles, EXAM_OF[name])
    return header.dataset, exam_title(table.titles, EXAM_OF[header.dataset.name])


def _protocol(sheet: Sheet, table: Table, path: Consulted) -> Blocks:
    dataset, title = _dataset_of(table.header, table)
    as_a_whole = title is not None and title.is_gve
    try:
        block = _protocol_block(sheet, table, path, dataset, title)
    except Rejected:
        if as_a_whole:
            return Blocks([], table.skipped + len(table.rows))
        raise
    categories = block.columns.get("category", [""] * len(block.row_numbers))
    left_out = [as_a_whole or is_gve(category) for category in categories]
    if any(left_out):
        block.columns["is_left_out"] = ["true" if out else "" for out in left_out]
        block.footer["left_out"] = str(sum(left_out))
    return Blocks([block] if block.row_numbers else [], table.skipped)


def _protocol_block(
    sheet: Sheet, table: Table, path: Consulted, dataset: Dataset, title: ExamTitle | None
) -> Block:
    if title is not None and title.subject == "math_base" and "test_score" in table.header.columns:
        header = table.header.texts["test_score"]
        raise Rejected(
            "ambiguous_header", sheet=sheet.name, header=f"«{header}» (у базовой математики — «Оценка»)"
        )
    exam = EXAM_OF[dataset.name]
    if title is not None and title.exam not in (None, exam):
        column = "test_score" if "test_score" in table.header.columns else "mark"
        wanted = "у ОГЭ — «Оценка»" if title.exam == "oge" else "у ЕГЭ — «Балл»"
        header = table.header.texts[column]
        raise Rejected("ambiguous_header", sheet=sheet.name, header=f"«{header}» ({wanted})")
    block = _block(sheet, table, table.rows, dataset)
    ids, name_ids, has_document = _participants(sheet, table, block)
    block.columns |= {"pupil_id": ids, "pupil_name_id": name_ids, "has_document": has_document}
    if title is not None:
        if title.subject and "subject" not in block.columns:
            block.constants["subject"] = title.subject
        if title.date and "exam_date" not in block.columns:
            block.constants["exam_date"] = title.date
        if title.year is not None and "reporting_year" not in block.columns:
            block.constants["reporting_year"] = str(title.year)
    elif "exam_date" in block.columns and "reporting_year" not in block.columns:
        block.columns["reporting_year"] = [iso_date(d)[:4] for d in block.columns["exam_date"]]
    _read_footer(sheet, table, block)
    _complete(block, table, dataset, path, NOTHING)
    return block


def _participants(sheet: Sheet, table: Table, block: Block) -> tuple[list[str], list[str], list[str]]:
    cells = _personal(sheet, table, table.rows)
    names = [
        pseudonyms.full_name(*n)
        for n in zip(cells["surname"], cells["first_name"], cells["patronymic"], strict=True)
    ]
    documents = [
        pseudonyms.document_digits(*d)
        for d in zip(cells["document"], cells["document_series"], cells["document_number"], strict=True)
    ]
    schools = [m[1] if (m := _WHOLE_CODE.fullmatch(c)) else c for c in block.columns["school_code"]]
    ids, name_ids = pseudonyms.pseudonyms().participants(names, documents, schools)
    return ids, name_ids, ["true" if d else "false" for d in documents]


def _read_footer(sheet: Sheet, table: Table, block: Block) -> None:
    """``Минимальная граница``, ``Средние``, ``Всего участников``: their values may stand in any column."""
    columns = table.header.columns
    for number in table.footers:
        row = sheet.rows[number]
        texts = [(i, text) for i, c in enumerate(row) if c != "" and (text := cell_text(c))]
        label = next((fold(t) for _, t in texts if not _NUMBER.fullmatch(t)), "")
        values = [(i, t.replace(",", ".")) for i, t in texts if _NUMBER.fullmatch(t)]
        if label.startswith("минимальн") and values:
            block.constants["printed_minimum"] = values[0][1]
        elif label.startswith("всего") and values:
            block.footer["participants"] = values[0][1]
        elif label.startswith("средн"):
            at = dict(values)
            for name in ("primary_score", "test_score", "mark"):
                if columns.get(name, -1) in at:
                    block.footer[f"mean_{name}"] = at[columns[name]]


# ---- plans of works ----


def _plan(sheet: Sheet, table: Table, path: Consulted) -> Blocks:
    """Rows of tasks, of a work or of several; without a word on the exam it is ВПР."""
    block = _block(sheet, table, table.rows, table.header.dataset)
    columns = block.columns
    # beside a working copy to the right a row of the table may be blank
    gone = _keep(block, [any(texts) for texts in zip(*columns.values(), strict=True)])
    block.columns["task"] = [
        task if task.startswith(DATE_MARK) else task_name(task) for task in block.columns["task"]
    ]
    said = _said(table)
    if "exam" not in columns and (exam := said.exam or path.ask("exam")):
        block.constants["exam"] = str(exam)
        grade = next((row["grade_by_exam"] for row in seeds.rows("exams") if row["exam"] == exam), "")
        if grade and "grade" not in columns:
            block.constants["grade"] = grade
    _complete(block, table, table.header.dataset, path, said)
    return Blocks([block] if block.row_numbers else [], table.skipped + gone)


# ---- appeals ----


def _appeals(sheet: Sheet, table: Table, path: Consulted) -> Blocks:
    """Appeals name the exam in a column or in a title; whether it is ЕГЭ or ОГЭ is found by the result."""
    block = _block(sheet, table, table.rows, table.header.dataset)
    ids, name_ids, has_document = _participants(sheet, table, block)
    block.columns |= {"pupil_id": ids, "pupil_name_id": name_ids, "has_document": has_document}
    if "subject" in block.columns:
        exams = block.columns["subject"]
    else:
        named = next((t for t in table.titles if parse_exam(t, None) or parse_exam(t, "ege")), None)
        if named is None:
            raise Rejected("no_subject", sheet=sheet.name)
        exams = [named] * len(block.row_numbers)
        if "reporting_year" not in block.columns and len(years := mention(named).years) == 1:
            block.constants["reporting_year"] = str(*years)
    parsed = {text: _appeal_exam(text) for text in set(exams)}
    block.columns["subject"] = [parsed[e][0] for e in exams]
    block.columns["subject_ege"] = [parsed[e][1] for e in exams]
    block.columns["subject_oge"] = [parsed[e][2] for e in exams]
    dates = [parsed[e][3] for e in exams]
    if "exam_date" not in block.columns:
        block.columns["exam_date"] = dates
    if all("reporting_year" not in said for said in (block.columns, block.constants)) and all(dates):
        block.columns["reporting_year"] = [d[:4] for d in dates]
    _complete(block, table, table.header.dataset, path, NOTHING)
    return Blocks([block] if block.row_numbers else [], table.skipped)


def _appeal_exam(text: str) -> tuple[str, str, str, str]:
    """(name as written, subject as ЕГЭ, subject as ОГЭ, ISO date) of ``Русский язык(2022.05.30)``."""
    ege, oge = parse_exam(text, "ege"), parse_exam(text, "oge")
    found = ege or oge
    if found is None:
        return text, "", "", iso_date(text)
    name, date, _ = found
    return name, subjects.find(name, "ege") or "", subjects.find(name, "oge") or "", date


# ---- ВПР ----


def _pupils(sheet: Sheet, table: Table, path: Consulted) -> Blocks:
    header, dataset = table.header, table.header.dataset
    block = _block(sheet, table, table.rows, dataset)
    if "variant_2" in block.columns:
        _join_parts(block)
    if "municipality_name" in block.columns:
        # ``reg23_m035 | Славянский район``
        names = {t: t.rsplit("|", 1)[-1].strip() for t in set(block.columns["municipality_name"])}
        block.columns["municipality_name"] = [names[t] for t in block.columns["municipality_name"]]
    if "mark" in block.columns:
        block.columns["mark"] = ["" if fold(mark) == NO_MARK else mark for mark in block.columns["mark"]]
    pairs = table.title_pairs
    tested_on = next((iso_date(v) for k, v in pairs.items() if k.startswith("дата")), "")
    if tested_on and "tested_on" not in block.columns:
        block.constants["tested_on"] = tested_on
    maximum = next((v for k, v in pairs.items() if k.startswith("максимальн")), "")
    if maximum:
        block.constants["printed_max"] = maximum
    elif header.task_maximum is not None:
        block.constants["printed_max"] = str(header.task_maximum)
    declared = next((m[1] for t in table.titles if (m := _DECLARED.search(fold(t)))), "")
    if declared:
        block.footer["participants"] = declared
    said = _said(table)
    if said.year is None:
        _year_of_dates(block, path)
    _complete(block, table, dataset, path, said)
    if header.tasks:
        block.constants["tasks"] = _task_layout(header)
    work = "|".join(block.constants.get(n, "") for n in ("reporting_year", "grade", "subject"))
    cells = column_texts([sheet.rows[r][header.columns["pupil_code"]] for r in table.rows])
    codes = [without_zero_fraction(cell) for cell in cells]
    schools = [login.lower().removeprefix("sch").removeprefix("edu") for login in block.columns["login"]]
    block.columns["pupil_id"] = pseudonyms.pseudonyms().pupils(schools, codes, work)
    return Blocks([block] if block.row_numbers else [], table.skipped)


def _task_layout(header: Header) -> str:
    """The tasks of an export in the order of their columns: ``1К1=4|1К2=3`` where headers print the maxima,
    ``1|2`` where they count places."""
    pattern = re.compile(header.variants[0].tasks or "", re.IGNORECASE)
    found = (pattern.fullmatch(" ".join(text.split())) for text in header.tasks)
    parts = [(m.groupdict(), m[0]) for m in found if m is not None]
    return "|".join(
        task_name(said.get("name") or header) + (f"={int(said['max'])}" if said.get("max") else "")
        for said, header in parts
    )


def _join_parts(block: Block) -> None:
    """One variant of a work in two parts: told absent from one part, a pupil is absent (methodology, Who
    counts 1). A second variant that no row has is none: its zeros and empty cells say nothing."""
    first, second = block.columns["variant"], block.columns.pop("variant_2")
    joined = [a or b for a, b in zip(first, second, strict=True)]
    if any(b and not is_told_absent(b) for b in second):
        parts = [(is_told_absent(a), is_told_absent(b)) for a, b in zip(first, second, strict=True)]
        joined = [ABSENT if by_second else j for j, (_, by_second) in zip(joined, parts, strict=True)]
        wrote_one = [
            "true" if a and b and by_first != by_second else ""
            for a, b, (by_first, by_second) in zip(first, second, parts, strict=True)
        ]
        if any(wrote_one):
            block.columns["wrote_one_part"] = wrote_one
    block.columns["variant"] = joined


def is_told_absent(variant: str) -> bool:
    """A variant that says that the pupil did not write; an empty one says nothing by itself."""
    return without_zero_fraction(variant) == "0" or fold(variant).startswith("отсутств")


def _year_of_dates(block: Block, path: Consulted) -> None:
    """Without a year in the titles the dates of the rows give it; the path is asked where they have several
    years, and before the date of a title, which may be that of making the file."""
    dates = block.columns.get("tested_on", [])
    years = {d: iso_date(d)[:4] for d in set(dates)}
    if len(found := set(filter(None, years.values()))) == 1:
        block.constants["reporting_year"] = found.pop()
    elif path.ask("year") is not None or path.conflicting_years:
        return
    elif dates and all(years.values()):
        block.columns["reporting_year"] = [years[d] for d in dates]
    elif "tested_on" in block.constants:
        block.constants["reporting_year"] = block.constants["tested_on"][:4]


def _keep_schools(block: Block) -> int:
    """``Группы участников``: the login stands in brackets; the whole sample, regions and districts are
    skipped."""
    groups = block.columns["group"]
    logins = [m[1] if (m := _LOGIN.search(g)) else "" for g in groups]
    block.columns["login"] = logins
    # a school without its login is not skipped silently: its row will be rejected as an unknown school
    return _keep(
        block, [bool(login) or bool(_SCHOOL_WORD.search(g)) for login, g in zip(logins, groups, strict=True)]
    )


def _keep_outcomes(block: Block, table: Table) -> int:
    """``Сравнение отметок с отметками по журналу``: a row with a school stands above the rows that compare;
    of blocks of one school its name may stand in the title."""
    group = next((t for t in table.titles if _LOGIN.search(t)), "")
    groups, outcomes = [], []
    for text in block.columns["group"]:
        outcome = _OUTCOME.match(fold(text))
        group = group if outcome else text
        groups.append(group)
        outcomes.append(outcome[0] if outcome else "")
    block.columns |= {"group": groups, "outcome": outcomes}
    return _keep(block, [bool(outcome) for outcome in outcomes]) + _keep_schools(block)
