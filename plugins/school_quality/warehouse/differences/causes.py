"""Why releases differ: which inputs changed, and which of them a changed cell can have come from.

A cell is ascribed to files by the rows that they changed. Of every key of a dataset the rows in force before
and after are compared. The file that put another row there, or took it away, is a cause for the cells that
read this procedure or dataset of the same school, or of the same municipality where an indicator compares
with the district. Scales, thresholds, lists and the register are a cause wherever they may reach. So beside
the true cause others may be named, and never one without it: one cause is certain, several are possible.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from school_quality import datasets, seeds
from school_quality.datasets import Dataset
from school_quality.landing.receipts import Receipt, effective, read_receipts, receipts_table
from school_quality.settings import Settings
from school_quality.warehouse.differences import sql
from school_quality.warehouse.publication import releases
from school_quality.warehouse.publication.releases import METHODOLOGY, ReleaseInfo

if TYPE_CHECKING:
    import duckdb

Seeds = dict[str, list[dict[str, str]]]
"""Rows of the methodology's seeds by file name."""

ASSESSMENTS = {
    "ege_results": "'ege'",
    "oge_results": "'oge'",
    "vpr_results": "'vpr'",
    "vpr_marks": "'vpr'",
    "procedure_results": "row.exam",
    "appeals": "row.exam",
    "thresholds": "row.exam",
    "mark_scale": "row.exam",
}
"""Datasets whose rows speak of a procedure, with the SQL of its exam."""

REACH = {
    "thresholds": "any",
    "mark_scale": "any",
    "biased_vpr": "any",
    "official_list": "municipality",
    "school_register": "municipality",
}
"""Datasets of which a row reaches more than its school: any school, or those of its municipality."""

WITHOUT_EFFECT = {"measures.csv", "reasons.csv", "roadmap_items.csv", "roadmap_owners.csv",
                  "roadmap_periods.csv", "clusters.csv", "cluster_indicators.csv",
                  "status_clauses.csv"}  # fmt: skip
"""Seeds that no value and no status of a comparison depends on."""

OF_ONE_INDICATOR = {"bands.csv", "not_applicable.csv"}
"""Seeds of which a row concerns the indicator that it names and no list of schools."""

CAUSES = {
    "new_file": "новый файл",
    "corrected_file": "исправленный файл",
    "withdrawn_file": "отозванный файл",
    "reread_file": "файл прочитан заново",
    "methodology": "методика",
    "code": "программа",
    "as_of": "дата, на которую судим о сроках",
    "reporting_year": "последний отчётный год",
}

FEW_FILES = 100
"""Of more possible files than these nothing is said of a cell: the manifests of both releases name them."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file whose receipt came into force, left it or was renewed between two releases.

    ``kinds`` says what that did to rows: ``new_file``, ``corrected_file`` (rows in the place of others),
    ``withdrawn_file``, ``reread_file``; where ``rows`` is 0, what its receipts alone say.
    """

    file_id: str
    path: str
    dataset: str | None
    kinds: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class SeedChange:
    """Rows of a seed of the methodology that only one of two releases has."""

    name: str
    removed: tuple[str, ...]
    added: tuple[str, ...]
    indicators: frozenset[str]


@dataclass(frozen=True, slots=True)
class Made:
    """A release with the receipts in force and the methodology that it is made of."""

    release: ReleaseInfo
    receipts: tuple[Receipt, ...]
    seeds: Seeds | None  # None: the release is older than the custom of keeping them

    @classmethod
    def of(cls, settings: Settings, release: ReleaseInfo) -> Made:
        """Of a published release, or of one that is being written by this code."""
        folder = settings.published / release.release_id
        if folder.is_dir():
            files = sorted((folder / METHODOLOGY).glob("*.csv"))
        else:
            files = releases.methodology_files()
        return cls(
            release,
            tuple(effective(read_receipts(settings, release.receipt_seq)).values()),
            {path.name: seeds.read(path) for path in files} or None,
        )


@dataclass(frozen=True, slots=True)
class Inputs:
    """What differs between the inputs of two releases."""

    files: tuple[FileChange, ...] = ()
    seeds: tuple[SeedChange, ...] = ()
    is_methodology_changed: bool = False
    is_code_changed: bool = False
    is_as_of_changed: bool = False
    last_common_year: int | None = None  # the last one asked of both; None where both end with the same

    @property
    def is_year_changed(self) -> bool:
        return self.last_common_year is not None

    @property
    def effective_files(self) -> tuple[FileChange, ...]:
        """Files that changed a row in force; where none did, all whose receipts changed."""
        return tuple(change for change in self.files if change.rows) or self.files

    @property
    def changed_indicators(self) -> list[str] | None:
        """The only indicators that the changed methodology can have reached; None: any, and statuses."""
        influential = [seed for seed in self.seeds if seed.name not in WITHOUT_EFFECT]
        if not self.seeds or any(seed.name not in OF_ONE_INDICATOR for seed in influential):
            return None
        return sorted({code for seed in influential for code in seed.indicators})

    @property
    def words(self) -> list[str]:
        """All changed inputs as causes, the kinds of files first."""
        found = {kind: True for change in self.effective_files for kind in change.kinds} | {
            "methodology": self.is_methodology_changed,
            "code": self.is_code_changed,
            "as_of": self.is_as_of_changed,
            "reporting_year": self.is_year_changed,
        }
        return [word for word in CAUSES if found.get(word)]


def compare_inputs(connection: duckdb.DuckDBPyConnection, settings: Settings, new: Made, old: Made) -> Inputs:
    """What changed between two releases; leaves the table ``changed_landed_row`` for `attribute`."""
    connection.register("receipts_after", receipts_table(new.receipts))
    connection.register("receipts_before", receipts_table(old.receipts))
    sql.run(connection, "changed_receipts")
    changed = connection.execute(
        "select distinct dataset from changed_receipt where rows_accepted > 0 and dataset is not null "
        "order by all"
    ).fetchall()
    for (name,) in changed:
        _compare_landed(connection, settings, datasets.get(name))
    files = sql.run(connection, "changed_files").fetchall()
    changed_seeds = _seed_changes(new.seeds, old.seeds)
    years = {new.release.reporting_year, old.release.reporting_year}
    return Inputs(
        files=tuple(FileChange(*(*file, tuple(kinds), rows)) for *file, kinds, rows in files),
        seeds=changed_seeds,
        is_methodology_changed=bool(changed_seeds)
        or new.release.methodology_hash != old.release.methodology_hash
        or new.release.methodology_version != old.release.methodology_version,
        is_code_changed=new.release.code_version != old.release.code_version,
        is_as_of_changed=new.release.as_of != old.release.as_of,
        last_common_year=min(years) if len(years) == 2 else None,
    )


_PLACES = {
    "school_id": "varchar", "municipality_id": "varchar", "reporting_year": "integer", "exam": "varchar",
    "subject": "varchar", "grade": "integer", "quarter": "integer", "half_year": "integer",
}  # fmt: skip
"""Columns by which a row of any dataset says what it is about."""


def _compare_landed(connection: duckdb.DuckDBPyConnection, settings: Settings, dataset: Dataset) -> None:
    files = [str(path) for path in sorted(settings.landing.glob(f"[0-9]*/rows/{dataset.name}.parquet"))]
    if files:
        names = {
            "dataset": dataset.name,
            "key": dataset.key,
            "content": list(dataset.columns),
            "columns": _PLACES | dataset.columns,
            "places": list(_PLACES),
            "exam": ASSESSMENTS.get(dataset.name, "null"),
            "scope": REACH.get(dataset.name, "school"),
        }
        sql.run(connection, "changed_landed_rows", names, files=files)


def _seed_changes(new: Seeds | None, old: Seeds | None) -> tuple[SeedChange, ...]:
    """Rows that only one side has, seed by seed; none where one side did not keep its seeds."""
    if new is None or old is None:
        return ()
    found = []
    for name in sorted(new.keys() | old.keys()):
        sides = [
            {json.dumps(row, ensure_ascii=False): row for row in seeds.get(name, [])} for seeds in (old, new)
        ]
        removed, added = ([row for text, row in sides[i].items() if text not in sides[1 - i]] for i in (0, 1))
        if removed or added:
            found.append(
                SeedChange(
                    name,
                    tuple(", ".join(row.values()) for row in removed),
                    tuple(", ".join(row.values()) for row in added),
                    frozenset(row["indicator_code"] for row in removed + added if "indicator_code" in row),
                )
            )
    return tuple(found)


def attribute(connection: duckdb.DuckDBPyConnection, inputs: Inputs) -> None:
    """Make the table ``difference``: the cells of the table ``change`` with what can have caused them.

    Needs what `compare_inputs` left, and ``new`` and ``old`` attached.
    """
    told_by = connection.execute(
        "select database_name from duckdb_tables() where schema_name = 'meta' "
        "and table_name = 'indicator_source' and database_name in ('new', 'old') order by all"
    ).fetchall()
    names = {"releases": [name for (name,) in told_by], "status_sources": seeds.relation("status_sources")}
    files = inputs.effective_files
    sql.run(connection, "touched")
    sql.run(connection, "needs", names, last_common_year=inputs.last_common_year)
    sql.run(
        connection,
        "differences",
        is_code_changed=inputs.is_code_changed,
        is_methodology_changed=inputs.is_methodology_changed,
        changed_indicators=inputs.changed_indicators,
        is_as_of_changed=inputs.is_as_of_changed,
        possible_causes=sorted(inputs.words),
        possible_files=sorted({file.file_id for file in files}) if len(files) <= FEW_FILES else [],
    )
