"""Verdicts to remarks: what senders are told, with the headers of their own columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from school_quality.datasets import get
from school_quality.landing.receipts import REMARK_SCHEMA, Receipt
from school_quality.landing.spool import MELTED, BlockMeta
from school_quality.landing.typing import SCHOOL_KEYS
from school_quality.model import Remark
from school_quality.validation import render


@dataclass(slots=True)
class Remarks:
    """Collects the lines of ``rejected/<batch>.parquet``."""

    lines: list[dict[str, object]] = field(default_factory=list)

    def add(
        self, receipt: Receipt, remark: Remark, school_id: str | None = None, state_seq: int | None = None
    ) -> str:
        """Add a line and return its message; message and advice come from the rule catalogue."""
        message, advice = render(remark)
        self.lines.append(
            {
                "seq": receipt.seq,
                "file_id": receipt.file_id,
                "path": receipt.path,
                "dataset": receipt.dataset,
                "sheet": remark.sheet,
                "row_number": remark.row_number,
                "column_name": remark.column,
                "rule": remark.rule,
                "level": remark.level,
                "value": remark.value,
                "message": message,
                "advice": advice,
                "school_id": school_id,
                "state_seq": state_seq,
            }
        )
        return message

    def add_state(
        self,
        found: Iterable[tuple[int, Remark, str | None]],
        in_force: Iterable[Receipt],
        state_seq: int,
    ) -> None:
        """Add what files say together (`across_files.find`), as it is at ``state_seq``."""
        by_seq = {r.seq: r for r in in_force}
        for seq, remark, school_id in found:
            self.add(by_seq[seq], remark, school_id, state_seq)

    def table(self) -> pa.Table:
        """By file, files' own remarks first, then by sheet and row."""
        rank = {"file": 0, "row": 1, "warning": 1}
        ordered = sorted(
            self.lines,
            key=lambda r: (
                r["seq"],
                rank[str(r["level"])],
                r["sheet"],
                r["row_number"] or 0,
                r["column_name"],
            ),
        )
        return pa.Table.from_pylist(ordered, schema=REMARK_SCHEMA)


def failure_remarks(
    connection: duckdb.DuckDBPyConnection, dataset: str, blocks: Mapping[int, BlockMeta]
) -> Iterable[tuple[int, Remark, str | None]]:
    """(file, remark, school) of every verdict on the rows of a dataset."""
    fields = get(dataset).fields
    by_column = {f.column or name: f for name, f in fields.items()}
    value = MELTED.get(dataset, "")
    cell = "t.cell" if value else "null"
    school = "t.school_id" if "school_id" in get(dataset).columns else "null"
    found = connection.execute(
        f"""
        select f.file, t.block, t.row_number, f.field, f.rule, f.level, f.value, f.details,
            {school}, {cell}
        from failure as f join typed_{dataset} as t using (row_id)
        where f.dataset = '{dataset}' and f.row_id not in (select row_id from skipped)
            and (  -- what stands in shifted cells is not told
                f.rule = 'ragged_row'
                or f.row_id not in (select row_id from failure where rule = 'ragged_row')
            )
        -- a table row may hold several results, and one school: it is told once
        qualify row_number() over (
            partition by t.source_row, f.field, f.rule, f.value, f.details::varchar,
                case when f.field = '{value}' then {cell} end
            order by f.row_id
        ) = 1
        order by f.file, f.row_id, f.field, f.rule
        """
    ).fetchall()
    for file, block, row_number, name, rule, level, text, details, school_id, of_cell in found:
        meta = blocks[block]
        declared = fields.get(name) or by_column.get(name)
        key = of_cell if name == value and of_cell else declared.name if declared else name
        if key in SCHOOL_KEYS and key not in meta.headers and "group" in meta.headers:
            key = "group"  # it holds the login in brackets
        header = meta.headers.get(key) or (declared.header if declared and key != of_cell else key)
        personal = declared is not None and declared.is_personal
        yield (
            file,
            Remark(
                rule=rule,
                level=level,
                sheet=meta.sheet,
                row_number=row_number,
                column=header,
                value="" if personal else text or "",
                details={k: v or "" for k, v in (details or {}).items()},
            ),
            school_id,
        )
