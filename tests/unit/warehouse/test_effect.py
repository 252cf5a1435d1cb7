"""What a release changes, as a notice tells it: who entered the lists, who left, how many values moved."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import duckdb

from school_quality.settings import Settings
from school_quality.warehouse import changes
from school_quality.warehouse.changes import Effect, Movement
from school_quality.warehouse.releases import ReleaseInfo

BEFORE = ReleaseInfo(
    release_id="20230901T060000Z-00000001",
    created_at=datetime(2023, 9, 1, 6),
    reporting_year=2022,
    period="2022",
    as_of=date(2023, 8, 31),
    receipt_seq=7,
    code_version="aaaaaaaaaaaa",
    previous_release_id=None,
)


def write_warehouse(path: Path, low: dict[str, bool], points: dict[str, int]) -> None:
    """A warehouse of as much as a comparison needs: a status and one indicator a school."""
    flags = [column for column in changes.STATUS_COLUMNS if column != "is_low_results"]
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create schema meta")
        connection.execute(
            "create table marts.dim_municipality as select * from "
            "(values ('6', 'Первый'), ('7', 'Второй')) as t (municipality_id, municipality_name)"
        )
        connection.execute(
            "create table marts.dim_school as select * from (values ('6005', 5, '6'), ('7005', 5, '7')) "
            "as t (school_id, school_number, municipality_id)"
        )
        connection.execute("alter table marts.dim_school add column school_name varchar")
        connection.execute(
            "create table marts.fct_school_status "
            "(school_id varchar, reporting_year integer, is_low_results boolean, "
            + ", ".join(f"{flag} boolean" for flag in flags)
            + ")"
        )
        connection.execute(
            "create table marts.fct_indicator_value (school_id varchar, period varchar, "
            "indicator_code varchar, component varchar, status varchar, reason varchar, value double, "
            "value_text varchar, points integer)"
        )
        for school, is_low in low.items():
            connection.execute(
                "insert into marts.fct_school_status (school_id, reporting_year, is_low_results) "
                "values (?, 2022, ?)",
                [school, is_low],
            )
        for school, scored in points.items():
            connection.execute(
                "insert into marts.fct_indicator_value "
                "values (?, '2022', '1.1', '', 'scored', null, 1, null, ?)",
                [school, scored],
            )


def test_schools_that_enter_and_leave_are_named_with_their_district_where_there_are_several(
    tmp_path: Path,
) -> None:
    settings = Settings(tmp_path)
    old = settings.published / BEFORE.release_id
    write_warehouse(old / "warehouse.duckdb", {"6005": True, "7005": False}, {"6005": 3, "7005": 0})
    write_warehouse(settings.build_file, {"6005": False, "7005": True}, {"6005": 0, "7005": 0})
    (old / "manifest.json").write_text(json.dumps(BEFORE.to_json()))

    effect = changes.effect(settings, settings.build_file, BEFORE.release_id)

    assert effect == Effect(
        values=1,
        schools=1,
        movements=[Movement("is_low_results", "2022", 1, 1, ["№ 5 (Второй)"], ["№ 5 (Первый)"])],
    )
