"""The samples beside the checkout, where they are present: dataset and rows read as their tables say."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from beside import SHARED, needs_shared

from school_quality.model import FileReading
from school_quality.reading import read_files, scan

FOLDER = SHARED / "data"
pytestmark = needs_shared
_ROW = re.compile(r"^\| `([^`]+)` \| (\w+) \|.*\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$")


def rows_read(reading: FileReading) -> int:
    return sum(len(b.row_numbers) for b in reading.blocks) + reading.rows_skipped


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileReading]:
    inbox = tmp_path_factory.mktemp("samples") / "inbox"
    shutil.copytree(FOLDER / "samples", inbox, ignore=shutil.ignore_patterns("README.md"))
    return {r.path: r for r in read_files(scan(inbox))}


def tables(name: str) -> list[tuple[str, str, int, int]]:
    """(file, dataset, read, skipped) of the tables of a README."""
    folder = Path(name).parent.as_posix().removesuffix(".")
    found = [
        m for line in (FOLDER / "samples" / name).read_text("utf-8").splitlines() if (m := _ROW.match(line))
    ]
    return [(f"{folder}/{m[1]}".lstrip("/"), m[2], int(m[3]), int(m[6])) for m in found]


@pytest.mark.parametrize("readme", ["README.md", "bad/README.md"])
def test_each_file_is_recognised_and_no_row_is_lost(readings: dict[str, FileReading], readme: str) -> None:
    listed = tables(readme)

    assert len(listed) >= 15
    for path, dataset, read, skipped in listed:
        reading = readings[path]
        assert not reading.rejected, (path, reading.remarks)
        assert (reading.dataset, rows_read(reading)) == (dataset, read), path
        # pseudo-units and unknown municipalities are skipped later, where the register is known
        assert reading.rows_skipped <= skipped, path


REJECTED = {
    "truncated.xlsx": "file_unreadable",
    "truncated.xls": "file_unreadable",
    "encrypted.xlsx": "file_encrypted",
    "encrypted.zip": "file_encrypted",
    "empty.xlsx": "file_empty",
    "empty.csv": "file_empty",
    "empty_sheet.xlsx": "file_empty",
    "header_only.csv": "no_rows",
    "picture_renamed.xlsx": "not_a_table",
    "letter.docx": "file_unreadable",
    "not_a_table.csv": "unknown_header",
    "unknown_header.xlsx": "unknown_header",
    "missing_column.xlsx": "missing_column",
    "Проведение работы по математике, 5 класс. ВПР 2020.xlsx": "missing_column",
    "Математика, 6 класс. ВПР 2019, исправлено 2020.xlsx": "two_years",
    "zip_bomb.xlsx": "unpacked_too_large",
    "zip_bomb.zip": "unpacked_too_large",
    "many_entries.zip": "too_many_entries",
    "far_cell.xlsx": "sheet_too_large",
    "far_cell_small_dimension.xlsx": "sheet_too_large",
    "box_over_limit.xlsx": "sheet_too_large",
    "nested.zip/inner.zip": "nested_archive",
    "path_traversal.zip": "path_outside",
}


def test_each_bad_file_is_rejected_with_its_rule(readings: dict[str, FileReading]) -> None:
    bad = {
        path.removeprefix("bad/"): r for path, r in readings.items() if path.startswith("bad/") and r.rejected
    }

    assert {path: [m.rule for m in r.remarks] for path, r in bad.items()} == {
        p: [rule] for p, rule in REJECTED.items()
    }


def test_hidden_and_temporary_samples_leave_no_trace(readings: dict[str, FileReading]) -> None:
    assert not [path for path in readings if "~" in path or ".part" in path or ".tmp" in path or "/." in path]


def test_the_archive_holds_the_same_contents_in_the_same_context(readings: dict[str, FileReading]) -> None:
    packed = [r for path, r in readings.items() if path.startswith("формы_1_четверть.zip/")]
    loose = {r.file_id: r.context for path, r in readings.items() if not path.startswith("формы")}

    assert len(packed) == 2
    assert all(loose[r.file_id] == r.context for r in packed)


def test_the_district_is_recognised_whole() -> None:

    readings = list(read_files(scan(FOLDER / "district" / "inbox")))

    assert len(readings) > 200
    assert [(r.path, r.remarks) for r in readings if r.rejected] == []


def test_a_real_region_loses_no_row() -> None:
    expected = re.findall(
        r"^\| `([^`]+\.\w+)` \| (\d+) \|", (FOLDER / "real" / "README.md").read_text("utf-8"), re.M
    )

    results = [source for source in scan(FOLDER / "real") if not re.match("README|Планы", source.path)]
    counts = {r.path: rows_read(r) for r in read_files(results)}

    assert counts == {path: int(read) for path, read in expected}
    assert sum(counts.values()) > 100_000
