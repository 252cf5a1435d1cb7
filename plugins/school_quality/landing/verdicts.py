"""The judgement of a batch, dataset by dataset: texts in, accepted rows and counts out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from school_quality.datasets import Dataset, get, load
from school_quality.landing import appeals, footers, judging, refused, scales, warnings
from school_quality.landing.landed import (
    LEFT_OUT,
    landed_columns,
    landed_datasets,
    take_force,
    view_in_force,
    view_landed,
    view_left_out,
)
from school_quality.landing.parsers import define
from school_quality.landing.receipts import Receipt
from school_quality.landing.rereading import PROTOCOLS
from school_quality.landing.schools import Register, School
from school_quality.landing.spool import BlockMeta, Chunk
from school_quality.landing.typing import Typed, note_schools, note_unreadable_cells, type_rows
from school_quality.model import Remark
from school_quality.quoting import identifier, literal
from school_quality.settings import Settings
from school_quality.validation import Validation

REFERENCES = ("school_register", "mark_scale", "thresholds")
"""Read and judged before everything else: the others are judged by them."""


@dataclass(slots=True)
class Counts:
    """Rows of a file's blocks by outcome; ``wrong_file``: (rejected, judged) where it is a wrong file."""

    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    by_register: int = 0  # of the skipped: another register might have known them
    wrong_file: tuple[int, int] | None = None

    def add(self, other: Counts) -> None:
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.skipped += other.skipped
        self.by_register += other.by_register
        if other.wrong_file:
            rejected, judged = self.wrong_file or (0, 0)
            self.wrong_file = rejected + other.wrong_file[0], judged + other.wrong_file[1]


@dataclass(frozen=True, slots=True)
class LandedFile:
    """What judging a row needs to know of its file."""

    file: int
    seq: int
    order_seq: int
    file_id: str
    remarks: tuple[Remark, ...]  # the reader's own, on rows


@dataclass(slots=True)
class Judge:
    """Judges the datasets of one batch in one in-memory DuckDB, which spills into ``temporary``."""

    connection: duckdb.DuckDBPyConnection
    settings: Settings
    in_force: Sequence[Receipt] = ()  # of files that this batch does not read again
    files: dict[int, LandedFile] = field(default_factory=dict)
    register: Register = field(default_factory=Register)
    counts: dict[tuple[str, int], Counts] = field(default_factory=dict)  # by dataset and file
    judged: dict[str, None] = field(default_factory=dict)  # in order
    typed: dict[str, Typed] = field(default_factory=dict)  # by dataset
    validations: dict[str, Validation] = field(default_factory=dict)  # by dataset
    compared: frozenset[str] = frozenset()  # datasets with rows, landed or new
    contested: frozenset[int] = frozenset()  # files with totals above a scale that other rows may lend or not

    @classmethod
    @contextmanager
    def open(cls, settings: Settings, temporary: Path, threads: int) -> Iterator[Judge]:
        """A judge whose database is gone afterwards."""
        connection = duckdb.connect(
            config={
                "temp_directory": str(temporary),
                "threads": threads,
                "autoinstall_known_extensions": False,
            }
        )
        with connection:
            define(connection)
            judging.prepare(connection)
            refused.prepare(connection)
            take_force(connection, ())
            yield cls(connection, settings)

    def take_force(self, receipts: Iterable[Receipt]) -> None:
        """Tell the judge which receipts are in force beside those of this batch."""
        self.in_force = tuple(receipts)
        take_force(self.connection, self.in_force)

    def take_files(self, files: Iterable[LandedFile], blocks: Iterable[BlockMeta]) -> None:
        """Make ``landed_file`` and ``block`` known to the SQL; may be called again when more was read."""
        self.files = {f.file: f for f in files}
        of_files, of_blocks = list(self.files.values()), list(blocks)
        file_table = pa.table(
            {
                "file": pa.array([f.file for f in of_files], pa.int32()),
                "seq": pa.array([f.seq for f in of_files], pa.int64()),
                "order_seq": pa.array([f.order_seq for f in of_files], pa.int64()),
                "file_id": pa.array([f.file_id for f in of_files], pa.string()),
            }
        )
        block_table = pa.table(
            {
                "file": pa.array([b.file for b in of_blocks], pa.int32()),
                "block": pa.array([b.block for b in of_blocks], pa.int64()),
                "sheet": pa.array([b.sheet for b in of_blocks], pa.string()),
                "footer": pa.array(
                    [list(b.footer.items()) for b in of_blocks], pa.map_(pa.string(), pa.string())
                ),
            }
        )
        self.connection.register("new_file", file_table)
        self.connection.register("new_block", block_table)
        self.connection.execute("create or replace table landed_file as select * from new_file")
        self.connection.execute("create or replace table block as select * from new_block")

    def judge_references(self, chunks: Mapping[str, Sequence[Chunk]]) -> None:
        """Judge registers, scales and thresholds, and take those in force into use."""
        for name in sorted(REFERENCES, key=lambda n: load()[n].order):
            self.judge(get(name), chunks.get(name, ()))
            self._refuse_wrong_files()
            view_in_force(self.connection, get(name))
            if name == "school_register":
                self._use_register()
        self._use("mark_scale", "scale")
        self._use("thresholds", "threshold")

    def _use(self, name: str, table: str) -> None:
        columns = ", ".join(identifier(column) for column in get(name).columns)
        self.connection.execute(f"create or replace table {table} as select {columns} from inforce_{name}")

    def _use_register(self) -> None:
        self._use("school_register", "register")
        rows = self.connection.execute(
            """
            select school_id, fisoko_login, school_number, municipality_id, municipality_name, open_to,
                coalesce(school_name, ''), coalesce(legal_kind, '')
            from register order by school_id
            """
        ).fetchall()
        elsewhere = self.connection.execute(
            """
            select distinct part, key
            from all_left_out_school_register
            cross join lateral (values ('code', school_id), ('login', fisoko_login)) as keys (part, key)
            where key is not null and school_id not in (select school_id from register)
            """
        ).fetchall()
        self.register = Register.of((School(*row) for row in rows), elsewhere)

    def judge(self, dataset: Dataset, chunks: Sequence[Chunk]) -> None:
        """Judge the new rows of a dataset: ``accepted_<dataset>`` and the counts of each file."""
        self._forget(dataset)
        view_landed(self.connection, self.settings, dataset)
        if dataset.name in LEFT_OUT:
            view_left_out(self.connection, self.settings, dataset)
        if not chunks:
            self._accept_nothing(dataset)
            return
        typed = type_rows(self.connection, dataset, chunks, self.register)
        note_unreadable_cells(self.connection, typed)
        note_schools(self.connection, typed)
        judging.note_reader_remarks(self.connection, typed, self._reader_remarks(dataset))
        judging.note_closed_schools(self.connection, typed)
        judging.note_missing_places(self.connection, typed)
        judging.skip_left_out(self.connection, typed)
        rows = judging.make_rows(self.connection, typed)
        judging.note_unknown_references(self.connection, rows, dataset)
        if dataset.name == "work_plan":
            judging.place_tasks(self.connection)
        if dataset.name == "vpr_results":
            judging.pardon_absent(self.connection)
            self.contested = scales.choose_scales(self.connection)
        if dataset.name in footers.DATASETS:
            footers.prepare(self.connection, typed)
        if dataset.name == "appeals":
            appeals.match(self.connection)
        validation = judging.note_broken_rules(self.connection, typed)
        judging.list_failed_rows(self.connection, typed)
        judging.skip_repeated_rows(self.connection, typed, rows)
        keys = judging.note_repeated_keys(self.connection, typed, rows)
        judging.list_failed_rows(self.connection, typed)
        self.validations[dataset.name] = validation.joined(keys)
        self._count(typed)
        self._accept(typed)
        refused.note_refused(
            self.connection, typed, rows, "r.source_row in (select source_row from failed_row)"
        )
        self.typed[dataset.name] = typed
        warnings.note_warnings(self.connection, typed)

    def _forget(self, dataset: Dataset) -> None:
        """Drop the verdicts of an earlier round, because more files of the dataset have been read since."""
        if dataset.name in self.judged:
            self.connection.execute("delete from failure where dataset = $name", {"name": dataset.name})
            self.connection.execute("delete from skipped where dataset = $name", {"name": dataset.name})
            self.connection.execute("delete from refused where dataset = $name", {"name": dataset.name})
            self.counts = {key: counts for key, counts in self.counts.items() if key[0] != dataset.name}
        self.judged[dataset.name] = None

    def judge_others(self, chunks: Mapping[str, Sequence[Chunk]]) -> None:
        """Judge everything but the references, in the declared order."""
        arrived = {name for name, found in chunks.items() if found}
        self.compared = frozenset(arrived | landed_datasets(self.settings))
        wanted = self.compared | (set(PROTOCOLS) if "appeals" in arrived else set())
        for dataset in load().values():
            if dataset.name in wanted and dataset.name not in REFERENCES:
                if dataset.name == "appeals":
                    self._refuse_wrong_files()  # they look for results that are accepted
                self.judge(dataset, chunks.get(dataset.name, ()))
        self._refuse_wrong_files()

    def overtaken(self) -> frozenset[int]:
        """Receipts in force with rows that a scale now in force rejects, or may reject."""
        for name in ("vpr_results", "oge_results"):
            view_landed(self.connection, self.settings, get(name))
        return scales.landed_above(self.connection)

    def counts_by_file(self) -> dict[int, Counts]:
        """The counts of each file over all its datasets; a file without rows has none."""
        totals: dict[int, Counts] = {}
        for (_, file), counts in self.counts.items():
            totals.setdefault(file, Counts()).add(counts)
        return totals

    def _reader_remarks(self, dataset: Dataset) -> list[tuple[int, str, int, str, str, str]]:
        return [
            (f.file, r.sheet, r.row_number, r.column, r.rule, r.value)
            for f in self.files.values()
            for r in f.remarks
            if r.level == "row" and r.row_number is not None
        ]

    def _count(self, typed: Typed) -> None:
        """Count table rows by outcome."""
        name = typed.dataset.name
        found = self.connection.execute(
            f"""
            with skip as (select row_id, bool_or(by_register) as by_register from skipped group by row_id),
            verdict as (
                select t.source_row, any_value(t.file) as file, any_value(n.source_row) is not null as failed,
                    bool_and(s.row_id is not null) as is_skipped,
                    coalesce(bool_or(s.by_register), false) as by_register
                from {typed.table} as t
                left join skip as s on s.row_id = t.row_id
                left join failed_row as n on n.source_row = t.source_row
                group by t.source_row
            )
            select file,
                count(*) filter (not is_skipped and not failed), count(*) filter (not is_skipped and failed),
                count(*) filter (is_skipped), count(*) filter (is_skipped and by_register)
            from verdict group by file
            """
        ).fetchall()
        for file, accepted, rejected, skipped, by_register in found:
            self.counts[name, file] = Counts(accepted, rejected, skipped, by_register)

    def _refuse_wrong_files(self) -> None:
        """Take back what was accepted of wrong files, in all their datasets: all their rows are rejected."""
        wrong = {
            file
            for file, c in self.counts_by_file().items()
            if judging.is_wrong_file(c.rejected, c.accepted + c.rejected)
        }
        for (name, file), counts in self.counts.items():
            if file in wrong and counts.wrong_file is None:
                judged = counts.accepted + counts.rejected
                self.counts[name, file] = replace(
                    counts, accepted=0, rejected=judged, wrong_file=(counts.rejected, judged)
                )
                self.connection.execute(f"delete from accepted_{name} where file = {file}")
                refused.note_refused(self.connection, self.typed[name], f"rows_{name}", f"r.file = {file}")

    def _accept(self, typed: Typed) -> None:
        dataset = typed.dataset
        columns = ", ".join(f'r."{name}"' for name in dataset.columns)
        self.connection.execute(
            f"""
            create or replace table accepted_{dataset.name} as
            select r.row_id, r.file, f.order_seq, f.seq, f.file_id, b.sheet, r.row_number, {columns}
            from rows_{dataset.name} as r
            join landed_file as f on f.file = r.file
            join block as b on b.block = r.block
            where r.source_row not in (select source_row from failed_row)
            """
        )

    def _accept_nothing(self, dataset: Dataset) -> None:
        columns = ", ".join(f'null::{kind} as "{name}"' for name, kind in landed_columns(dataset).items())
        self.connection.execute(
            f"""
            create or replace table accepted_{dataset.name} as
            select null::bigint as row_id, null::integer as file, null::bigint as order_seq, {columns} limit 0
            """
        )

    def write(self, dataset: Dataset, path: Path) -> None:
        """Write the accepted rows of a dataset, in the order of files and rows; no file for no rows."""
        table = f"accepted_{dataset.name}"
        (rows,) = self.connection.execute(f"select count(*) from {table}").fetchone() or (0,)
        if rows:
            columns = ", ".join(identifier(name) for name in landed_columns(dataset))
            self._copy(f"select {columns} from {table}", path)

    def write_left_out(self, dataset: Dataset, path: Path) -> None:
        """Write what is kept of the skipped rows of a dataset (`LEFT_OUT`); no file for no rows."""
        if dataset.name not in LEFT_OUT:
            return
        table = f"left_out_{dataset.name}"
        if self.connection.execute(f"select 1 from {table} limit 1").fetchone():
            path.parent.mkdir(exist_ok=True)
            self._copy(f"select seq, {', '.join(LEFT_OUT[dataset.name])} from {table}", path)

    def _copy(self, query: str, path: Path) -> None:
        self.connection.execute(f"copy ({query}) to {literal(str(path))} (format parquet, compression zstd)")
