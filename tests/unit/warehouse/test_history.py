"""What readers saw at any date is in every release, whatever was pruned, renamed or merged since."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from unit.warehouse.small import ask, publish, release

from school_quality.settings import Settings
from school_quality.warehouse.publication import journal, releases, rollback

POINTS_AT = """
    select points from history.fct_indicator_value
    where school_id = '6017' and indicator_code = '2.2' and period = '2022'
        and valid_from <= timestamp '{moment}' and (valid_to is null or valid_to > timestamp '{moment}')
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path)


def moments(settings: Settings) -> list[datetime]:
    """When each switch happened."""
    return [entry.moment for entry in journal.read(settings)]


def points_at(settings: Settings, moment: datetime) -> list[int]:
    return [points for (points,) in ask(settings, POINTS_AT.format(moment=moment))]


def test_a_value_as_published_at_a_date_outlives_the_release_that_published_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(releases.KEPT_VARIABLE, "2")
    given = [1, 2, 2, 3, 0]
    for day, points in enumerate(given, 1):
        publish(settings, release(day, settings), points={("6017", "2.2"): points})

    assert len(releases.all_ids(settings)) == 2
    assert [points_at(settings, moment) for moment in moments(settings)] == [[points] for points in given]
    assert points_at(settings, moments(settings)[0] - timedelta(seconds=1)) == []
    versions = (
        "select count(*) from history.fct_indicator_value where school_id = '6017' and indicator_code = '2.2'"
    )
    assert ask(settings, versions) == [(4,)]
    assert ask(settings, "select count(*) from history.past_fct_indicator_value") == [(3,)]


def test_the_versions_in_force_are_the_marts(settings: Settings) -> None:
    publish(settings, release(1, settings), low=["6005"])
    publish(settings, release(2, settings), low=["7005"], points={("6017", "1.1"): 0})

    for table in ("fct_indicator_value", "fct_school_status", "fct_procedure_result", "dim_school"):
        different = ask(
            settings,
            f"""
            (from marts.{table} except all
             select * exclude (valid_from, valid_to) from history.{table} where valid_to is null)
            union all
            (select * exclude (valid_from, valid_to) from history.{table} where valid_to is null
             except all from marts.{table})
            """,
        )
        assert different == [], table


def test_releases_join_to_the_values_that_they_showed(settings: Settings) -> None:
    for day, points in enumerate([1, 2], 1):
        publish(settings, release(day, settings), points={("6017", "2.2"): points})

    found = ask(
        settings,
        """
        select releases.release_id, versions.points
        from history.release as releases
        inner join history.fct_indicator_value as versions
            on versions.valid_from <= releases.valid_from
            and (versions.valid_to is null or versions.valid_to > releases.valid_from)
        where versions.school_id = '6017' and versions.indicator_code = '2.2'
        order by all
        """,
    )

    assert found == [("20230901T060000Z-00000001", 1), ("20230902T060000Z-00000002", 2)]


def test_a_rollback_is_part_of_what_readers_saw(settings: Settings) -> None:
    first, second = release(1, settings), release(2, settings)
    publish(settings, first, points={("6017", "2.2"): 1})
    publish(settings, second, points={("6017", "2.2"): 2})
    rollback.roll_back(settings, first.release_id)
    publish(settings, release(3, settings), points={("6017", "2.2"): 0})

    assert [points_at(settings, moment) for moment in moments(settings)] == [[1], [2], [1], [0]]
    actions = ask(
        settings, "select action, release_id, valid_to is null from history.release order by valid_from"
    )
    assert [(action, is_last) for action, _, is_last in actions] == [
        ("publish", False), ("publish", False), ("rollback", False), ("publish", True),
    ]  # fmt: skip


def test_a_year_costs_nothing_and_has_no_values_before_it_came(settings: Settings) -> None:
    publish(settings, release(1, settings, reporting_year=2021), years=[2021])
    publish(settings, release(2, settings), years=[2021, 2022])

    assert points_at(settings, moments(settings)[0]) == []
    assert points_at(settings, moments(settings)[1]) == [3]
    assert ask(settings, "select count(*) from history.past_fct_indicator_value") == [(0,)]
    years = ask(settings, "select reporting_year, valid_from from history.reporting_year order by all")
    assert years == [(2021, moments(settings)[0]), (2022, moments(settings)[1])]


def test_a_year_that_goes_and_comes_back_was_not_there_meanwhile(settings: Settings) -> None:
    publish(settings, release(1, settings), years=[2021, 2022])
    publish(settings, release(2, settings, reporting_year=2021), years=[2021])
    publish(settings, release(3, settings), years=[2021, 2022], points={("6017", "2.2"): 1})

    assert [points_at(settings, moment) for moment in moments(settings)] == [[3], [], [1]]


def test_a_school_that_appears_or_goes_has_values_only_while_it_was_there(settings: Settings) -> None:
    publish(settings, release(1, settings), schools=["6005", "7005"])
    publish(settings, release(2, settings))
    publish(settings, release(3, settings), schools=["6005", "7005"])
    publish(settings, release(4, settings))

    assert [points_at(settings, moment) for moment in moments(settings)] == [[], [3], [], [3]]


def test_a_renamed_school_keeps_its_series_and_its_old_name_with_its_dates(settings: Settings) -> None:
    publish(settings, release(1, settings), years=[2021, 2022])
    publish(settings, release(2, settings), years=[2021, 2022], names={"6017": "Гимназия № 17"})

    series = ask(
        settings,
        "select school_name, list(reporting_year order by reporting_year) from marts.fct_indicator_value "
        "join marts.dim_school using (school_id) where school_id = '6017' and indicator_code = '2.2' "
        "group by all",
    )
    names = ask(
        settings,
        "select school_name, valid_to is null from history.dim_school where school_id = '6017' "
        "order by valid_from",
    )
    assert series == [("Гимназия № 17", [2021, 2022])]
    assert names == [("СОШ № 17", False), ("Гимназия № 17", True)]


def test_a_release_without_history_begins_it(settings: Settings) -> None:
    import duckdb

    first = release(1, settings)
    publish(settings, first)
    with duckdb.connect(str(settings.published / first.release_id / "warehouse.duckdb")) as connection:
        connection.execute("drop schema history cascade")

    publish(settings, release(2, settings), points={("6017", "2.2"): 1})

    assert points_at(settings, moments(settings)[1]) == [1]
    assert points_at(settings, moments(settings)[0]) == []
