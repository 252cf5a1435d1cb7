"""Two warehouses are compared as multisets of rows, to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from unit.warehouse.small import build_file, publish, release

from school_quality.errors import UsageError
from school_quality.settings import Settings
from school_quality.warehouse import build
from school_quality.warehouse.publication import releases, rollback, verification
from school_quality.warehouse.publication.releases import ReleaseInfo
from school_quality.warehouse.publication.verification import Table, compare, verify


def differing(tmp_path: Path, **other: Any) -> dict[str, Table]:
    """Tables in which a warehouse and another one of these arguments are not the same to the last digit."""
    one = build_file(Settings(tmp_path / "one"), value=0.1 + 0.2)
    two = build_file(Settings(tmp_path / "two"), **{"value": 0.1 + 0.2, **other})
    return {table.name: table for table in compare(one, two) if table.missing or table.surplus}


def test_the_same_rows_are_equal(tmp_path: Path) -> None:
    assert differing(tmp_path) == {}


def test_a_changed_number_is_found(tmp_path: Path) -> None:
    (table,) = differing(tmp_path, points={("6017", "2.2"): 0}).values()

    assert (table.name, table.missing, table.surplus) == ("marts.fct_indicator_value", 1, 1)
    assert not table.is_equal


def test_the_last_digit_of_a_double_is_a_difference(tmp_path: Path) -> None:
    found = differing(tmp_path, value=0.3)

    assert found["marts.fct_indicator_value"].missing == 9
    assert not found["marts.fct_indicator_value"].is_equal


@pytest.mark.parametrize("other", [{"schools": ["6017", "6005"]}, {"years": [2021, 2022]}])
def test_rows_that_only_one_has_are_found(tmp_path: Path, other: dict[str, Any]) -> None:
    found = differing(tmp_path, **other)

    assert not found["marts.fct_school_status"].is_equal


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path)


def published(settings: Settings, number: int) -> list[ReleaseInfo]:
    infos = [release(day, settings) for day in range(1, number + 1)]
    for info in infos:
        publish(settings, info)
    return infos


def test_retention_leaves_a_release_that_is_held_whatever_else_its_holder_opens_and_closes(
    settings: Settings,
) -> None:
    oldest, *_ = published(settings, 3)

    with releases.held(settings, oldest.release_id):
        assert rollback.damages(settings, oldest.release_id) == []
        assert releases.prune(settings, keep=2) == []

    assert releases.prune(settings, keep=2) == [oldest.release_id]


def test_a_release_that_retention_removes_meanwhile_is_said_to_be_gone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest, *_ = published(settings, 3)
    folder = settings.published / oldest.release_id

    def too_late(file: Path) -> str:
        folder.rename(settings.published / f".removed-{oldest.release_id}")
        return file.read_text(encoding="utf-8")

    monkeypatch.setattr(rollback, "_sha256", too_late)

    with pytest.raises(UsageError, match="убран по сроку хранения"):
        verify(settings, oldest.release_id)


@pytest.mark.parametrize(
    ("content", "damage"), [(None, "нет файла warehouse.duckdb"), (b"x", "файл warehouse.duckdb изменён")]
)
def test_a_warehouse_that_cannot_be_opened_is_a_damage(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, content: bytes | None, damage: str
) -> None:
    (only,) = published(settings, 1)
    warehouse = settings.published / only.release_id / "warehouse.duckdb"
    warehouse.unlink()
    if content is not None:
        warehouse.write_bytes(content)
    monkeypatch.setattr(build, "run_dbt", lambda *_: [])

    found = verify(settings, only.release_id)

    assert (found.damages, found.tables, found.is_proved) == ([damage], [], False)


def test_what_a_killed_verification_left_goes_with_the_next_one(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    with verification._room(settings) as at_work:
        left = settings.warehouse / ".verify-killed"
        (left / "landing").mkdir(parents=True)

        with verification._room(settings) as mine:
            assert mine.is_dir()
            assert at_work.is_dir(), "another verification is at work there"
            assert not left.exists()

    assert list(settings.warehouse.glob(".verify-*")) == []
