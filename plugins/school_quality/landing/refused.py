"""Rows that were rejected, each with its key as far as it can be said, and which of them are still open.

A rejected row is open until a later receipt in force brings its key, or its own receipt is superseded or
withdrawn (contracts, 3, `fct_submission`). What is open follows from all receipts together, so every batch
says it anew: ``open_rows.parquet``, which holds as long as ``state_seq`` is the last seq of the log. Whoever
tells of rejected rows (submissions, workbooks of remarks, the end of a run, `status`) reads these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from school_quality.datasets import Dataset, get
from school_quality.landing.receipts import (
    OPEN_ROW_SCHEMA,
    Receipt,
    batches,
    last_seq,
    read_receipts,
    superseded,
)
from school_quality.landing.typing import Typed
from school_quality.quoting import identifier, literal
from school_quality.settings import Settings

NUMBERED = ("quarter", "half_year")
"""Periods of a dataset whose column of that name numbers them within the year."""


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """``refused``: the rejected rows of a batch."""
    connection.execute(
        """
        create table refused (
            row_id bigint, file integer, block bigint, dataset varchar, row_number integer, school_id varchar,
            reporting_year integer, period_number integer, row_key varchar
        )
        """
    )


def row_key(dataset: Dataset) -> str:
    """The key of a landed row as one short text, in SQL over its columns."""
    parts = ", ".join(f"coalesce({identifier(name)}::varchar, '')" for name in dataset.key)
    return f"md5(concat_ws(chr(31), {parts}))"


def note_refused(connection: duckdb.DuckDBPyConnection, typed: Typed, rows: str, which: str) -> None:
    """Take rows of ``rows_<dataset>`` into ``refused``; ``which`` is a condition on them.

    A key of which a column could not be understood, or a school that is not known, is no key.
    """
    dataset = typed.dataset
    unknown = " or ".join(
        f"(r.{identifier(column)} is null and f.fields && {typed.fields_of(column)!r}::varchar[])"
        for column in dataset.key
    )
    numbered = dataset.period if dataset.period in NUMBERED else "null"
    school, year = (name if name in dataset.columns else "null" for name in ("school_id", "reporting_year"))
    connection.execute(
        f"""
        insert into refused
        with failed as (
            select row_id, list(distinct field) as fields from failure
            where level = 'row' and dataset = {literal(dataset.name)} group by row_id
        )
        select r.row_id, r.file, r.block, {literal(dataset.name)}, r.row_number, {school}, {year}, {numbered},
            case when not coalesce({unknown}, false) then {row_key(dataset)} end
        from {rows} as r left join failed as f using (row_id)
        where {which} and r.row_id not in (
            select row_id from refused where dataset = {literal(dataset.name)}
        )
        """
    )


def refused_rows(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """What the batch keeps of its rejected rows (``refused.parquet``)."""
    return connection.execute(
        """
        select f.seq, r.dataset, b.sheet, r.row_number, r.school_id, r.reporting_year, r.period_number,
            r.row_key
        from refused as r join landed_file as f using (file) join block as b on b.block = r.block
        order by f.seq, r.row_id
        """
    ).to_arrow_table()


def open_rows(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    in_force: Iterable[Receipt],
    there: Collection[str],
    state_seq: int,
) -> pa.Table:
    """The open rows of all receipts ``in_force``, those of the batch included.

    ``there``: datasets of which ``landed_<name>`` and ``accepted_<name>`` exist; others have no rows.
    """
    receipts = list(in_force)
    gone = superseded(receipts)
    standing = [r for r in receipts if r.seq not in gone]
    places = pa.table(
        {
            "seq": pa.array([r.seq for r in standing], pa.int64()),
            "order_seq": pa.array([r.order_seq for r in standing], pa.int64()),
        }
    )
    new = refused_rows(connection)
    connection.register("standing_receipt", places)
    connection.register("new_refused", new)
    files = [str(p / "refused.parquet") for p in batches(settings) if (p / "refused.parquet").is_file()]
    landed = f"from read_parquet({files!r}) union all by name" if files else ""
    connection.execute(
        f"""
        create or replace temp table open_row as
        select * from ({landed} from new_refused) join standing_receipt using (seq)
        """
    )
    names = connection.execute("select distinct dataset from open_row where row_key is not null").fetchall()
    for name in sorted({name for (name,) in names}.intersection(there)):
        connection.execute(
            f"""
            delete from open_row using (
                select {row_key(get(name))} as row_key, max(order_seq) as order_seq
                from (select * from landed_{name} union all by name select * from accepted_{name})
                group by all
            ) as brought
            where open_row.dataset = {literal(name)} and open_row.row_key = brought.row_key
                and open_row.order_seq < brought.order_seq
            """
        )
    found = connection.execute(
        f"""
        select distinct {state_seq}::bigint as state_seq, seq, dataset, sheet, row_number, school_id,
            reporting_year, period_number
        from open_row order by all
        """
    ).to_arrow_table()
    return found.cast(OPEN_ROW_SCHEMA)


def read_open_rows(settings: Settings) -> pa.Table:
    """The rows that are open now, of all that was received."""
    latest = batches(settings)[-1:]
    path = latest[0] / "open_rows.parquet" if latest else None
    if path is None or not path.is_file():
        return OPEN_ROW_SCHEMA.empty_table()
    state = last_seq(read_receipts(settings))
    return pq.read_table(path, filters=[("state_seq", "=", state)])
