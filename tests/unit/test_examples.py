"""The example district of ``data/examples``: what its generator makes, with the numbers of the order."""

from __future__ import annotations

import importlib
import io
import shutil
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from school_quality.landing import ingest
from school_quality.settings import Settings

pytestmark = pytest.mark.seconds(25)

EXAMPLES = Path(__file__).resolve().parents[2] / "data/examples"


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    sys.modules.pop("make_examples", None)
    return importlib.import_module("make_examples")


def contents(name: str, data: bytes) -> Any:
    """What a reader sees: cells of workbooks, entries of archives, bytes of texts.

    Not the bytes of compressed files: another build of zlib packs the same content differently.
    """
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {entry: contents(entry, archive.read(entry)) for entry in archive.namelist()}
    if name.endswith(".csv"):
        return data
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {s: book.get_sheet_by_name(s).to_python(skip_empty_area=False) for s in book.sheet_names}


def inbox_contents(inbox: Path) -> dict[str, Any]:
    files = sorted(path for path in inbox.rglob("*") if path.is_file())
    return {str(path.relative_to(inbox)): contents(path.name, path.read_bytes()) for path in files}


def test_committed_example_files_are_what_the_generator_makes(generator: ModuleType, tmp_path: Path) -> None:
    generator.main(tmp_path / "inbox")

    assert inbox_contents(tmp_path / "inbox") == inbox_contents(EXAMPLES / "inbox")


def test_counts_of_2021_agree_with_the_table_of_the_order_within_a_point(generator: ModuleType) -> None:
    works = [("russian", 5), ("russian", 6), ("math", 5), ("math", 6)]
    for number, cells in generator.ORDER_TABLE.items():
        counts = [generator.VPR_2021[work][number] for work in works] + [generator.OGE_MATH[2021][number]]
        for cell, (wrote, failed) in zip(cells, counts, strict=True):
            if cell is None:
                assert 10 * failed < 3 * wrote, f"school {number}: the order's table shows no low result here"
            else:
                assert abs(float(str(cell).replace(",", ".")) - 100 * failed / wrote) < 1


def test_the_same_schools_are_low_in_2021_as_in_the_order(generator: ModuleType) -> None:
    works = [*generator.VPR_2021.values(), generator.OGE_MATH[2021]]

    low = {
        s.number
        for s in generator.SCHOOLS
        if sum(10 * w[s.number][1] >= 3 * w[s.number][0] for w in works) > 1
    }

    assert low == {5, 7, 11, 17, 22, 39, 43, 49, 50, 51}


def test_the_example_loads_with_exactly_the_two_remarks_that_its_readme_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOOL_QUALITY_PII_KEY", "0" * 64)
    shutil.copytree(EXAMPLES / "inbox", tmp_path / "inbox")

    ingest(Settings(tmp_path))

    remarks = [
        row for path in tmp_path.glob("rejected/0*.parquet") for row in pq.read_table(path).to_pylist()
    ]
    assert sorted((Path(r["path"]).name, r["rule"], r["row_number"]) for r in remarks) == [
        ("Контингент.xlsx", "part_above_whole", 39),
        ("Олимпиада.csv", "unknown_school", 16),
    ]
