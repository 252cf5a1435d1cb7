"""The open edition of a random region holds out against the attacker, and would not without its rules."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from school_quality.warehouse import disclosure

from .attacker import found_out, possibilities
from .leaks import LEAKS, steps_with
from .published import read


@pytest.fixture(scope="session")
def opened(region: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The open marts of the region."""
    warehouse = tmp_path_factory.mktemp("open") / "warehouse.duckdb"
    disclosure.write_open_marts(region[0] / "warehouse/build.duckdb", warehouse)
    return warehouse


def test_every_hidden_number_has_several_possibilities(opened: Path) -> None:
    domains = possibilities([read(opened)])

    assert len(domains) > 100
    assert all(domains.values()), "the attacker's picture of the methodology is wrong"
    assert found_out(domains) == {}


@pytest.mark.parametrize("leak", LEAKS)
def test_without_a_rule_the_attacker_finds_numbers(
    region: tuple[Path, int], leak: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disclosure, "STEPS", steps_with(LEAKS[leak], tmp_path / "steps"))

    disclosure.write_open_marts(region[0] / "warehouse/build.duckdb", tmp_path / "leaking.duckdb")

    assert found_out(possibilities([read(tmp_path / "leaking.duckdb")]))


def test_results_of_ten_pupils_are_open_and_of_nine_are_not(region: tuple[Path, int], opened: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{region[0] / 'warehouse/build.duckdb'}' as official (read_only)")
        connection.execute(f"attach '{opened}' as opened (read_only)")
        shown = dict(
            connection.execute(
                """
                select facts.participants, count(open_facts.participants)
                from official.marts.fct_procedure_result as facts
                inner join opened.marts.fct_procedure_result as open_facts
                    using (school_id, reporting_year, procedure_id)
                where facts.participants in (9, 10) and facts.data_level = 'pupil'
                group by all
                """
            ).fetchall()
        )

    assert shown[9] == 0
    assert shown[10] > 0


def test_every_table_and_column_is_decided(region: tuple[Path, int], opened: Path) -> None:
    """Undecided ones are empty: say in `disclosure` and its steps whether they may be open."""
    official = columns(region[0] / "warehouse/build.duckdb")
    decided = set(disclosure.COPIED + disclosure.RECOMPUTED + disclosure.WITHHELD)
    steps = "".join(path.read_text(encoding="utf-8") for path in disclosure.STEPS.glob("*.sql"))

    undecided = [
        f"{table}.{column}"
        for table, column in sorted(official)
        if table not in decided and (f"open.marts.{table} as" not in steps or column not in steps)
    ]

    assert undecided == []
    assert official <= columns(opened)


def columns(warehouse: Path) -> set[tuple[str, str]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return set(
            connection.execute(
                "select table_name, column_name from duckdb_columns() where schema_name = 'marts'"
            ).fetchall()
        )


def test_tables_that_count_rows_are_empty(opened: Path) -> None:
    with duckdb.connect(str(opened), read_only=True) as connection:
        rows = {
            table: connection.execute(f"select count(*) from marts.{table}").fetchall()[0][0]
            for table in disclosure.WITHHELD
        }
        schemas = connection.execute("select distinct schema_name from duckdb_tables()").fetchall()

    assert set(rows.values()) == {0}
    assert schemas == [("marts",)]


def test_downloads_hold_the_open_marts_and_no_formula(opened: Path, tmp_path: Path) -> None:
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes(opened.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update marts.dim_school set school_name = '=HYPERLINK(\"http://example.org\")'")
        tables = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]

    disclosure.export(copy, tmp_path)

    with duckdb.connect(str(copy), read_only=True) as connection:
        for table in tables:
            path = tmp_path / "parquet" / f"{table}.parquet"
            differing = connection.execute(f"from marts.{table} except all from '{path}'").fetchall()
            assert differing == [], table
    names = (tmp_path / "csv/dim_school.csv").read_text(encoding="utf-8-sig")
    assert "'=HYPERLINK" in names
    assert ",=HYPERLINK" not in names
    assert '"=HYPERLINK' not in names


def test_limits_have_reasons() -> None:
    path = disclosure.dbt_project_dir() / "seeds/reference/disclosure_limits.csv"

    rows = duckdb.sql(f"select parameter, value, reason from '{path}'").fetchall()

    assert {parameter: value for parameter, value, _ in rows} == {"min_pupils": 10, "min_teachers": 5}
    assert all(reason for *_, reason in rows), json.dumps(rows, ensure_ascii=False)
