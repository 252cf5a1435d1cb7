"""What a release changes, as a notice tells it: who entered the lists, who left, how many values moved."""

from __future__ import annotations

from pathlib import Path

from unit.warehouse.small import build_file, publish, release

from school_quality.settings import Settings
from school_quality.warehouse import changes
from school_quality.warehouse.changes import Effect, Movement


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
            Movement("is_low_results", "2022", 1, 1, ["№ 5 (Второй)"], ["№ 5 (Первый)"]),
            Movement("is_supported", "2022", 1, 1, ["№ 5 (Второй)"], ["№ 5 (Первый)"]),
        ],
    )
