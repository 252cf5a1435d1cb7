"""An inbox in a temporary folder, read in this process; invented pupils and schools only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from school_quality.model import Block, FileReading
from school_quality.reading import pseudonyms, sources
from school_quality.reading.reader import read_here

Reader = Callable[[str, bytes | str], FileReading]


@pytest.fixture(autouse=True)
def _one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOOL_QUALITY_PII_KEY", "a key of the tests")
    pseudonyms.pseudonyms.cache_clear()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def put(inbox: Path) -> Callable[[str, bytes | str], Path]:
    """Write a file of the inbox, text as UTF-8."""

    def write(name: str, content: bytes | str) -> Path:
        file = inbox / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write


@pytest.fixture
def read(inbox: Path, put: Callable[[str, bytes | str], Path]) -> Reader:
    """Write a file of the inbox and read it."""

    def one(name: str, content: bytes | str) -> FileReading:
        file = put(name, content)
        (source,) = sources.of_files([file], inbox)
        return read_here(source)

    return one


def only_block(reading: FileReading) -> Block:
    """The block of a file that has one."""
    assert not reading.rejected, reading.remarks
    (block,) = reading.blocks
    return block


def rejection(reading: FileReading) -> str:
    """The rule for which a file is rejected."""
    (remark,) = reading.remarks
    assert remark.level == "file"
    assert not reading.blocks
    return remark.rule
