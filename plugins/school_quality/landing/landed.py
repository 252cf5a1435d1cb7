"""The landed rows that are in force, for the checks that look beyond the files of one batch."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

import duckdb
import pyarrow as pa

from school_quality.datasets import Dataset, load
from school_quality.landing.receipts import (
    Receipt,
    batches,
    has_schema,
    locked,
    schema_files,
    write_schema_batch,
)
from school_quality.quoting import identifier
from school_quality.settings import Settings

PROVENANCE = {"seq": "BIGINT", "file_id": "VARCHAR", "sheet": "VARCHAR", "row_number": "INTEGER"}
"""Columns that every landed row has before those of its dataset."""

_SITTING = ("reporting_year", "exam_date", "subject", "pupil_id", "pupil_name_id", "has_document")
LEFT_OUT = {
    "school_register": ("school_id", "fisoko_login"),
    "ege_results": _SITTING,
    "oge_results": _SITTING,
}
"""What is kept of skipped rows, beside the accepted ones: rows of other files that speak of them (appeals of
a result of ГВЭ, results of a pseudo-unit) are skipped, too."""

ARROW_TYPES = {
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TINYINT[]": pa.list_(pa.int8()),
}
DECIMAL = re.compile(r"DECIMAL\((\d+), ?(\d+)\)")


def landed_columns(dataset: Dataset) -> dict[str, str]:
    """All columns of ``rows/<dataset>.parquet`` with their types."""
    return PROVENANCE | dataset.columns


def landed_schema(dataset: Dataset) -> pa.Schema:
    """`landed_columns` as Arrow types."""
    return pa.schema([(name, arrow_type(kind)) for name, kind in landed_columns(dataset).items()])


def prepare(settings: Settings) -> None:
    """Bring folders and empty tables to what this version of the code declares. Needs the lock."""
    write_schema_batch(settings, _schemas())


def keep_up(settings: Settings) -> None:
    """`prepare` a data root of an older version, or whose empty tables are lost, for those who read it before
    the next landing."""
    wanted = schema_files(settings, _schemas())
    if batches(settings) and not all(has_schema(path, schema) for path, schema in wanted.items()):
        with locked(settings):
            prepare(settings)


def _schemas() -> dict[str, pa.Schema]:
    return {d.name: landed_schema(d) for d in load().values()}


def arrow_type(kind: str) -> pa.DataType:
    """The Arrow type of a declared DuckDB type; `KeyError` for one that no declaration uses."""
    decimal = DECIMAL.fullmatch(kind)
    return pa.decimal128(int(decimal[1]), int(decimal[2])) if decimal else ARROW_TYPES[kind]


def take_force(connection: duckdb.DuckDBPyConnection, receipts: Iterable[Receipt]) -> None:
    """``in_force``: the receipts whose landed rows hold, with their place among corrections."""
    seqs = [(r.seq, r.order_seq) for r in receipts if r.rows_accepted or r.rows_skipped]
    columns = {"seq": pa.array([s for s, _ in seqs], pa.int64())}
    columns["order_seq"] = pa.array([o for _, o in seqs], pa.int64())
    connection.register("receipts_in_force", pa.table(columns))
    connection.execute("create or replace temp table in_force as select * from receipts_in_force")
    connection.unregister("receipts_in_force")


def landed_datasets(settings: Settings) -> set[str]:
    """Datasets of which any batch holds rows."""
    return {path.stem for path in settings.landing.glob("[0-9]*/rows/*.parquet")}


def view_landed(connection: duckdb.DuckDBPyConnection, settings: Settings, dataset: Dataset) -> str:
    """``landed_<dataset>``: the landed rows of ``in_force`` (`take_force`), with ``order_seq``; maybe none.

    A file may hold rows of several datasets, so receipts are not asked for theirs.
    """
    name = f"landed_{dataset.name}"
    columns = ", ".join(f'null::{kind} as "{column}"' for column, kind in landed_columns(dataset).items())
    files = sorted(str(p) for p in settings.landing.glob(f"[0-9]*/rows/{dataset.name}.parquet"))
    if not files:
        connection.execute(
            f"create or replace view {name} as select {columns}, 0::bigint as order_seq limit 0"
        )
        return name
    # a column that the declaration has gained since is null in older batches
    connection.execute(
        f"""
        create or replace view {name} as
        select * from (
            select * from (select {columns} limit 0)
            union all by name
            select * from read_parquet({files!r}, union_by_name = true)
        ) join in_force using (seq)
        """
    )
    return name


def view_left_out(connection: duckdb.DuckDBPyConnection, settings: Settings, dataset: Dataset) -> None:
    """``all_left_out_<dataset>``: the kept skipped rows (`LEFT_OUT`) of receipts in force and of this
    batch.

    Those of the batch are ``left_out_<dataset>``, which is made empty here.
    """
    new, kept = f"left_out_{dataset.name}", LEFT_OUT[dataset.name]
    columns = ", ".join(f"null::{dataset.columns[name]} as {name}" for name in kept)
    connection.execute(f"create or replace table {new} as select null::bigint as seq, {columns} limit 0")
    files = sorted(str(p) for p in settings.landing.glob(f"[0-9]*/left_out/{dataset.name}.parquet"))
    landed = f"from read_parquet({files!r}) where seq in (select seq from in_force) union all by name"
    connection.execute(f"create or replace view all_{new} as {landed if files else ''} from {new}")


def view_in_force(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> str:
    """``inforce_<dataset>``: landed and just accepted rows, of each key the one that came last."""
    name = f"inforce_{dataset.name}"
    key = ", ".join(identifier(column) for column in dataset.key)
    connection.execute(
        f"""
        create or replace view {name} as
        select * from (
            select * from landed_{dataset.name} union all by name select * from accepted_{dataset.name}
        )
        qualify row_number() over (partition by {key} order by order_seq desc, row_number desc) = 1
        """
    )
    return name


def content_hash(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> str:
    """Changes when the rows in force of a dataset do, wherever they come from."""
    columns = ", ".join(identifier(column) for column in dataset.columns)
    (total,) = connection.execute(
        f"select coalesce(sum(hash({columns})::hugeint), 0)::varchar from inforce_{dataset.name}"
    ).fetchone() or ("",)
    return hashlib.sha256(total.encode()).hexdigest()[:16]
