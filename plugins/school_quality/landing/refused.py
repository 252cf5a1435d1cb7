"""Rows that were rejected, each with its key as far as it can be said, and which of them are still open.

A rejected row is open until a later receipt in force brings its key, or its own receipt is superseded or
withdrawn (contracts, 3, `fct_submission`). A row that does not say whose it is stays open until its file is
sent again. What is open follows from all receipts together, so every batch says it anew:
``open_rows.parquet``, which holds as long as ``state_seq`` is the last seq of the log. Whatever reports
rejected rows (submissions, workbooks of remarks, the end of a run, `status`) reads this file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from school_quality.datasets import Dataset, get
from school_quality.landing.receipts import (
    OPEN_ROW_SCHEMA,
    Receipt,
    batches,
    effective,
    read_receipts,
    superseded,
)
from school_quality.landing.typing import Typed
from school_quality.quoting import identifier, literal
from school_quality.settings import Settings

NUMBERED = ("quarter", "half_year")
"""Kinds of periods that a column of the same name numbers within the year."""


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """``refused``: the rejected rows of a batch."""
    connection.execute(
        """
        create table refused (
            row_id bigint, file integer, block bigint, dataset varchar, row_number integer, school_id varchar,
            reporting_year integer, period_number integer, known integer, row_key varchar
        );
        -- files that a later one sends again
        create table resent (old bigint, new bigint)
        """
    )


def row_key(dataset: Dataset, known: int = -1) -> str:
    """SQL: the key of a landed row as one short text; ``known`` has a bit for each column to be used."""
    parts = [
        f"coalesce({identifier(name)}::varchar, '')"
        for bit, name in enumerate(dataset.key)
        if known >> bit & 1
    ]
    return f"md5(concat_ws(chr(31), {', '.join(parts)}))"


def _whose(dataset: Dataset) -> int:
    """The bit of the column that says whose a row is."""
    name = next((n for n in ("pupil_id", "school_id") if n in dataset.key), dataset.key[0])
    return 1 << dataset.key.index(name)


def note_refused(connection: duckdb.DuckDBPyConnection, typed: Typed, rows: str, which: str) -> None:
    """Take rows of ``rows_<dataset>`` into ``refused``; ``which`` is a condition on them.

    Columns of the key that a rule has found wrong are not ``known``: a later row that agrees in the others
    answers. A row that does not say whose it is has no key.
    """
    dataset = typed.dataset
    known = " | ".join(
        f"case when f.fields && {typed.fields_of(column)!r}::varchar[] then 0 else {1 << bit} end"
        for bit, column in enumerate(dataset.key)
    )
    numbered = dataset.period if dataset.period in NUMBERED else "null"
    school, year = (name if name in dataset.columns else "null" for name in ("school_id", "reporting_year"))
    connection.execute(
        f"""
        insert into refused
        with failed as (
            select row_id, list(distinct field) as fields from failure
            where level = 'row' and dataset = {literal(dataset.name)} and rule <> 'duplicate_differs'
            group by row_id
        )
        select r.row_id, r.file, r.block, {literal(dataset.name)}, r.row_number, {school}, {year}, {numbered},
            {known} as known, null
        from {rows} as r left join failed as f using (row_id)
        where {which} and r.row_id not in (
            select row_id from refused where dataset = {literal(dataset.name)}
        )
        """
    )
    masks = connection.execute(
        f"select distinct known from refused where dataset = {literal(dataset.name)} and row_key is null"
    ).fetchall()
    for (mask,) in masks:
        if mask & _whose(dataset):
            connection.execute(
                f"""
                update refused set row_key = k.row_key
                from (select row_id, {row_key(dataset, mask)} as row_key from {rows}) as k
                where refused.dataset = {literal(dataset.name)} and refused.row_id = k.row_id
                    and refused.known = {mask}
                """
            )


def refused_rows(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """What the batch keeps of its rejected rows (``refused.parquet``)."""
    return connection.execute(
        """
        select f.seq, r.dataset, b.sheet, r.row_number, r.school_id, r.reporting_year, r.period_number,
            r.known, r.row_key
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
    connection.execute("delete from open_row where row_key is null and seq in (select old from resent)")
    keys = connection.execute(
        "select distinct dataset, known from open_row where row_key is not null order by all"
    ).fetchall()
    for name, known in keys:
        if name not in there:
            continue
        connection.execute(
            f"""
            delete from open_row using (
                select {row_key(get(name), known)} as row_key, max(order_seq) as order_seq
                from (select * from landed_{name} union all by name select * from accepted_{name})
                group by all
            ) as brought
            where open_row.dataset = {literal(name)} and open_row.known = {known}
                and open_row.row_key = brought.row_key
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


Place = tuple[str, int | None]
"""Sheet and row."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Receipts whose remarks count, and the places of their open rows by seq.

    In force and not superseded; of files that were rejected whole those that still lie in the inbox.
    """

    receipts: tuple[Receipt, ...]
    open_rows: Mapping[int, frozenset[Place]]

    @property
    def has_rejections(self) -> bool:
        """Whether a file is not accepted, or a row that nothing has brought since."""
        return any(
            self.open_rows.get(r.seq) or (r.outcome == "rejected" and not r.rows_rejected)
            for r in self.receipts
        )


def standing(settings: Settings) -> Standing:
    """The receipts whose remarks count now."""
    in_force = list(effective(read_receipts(settings)).values())
    gone = superseded(in_force)
    counting = tuple(
        r
        for r in in_force
        if r.seq not in gone and (r.outcome != "rejected" or settings.lies_in_inbox(r.path))
    )
    places: dict[int, set[Place]] = {}
    path = next((p / "open_rows.parquet" for p in reversed(batches(settings))), None)
    if path is not None and path.is_file():
        for seq, sheet, row_number in zip(
            *pq.read_table(path).select(["seq", "sheet", "row_number"]), strict=True
        ):
            places.setdefault(seq.as_py(), set()).add((sheet.as_py() or "", row_number.as_py()))
    return Standing(counting, {seq: frozenset(found) for seq, found in places.items()})
