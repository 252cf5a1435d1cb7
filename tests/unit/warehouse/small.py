"""Releases small enough to publish in half a second: a build file and landed rows, without dbt.

The build has the tables and columns that a publication reads, of a few schools in two municipalities; the
landed rows say where they would have come from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from school_quality import datasets, landing
from school_quality.landing.landed import landed_schema
from school_quality.landing.receipts import (
    OPEN_ROW_SCHEMA,
    REMARK_SCHEMA,
    Receipt,
    Staging,
    chain,
    last_seq,
    read_receipts,
)
from school_quality.settings import Settings
from school_quality.warehouse.build import NodeResult
from school_quality.warehouse.publication import publish as publication
from school_quality.warehouse.publication import releases
from school_quality.warehouse.publication.releases import ReleaseInfo

FIRST = ReleaseInfo(
    release_id="20230901T060000Z-00000001",
    created_at=datetime(2023, 9, 1, 6),
    reporting_year=2022,
    period="2022",
    as_of=date(2023, 8, 31),
    receipt_seq=0,
    code_version="aaaaaaaaaaaa",
    previous_release_id=None,
    methodology_hash="bbbbbbbbbbbb",
)
RESULTS = [
    NodeResult("test.school_quality.bands_cover", "pass", 0.1, 0, ""),
    NodeResult("test.school_quality.sources_agree", "warn", 0.1, 2, ""),
]
MUNICIPALITIES = {"6017": "06", "6005": "06", "7005": "07"}

SCHEMA = """
create schema marts; create schema meta; create schema staging;
create table staging.secret as select 1 as x;
create table marts.dim_municipality as
select * from (values ('06', 'Первый'), ('07', 'Второй')) as t (municipality_id, municipality_name);
create table marts.dim_school (school_id varchar, municipality_id varchar, school_number integer,
    school_name varchar, successor_school_id varchar, series_school_id varchar);
create table marts.dim_procedure as
select * from (values ('vpr_math_5', 'vpr', 'math', 5, 'ВПР, математика, 5 класс'),
    ('ege_russian_11', 'ege', 'russian', 11, 'ЕГЭ, русский язык, 11 класс'))
as t (procedure_id, exam, subject, grade, procedure_name);
create table marts.dim_indicator as select '2022-2023' as methodology_version;
create table marts.fct_indicator_value (school_id varchar, municipality_id varchar, reporting_year integer,
    period varchar, indicator_code varchar, component varchar, status varchar, reason varchar, value double,
    value_text varchar, points integer, flags varchar[], numerator bigint, denominator bigint);
create table marts.fct_procedure_result (school_id varchar, municipality_id varchar, reporting_year integer,
    procedure_id varchar, participants bigint, mean_score double, failed bigint, failed_pct double,
    is_low_result boolean, flags varchar[]);
create table marts.fct_school_status (school_id varchar, municipality_id varchar, reporting_year integer,
    is_low_results boolean, low_procedure_ids varchar[], is_risk_zone boolean, is_difficult_social boolean,
    official_low_results boolean, official_risk_zone boolean, official_difficult_social boolean,
    in_project_500 boolean, is_supported boolean, school_group varchar, change_from_previous_year varchar,
    is_effective_mode boolean);
create table meta.indicator_source (period varchar, indicator_code varchar, component varchar,
    source_key varchar, source_period varchar, is_district_relative boolean);
comment on table marts.fct_indicator_value is 'The school''s values';
comment on column marts.fct_indicator_value.points is 'Баллы';
"""

INDICATORS = {"1.1": "ege_russian_11", "1.12": "vpr_math_5", "2.2": "form_staff"}
"""Indicators of the build by what they read; 1.1 compares with the district."""


def build_file(
    settings: Settings,
    points: Mapping[tuple[str, str], int] | None = None,
    *,
    low: Sequence[str] = (),
    failed: Mapping[str, int] | None = None,
    unwritten: Sequence[str] = (),
    schools: Sequence[str] = tuple(MUNICIPALITIES),
    names: Mapping[str, str] | None = None,
    years: Sequence[int] = (2022,),
    successors: Mapping[str, str] | None = None,
    value: float = 0.5,
    counts: Mapping[tuple[str, str], tuple[int, int]] | None = None,
    flags: Mapping[tuple[str, str], list[str]] | None = None,
) -> Path:
    """A build file; ``points`` by school and indicator (of the last year), otherwise 3; ``low``: ШНОР.

    ``counts`` and ``flags`` likewise, otherwise 10 of 20 and none.

    Of 20 pupils of a school, ``failed`` (otherwise none) failed in mathematics; ``unwritten``: schools
    without that result.
    """
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    settings.build_file.unlink(missing_ok=True)
    given, last = points or {}, years[-1]
    with duckdb.connect(str(settings.build_file)) as connection:
        connection.execute(SCHEMA)
        for school in schools:
            place, heir = MUNICIPALITIES[school], (successors or {}).get(school)
            name = (names or {}).get(school, f"СОШ № {int(school[1:])}")
            connection.execute(
                "insert into marts.dim_school values (?, ?, ?, ?, ?, ?)",
                [school, place, int(school[1:]), name, heir, heir or school],
            )
            for year in years:
                is_low = school in low and year == last
                connection.execute(
                    "insert into marts.fct_school_status values "
                    "(?, ?, ?, ?, [], false, false, false, false, false, false, ?, 'struggling', "
                    "'none', false)",
                    [school, place, year, is_low, is_low],
                )
                twos = (failed or {}).get(school, 0) if year == last else 0
                if school not in unwritten:
                    connection.execute(
                        "insert into marts.fct_procedure_result "
                        "values (?, ?, ?, 'vpr_math_5', 20, ?, ?, ?, ?, [])",
                        [school, place, year, value, twos, 5.0 * twos, twos >= 6],
                    )
                for code in INDICATORS:
                    scored = given.get((school, code), 3) if year == last else 3
                    connection.execute(
                        "insert into marts.fct_indicator_value "
                        "values (?, ?, ?, ?, ?, '', 'scored', null, ?, null, ?, ?, ?, ?)",
                        [
                            *(school, place, year, str(year), code, value, scored),
                            (flags or {}).get((school, code), []),
                            *(counts or {}).get((school, code), (10, 20)),
                        ],
                    )
        for year in years:
            connection.executemany(
                "insert into meta.indicator_source values (?, ?, '', ?, ?, ?)",
                [[str(year), code, source, str(year), code == "1.1"] for code, source in INDICATORS.items()],
            )
    return settings.build_file


def documents(settings: Settings) -> Path:
    folder = settings.warehouse / "documents" / "x"
    (folder / "scorecards").mkdir(parents=True, exist_ok=True)
    (folder / "scorecards" / "6017.html").write_text("<p>17</p>", encoding="utf-8")
    return folder


def release(day: int, settings: Settings, **changed: Any) -> ReleaseInfo:
    """A release of that day since the end of August 2023, of everything received so far."""
    receipts = read_receipts(settings)
    known = {"receipt_seq": last_seq(receipts), "receipt_hash": chain(receipts), **changed}
    created = datetime(2023, 8, 31, 6) + timedelta(days=day)
    return replace(FIRST, release_id=f"{created:%Y%m%dT%H%M%SZ}-{day:08}", created_at=created, **known)


def publish(settings: Settings, info: ReleaseInfo, **build: Any) -> Path:
    """Publish ``info``, built now, with a build made of the arguments of `build_file`."""
    built = replace(info, previous_release_id=releases.current_id(settings))
    return publish_built(settings, built, **build)


def publish_built(settings: Settings, info: ReleaseInfo, **build: Any) -> Path:
    """Publish ``info`` as it was built, after whichever release was current then."""
    return publication.publish(settings, info, build_file(settings, **build), documents(settings), RESULTS)


def receive(settings: Settings, dataset: str, path: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Land rows as one file, in a batch of its own; returns its id."""
    columns = datasets.get(dataset)
    file_id = hashlib.sha256(repr((path, rows)).encode()).hexdigest()
    seq = last_seq(read_receipts(settings)) + 1
    staging = Staging.open(settings)
    landed = [
        {"seq": seq, "file_id": file_id, "sheet": "Лист1", "row_number": number, **row}
        for number, row in enumerate(rows, 2)
    ]
    pq.write_table(pa.Table.from_pylist(landed, schema=landed_schema(columns)), staging.rows_file(dataset))
    receipt = Receipt(
        seq=seq, file_id=file_id, context="{}", reader_version="1", action="land",
        received_at=datetime(2023, 9, 1, 5), order_seq=seq, path=path, dataset=dataset, outcome="accepted",
        rows_read=len(rows), rows_accepted=len(rows),
    )  # fmt: skip
    staging.commit([receipt], REMARK_SCHEMA.empty_table(), OPEN_ROW_SCHEMA.empty_table())
    return file_id


def take_back(settings: Settings, file_id: str) -> None:
    landing.withdraw(settings, file_id, datetime(2023, 9, 1, 5))


def staff(school: str, first_category: int) -> dict[str, Any]:
    """A row of ``form_staff``, which 2.2 reads."""
    return {
        "school_id": school,
        "reporting_year": 2022,
        "teachers": 20,
        "highest_category": 1,
        "first_category": first_category,
    }


def ask(settings: Settings, query: str, release_id: str = "current") -> list[tuple[Any, ...]]:
    """Rows of a query to a published release."""
    file = settings.published / release_id / "warehouse.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(query).fetchall()
