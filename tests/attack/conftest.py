"""A random region, built by dbt: small schools, one-school districts, every form."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracle.districts import Region
from roots import kept

from school_quality.warehouse.build import run_dbt
from school_quality.warehouse.open_edition import disclosure

ORACLE = Path(__file__).parents[1] / "oracle"
YEARS = (2021, 2022)
MODELS = ("--resource-type", "model", "--resource-type", "seed")


def build(root: Path, seq: int) -> Path:
    """Build the landing under ``root`` as of receipt ``seq``; returns the build file."""
    variables = {
        "landing": str(root / "landing"),
        "rejected": str(root / "rejected"),
        "receipt_seq": seq,
        "reporting_year": YEARS[-1],
        "as_of": "2023-08-31",
    }
    build_file = root / "warehouse/build.duckdb"
    run_dbt(build_file, variables, *MODELS)
    return build_file


def _is_unlisted(row: dict[str, object]) -> bool:
    """In two of three municipalities no list says who is supported: results do, hidden ones too."""
    names_the_supported = row["list_kind"] in ("low_results", "low_index")
    return names_the_supported and int(str(row["municipality_id"])) % 3 != 0


FORMS: dict[str, tuple[dict[str, int], ...]] = {
    "form_methodical": (
        {"teachers": 74, "shared_municipal": 74, "contest_participants": 30, "contest_winners": 0},
        {"teachers": 74, "shared_municipal": 40, "contest_participants": 30, "contest_winners": 20},
    ),
    "form_olympiad": (
        {"municipal_participants": 60, "municipal_winners": 3, "regional_winners": 12},
        {"municipal_participants": 60, "municipal_winners": 25, "regional_winners": 0},
    ),
}
"""Large schools in which nobody, everybody, a few or many are counted; every second row is one of these."""


def _with_large_schools(rows: dict[str, list[dict[str, object]]]) -> None:
    for dataset, kinds in FORMS.items():
        for number, row in enumerate(rows[dataset][::2]):
            row.update(kinds[number % len(kinds)])


@pytest.fixture(scope="session")
def region(pytestconfig: pytest.Config) -> tuple[Path, int]:
    """The data root of a region that is built, to be read only, and the ``seq`` of which it is made."""

    def make(root: Path) -> None:
        made = Region(11, municipalities=6, years=YEARS)
        made.rows["official_list"] = [row for row in made.rows["official_list"] if not _is_unlisted(row)]
        _with_large_schools(made.rows)
        seq = made.write(root)
        build(root, seq)
        (root / "seq.txt").write_text(str(seq))

    root = kept(pytestconfig, "region", [Path(__file__), ORACLE], make)
    return root, int((root / "seq.txt").read_text())


@pytest.fixture(scope="session")
def opened(region: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The open marts of the region."""
    warehouse = tmp_path_factory.mktemp("open") / "warehouse.duckdb"
    disclosure.write_open_marts(region[0] / "warehouse/build.duckdb", warehouse)
    return warehouse
