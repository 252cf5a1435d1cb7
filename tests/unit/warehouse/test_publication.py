"""A release appears whole or not at all, says what it is made of, and the oldest ones go."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from school_quality.errors import UsageError
from school_quality.settings import Settings
from school_quality.warehouse import changes, releases
from school_quality.warehouse import publish as publication
from school_quality.warehouse.build import NodeResult
from school_quality.warehouse.releases import Parameters, ReleaseInfo

FIRST = ReleaseInfo(
    release_id="20230901T060000Z-00000001",
    created_at=datetime(2023, 9, 1, 6),
    reporting_year=2022,
    period="2022",
    as_of=date(2023, 8, 31),
    receipt_seq=3,
    code_version="aaaaaaaaaaaa",
    previous_release_id=None,
)
SECOND = replace(
    FIRST, release_id="20230902T060000Z-00000002", receipt_seq=4, previous_release_id=FIRST.release_id
)
RESULTS = [
    NodeResult("test.school_quality.bands_cover", "pass", 0.1, 0, ""),
    NodeResult("test.school_quality.sources_agree", "warn", 0.1, 2, ""),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "it's data")


def build_file(settings: Settings, *, points: int = 3, is_low: bool = True, value: float = 0.5) -> Path:
    """A build file with the tables that a publication reads, one school and one indicator."""
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    settings.build_file.unlink(missing_ok=True)
    with duckdb.connect(str(settings.build_file)) as connection:
        connection.execute(
            f"""
            create schema marts; create schema meta; create schema staging;
            create table staging.secret as select 1 as x;
            create table marts.dim_school as
            select '6017' as school_id, 17 as school_number, 'СОШ № 17' as school_name;
            create table marts.dim_indicator as select '2022-2023' as methodology_version;
            create table marts.fct_indicator_value as
            select '6017' as school_id, '2022' as period, '1.1' as indicator_code, '' as component,
                   'scored' as status, null::varchar as reason, {value!r}::double as value,
                   null::varchar as value_text, {points} as points;
            comment on table marts.fct_indicator_value is 'The school''s values';
            comment on column marts.fct_indicator_value.points is 'Баллы';
            create table marts.fct_school_status as
            select '6017' as school_id, 2022 as reporting_year, {is_low} as is_low_results,
                   false as is_risk_zone, false as is_difficult_social,
                   false as official_low_results, false as official_risk_zone,
                   true as is_supported, 'struggling' as school_group, false as is_effective_mode;
            create table meta.release_change (release_id varchar, school_id varchar, period varchar,
                indicator_code varchar, what varchar, before varchar, after varchar, cause varchar,
                file_id varchar);
            """
        )
    return settings.build_file


def documents(settings: Settings) -> Path:
    folder = settings.warehouse / "documents" / "x"
    (folder / "scorecards").mkdir(parents=True, exist_ok=True)
    (folder / "scorecards" / "6017.html").write_text("<p>17</p>", encoding="utf-8")
    return folder


def published(settings: Settings, release: ReleaseInfo, **build: object) -> Path:
    return publication.publish(settings, release, build_file(settings, **build), documents(settings), RESULTS)  # type: ignore[arg-type]


def test_readers_see_the_published_schemas_with_comments_and_nothing_private(settings: Settings) -> None:
    published(settings, FIRST)

    with duckdb.connect(str(settings.current / "warehouse.duckdb"), read_only=True) as connection:
        schemas = connection.execute("select distinct schema_name from duckdb_tables() order by 1").fetchall()
        table_comment = connection.execute(
            "select comment from duckdb_tables() where table_name = 'fct_indicator_value'"
        ).fetchone()
        column_comment = connection.execute(
            "select comment from duckdb_columns() where column_name = 'points'"
        ).fetchone()
    assert schemas == [("marts",), ("meta",)]
    assert table_comment == ("The school's values",)
    assert column_comment == ("Баллы",)
    parquet = {path.name for path in (settings.current / "parquet").iterdir()}
    assert parquet == {f"{name}.parquet" for name in MARTS}


MARTS = ("dim_school", "dim_indicator", "fct_indicator_value", "fct_school_status")


def test_the_manifest_says_what_the_release_is_made_of_and_the_checksum_of_every_file(
    settings: Settings,
) -> None:
    folder = published(settings, FIRST)

    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))

    assert ReleaseInfo.from_json(manifest) == FIRST
    assert manifest["methodology_versions"] == ["2022-2023"]
    assert manifest["rows"]["marts"]["fct_indicator_value"] == 1
    assert manifest["tests"] == {"passed": 1, "warned": ["sources_agree"]}
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {"manifest.json"}
    assert set(manifest["sha256"]) == files
    for name, checksum in manifest["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == checksum


def test_a_crash_while_writing_leaves_the_old_release_and_no_half_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(settings, FIRST)

    def crash(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(publication, "_write_manifest", crash)
        with pytest.raises(OSError, match="no space"):
            published(settings, SECOND)

    assert releases.current_id(settings) == FIRST.release_id
    assert releases.all_ids(settings) == [FIRST.release_id]
    published(settings, SECOND)
    assert releases.current_id(settings) == SECOND.release_id
    assert not list(settings.published.glob(".*"))


def test_publishing_the_same_release_again_changes_nothing(settings: Settings) -> None:
    folder = published(settings, FIRST)
    before = (folder / "manifest.json").stat().st_mtime_ns

    published(settings, FIRST)

    assert (folder / "manifest.json").stat().st_mtime_ns == before
    assert releases.all_ids(settings) == [FIRST.release_id]


def test_a_release_records_what_it_changes_and_why_where_that_is_certain(settings: Settings) -> None:
    published(settings, FIRST)

    folder = published(settings, SECOND, points=0, is_low=False)

    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select release_id, school_id, period, indicator_code, what, before, after, cause "
            "from meta.release_change order by what"
        ).fetchall()
    assert found == [
        (SECOND.release_id, "6017", "2022", None, "is_low_results", "true", "false", "files"),
        (SECOND.release_id, "6017", "2022", "1.1", "points", "3", "0", "files"),
    ]
    assert changes.between(settings, FIRST.release_id, SECOND.release_id) == [
        ("17", "2022", None, "is_low_results", "true", "false"),
        ("17", "2022", "1.1", "points", "3", "0"),
    ]


def test_the_last_digits_of_a_mean_are_no_change(settings: Settings) -> None:
    published(settings, FIRST, value=0.1 + 0.2)

    published(settings, SECOND, value=0.3)

    assert changes.between(settings, FIRST.release_id, SECOND.release_id) == []


def test_the_first_release_changes_nothing(settings: Settings) -> None:
    folder = published(settings, FIRST)

    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from meta.release_change").fetchone() == (0,)


def test_a_cause_is_named_only_where_one_input_changed() -> None:
    assert changes.cause(SECOND, FIRST) == "files"
    assert changes.cause(replace(FIRST, code_version="b"), FIRST) == "code"
    assert changes.cause(replace(SECOND, code_version="b"), FIRST) is None


def test_the_oldest_releases_beyond_retention_go_and_the_current_one_never_does(settings: Settings) -> None:
    ids = []
    for day in range(1, releases.KEPT_RELEASES + 3):
        release = replace(FIRST, release_id=f"202309{day:02}T060000Z-00000000")
        ids.append(release.release_id)
        published(settings, release)

    assert releases.all_ids(settings) == ids[-releases.KEPT_RELEASES :]
    publication._switch(settings, ids[-releases.KEPT_RELEASES])
    releases.prune(settings, keep=1)
    assert releases.all_ids(settings) == [ids[-releases.KEPT_RELEASES], ids[-1]]


def test_an_unknown_release_is_a_usage_error(settings: Settings) -> None:
    with pytest.raises(UsageError, match="Выпуска"):
        releases.manifest(settings, "../etc")


def test_a_period_belongs_to_its_year_and_the_default_date_is_the_end_of_next_august() -> None:
    assert Parameters.of(2022) == Parameters(2022, "2022", date(2023, 8, 31))
    assert Parameters.of(2022, "2022-Q3", "2023-04-10") == Parameters(2022, "2022-Q3", date(2023, 4, 10))
    for period in ("2021", "2022-Q5", "2022-h1"):
        with pytest.raises(UsageError):
            Parameters.of(2022, period)
    with pytest.raises(UsageError):
        Parameters.of(2022, None, "31.08.2023")


def test_the_code_version_is_the_same_wherever_the_code_lies() -> None:
    assert releases.code_version() == releases.code_version.__wrapped__()
    assert len(releases.code_version()) == 12
