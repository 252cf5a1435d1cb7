"""What nobody has decided about is hidden: a family of indicators, a unit, a form, a column, a mart."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from school_quality.settings import dbt_project_dir
from school_quality.warehouse.open_edition import disclosure

Cell = tuple[object, ...]


@pytest.fixture(scope="module")
def undecided(region: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The open marts of the region with families, a unit, a form, columns and a mart that are new to it."""
    root = tmp_path_factory.mktemp("undecided")
    build = root / "warehouse/build.duckdb"
    shutil.copytree(region[0] / "warehouse/target", build.parent / "target")
    shutil.copyfile(region[0] / "warehouse/build.duckdb", build)
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            """
            update seeds.families set open_rule = null where family = 'official_list';
            update seeds.families set open_rule = 'as_it_comes' where family = 'network_counts';
            delete from seeds.units where unit = 'документов';
            delete from seeds.counted_people where dataset = 'form_methodical';
            alter table marts.dim_school add column telephone varchar default '8 800';
            alter table marts.fct_school_status add column headaches integer default 3;
            create table marts.fct_class_result as select 1 as class, 5 as pupils;
            """
        )
    disclosure.write_open_marts(build, root / "open.duckdb")
    return root / "open.duckdb"


def rows(warehouse: Path, sql: str) -> list[Cell]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("code", ["1.18", "4.1", "4.2", "4.3", "4.4"])
def test_a_family_without_a_rule_that_is_written_is_hidden(undecided: Path, opened: Path, code: str) -> None:
    values = "select distinct status, value, points from marts.fct_indicator_value where indicator_code = "
    values += f"'{code}'"

    assert rows(undecided, values) == [("suppressed", None, None)]
    assert len(rows(opened, values)) > 1


def test_so_are_the_figures_of_its_districts(undecided: Path, opened: Path) -> None:
    figures = (
        "select distinct suppressed, value, reported from marts.fct_municipality_indicator "
        "where indicator_code in ('4.1', '4.2', '4.3', '4.4')"
    )

    assert rows(undecided, figures) == [(["value", "denominator", "reported", "school_ids"], None, None)]
    assert len(rows(opened, figures)) > 1


def test_an_unknown_unit_may_count_people_and_a_form_of_nobody_pupils(undecided: Path, opened: Path) -> None:
    values = (
        "select indicator_code, count(value) from marts.fct_indicator_value "
        "where indicator_code in ('2.4', '2.5', '2.6', '2.8', '2.10') and status <> 'not_applicable' "
        "group by all having count(value) > 0"
    )

    assert rows(undecided, values) == []
    assert len(rows(opened, values)) > 1


def test_a_total_of_points_is_hidden_where_a_family_of_it_is(undecided: Path, opened: Path) -> None:
    totals = "select count(points), count(score_pct), count(coverage_pct) from marts.fct_school_status"

    assert rows(undecided, totals) == [(0, 0, 0)]
    assert rows(opened, totals) != [(0, 0, 0)]


def test_unknown_columns_and_marts_are_empty(undecided: Path) -> None:
    assert rows(undecided, "select count(*), count(telephone) from marts.dim_school")[0][1] == 0
    assert rows(undecided, "select count(*), count(headaches) from marts.fct_school_status")[0][1] == 0
    assert rows(undecided, "select count(school_name), count(school_type) from marts.dim_school")[0] > (0, 0)
    assert rows(undecided, "from marts.fct_class_result") == []


def test_every_rule_that_a_family_names_is_written_and_is_named() -> None:
    text = (disclosure.STEPS / "2_what_values_read.sql").read_text(encoding="utf-8")
    written = set(re.findall(r"'(\w+)'", text.split("open_rule in (")[1].split(")")[0]))
    steps = (disclosure.STEPS / "3_fct_indicator_value.sql").read_text(encoding="utf-8")
    with (dbt_project_dir() / "seeds/reference/families.csv").open(encoding="utf-8") as file:
        named = {row["open_rule"] for row in csv.DictReader(file)}

    assert named == written
    assert [rule for rule in written - {"open"} if f"'{rule}'" not in steps] == []
