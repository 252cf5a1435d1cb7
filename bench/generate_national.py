"""A country in landing Parquet: 40,000 schools, 2,300 municipalities, two years, 28 million results, forms.

    python bench/generate_national.py FOLDER [--scale 1.0]

``--scale`` is a share of the schools. Everything is made by SQL from hashes of row numbers: the same scale
gives the same rows. Most schools are secondary; every municipality has a few basic and primary ones. The rows
lie in one committed batch, as `school_quality.landing` would have left them.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from school_quality import datasets
from school_quality.landing.receipts import OPEN_ROW_SCHEMA, RECEIPT_SCHEMA, REMARK_SCHEMA

SCHOOLS, MUNICIPALITIES = 40_000, 2_300
YEARS = (2021, 2022)
BATCH = "0000000001"

# subject, grade, maximum and the last scores of marks 2, 3 and 4; invented
WORKS = (
    ("russian", 4, 38, 13, 23, 32),
    ("math", 4, 20, 5, 9, 14),
    ("russian", 5, 45, 16, 27, 37),
    ("math", 5, 20, 5, 9, 13),
    ("russian", 6, 51, 23, 33, 43),
    ("math", 6, 16, 4, 8, 12),
    ("russian", 7, 47, 21, 31, 40),
    ("math", 8, 25, 7, 13, 18),
)
OGE = (("russian", 33), ("math", 31), ("social_studies", 37), ("biology", 48))
EGE = (("russian", 24), ("math_profile", 27), ("social_studies", 42))


@dataclass(frozen=True)
class Country:
    """What was written: ``rows`` of pupil results, and the ``seq`` to build at."""

    landing: Path
    rejected: Path
    seq: int
    rows: int


def generate(root: Path, scale: float = 1.0) -> Country:
    """Write ``root/landing`` and ``root/rejected``. Deterministic; raises if the folder is there already."""
    landing, rejected = root / "landing", root / "rejected"
    rows = landing / BATCH / "rows"
    rows.mkdir(parents=True)
    _empty_schemas(landing, rejected)
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        # an invented number from 0 to sides - 1, always the same for the same key
        connection.execute("create macro dice(key, sides) as (hash(key) % sides)::integer")
        connection.execute(f"create table schools as {_schools(scale)}")
        seqs: dict[str, int] = {}
        for dataset, query in _queries().items():
            columns = datasets.get(dataset).columns
            cells = ", ".join(
                f"{name}::{kind} as {name}" if name in query.columns else f"null::{kind} as {name}"
                for name, kind in columns.items()
            )
            seq = seqs[dataset] = len(seqs) + 1
            path = rows / f"{dataset}.parquet"
            connection.execute(
                f"copy (select {seq}::bigint as seq, '{dataset}' as file_id, 'Лист1' as sheet,"
                f" (2 + row_number() over ())::integer as row_number, {cells} from ({query.sql}))"
                f" to '{path}' (format parquet, row_group_size 1000000)"
            )
        counts = {name: pq.read_metadata(rows / f"{name}.parquet").num_rows for name in seqs}
    receipts = [_receipt(name, seq, counts[name]) for name, seq in seqs.items()]
    pq.write_table(
        pa.Table.from_pylist(receipts, schema=RECEIPT_SCHEMA), landing / BATCH / "receipts.parquet"
    )
    results = sum(counts[name] for name in ("vpr_results", "oge_results", "ege_results"))
    return Country(landing, rejected, len(seqs), results)


def _empty_schemas(landing: Path, rejected: Path) -> None:
    (landing / "schema/rows").mkdir(parents=True)
    rejected.mkdir()
    with duckdb.connect() as connection:
        for name, dataset in datasets.load().items():
            cells = ", ".join(f"null::{kind} as {column}" for column, kind in dataset.columns.items())
            provenance = "0::bigint as seq, '' as file_id, '' as sheet, 0 as row_number"
            path = landing / f"schema/rows/{name}.parquet"
            connection.execute(f"copy (select {provenance}, {cells} where false) to '{path}'")
    pq.write_table(RECEIPT_SCHEMA.empty_table(), landing / "schema/receipts.parquet")
    pq.write_table(OPEN_ROW_SCHEMA.empty_table(), landing / "schema/open_rows.parquet")
    pq.write_table(REMARK_SCHEMA.empty_table(), rejected / "schema.parquet")


def _schools(scale: float) -> str:
    """id, municipality, type and two invented qualities of each school, 0-1."""
    municipalities = max(1, round(MUNICIPALITIES * scale))
    return f"""
        select
            100001 + i as id,
            1 + i % {municipalities} as municipality,
            case when i % 10 < 7 then 'СОШ' when i % 10 < 9 then 'ООШ' else 'НОШ' end as type,
            dice(i, 1000) / 1000 as quality,
            10 + dice((i, 'size'), 51) as class_size
        from range({round(SCHOOLS * scale)}) as numbers (i)
    """


@dataclass(frozen=True)
class Query:
    columns: frozenset[str]
    sql: str

    def where(self, condition: str) -> Query:
        return Query(self.columns, f"{self.sql} where {condition}")


def _query(source: str, **columns: str) -> Query:
    cells = ", ".join(f"{expression} as {name}" for name, expression in columns.items())
    return Query(frozenset(columns), f"select {cells} from {source}")


def _values(rows: list[tuple[object, ...]], names: str) -> str:
    """Rows as a table; a cell that is text must come without quotes."""
    cells = ", ".join(
        "(" + ", ".join(f"'{cell}'" if isinstance(cell, str) else str(cell) for cell in row) + ")"
        for row in rows
    )
    return f"(values {cells}) as {names}"


def _queries() -> dict[str, Query]:
    years = _values([(year,) for year in YEARS], "years (year)")
    works = _values(list(WORKS), "works (subject, grade, top, max_2, max_3, max_4)")
    oge = _values(list(OGE), "exams (subject, top)")
    ege = _values(list(EGE), "exams (subject, minimum)")
    # a pupil's chance is a hash of who, what and when, shifted by the school's quality
    luck = "(dice((id, year, subject, {what}, pupil), 1000) / 1000 * 0.8 + quality * 0.3)"
    school_year = {"school_id": "id::varchar", "reporting_year": "year"}
    pupil = {
        "exam_date": "make_date(year, 6, 1)",
        "subject": "subject",
        "pupil_id": "md5(concat_ws('|', id, year, {exam}, pupil))",
        "pupil_name_id": "md5(concat_ws('|', id, {exam}, pupil))",
        "has_document": "true",
        "is_counted": "true",
    }
    oge_pupil = {name: value.format(exam=9) for name, value in pupil.items()}
    ege_pupil = {name: value.format(exam=11) for name, value in pupil.items()}
    teachers = "(8 + class_size)"
    quarters = "range(1, 5) as quarters (quarter)"
    return {
        "school_register": _query(
            "schools",
            school_id="id::varchar",
            fisoko_login="id::varchar",
            school_number="(id - 100000)",
            school_name="'Школа ' || id",
            legal_kind="'МБОУ'",
            school_type_name="type",
            municipality_id="municipality::varchar",
            municipality_name="'Район ' || municipality",
            locality="'село'",
            pupils="class_size * 11",
        ),
        "mark_scale": _query(
            f"{works}, {years}",
            reporting_year="year",
            exam="'vpr'",
            grade="grade",
            subject="subject",
            max_score="top",
            max_2="max_2",
            max_3="max_3",
            max_4="max_4",
        ),
        "thresholds": _query(
            f"{ege}, {years}", reporting_year="year", exam="'ege'", subject="subject", min_score="minimum"
        ),
        "social_index": _query(f"schools, {years}", **school_year, social_index="20 + quality * 75"),
        "official_list": _query(
            "schools, (values ('low_results'), ('low_index')) as kinds (kind)",
            reporting_year="2021",
            list_kind="kind",
            school_id="id::varchar",
            municipality_id="municipality::varchar",
        ).where("dice((id, kind), 100) < 12"),
        "biased_vpr": _query(
            "schools, (values (2020), (2021)) as years (year)",
            reporting_year="year",
            school_id="id::varchar",
            is_listed="true",
        ).where("dice((id, year, 'bias'), 100) < 3"),
        "vpr_results": _query(
            f"(select *, {luck.format(what='grade')} as luck from schools, {years}, {works},"
            " unnest(range(1, class_size + 1)) as pupils (pupil)"
            " where grade = 4 or type <> 'НОШ')",
            **school_year,
            grade="grade",
            subject="subject",
            sitting="'spring'",
            pupil_id="md5(concat_ws('|', id, year, subject, grade, pupil))",
            is_absent="dice((pupil, id), 20) = 0",
            total="case when dice((pupil, id), 20) > 0 then least(top, (top * luck)::integer) end",
            printed_max="top",
        ),
        "oge_results": _query(
            f"(select *, {luck.format(what='9')} as luck from schools, {years}, {oge},"
            " unnest(range(1, class_size * 2 // 3 + 1)) as pupils (pupil) where type <> 'НОШ')",
            **school_year,
            **oge_pupil,
            primary_score="least(top, (top * luck)::integer)",
            mark="2 + (luck > 0.25)::integer + (luck > 0.45)::integer + (luck > 0.7)::integer",
        ),
        "ege_results": _query(
            f"(select *, {luck.format(what='11')} as luck from schools, {years}, {ege},"
            " unnest(range(1, class_size // 3 + 1)) as pupils (pupil) where type = 'СОШ')",
            **school_year,
            **ege_pupil,
            primary_score="(luck * 50)::integer",
            test_score="least(100, (luck * 100)::integer)",
        ),
        "form_staff": _query(
            f"schools, {years}",
            **school_year,
            teachers=teachers,
            highest_category=f"{teachers} * dice((id, 'high'), 40) // 100",
            first_category=f"{teachers} * dice((id, year, 'first'), 40) // 100",
        ),
        "form_methodical": _query(
            f"schools, {years}",
            **school_year,
            teachers=teachers,
            trained_3_years=f"{teachers} - dice((id, year), 2)",
            contest_participants="dice((id, year, 'contest'), 3)",
            contest_winners="dice((id, year, 'contest'), 3) // 2",
            shared_municipal="dice((id, year, 'shared'), 3)",
            shared_regional="dice((id, year, 'shared'), 3) // 2",
            innovation="['none', 'participant', 'winner'][1 + dice((id, year, 'new'), 3)]",
            leaders_tutors="dice((id, 'leaders'), 2)",
        ),
        "form_olympiad": _query(
            f"schools, {years}",
            **school_year,
            municipal_participants="dice((id, year, 'olympiad'), 30)",
            municipal_winners="dice((id, year, 'olympiad'), 30) // 3",
            regional_winners="dice((id, year, 'olympiad'), 30) // 28",
        ),
        "form_documents": _query(
            f"schools, {years}",
            **school_year,
            has_development_programme="true",
            has_anti_risk_programme="dice((id, year), 5) > 0",
            has_internal_assessment="true",
        ),
        "form_pupils": _query(
            f"schools, {years}, {quarters}",
            **school_year,
            quarter="quarter",
            pupils="class_size * 11",
            failing="class_size * 11 * (dice((id, year, quarter), 12)) // 100",
            disability="class_size // 2",
            non_native="class_size // 3",
            failing_in_extra_classes="class_size * 11 * (dice((id, year, quarter), 12)) // 120",
            social="class_size",
        ),
        "form_teacher_courses": _query(
            f"schools, {years}, range(1, 3) as halves (half)",
            **school_year,
            half_year="half",
            teachers=teachers,
            trained_teachers=f"{teachers} * dice((id, year, half), 100) // 100",
        ),
        "form_network": _query(
            f"schools, {years}, {quarters}",
            **school_year,
            quarter="quarter",
            with_schools="dice((id, year, quarter), 2) = 0",
            with_organisations="dice((id, year, quarter, 'other'), 4) = 0",
            joint_events="dice((id, year, quarter), 4)",
            seminars="dice((id, year, quarter, 'seminar'), 2)",
        ),
    }


def _receipt(dataset: str, seq: int, rows: int) -> dict[str, object]:
    return {
        "seq": seq,
        "file_id": dataset,
        "context": json.dumps({}),
        "reader_version": "bench",
        "action": "land",
        "received_at": datetime(2022, 9, 1),
        "order_seq": seq,
        "path": f"{dataset}.csv",
        "dataset": dataset,
        "outcome": "accepted",
        "rows_read": rows,
        "rows_accepted": rows,
        "rows_rejected": 0,
        "rows_skipped": 0,
        "skipped_sheets": [],
        "reference_fingerprint": "",
        "depends_on_references": False,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    arguments = parser.parse_args()
    country = generate(arguments.folder, arguments.scale)
    print(f"{country.rows:,} results, receipts up to {country.seq}, in {country.landing}")


if __name__ == "__main__":
    main()
