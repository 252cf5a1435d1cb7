"""The declarations of datasets: one YAML a dataset says which headers, types, ranges and keys its files have.

Readers recognise tables by them, landing types rows by them, rules and blank forms are made from them. What
has to be a file elsewhere (suites, dbt sources and staging, seeds) is written from them by
``python -m school_quality.datasets`` (`datasets.generated`). A new form, or a header that changed this year,
is a declaration: ``docs/next_order.md`` walks through one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from school_quality import seeds
from school_quality.quoting import literal

FieldType = Literal[
    "text",
    "int",
    "decimal",
    "date",
    "year",
    "academic_year",
    "quarter",
    "half_year",
    "school_code",
    "login",
    "school_number",
    "municipality_code",
    "subject",
    "enum",
    "bool",
    "item",
    "task",
    "mask",
    "content_codes",
    "indicator_codes",
    "pupil",
]
Shape = Literal[
    "record",
    "protocol",
    "appeals",
    "pupils",
    "marks",
    "percentages",
    "scores",
    "completion",
    "journal",
    "plan",
]
Kind = Literal["reference", "list", "results", "report", "form"]
"""A report is aggregated by others and decides no result."""
Period = Literal["any", "year", "half_year", "quarter"]

COUNT_LIMIT = 100_000
"""No count of the contract is larger (contracts 2.5)."""

YES_NO: dict[str, list[str]] = {
    "true": ["да", "есть", "имеется", "+", "1", "истина", "true"],
    "false": ["нет", "отсутствует", "-", "0", "ложь", "false"],
}


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a dataset as it comes in.

    ``required``: a file without the column is rejected. ``empty``: what an empty cell means, ``error``
    rejects the row, ``null`` lands as null. ``needed``: a SQL condition over landed columns; an empty cell
    rejects the rows that meet it. ``column``: the landed column that it fills (``None``: it only
    helps to find the school, the pupil or the period). ``values`` maps a landed value to the spellings that
    mean it, the first of which is offered in blank forms. ``from_title``, ``from_path``: where the value may
    come from if no column has it; ``from_headers``: it is made of the headers of several columns, or of
    the rows above.
    """

    name: str
    header: str
    type: FieldType
    synonyms: tuple[str, ...] = ()
    column: str | None = None
    required: bool = False
    empty: Literal["error", "null"] = "null"
    needed: str = ""
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    note: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    from_title: bool = False
    from_path: bool = False
    from_headers: bool = False

    @property
    def is_count(self) -> bool:
        """A number of people or events: what stands for "nothing" there (``-``, ``н/д``) is an empty cell."""
        return self.type == "int" and self.maximum == COUNT_LIMIT

    @property
    def is_personal(self) -> bool:
        """Identifies a pupil: the cell becomes a pseudonym, and its value is never shown."""
        return self.type == "pupil"

    @property
    def allowed(self) -> list[str]:
        """The spellings offered in drop-down lists, one for each landed value; empty where anything goes."""
        if self.type == "bool":
            return [names[0] for names in YES_NO.values()]
        return [names[0] for names in self.values.values()]


@dataclass(frozen=True, slots=True)
class Variant:
    """One generation of a dataset's header: which header names each field has in it, and which it must
    have."""

    name: str
    headers: dict[str, tuple[str, ...]]
    required: tuple[str, ...]
    also: tuple[str, ...] = ()  # headers that are known and carry nothing that is used
    tasks: str | None = (
        None  # pattern of task columns; groups ``name`` and ``max``: what a header says of its task
    )
    beyond: tuple[str, ...] | None = None  # some task column must be another than these
    refuses: str | None = None  # pattern of headers that make it another table
    below: str = ""  # how the row of the tasks' maxima begins, which must stand right below
    by_beginning: bool = False  # a header that begins with a declared name is that one
    subjects: tuple[str, ...] = ()  # holds only for blocks of these subjects


@dataclass(frozen=True, slots=True)
class Parts:
    """The sum of ``parts`` may not exceed ``whole`` within a row."""

    parts: tuple[str, ...]
    whole: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A declared dataset. ``columns`` are the landed columns with their DuckDB types, beside the provenance.

    ``unread``: why nothing reads what lands, where that is so.
    """

    name: str
    title: str
    sender: str
    kind: Kind
    order: int  # datasets are read in this order: references before what refers to them
    period: Period
    shape: Shape
    key: tuple[str, ...]
    columns: dict[str, str]
    fields: dict[str, Field]
    variants: tuple[Variant, ...]
    parts: tuple[Parts, ...]
    header_rows: int
    unread: str
    fingerprint: str

    @property
    def is_form(self) -> bool:
        """A blank of it is sent out to schools (``templates``)."""
        return self.kind == "form"

    @property
    def period_column(self) -> str | None:
        """The column that numbers the half-year or the quarter of the reporting year."""
        return self.period if self.period in self.columns else None

    @property
    def numbers(self) -> dict[str, str]:
        """What indicators may read of a form of one row a school and period: columns -> a number in SQL.

        Counts are themselves, yes is 1 and no 0, a choice is its place among the declared, from 0 on.
        """
        period = {"school_id", "reporting_year", self.period_column} - {None}
        if not self.is_form or set(self.key) != period:
            return {}
        found = {}
        for declared in self.fields.values():
            column = declared.column
            if column is None or column in period:
                continue
            if self.columns[column] in ("INTEGER", "BOOLEAN"):
                found[column] = f"{column}::bigint"
            elif declared.type == "enum":
                places = ", ".join(map(literal, declared.values))
                found[column] = f"(list_position([{places}], {column}) - 1)::bigint"
        return found


def _names(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(v) for v in value)


def _field(name: str, raw: dict[str, Any], columns: dict[str, str]) -> Field:
    required = bool(raw.pop("required", False))
    values = {str(k): [str(v) for v in names] for k, names in raw.pop("values", {}).items()}
    return Field(
        name=name,
        header=raw.pop("header"),
        type=raw.pop("type"),
        synonyms=tuple(raw.pop("synonyms", ())),
        column=raw.pop("column", name if name in columns else None),
        required=required,
        empty=raw.pop("empty", "error" if required else "null"),
        minimum=raw.pop("min", None),
        maximum=raw.pop("max", None),
        values=values,
        **raw,
    )


def _variant(raw: dict[str, Any], fields: dict[str, Field]) -> Variant:
    headers: dict[str, tuple[str, ...]] = {}
    if raw.get("extends", False):
        without = set(raw.get("without", ()))
        headers = {
            f.name: (f.header, *f.synonyms)
            for f in fields.values()
            if f.name not in without and not f.from_headers
        }
    headers |= {name: _names(value) for name, value in raw.get("headers", {}).items()}
    unknown = set(headers) - set(fields)
    if unknown:
        raise ValueError(f"variant {raw['name']!r} names undeclared fields: {sorted(unknown)}")
    required = [
        f.name
        for f in fields.values()
        if f.required and f.name in headers and not (f.from_title or f.from_path)
    ]
    required += [name for name in raw.get("required", ()) if name not in required]
    return Variant(
        name=str(raw["name"]),
        headers=headers,
        required=tuple(required),
        also=tuple(str(v) for v in raw.get("also", ())),
        tasks=raw.get("tasks"),
        beyond=tuple(str(v) for v in raw["beyond"]) if "beyond" in raw else None,
        refuses=raw.get("refuses"),
        below=raw.get("below", ""),
        by_beginning=bool(raw.get("by_beginning", False)),
        subjects=tuple(raw.get("subjects", ())),
    )


def parse(name: str, text: str) -> Dataset:
    """The dataset that the YAML ``text`` declares; `ValueError` or `TypeError` where it makes no sense."""
    raw: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe
    columns = {str(k): str(v) for k, v in raw["columns"].items()}
    fields = {k: _field(k, dict(v), columns) for k, v in raw["fields"].items()}
    variants = raw.get("variants") or [{"name": raw["title"], "extends": True}]
    unknown = set(raw["key"]) - set(columns)
    if unknown:
        raise ValueError(f"{name}: the key names unknown columns: {sorted(unknown)}")
    return Dataset(
        name=name,
        title=raw["title"],
        sender=raw["sender"],
        kind=raw["kind"],
        order=raw["order"],
        period=raw["period"],
        shape=raw.get("shape", "record"),
        key=tuple(raw["key"]),
        columns=columns,
        fields=fields,
        variants=tuple(_variant(v, fields) for v in variants),
        parts=tuple(Parts(tuple(p["parts"]), p["whole"]) for p in raw.get("parts", ())),
        header_rows=raw.get("header_rows", 1),
        unread=raw.get("unread", ""),
        fingerprint=hashlib.sha256(text.encode()).hexdigest()[:16],
    )


@cache
def load() -> dict[str, Dataset]:
    """All declared datasets by name, in the order in which they are to be processed."""
    folder = Path(__file__).parent
    found = [parse(p.stem, p.read_text("utf-8")) for p in sorted(folder.glob("*.yml"))]
    return {d.name: d for d in sorted(found, key=lambda d: (d.order, d.name))}


def get(name: str) -> Dataset:
    """The dataset ``name``; `KeyError` where there is none."""
    return load()[name]


@cache
def declarations_fingerprint() -> str:
    """Changes when a declaration, a subject or a pseudo-unit does: then files with rejections are read
    again."""
    digest = hashlib.sha256()
    for dataset in load().values():
        digest.update(f"{dataset.name}:{dataset.fingerprint};".encode())
    for name in ("subjects", "pseudo_units"):
        digest.update(seeds.path(name).read_bytes())
    return digest.hexdigest()[:16]
