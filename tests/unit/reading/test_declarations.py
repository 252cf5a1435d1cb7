"""Declarations hold together, and a new form or header is a declaration and nothing else."""

from __future__ import annotations

import pytest
from tests.unit.reading import builders
from tests.unit.reading.conftest import Reader, only_block

from school_quality import datasets
from school_quality.reading import headers
from school_quality.reading.texts import fold

EVERY = list(datasets.load().values())


@pytest.mark.parametrize("dataset", EVERY, ids=lambda d: d.name)
def test_keys_parts_and_required_fields_name_what_is_declared(dataset: datasets.Dataset) -> None:
    landed = set(dataset.columns)

    assert set(dataset.key) <= landed
    for parts in dataset.parts:
        assert {*parts.parts, parts.whole} <= landed
    for field in dataset.fields.values():
        assert field.column is None or field.column in landed
        assert not field.is_personal or field.column is None
    for variant in dataset.variants:
        assert set(variant.required) <= set(variant.headers)


@pytest.mark.parametrize("dataset", EVERY, ids=lambda d: d.name)
def test_a_header_means_one_field_and_a_spelling_one_value(dataset: datasets.Dataset) -> None:
    for variant in dataset.variants:
        names = [fold(name) for spellings in variant.headers.values() for name in spellings]
        assert len(names) == len(set(names))
    for field in dataset.fields.values():
        spellings = [fold(s) for names in field.values.values() for s in names]
        assert len(spellings) == len(set(spellings))


def test_references_are_processed_first() -> None:
    kinds = [d.kind for d in EVERY]

    assert kinds.index("results") > max(i for i, k in enumerate(kinds) if k == "reference")
    assert EVERY[0].name == "school_register"


@pytest.mark.parametrize("dataset", [d for d in EVERY if d.shape == "record"], ids=lambda d: d.name)
def test_a_blank_form_made_from_a_declaration_is_recognised_as_that_dataset(
    dataset: datasets.Dataset,
) -> None:
    header = headers.recognise([[f.header for f in dataset.fields.values()]], 0)

    assert isinstance(header, headers.Header)
    assert header.dataset.name == dataset.name
    assert set(header.columns) == set(dataset.fields)


def test_headers_of_another_year_of_vpr_are_ten_lines_of_a_declaration(
    read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = datasets.__file__.replace("__init__.py", "vpr_results.yml")
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - the package's own file
        text = file.read()
    text += """
  - name: выгрузка 2027 года
    tasks: 'задание (?P<name>.+), не более (?P<max>\\d+)'
    headers:
      login: Учётная запись ОО
      municipality_name: Район
      pupil_code: Шифр участника
      variant: Номер варианта
      total: Сумма
      journal_mark: Отметка четверти
"""
    declared = {**datasets.load(), "vpr_results": datasets.parse("vpr_results", text)}
    monkeypatch.setattr(datasets, "load", lambda: declared)
    headers.forget()
    rows = [
        [
            "Учётная запись ОО",
            "Район",
            "Шифр участника",
            "Номер варианта",
            "Задание 1, не более 2",
            "Сумма",
            "Отметка четверти",
        ],
        ["edu900101", "Тестовый район", "7001", "1", "2", "2", "4"],
    ]

    block = only_block(read("2027/5/Математика.csv", builders.csv_text(rows)))
    headers.forget()

    assert block.columns["total"] == ["2"]
    work = {"reporting_year": "2027", "grade": "5", "subject": "math", "printed_max": "2"}
    assert block.constants == {**work, "tasks": "1=2"}


def test_the_fingerprint_changes_with_a_declaration() -> None:
    before = datasets.parse("x", _SMALL)
    after = datasets.parse("x", _SMALL.replace("max: 5", "max: 6"))

    assert before.fingerprint != after.fingerprint
    assert len(datasets.declarations_fingerprint()) == 16


_SMALL = """
title: Проба
sender: ЦОКО
kind: form
order: 99
period: year
key: [school_id]
columns: {school_id: VARCHAR, count: INTEGER}
fields:
  school_code: {header: Код ОО, type: school_code, column: school_id, required: true}
  count: {header: Сколько, type: int, min: 0, max: 5}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [("key: [school_id]", "key: [nothing]"), ("max: 5", "maximum: 5, most: 5"), ("type: int, ", "")],
)
def test_a_declaration_that_makes_no_sense_is_an_error(old: str, new: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        datasets.parse("x", _SMALL.replace(old, new))
