"""Schools are named by number, and by municipality where a number alone could be a school of another one."""

from __future__ import annotations

import logging
from pathlib import Path

import duckdb
import pytest
from unit.warehouse.small import build_file, publish, release

from school_quality import cli, pipeline
from school_quality.settings import Settings
from school_quality.warehouse import scenarios, school_names, status
from school_quality.warehouse.differences import changes
from school_quality.warehouse.school_names import School


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path)


def names(settings: Settings) -> list[tuple[str, ...]]:
    with duckdb.connect(str(settings.build_file)) as connection:
        found = f"select municipality, name, label from {school_names.relation()} order by school_id"
        return connection.execute(found).fetchall()


def test_in_one_municipality_the_number_is_enough(settings: Settings) -> None:
    build_file(settings, schools=["6005", "6017"])
    with duckdb.connect(str(settings.build_file)) as connection:
        connection.execute("delete from marts.dim_municipality where municipality_id = '07'")

    assert names(settings) == [("", "5", "5"), ("", "17", "17")]


def test_in_several_municipalities_each_school_has_its_municipality(settings: Settings) -> None:
    build_file(settings, schools=["6005", "7005"])

    assert names(settings) == [("Первый", "5", "5 (Первый)"), ("Второй", "5", "5 (Второй)")]


def test_schools_of_one_municipality_with_the_same_number_or_none_have_their_names(
    settings: Settings,
) -> None:
    build_file(settings, schools=["6005", "6017", "7005"], names={"6005": "Гимназия", "7005": "Лицей"})
    with duckdb.connect(str(settings.build_file)) as connection:
        connection.execute("update marts.dim_school set school_number = 5 where school_id = '6017'")
        connection.execute("update marts.dim_school set school_number = null where school_id = '7005'")

    assert [name for _, name, _ in names(settings)] == ["Гимназия", "СОШ № 17", "Лицей"]


def test_a_list_says_each_municipality_once_and_breaks_off_with_how_many_are_left() -> None:
    schools = [School("Второй", "5"), School("Первый", "3"), School("Первый", "5"), School("Первый", "7")]

    assert school_names.listed(schools) == "Второй: 5; Первый: 3, 5, 7"
    assert school_names.listed(schools, 3) == "Второй: 5; Первый: 3, 5 и ещё 1"
    assert school_names.listed([School("", "3"), School("", "5")]) == "3, 5"
    assert school_names.listed([]) == ""


def test_who_handed_in_nothing_is_told_apart_from_who_was_late(settings: Settings) -> None:
    folder = publish(settings, release(1, settings))
    (folder / "warehouse.duckdb").chmod(0o600)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("""
            create table marts.fct_submission as
            select school_id, 'form_staff' as dataset, 2022 as reporting_year, '2022' as period,
                date '2023-06-15' as due_on,
                case school_id when '6017' then 'late' else 'missing' end as status
            from marts.dim_school
        """)

    [found] = status.submissions(settings, 2022)

    assert found.counts == {"late": 1, "missing": 2}
    assert found.missing == [School("Второй", "5"), School("Первый", "5")]
    assert found.late == [School("Первый", "17")]


def test_points_of_schools_with_the_same_number_are_not_added_up(settings: Settings, tmp_path: Path) -> None:
    before = build_file(settings).rename(tmp_path / "before.duckdb")
    after = build_file(settings, {("6005", "1.1"): 0, ("7005", "1.1"): 2}, low=["7005"])

    lines = cli._differences(*scenarios.compare(before, after))

    assert "ШНОР 2022: школа 5 (Второй) входит" in lines
    assert [line.split() for line in lines[-2:]] == [
        ["2022", "5", "(Второй)", "-1"],
        ["2022", "5", "(Первый)", "-3"],
    ]


def test_a_difference_of_releases_names_the_municipality_of_a_school_that_only_one_of_them_has(
    settings: Settings,
) -> None:
    first, second = release(1, settings), release(2, settings)
    publish(settings, first)
    publish(settings, second, schools=["6005", "6017"])

    found = changes.between(settings, first.release_id, second.release_id)

    assert {change.label for change in found.changes} == {"5 (Второй)"}
    assert {(change.school, change.municipality) for change in found.changes} == {("5", "Второй")}


def test_the_summary_of_a_run_names_the_municipality_also_where_only_one_has_such_schools(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    publish(settings, release(1, settings), low=["6005", "6017"])

    with caplog.at_level(logging.INFO, logger="school_quality.progress"):
        pipeline.tell(pipeline.summary(settings))

    assert "ШНОР по результатам 2022 года: 2\n  Первый: 5, 17" in "\n".join(caplog.messages)
