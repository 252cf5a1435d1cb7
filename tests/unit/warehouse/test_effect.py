"""What a release changes, as a notice tells it: who entered the lists, who left, how many values moved."""

from __future__ import annotations

from pathlib import Path

import duckdb
from unit.warehouse.small import build_file, publish, release

from school_quality.settings import Settings
from school_quality.warehouse.differences import changes
from school_quality.warehouse.differences.changes import Effect, Movement


def test_schools_that_enter_and_leave_are_named_with_their_district_where_there_are_several(
    tmp_path: Path,
) -> None:
    settings = Settings(tmp_path)
    before = release(1, settings)
    publish(settings, before, low=["6005"])

    build_file(settings, {("6005", "1.1"): 0}, low=["7005"])

    assert changes.effect(settings, settings.build_file, before.release_id) == Effect(
        values=1,
        schools=1,
        movements=[
            Movement("is_low_results", "2022", 1, 1, 0, ["№ 5 (Второй)"], ["№ 5 (Первый)"], []),
            Movement("is_supported", "2022", 1, 1, 0, ["№ 5 (Второй)"], ["№ 5 (Первый)"], []),
        ],
    )


def test_a_school_of_which_nothing_is_known_any_more_has_not_left_the_list(tmp_path: Path) -> None:
    """What said that it was in the list was withdrawn: no result says that it is better."""
    settings = Settings(tmp_path)
    before = release(1, settings)
    publish(settings, before, low=["6005", "6017"])
    build_file(settings)
    with duckdb.connect(str(settings.build_file)) as connection:
        connection.execute(
            "update marts.fct_school_status set is_low_results = null, is_supported = null "
            "where school_id = '6005'"
        )

    movements = changes.effect(settings, settings.build_file, before.release_id).movements

    assert [(move.left_schools, move.lost_schools) for move in movements] == [
        (["№ 17 (Первый)"], ["№ 5 (Первый)"]),
        (["№ 17 (Первый)"], ["№ 5 (Первый)"]),
    ]
