"""What files would do: a data root of its own over the landed batches, thrown away afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq

from school_quality.errors import UsageError
from school_quality.landing.ingest import ingest
from school_quality.landing.receipts import RECORD, batches
from school_quality.landing.report import IngestReport
from school_quality.screen import one_line
from school_quality.settings import Settings


@dataclass(frozen=True, slots=True)
class Overlay:
    """The temporary data root in which the files are landed, and what became of them."""

    settings: Settings
    report: IngestReport

    def remarks(self) -> list[str]:
        """What is wrong with rows and cells of the files, a line each: afterwards there is no file to look
        into.
        """
        mine = {r.seq: r.path for r in self.report.landed if r.seq not in self.report.reread}
        found: list[str] = []
        for file in sorted(self.settings.rejected.glob("[0-9]*.parquet")):
            if file.is_symlink():
                continue  # remarks of what had landed before
            found += [
                _remark_line(mine[line["seq"]], line)
                for line in pq.read_table(file).to_pylist()
                if line["seq"] in mine and line["level"] != "file"
            ]
        return found


@contextmanager
def overlay(settings: Settings, files: Sequence[Path]) -> Iterator[Overlay]:
    """Land ``files`` as if they lay in the inbox, on top of everything landed; nothing of it is kept.

    Batches are linked, not copied: they never change. Raises `UsageError` for a path that is no file.
    """
    for file in files:
        if not file.is_file():
            raise UsageError(f"Файла {file} нет.")
    with TemporaryDirectory(prefix="school-quality-preview-") as folder:
        root = Path(folder)
        (root / "inbox").symlink_to(settings.inbox, target_is_directory=True)
        temporary = linked(settings, root)
        yield Overlay(temporary, ingest(temporary, files=files))


def _remark_line(path: str, line: dict[str, Any]) -> str:
    place = [
        line["sheet"] and f"лист «{line['sheet']}»",
        line["row_number"] and f"строка {line['row_number']}",
        line["column_name"] and f"столбец «{' '.join(line['column_name'].split())}»",
        line["value"] and f"«{line['value']}»",
    ]
    said = f"{path}: {', '.join(filter(None, place))}: {line['message']} {line['advice']}"
    return one_line(said.strip())


def linked(settings: Settings, root: Path) -> Settings:
    """A data root at ``root`` with links to another one's landed batches and their remarks."""
    for batch in batches(settings):
        for file in (*batch.rglob("*.parquet"), *batch.glob(RECORD)):
            _link(file, root / "landing" / file.relative_to(settings.landing))
        remarks = settings.rejected / f"{batch.name}.parquet"
        if remarks.is_file():
            _link(remarks, root / "rejected" / remarks.name)
    return Settings(root)


def _link(target: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
