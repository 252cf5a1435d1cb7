"""Cell texts to typed rows: one SQL statement a dataset and batch, generated from the declaration.

`type_rows` reads the spooled texts and makes ``typed_<dataset>``: provenance, the school, one column a
declared field, and ``bad``, a bit mask of the fields whose text could not be understood. Only where a bit
is set are the texts looked at again, to say which rule is broken: clean rows cost one scan, whatever the
number of their files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from school_quality.datasets import YES_NO, Dataset, Field
from school_quality.landing.schools import Register, Spelling, folded
from school_quality.landing.spool import Chunk
from school_quality.quoting import identifier, literal
from school_quality.reading import subjects
from school_quality.reading.texts import DATE_MARK, NUMBER_MARK

MAX_INTEGER = 2_147_483_647

EXAMS = {
    "ege_results": "ege",
    "oge_results": "oge",
    "vpr_results": "vpr",
    "vpr_marks": "vpr",
    "score_distribution": "vpr",
    "task_completion": "vpr",
    "journal_comparison": "vpr",
}
"""The exam whose codes and names of subjects a dataset uses; plain ``Математика`` of ЕГЭ is profile."""

PUPIL_COLUMNS = {"pupil_id": "VARCHAR", "pupil_name_id": "VARCHAR", "has_document": "BOOLEAN"}
READ_COLUMNS = PUPIL_COLUMNS | {
    "printed_minimum": "INTEGER",
    "printed_max": "INTEGER",
    "sitting": "VARCHAR",
    "is_left_out": "BOOLEAN",
    "tasks": "VARCHAR",
}
"""Columns that no header declares: the reader makes them (pseudonyms, what stands in titles and footers)."""

SPELLING_FIELDS = {
    "code": ("school_code",),
    "login": ("login",),
    "number": ("school_number",),
    "name": ("group", "school_name"),
    "municipality": ("municipality_name",),
}
"""Part of a `Spelling` -> the declared fields that may fill it, the first one that the dataset has."""

SCHOOL_KEYS = frozenset({"school_code", "login", "school_number"})
"""Fields that `Register.resolve` judges together, so that none is judged alone."""

SCHOOL_PLACES = SCHOOL_KEYS | {"group"}
"""Fields that a remark on the school of a row may point to."""

SCHOOL_OPTIONAL = frozenset({"official_list", "form_roadmap", "biased_vpr"})
"""Datasets where an empty school has a meaning: a municipality's own row, or a list with nobody in it."""

WITHOUT_SCHOOLS = frozenset({"school_register", "mark_scale", "thresholds", "work_plan"})
"""Datasets whose rows are not looked up in the register: the register itself, and those about no school."""


@dataclass(frozen=True, slots=True)
class TypedField:
    """A declared field in SQL: ``value`` over the text ``t_<name>``; ``rule``: what a null means."""

    field: Field
    column: str
    value: str
    rule: str

    @property
    def text(self) -> str:
        return f'"t_{self.field.name}"'

    def cell(self, present: Iterable[str]) -> str:
        """What the cell says in SQL over the texts ``r``: in a count ``-`` is an empty cell."""
        text = cell(self.field.name, present)
        return f"count_text({text})" if self.field.is_count else text

    @property
    def bad(self) -> str:
        missing = f"({self.text} <> '' and \"{self.column}\" is null)"
        return f"({missing} or {self.text} = '')" if self.field.empty == "error" else missing


@dataclass(frozen=True, slots=True)
class Typed:
    """What `type_rows` made: the table and the fields behind the bits of ``bad``."""

    dataset: Dataset
    table: str
    fields: tuple[TypedField, ...]
    texts: str  # the relation of the cell texts
    present: frozenset[str]  # fields that some block has

    def fields_of(self, column: str) -> list[str]:
        """The declared fields behind a landed column, those that some block has first."""
        keys = SCHOOL_PLACES if column == "school_id" and self.dataset.name not in WITHOUT_SCHOOLS else ()
        names = [f.field.name for f in self.fields if f.field.name in keys or f.column == column]
        return sorted(names, key=lambda n: n not in self.present) or [column]


def enum_value(text: str, values: dict[str, list[str]], kind: str) -> str:
    """A CASE over the declared spellings, compared without case, ё and runs of spaces."""
    written = (lambda v: v) if kind == "BOOLEAN" else literal
    cases = " ".join(
        f"when {literal(folded(name))} then {written(value)}"
        for value, names in values.items()
        for name in names
    )
    return f"case folded({text}) {cases} end"


def typed_field(field: Field, dataset: Dataset) -> TypedField:
    """Value expression and rule of a field; the landed type comes from the declaration."""
    text = f'"t_{field.name}"'
    column = field.column or field.name
    kind = dataset.columns.get(column, "VARCHAR")
    integer = f"clipped(integer_value({text}), -{MAX_INTEGER}, {MAX_INTEGER})::integer"
    word = f"case when not is_formula_error({text}) then nullif({text}, '') end"
    not_integer = f"case when number_text({text}) is null then 'not_a_number' else 'not_an_integer' end"
    is_date = f"starts_with({text}, {literal(DATE_MARK)}) or date_value({text}) is not null"
    match field.type:
        case "int" | "school_number":
            value, rule = integer, not_integer
        case "decimal":
            limit = "99999" if kind == "DECIMAL(9,4)" else "99999999"
            number = f"without_percent_sign({text})" if field.unit == "%" else text
            value = f"clipped(decimal_value({number}), -{limit}, {limit})::{kind}"
            rule = "'not_a_number'"
        case "quarter" | "half_year":
            number = f"clipped({field.type}_value({text}), -{MAX_INTEGER}, {MAX_INTEGER})::integer"
            value = number
            rule = "'not_a_quarter'" if field.type == "quarter" else "'not_a_half_year'"
        case "date":
            value, rule = f"date_value({text})", "'not_a_date'"
        case "year":
            value, rule = f"year_value({text})", "'not_a_year'"
        case "academic_year":
            value, rule = f"academic_year_value({text})", "'not_an_academic_year'"
        case "bool":
            value, rule = enum_value(text, YES_NO, "BOOLEAN"), "'not_yes_no'"
        case "enum":
            value, rule = enum_value(text, field.values, kind), "'not_in_list'"
        case "item":
            value, rule = (
                f"item_value({text})",
                f"case when {is_date} then 'date_for_item' else 'unknown_item' end",
            )
        case "indicator_codes":
            is_number = f"starts_with({text}, {literal(NUMBER_MARK)})"
            value = f"codes_value({text})"
            rule = (
                f"case when {is_number} then 'number_for_code' when {is_date} then 'date_for_code' "
                "else 'unknown_code' end"
            )
        case "school_code" | "municipality_code":
            value, rule = f"school_code({text})", "'not_a_code'"
        case "login":
            value, rule = f"login_digits({text})", "'not_a_login'"
        case "subject":
            value, rule = f'"s_{field.name}"', "'unknown_subject'"
        case "task":
            value = f"case when not starts_with({text}, {literal(DATE_MARK)}) then nullif({text}, '') end"
            rule = "'date_for_task'"
        case "content_codes":
            value, rule = f"content_codes({text})", "'formula_error'"
        case "mask":
            # a broken one has unclear answers, and says nothing against the result
            value, rule = f"nullif({text}, '')", "''"
        case "text":
            value, rule = word, "'formula_error'"
        case "pupil":
            raise ValueError(f"{dataset.name}.{field.name}: a pupil's own cells never leave the reader")
    return TypedField(
        field, column, value, f"case when is_formula_error({text}) then 'formula_error' else {rule} end"
    )


def texts_relation(connection: duckdb.DuckDBPyConnection, dataset: Dataset, chunks: Sequence[Chunk]) -> str:
    """Register the spooled texts of a dataset, memory-mapped; returns the name of the relation."""
    tables = []
    for chunk in chunks:
        with pa.memory_map(str(chunk.path)) as source:
            tables.append(pa.ipc.open_file(source).read_all())
    name = f"texts_{dataset.name}"
    connection.register(name, pa.concat_tables(tables, promote_options="default"))
    return name


def type_rows(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, chunks: Sequence[Chunk], register: Register
) -> Typed:
    """Make ``typed_<dataset>`` from the texts of a batch and note the cells that could not be understood."""
    texts = texts_relation(connection, dataset, chunks)
    present = frozenset(name for chunk in chunks for name in chunk.fields)
    fields = tuple(typed_field(f, dataset) for f in dataset.fields.values() if not f.is_personal)
    if len(fields) > 62:
        raise ValueError(f"{dataset.name}: more fields than bits")
    spelling = _spellings(connection, dataset, texts, present, register)
    subject_joins = _subjects(connection, dataset, texts, present)
    by_school = () if dataset.name in WITHOUT_SCHOOLS else SCHOOL_KEYS
    cells = [f"{f.cell(present)} as {f.text}" for f in fields]
    values = [
        f'null::varchar as "{f.column}"' if f.field.name in by_school else f'{f.value} as "{f.column}"'
        for f in fields
    ]
    made = [
        f"try_cast(nullif({cell(name, present)}, '') as {kind}) as \"{name}\""
        for name, kind in READ_COLUMNS.items()
        if name in dataset.columns or name in present
    ]
    extra = [identifier(name) for name in sorted(present - set(dataset.fields) - set(READ_COLUMNS))]
    bits = " + ".join(
        f"case when {f.bad} then {1 << i} else 0 end"
        for i, f in enumerate(fields)
        if f.field.name not in by_school
    )
    hidden = [f.text for f in fields]
    if "subject" in dataset.fields:
        hidden.append('"s_subject"')
    table = f"typed_{dataset.name}"
    connection.execute(
        f"""
        create or replace table {table} as
        with cells as (
            select row_id, source_row, file, block, row_number, task_sum, stray_header, stray_value, cells,
                {", ".join([*cells, *made, *extra])} {spelling.columns} {subject_joins.columns}
            from {texts} as r {spelling.join} {subject_joins.join}
        ),
        understood as (
            select *, {", ".join(values)} from cells
        )
        select * exclude ({", ".join(hidden)}), ({bits or "0"})::bigint as bad from understood
        """
    )
    return Typed(dataset, table, fields, texts, present)


def cell(name: str, present: Iterable[str]) -> str:
    """The text of a field in SQL over the texts ``r``; empty where no block has it."""
    return f"coalesce(r.\"{name}\", '')" if name in present else "''"


@dataclass(frozen=True, slots=True)
class Join:
    """A lookup beside the texts: what it adds to FROM and to SELECT."""

    join: str = ""
    columns: str = ""


def _keep_table(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    connection.register(f"arrow_{name}", table)
    connection.execute(f"create or replace table {name} as select * from arrow_{name}")
    connection.unregister(f"arrow_{name}")


def _spellings(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    texts: str,
    present: frozenset[str],
    register: Register,
) -> Join:
    """Resolve the distinct spellings of schools into ``spelling_<dataset>``."""
    if dataset.name in WITHOUT_SCHOOLS:
        return Join()
    cells = {
        part: cell(next((n for n in names if n in present), ""), present)
        for part, names in SPELLING_FIELDS.items()
    }
    found = connection.execute(f"select distinct {', '.join(cells.values())} from {texts} as r").fetchall()
    resolved = [register.resolve(Spelling(*values)) for values in found]
    schools = [r.school for r in resolved]
    fields = {
        part: next((n for n in SPELLING_FIELDS.get(part, ()) if n in present), "")
        for part in {r.part for r in resolved}
    }
    columns = {"spelling_id": pa.array(range(len(found)), pa.int32())}
    for place, part in enumerate(cells):
        columns[f"by_{part}"] = pa.array([values[place] for values in found], pa.string())
    columns |= {
        "outcome": pa.array([r.outcome for r in resolved], pa.string()),
        "school_id": pa.array([s.school_id if s else None for s in schools], pa.string()),
        "municipality_id": pa.array([r.municipality_id for r in resolved], pa.string()),
        "open_to": pa.array([s.open_to if s else None for s in schools], pa.date32()),
        "rule": pa.array([r.rule for r in resolved], pa.string()),
        "field": pa.array([fields[r.part] for r in resolved], pa.string()),
        "value": pa.array([r.value for r in resolved], pa.string()),
        "meant": pa.array([r.meant for r in resolved], pa.string()),
    }
    name = f"spelling_{dataset.name}"
    _keep_table(connection, name, pa.table(columns))
    on = " and ".join(f"s.by_{part} = {cell}" for part, cell in cells.items() if cell != "''")
    return Join(
        f"left join {name} as s on {on or 'true'}",
        ", s.spelling_id, s.outcome as school_outcome, s.school_id, s.municipality_id, s.open_to",
    )


def _subjects(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, texts: str, present: frozenset[str]
) -> Join:
    """Look up the distinct names of subjects, by the exam that they belong to."""
    field = dataset.fields.get("subject")
    if field is None:
        return Join()
    text = cell("subject", present)
    exam = literal(EXAMS.get(dataset.name, ""))
    if "exam" in dataset.fields:
        exam = enum_value(cell("exam", present), dataset.fields["exam"].values, "VARCHAR")
    found = connection.execute(f"select distinct {text}, coalesce({exam}, '') from {texts} as r").fetchall()
    rows = [
        {"by_text": by_text, "by_exam": by_exam, "subject": subjects.find(by_text, by_exam or None)}
        for by_text, by_exam in found
    ]
    schema = pa.schema([("by_text", pa.string()), ("by_exam", pa.string()), ("subject", pa.string())])
    name = f"subject_{dataset.name}"
    _keep_table(connection, name, pa.Table.from_pylist(rows, schema=schema))
    return Join(
        f"left join {name} as n on n.by_text = {text} and n.by_exam = coalesce({exam}, '')",
        ', n.subject as "s_subject"',
    )


def note_unreadable_cells(connection: duckdb.DuckDBPyConnection, typed: Typed) -> None:
    """Put the cells that gave no value into ``failure``: required and empty, formula error, another type."""
    (seen,) = connection.execute(f"select coalesce(bit_or(bad), 0) from {typed.table}").fetchone() or (0,)
    for number, field in enumerate(typed.fields):
        if not seen & (1 << number):
            continue
        shown = cell(field.field.name, typed.present)
        allowed = literal(", ".join(field.field.allowed))
        hint = literal(" Если таких нет, впишите 0." if field.field.is_count else "")
        details = f"map {{'allowed': {allowed}, 'codes': {field.text}, 'hint': {hint}}}"
        connection.execute(
            f"""
            insert into failure
            with cells as (
                select t.row_id, t.file, {field.cell(typed.present)} as {field.text}, {shown} as shown
                from {typed.table} as t join {typed.texts} as r using (row_id)
                where t.bad & {1 << number} <> 0
            )
            select row_id, file, {literal(typed.dataset.name)}, {literal(field.field.name)},
                case when {field.text} = '' then 'required_empty' else {field.rule} end,
                'row', regexp_replace(shown, '^\x01[a-z]+:', ''), {details}
            from cells
            """
        )


def note_schools(connection: duckdb.DuckDBPyConnection, typed: Typed) -> None:
    """Rows whose school is unknown or ambiguous fail, rows that concern no district here are skipped."""
    name = typed.dataset.name
    if name in WITHOUT_SCHOOLS:
        return
    connection.execute(
        f"""
        insert into failure
        select t.row_id, t.file, {literal(name)}, s.field,
            case when is_formula_error(s.value) then 'formula_error' else s.rule end, 'row', s.value,
            map {{'meant': s.meant}}
        from {typed.table} as t join spelling_{name} as s using (spelling_id) where s.outcome = 'rejected'
        """
    )
    connection.execute(
        f"""
        insert into skipped
        select t.row_id, {literal(name)}, s.rule = ''
        from {typed.table} as t join spelling_{name} as s using (spelling_id)
        where s.outcome = 'skipped'
        """
    )
    if name not in SCHOOL_OPTIONAL:
        field = next(n for names in SPELLING_FIELDS.values() for n in names if n in typed.present)
        connection.execute(
            f"""
            insert into failure
            select row_id, file, {literal(name)}, {literal(field)}, 'required_empty', 'row', '', null
            from {typed.table} where school_outcome = 'empty'
            """
        )
