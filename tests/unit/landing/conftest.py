"""Data roots for landing: an inbox to write files into, and a judge to hand blocks to without any file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from school_quality.datasets import get
from school_quality.landing.across_files import find
from school_quality.landing.remarks import failure_remarks
from school_quality.landing.spool import Spool
from school_quality.landing.verdicts import Judge, LandedFile
from school_quality.model import Block, Remark
from school_quality.settings import Settings

REGISTER = (
    "Код ОО;Логин ФИС ОКО;Номер;Наименование;Вид;Тип;Код муниципалитета;Муниципалитет;Местность;Обучающихся;"
    "Действует с;Действует по\n"
    "006003;sch980603;3;СОШ № 3;МБОУ;СОШ;006;Заречный район;город;500;01.09.2012;\n"
    "006007;sch980607;7;ООШ № 7;МБОУ;ООШ;006;Заречный район;село;70;01.09.2012;\n"
    "006099;sch980699;99;СОШ № 99;МБОУ;СОШ;006;Заречный район;село;70;01.09.2012;30.12.2020\n"
    "007003;sch980703;3;СОШ № 3;МБОУ;СОШ;007;Степной район;село;90;01.09.2012;\n"
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An empty data root with an inbox, and a key of its own."""
    monkeypatch.setenv("SCHOOL_QUALITY_PII_KEY", "a key for tests")
    (tmp_path / "data" / "inbox").mkdir(parents=True)
    return Settings(tmp_path / "data")


@pytest.fixture
def put(settings: Settings) -> Callable[..., Path]:
    """Write a file into the inbox; ``age`` seconds before a fixed moment decides the order of receipts."""

    def write(path: str, text: str, age: int = 0) -> Path:
        file = settings.inbox / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        os.utime(file, (1_700_000_000 - age, 1_700_000_000 - age))
        return file

    return write


def landed(settings: Settings, dataset: str) -> list[tuple[object, ...]]:
    """All landed rows of a dataset, in the order of their receipts and rows."""
    files = str(settings.landing / "*" / "rows" / f"{dataset}.parquet")
    columns = ", ".join(get(dataset).columns)
    return duckdb.sql(f"select {columns} from read_parquet('{files}') order by seq, row_number").fetchall()


@dataclass
class Bench:
    """Judges blocks that a test builds, with what it says is in the register and the scales."""

    judge: Judge
    spool: Spool
    files: int = 0
    landed_files: list[LandedFile] = field(default_factory=list)

    def add(
        self, dataset: str, rows: Sequence[dict[str, str]], file: int | None = None, **constants: str
    ) -> int:
        """A block of text rows, of a file of its own by default; returns the file's number."""
        number = self.files if file is None else file
        self.files = max(self.files, number + 1)
        names = list(rows[0])
        first = sum(len(b.headers) for b in self.spool.blocks) + 2
        self.spool.add(
            number,
            Block(
                dataset=dataset,
                sheet="Лист1",
                row_numbers=list(range(first, first + len(rows))),
                columns={n: [row[n] for row in rows] for n in names},
                constants=dict(constants),
                headers={n: f"Столбец {n}" for n in names},
            ),
        )
        return number

    def run(self) -> None:
        """Judge everything that was added."""
        self.spool.flush()
        files = [LandedFile(n, n + 1, n + 1, f"{n:064x}", ()) for n in range(self.files)]
        self.judge.take_files(files, self.spool.blocks)
        self.judge.judge_references(self.spool.chunks)
        self.judge.judge_others(self.spool.chunks)

    def accepted(self, dataset: str, *columns: str) -> list[tuple[object, ...]]:
        """Accepted rows in the order of files and rows."""
        wanted = ", ".join(columns or get(dataset).columns)
        return self.judge.connection.execute(
            f"select {wanted} from accepted_{dataset} order by file, row_id"
        ).fetchall()

    def remarks(self, dataset: str) -> list[Remark]:
        """What the senders are told about a dataset's rows, by themselves and together with other files."""
        blocks = {b.block: b for b in self.spool.blocks}
        seqs = {b.file + 1 for b in self.spool.blocks if b.dataset == dataset}
        found = [remark for _, remark, _ in failure_remarks(self.judge.connection, dataset, blocks)]
        return found + [
            remark for seq, remark, _ in find(self.judge.connection, self.judge.compared) if seq in seqs
        ]

    def rules(self, dataset: str) -> list[str]:
        """The rules broken by a dataset's rows."""
        return [remark.rule for remark in self.remarks(dataset)]

    def counts(self, file: int) -> tuple[int, int, int]:
        """Accepted, rejected and skipped rows of a file."""
        counts = self.judge.counts_by_file()[file]
        return counts.accepted, counts.rejected, counts.skipped


@pytest.fixture
def bench(settings: Settings, tmp_path: Path) -> Iterator[Bench]:
    """A bench whose register holds four schools of two municipalities, one of them closed in 2020."""
    spool = tmp_path / "spool"
    spool.mkdir()
    with Judge.open(settings, spool, threads=1) as judge:
        found = Bench(judge, Spool(spool))
        header, *lines = REGISTER.strip().split("\n")
        names = [
            "school_code",
            "login",
            "school_number",
            "school_name",
            "legal_kind",
            "school_type_name",
            "municipality_code",
            "municipality_name",
            "locality",
            "pupils",
            "open_from",
            "open_to",
        ]
        assert len(names) == len(header.split(";"))
        found.add("school_register", [dict(zip(names, line.split(";"), strict=True)) for line in lines])
        yield found
