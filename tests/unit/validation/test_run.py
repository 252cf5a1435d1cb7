"""Which rows break which rules, as Great Expectations says."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from school_quality import datasets
from school_quality.datasets import Dataset
from school_quality.settings import expectations_dir
from school_quality.validation import Failure, check, check_keys, rules, run, suites, validate
from school_quality.validation.rules import tables
from school_quality.validation.run import expectations, judge

PUPILS = """
    create temp table rows_form_pupils as
    select * from (values
        (1, '6017', 2022, 1, 100, 10, 5, 0, 10, 7),
        (2, '6017', 2022, 2, 100, 101, 5, 0, 10, 7),
        (3, '6017', 2022, 3, -1, 10, 0, 0, 10, 0),
        (4, '6017', 2022, 5, 100, 10, 5, 0, 11, 7),
        (5, '6017', 2022, 1, null, 10, 5, 0, 10, 7)
    ) as t(row_id, school_id, reporting_year, "quarter", pupils, failing, disability, non_native,
        failing_in_extra_classes, social)
"""


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def verdicts(failures: list[Failure]) -> set[tuple[int, str, str]]:
    return {(failure.row_id, failure.rule, failure.column) for failure in failures}


def test_rows_are_reported_with_rule_and_column(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(PUPILS)

    failures = validate(connection, "form_pupils", "rows_form_pupils")

    assert verdicts(failures) == {
        (2, "part_above_whole", "failing"),
        (3, "out_of_range", "pupils"),
        (4, "out_of_range", "quarter"),
        (4, "part_above_whole", "failing_in_extra_classes"),
        (5, "required_empty", "pupils"),
    }


def test_a_failure_carries_level_and_details_for_its_remark(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(PUPILS)

    failures = {(f.row_id, f.rule): f for f in validate(connection, "form_pupils", "rows_form_pupils")}

    assert failures[4, "out_of_range"].level == "row"
    assert failures[4, "out_of_range"].details == {"min": "1", "max": "4"}
    assert failures[2, "part_above_whole"].details == {"parts": "«Неуспевающих»", "whole": "«Обучающихся»"}


def test_a_row_with_a_structural_fault_gets_no_logical_one_on_the_same_column(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute(PUPILS)

    found = verdicts(validate(connection, "form_pupils", "rows_form_pupils"))

    assert (3, "part_above_whole", "failing") not in found


def test_more_than_the_two_hundred_rows_that_gx_samples_are_reported(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute(
        """
        create table rows_form_staff as
        select i as row_id, '6017' as school_id, 2022 as reporting_year, 5 as teachers, 4 as highest_category,
            i % 2 + 1 as first_category
        from range(1000) as r(i)
        """
    )

    failures = validate(connection, "form_staff", "rows_form_staff")

    assert [failure.row_id for failure in failures] == list(range(1, 1000, 2))


def test_every_expectation_has_a_result(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(PUPILS)

    validation = check(connection, "form_pupils", "rows_form_pupils")

    metas = [result.expectation_config.meta for result in validation.results]
    assert len(metas) == len(expectations("form_pupils")) - 1  # but for the key
    verdicts = {
        (meta["rule"], meta["column"]): result.success
        for meta, result in zip(metas, validation.results, strict=True)
    }
    assert not verdicts["required_empty", "pupils"]
    assert verdicts["out_of_range", "failing"]
    assert validation.rows == 5


def test_a_table_without_rows_breaks_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(PUPILS)
    connection.execute("delete from rows_form_pupils")

    assert validate(connection, "form_pupils", "rows_form_pupils") == []


def test_a_key_that_stands_twice_in_a_file_is_reported_with_the_rows(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute(
        """
        create table rows_social_index as
        select * from (values
            (1, 0, 2, '6017', 2022, 50.0), (2, 0, 3, '6005', 2022, 50.0), (3, 0, 10, '6017', 2022, 47.5),
            (4, 1, 2, '6017', 2022, 50.0), (5, 0, 5, null, 2022, 1.0), (6, 0, 6, null, 2022, 2.0)
        ) as t(row_id, file, row_number, school_id, reporting_year, social_index)
        """
    )

    failures = check_keys(connection, "social_index", "rows_social_index").failures

    assert [(f.row_id, f.column, f.details) for f in failures] == [
        (1, "school_id", {"rows": "2, 10"}),
        (3, "school_id", {"rows": "2, 10"}),
        (5, "school_id", {"rows": "5, 6"}),
        (6, "school_id", {"rows": "5, 6"}),
    ]


def test_a_rule_that_looks_into_another_table_gives_the_details_of_its_message(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute(
        """
        create temp table scale as
        select 2022 as reporting_year, 'oge' as exam, 9 as grade, 'math' as subject, 31 as max_score,
            7 as max_2, 14 as max_3, 21 as max_4
        """
    )
    connection.execute(
        """
        create temp table rows_oge_results as
        select i as row_id, '6017' as school_id, 2022 as reporting_year, null::date as exam_date,
            'math' as subject, 'a' as pupil_id, 'b' as pupil_name_id, true as has_document,
            [5, 5, 32][i] as primary_score, [2, 3, 5][i] as mark, true as is_counted, 8 as printed_minimum
        from range(1, 4) as r(i)
        """
    )

    failures = validate(connection, "oge_results", "rows_oge_results")

    assert [(f.row_id, f.rule, f.details) for f in failures] == [
        (2, "mark_above_scale", {"score": "5", "expected": "2"}),
        (3, "score_above_scale", {"maximum": "31"}),
    ]


def test_the_callers_transaction_stays_open_and_nothing_is_left_behind(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute("begin")
    connection.execute(PUPILS)

    validate(connection, "form_pupils", "rows_form_pupils")

    tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    assert tables == {"rows_form_pupils"}
    connection.execute("rollback")
    assert connection.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]


def test_two_connections_are_not_confused() -> None:
    first, second = duckdb.connect(), duckdb.connect()
    first.execute(PUPILS)
    second.execute(PUPILS)
    second.execute("delete from rows_form_pupils where row_id > 2")

    assert len(validate(first, "form_pupils", "rows_form_pupils")) == 5
    assert len(validate(second, "form_pupils", "rows_form_pupils")) == 1


def test_a_warning_is_no_rejection(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        create table rows_form_measures as
        select 1 as row_id, '6017' as school_id, 2022 as reporting_year, '1.1' as indicator_codes,
            'Мера' as measure, null as decision, date '2023-05-01' as starts_on, date '2022-10-01' as ends_on,
            'done' as status
        """
    )

    failures = validate(connection, "form_measures", "rows_form_measures")

    assert [(failure.rule, failure.level) for failure in failures] == [("measure_dates_reversed", "warning")]


def test_an_expectation_that_cannot_be_evaluated_is_an_error_and_no_verdict(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute("create temp table odd as select 1 as row_id, 5 as something_else")

    with pytest.raises(RuntimeError, match="required_empty"):
        judge(connection, "odd", expectations("form_staff")[:1])


def candidates(dataset: Dataset, column: str) -> list[Any]:
    """Values on both sides of every limit that the suite draws, null, and ordinary ones."""
    kind = dataset.columns[column]
    if kind == "BOOLEAN":
        return [None, True, False]
    if kind == "DATE":
        return [None, date(2022, 9, 1), date(2022, 10, 1), date(2021, 12, 31)]
    if kind.endswith("[]"):
        return [None, [], [1, 0], [-1, -4]]
    values: list[Any] = [None]
    for item in expectations(dataset.name):
        if item["kwargs"].get("column") != column:
            continue
        values += item["kwargs"].get("value_set", [])
        limits = [item["kwargs"].get(key) for key in ("min_value", "max_value")]
        values += [limit + step for limit in limits if limit is not None for step in (-1, 0, 1)]
    if kind == "VARCHAR":
        queries = " ".join(
            item["kwargs"].get("unexpected_rows_query", "") for item in expectations(dataset.name)
        )
        return [*values, *re.findall(rf"\b{column} [^']*'(\w+)'", queries), "6017", "такого нет", ""]
    if kind.startswith("DECIMAL"):
        return [*values, 0.5, 25, 24.9999]
    return [*values, 0, 1, 2, 3, 7, 40]


def fill(connection: duckdb.DuckDBPyConnection, dataset: Dataset, table: str) -> None:
    """Every candidate of every column among random others, and random rows."""
    chance = random.Random(dataset.name)  # noqa: S311 - data of a test
    choices = {column: candidates(dataset, column) for column in dataset.columns}
    pick = [{c: chance.choice(values) for c, values in choices.items()} for _ in range(200)]
    pick += [
        {c: chance.choice(values) for c, values in choices.items()} | {column: value}
        for column, values in choices.items()
        for value in values
    ]
    # shares that add up to 1, to 100 and, like pupils, to the 40 participants
    decimals = [column for column, kind in dataset.columns.items() if kind.startswith("DECIMAL")]
    pick += [
        {c: 40 if c == "participants" else chance.choice(values) for c, values in choices.items()}
        | dict.fromkeys(decimals, share)
        for share in (0.25, 25, 10)
    ]
    # rows with one word, in which everything else is empty or true
    blank: dict[str, Any] = {c: True if kind == "BOOLEAN" else None for c, kind in dataset.columns.items()}
    words = [column for column, kind in dataset.columns.items() if kind == "VARCHAR"]
    pick += [blank | {column: value} for column in words for value in choices[column]]
    files = [i % 5 for i in range(len(pick))]
    pick, files = pick + pick[:5], files + files[:5]  # rows that stand twice
    # three rows of one work in one file, whose shares add up to 30
    pick += [pick[0] | dict.fromkeys(decimals, 10)] * 3
    files += [7] * 3
    columns = ", ".join(f'"{name}" {kind}' for name, kind in dataset.columns.items())
    connection.execute(
        f"create temp table {table} (row_id bigint, file integer, row_number integer, {columns})"
    )
    marks = ", ".join("?" for _ in range(len(choices) + 3))
    connection.executemany(
        f"insert into {table} values ({marks})",
        [[i, files[i], i + 2, *row.values()] for i, row in enumerate(pick)],
    )
    look_up(connection, table, [row for row in pick if set(row) >= {"reporting_year", "subject"}])


def look_up(connection: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    """What queries read beside the rows: a scale for each year and subject, half of the footers wrong."""
    for name, columns in tables().items():
        declared = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        connection.execute(f"create temp table {name} ({declared})")
    works = {(r["reporting_year"], r.get("grade"), r["subject"]) for r in rows}
    connection.executemany(
        "insert into work_scale values (?, ?, ?, 20)", sorted(works, key=repr) or [[None] * 3]
    )
    subjects = sorted({(year, subject) for year, _, subject in works}, key=repr) or [[None] * 2]
    connection.executemany("insert into scale values (?, 'oge', 9, ?, 30, 5, 10, 20)", subjects)
    connection.execute(
        f"insert into block_count select row_id, '7', 7, 7, row_id % 2, 0 from {table} where row_id % 9 = 0"
    )
    connection.execute("update block_count set pupils = 6 + participants")
    for column in ("primary_score", "test_score", "mark"):
        connection.execute(
            f"insert into block_mean select row_id, '{column}', '4,5', 4.5, 1, 4.5 + row_id % 2 from {table}"
        )


@pytest.mark.parametrize("name", sorted(datasets.load()))
def test_every_expectation_finds_bad_rows_and_lets_good_ones_pass(
    connection: duckdb.DuckDBPyConnection, name: str
) -> None:
    fill(connection, datasets.get(name), "rows_here")
    (rows,) = connection.execute("select count(*) from rows_here").fetchone() or (0,)

    for result in judge(connection, "rows_here", expectations(name)).results:
        bad = result.result.get("unexpected_count", result.result.get("observed_value"))
        is_key = result.expectation_config.meta.get("scope") == "keys"  # has a test of its own
        assert 0 < bad < rows + is_key, result.expectation_config.meta


def test_a_new_expectation_is_one_entry_of_the_catalogue(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry, and the command that writes the suites."""
    entry = """
  - id: nobody_fails
    level: warning
    datasets: [form_pupils]
    column: failing
    judges: [failing]
    predicate: failing > 0
    message: "Неуспевающих нет."
    advice: "Проверьте."
"""
    (tmp_path / "rules.yml").write_text(
        (expectations_dir() / "rules.yml").read_text("utf-8") + entry, "utf-8"
    )
    for module in (rules, run):
        monkeypatch.setattr(module, "expectations_dir", lambda: tmp_path)
    caches = (rules.catalogue, rules.tables, run.expectations)
    for cached in caches:
        cached.cache_clear()
    try:
        (tmp_path / "form_pupils.json").write_text(suites.suite(datasets.get("form_pupils")), "utf-8")
        connection.execute(PUPILS)
        connection.execute("update rows_form_pupils set failing = 0 where row_id = 1")

        found = [
            f for f in validate(connection, "form_pupils", "rows_form_pupils") if f.rule == "nobody_fails"
        ]

        assert [(f.row_id, f.column, f.level) for f in found] == [(1, "failing", "warning")]
    finally:
        for cached in caches:
            cached.cache_clear()


def test_nothing_is_sent_and_nothing_is_written_beside_the_data(tmp_path: Path) -> None:
    program = f"""
import socket, sys
import duckdb
from school_quality.validation import validate

def refuse(*args, **kwargs):
    raise AssertionError("a connection was tried")

socket.socket.connect = socket.getaddrinfo = refuse
connection = duckdb.connect()
connection.execute({PUPILS!r})
assert "great_expectations" not in sys.modules, "imported without need"
assert len(validate(connection, "form_pupils", "rows_form_pupils")) == 5
"""
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    subprocess.run([sys.executable, "-c", program], check=True, cwd=home, env=environment)

    assert list(home.rglob("*")) == []
