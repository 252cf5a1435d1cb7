"""The open edition does not depend on what it hides, in any format, and keeps silent in the next release."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from school_quality import reporting
from school_quality.warehouse.open_edition import disclosure

from .attacker import found_out, possibilities, verdicts_found_out
from .conftest import YEARS, build
from .published import read
from .worlds import corrected, with_other_hidden_numbers, with_the_fewest_and_worst

pytestmark = pytest.mark.seconds(150)

RELEASE = {"release_id": "20230901T000000Z-0badcafe", "as_of": "2023-08-31"}


def open_marts(root: Path, seq: int) -> Path:
    """The open marts of a data root, built as of ``seq``."""
    warehouse = root / "open.duckdb"
    disclosure.write_open_marts(build(root, seq), warehouse)
    return warehouse


def ask(warehouse: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def differing(one: Path, other: Path) -> dict[str, set[str]]:
    """Rows that only one of two warehouses has, by mart; without the marts that are equal."""
    marts = "select table_name from duckdb_tables() where schema_name = 'marts' order by all"
    found = {}
    assert ask(one, marts) == ask(other, marts)
    for (name,) in ask(one, marts):
        ours, theirs = (ask(warehouse, f"from marts.{name} order by all") for warehouse in (one, other))
        if ours != theirs:
            found[str(name)] = set(map(str, ours)) ^ set(map(str, theirs))
    return found


def are_the_same_officially(one: Path, other: Path, query: str) -> bool:
    return ask(one / "warehouse/build.duckdb", query) == ask(other / "warehouse/build.duckdb", query)


def documents(warehouse: Path, folder: Path) -> dict[str, bytes]:
    """Every file of the open edition but the DuckDB file itself, by its path."""
    disclosure.export(warehouse, folder / "data")
    reporting.write_documents(warehouse, folder, year=YEARS[-1], period=None, release=RELEASE, edition="open")
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_other_hidden_numbers_give_the_same_open_edition_byte_by_byte(
    region: tuple[Path, int], opened: Path, tmp_path: Path
) -> None:
    """So no arithmetic on it, in whatever format, tells one world from the other."""
    root, seq = region
    changed = with_other_hidden_numbers(root, read(opened), tmp_path)

    there = open_marts(tmp_path, seq)

    assert changed > 200
    assert not are_the_same_officially(root, tmp_path, "from marts.fct_procedure_result order by all")
    assert differing(opened, there) == {}
    one, other = documents(opened, tmp_path / "one"), documents(there, tmp_path / "other")
    assert {Path(name).suffix for name in one} >= {".html", ".pdf", ".xlsx", ".csv", ".parquet"}
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


@pytest.mark.slow
def test_the_fewest_and_worst_hidden_results_give_the_same_open_marts(
    region: tuple[Path, int], opened: Path, tmp_path: Path
) -> None:
    """Verdicts and sums of the hidden are others then; reasons and open verdicts may not be."""
    root, seq = region
    gone = with_the_fewest_and_worst(root, read(opened), tmp_path)

    there = open_marts(tmp_path, seq)

    assert gone > 500
    verdicts = (
        "select school_id, reporting_year, is_low_results, is_risk_zone, is_supported "
        "from marts.fct_school_status order by all"
    )
    assert not are_the_same_officially(root, tmp_path, verdicts)
    assert differing(opened, there) == {}


@pytest.mark.slow
def test_two_releases_with_a_correction_between_them_leave_possibilities(
    region: tuple[Path, int], opened: Path, tmp_path: Path
) -> None:
    root, _ = region
    before = read(opened)
    school = next(
        row["school_id"]
        for row in before.results
        if row["participants"] is None and row["procedure_id"].startswith("oge")
    )

    after = read(open_marts(tmp_path, corrected(root, school, tmp_path)))

    assert before.values != after.values
    domains = possibilities([before, after], changed_schools=[school])
    assert all(domains.values())
    assert found_out(domains) == {}
    assert verdicts_found_out([before, after], domains, changed_schools=[school]) == {}
