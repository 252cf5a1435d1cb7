"""Only cards whose inputs changed are written again; the others are shared with the release before."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import duckdb
import pytest

from school_quality.reporting.cards.scorecard_files import write_scorecards
from school_quality.reporting.content.facts import open_warehouse, read_reference
from school_quality.reporting.layout import unchanged

FIRST = {"release_id": "2022-007", "as_of": "2023-08-31"}
SECOND = {"release_id": "2022-008", "as_of": "2023-09-01"}


@pytest.fixture
def before(warehouse: Path, tmp_path: Path) -> Path:
    """The documents of the first release."""
    write(warehouse, tmp_path / "before", FIRST)
    return tmp_path / "before"


@pytest.fixture
def changed(warehouse: Path, tmp_path: Path) -> Path:
    """The warehouse, but for the ИОР of school 102."""
    path = tmp_path / "changed.duckdb"
    shutil.copy(warehouse, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("update marts.fct_school_status set results_index = -0.5 where school_id = '102'")
    return path


def write(
    warehouse: Path,
    directory: Path,
    release: dict[str, str],
    previous: Path | None = None,
    period: str | None = None,
) -> int:
    """Write the cards; of how many of the four something was written, not taken."""
    with open_warehouse(warehouse) as connection:
        reference = read_reference(connection, 2022, period)
        count, written = write_scorecards(connection, reference, directory, release, previous=previous)
    assert count == 4
    return written


def cards(directory: Path) -> dict[str, int]:
    """Inode of each file of a card."""
    return {path.name: path.stat().st_ino for path in (directory / "scorecards").iterdir()}


def test_cards_without_changes_are_shared_with_the_release_before(
    warehouse: Path, before: Path, tmp_path: Path
) -> None:
    assert write(warehouse, tmp_path / "after", SECOND, before) == 0

    assert cards(tmp_path / "after") == cards(before)
    page = (tmp_path / "after" / "scorecards" / "101.html").read_text(encoding="utf-8")
    assert "выпуск 2022-007 · данные на 31.08.2023" in page


def test_a_card_with_a_changed_number_is_written_again_and_names_its_release(
    changed: Path, before: Path, tmp_path: Path
) -> None:
    assert write(changed, tmp_path / "after", SECOND, before) == 1

    old, new = cards(before), cards(tmp_path / "after")
    assert {name for name in new if new[name] != old[name]} == {
        name for name in new if name.startswith("102.")
    }
    page = (tmp_path / "after" / "scorecards" / "102.html").read_text(encoding="utf-8")
    assert "выпуск 2022-008 · данные на 01.09.2023" in page


@pytest.mark.parametrize("kind", ["scorecard.typ", "style.css", "scorecard.py", "PTSans-Bold.ttf"])
def test_a_change_of_template_style_code_or_font_writes_every_card_again(
    warehouse: Path, before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    copy = tmp_path / "reporting"
    shutil.copytree(unchanged._HERE, copy)
    (changed,) = copy.rglob(kind)
    changed.write_bytes(changed.read_bytes() + b"\n")
    monkeypatch.setattr(unchanged, "_HERE", copy)
    unchanged.layout_fingerprint.cache_clear()

    try:
        assert write(warehouse, tmp_path / "after", SECOND, before) == 4
    finally:
        monkeypatch.undo()
        unchanged.layout_fingerprint.cache_clear()


def test_a_change_of_a_library_changes_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    now = unchanged.layout_fingerprint()
    monkeypatch.setattr(unchanged, "version", lambda library: "0")
    unchanged.layout_fingerprint.cache_clear()

    try:
        assert unchanged.layout_fingerprint() != now
    finally:
        unchanged.layout_fingerprint.cache_clear()


def test_a_damaged_or_missing_file_is_written_again(warehouse: Path, before: Path, tmp_path: Path) -> None:
    (before / "scorecards" / "101.html").write_text("от руки", encoding="utf-8")
    (before / "scorecards" / "103.pdf").unlink()

    assert write(warehouse, tmp_path / "after", SECOND, before) == 2

    assert "от руки" not in (tmp_path / "after" / "scorecards" / "101.html").read_text(encoding="utf-8")
    assert (tmp_path / "after" / "scorecards" / "103.pdf").is_file()


@pytest.mark.parametrize(
    "content", ["", "[]", '{"files": {"scorecards/101.pdf": {"inputs": "…"}}}', '{"files": []}']
)
def test_a_record_that_cannot_be_understood_means_that_all_is_written(
    warehouse: Path, before: Path, tmp_path: Path, content: str
) -> None:
    (before / unchanged.RECORD).write_text(content, encoding="utf-8")

    assert write(warehouse, tmp_path / "after", SECOND, before) == 4


def test_writing_again_in_place_leaves_the_older_release_as_it_is(
    warehouse: Path, changed: Path, before: Path, tmp_path: Path
) -> None:
    write(warehouse, tmp_path / "after", SECOND, before)
    content = (before / "scorecards" / "102.pdf").read_bytes()

    write(changed, tmp_path / "after", SECOND, before)

    assert (before / "scorecards" / "102.pdf").read_bytes() == content
    assert (tmp_path / "after" / "scorecards" / "102.pdf").read_bytes() != content


def test_where_files_cannot_be_shared_they_are_copied(
    warehouse: Path, before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "other file system")

    monkeypatch.setattr(os, "link", refuse)

    assert write(warehouse, tmp_path / "after", SECOND, before) == 0

    assert (tmp_path / "after" / "scorecards" / "101.pdf").read_bytes() == (
        before / "scorecards" / "101.pdf"
    ).read_bytes()


def test_the_edition_of_a_quarter_takes_nothing_from_that_of_the_year(
    warehouse: Path, before: Path, tmp_path: Path
) -> None:
    assert write(warehouse, tmp_path / "after", SECOND, before, period="2022-Q1") == 4


def test_the_last_digit_of_a_sum_changes_no_document(warehouse: Path, before: Path, tmp_path: Path) -> None:
    path = tmp_path / "added in another order.duckdb"
    shutil.copy(warehouse, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "update marts.fct_indicator_value set value = value + 1e-16 where indicator_code = '1.4'"
        )
        (changed,) = connection.execute(
            "select count(*) from marts.fct_indicator_value where value = -0.069 + 1e-16"
        ).fetchone() or (0,)

    assert changed
    assert write(path, tmp_path / "after", SECOND, before) == 0
