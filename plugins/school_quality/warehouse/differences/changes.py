"""What a release says otherwise than another, each cell with its cause: ``meta.release_change``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from school_quality.quoting import literal
from school_quality.settings import Settings
from school_quality.warehouse import school_names
from school_quality.warehouse.differences import causes, comparison, sql
from school_quality.warehouse.differences.causes import Inputs, Made
from school_quality.warehouse.differences.comparison import COMPARED, PARTS_OF_VALUE, STATUSES, VALUE_COLUMNS
from school_quality.warehouse.publication import releases
from school_quality.warehouse.publication.releases import ReleaseInfo

if TYPE_CHECKING:
    import duckdb

SHOWN_IN_WORKBOOK = 100_000
"""More cells than this nobody reads, and a sheet ends at a million; ``meta.release_change`` has them all."""


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that differs. ``causes``: words of `causes.CAUSES`; one is certain, several are possible."""

    school_id: str | None
    school: str | None  # its number, or its name
    label: str | None  # the same with the municipality, where a release has several
    municipality: str | None
    period: str
    indicator_code: str | None
    procedure: str | None  # its name, where the cell is one of its result
    what: str
    before: str | None
    after: str | None
    causes: tuple[str, ...]
    file_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Two releases, what differs between what they are made of, and the cells; ``total`` of them."""

    old: ReleaseInfo
    new: ReleaseInfo
    inputs: Inputs
    changes: list[Change]
    total: int


def between(settings: Settings, first: str, second: str, limit: int | None = None) -> Difference:
    """What release ``second`` says otherwise than ``first``; at most ``limit`` of the cells, in order.

    Raises `UsageError` where there is no such release.
    """
    import duckdb

    old, new = (
        Made.of(settings, ReleaseInfo.from_json(releases.manifest(settings, release_id)))
        for release_id in (first, second)
    )
    if first == second:
        return Difference(old.release, new.release, Inputs(), [], 0)
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        for name, release_id in (("old", first), ("new", second)):
            attach(connection, settings, release_id, name)
        comparison.compare(connection, "new", "old")
        inputs = find(connection, settings, new, old)
        return Difference(old.release, new.release, inputs, *fetch(connection, limit))


def find(connection: duckdb.DuckDBPyConnection, settings: Settings, new: Made, old: Made) -> Inputs:
    """Make the temporary table ``difference`` of attached ``new`` and ``old``: cells that differ, and why.

    Needs what `comparison.compare` left.
    """
    _find_cells(connection)
    inputs = causes.compare_inputs(connection, settings, new, old)
    causes.attribute(connection, inputs)
    return inputs


def create_record(connection: duckdb.DuckDBPyConnection) -> None:
    """The empty table ``meta.release_change`` of attached ``new``; the first release leaves it so."""
    sql.run(connection, "release_change")


def record(connection: duckdb.DuckDBPyConnection, release: ReleaseInfo) -> None:
    """Fill ``meta.release_change`` of attached ``new``, the release being written, from `find`."""
    sql.run(connection, "record", release_id=release.release_id)


def fetch(connection: duckdb.DuckDBPyConnection, limit: int | None) -> tuple[list[Change], int]:
    """The cells that `find` found, at most ``limit``, and how many there are."""
    total = connection.execute("select count(*) from difference").fetchone()
    names: dict[str, str] = {}
    for side in ("old", "new"):
        rows = connection.execute(f"select procedure_id, procedure_name from {side}.marts.dim_procedure")
        names |= dict(rows.fetchall())
    schools = {f"{side}_schools": school_names.relation(side) for side in ("new", "old")}
    found = sql.run(
        connection, "told_differences", schools, shown=2**62 if limit is None else limit
    ).fetchall()
    changes = [Change(*(*cells, tuple(words), tuple(ids))) for *cells, words, ids in found]
    return [_named(change, names) for change in changes], total[0] if total else 0


def _named(change: Change, names: Mapping[str, str]) -> Change:
    """A change of a list of procedures with their names in the place of their ids."""
    if change.what != "low_procedure_ids":
        return change
    before, after = (
        text and "; ".join(names.get(id_, id_) for id_ in text.strip("[]").split(", "))
        for text in (change.before, change.after)
    )
    return replace(change, before=before, after=after)


def _find_cells(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table ``change``: the cells that are told of the rows that differ."""
    told = [
        {"mart": mart.table, "what": what, "place": place, "is_part": what in PARTS_OF_VALUE}
        for mart in COMPARED
        for place, what in enumerate(mart.told)
    ] + [
        {"mart": STATUSES.table, "what": what, "place": -1, "is_part": False}
        for what in ("school", "reporting_year")
    ]
    connection.execute("create or replace temp table told as select unnest(?, recursive := true)", [told])
    sql.run(connection, "known_years")
    sql.run(connection, "changed_cells")


SHOWN_SCHOOLS = 20
"""A list of more schools than this is for a document, not for a notice."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Schools that came into a list or left it: how many, and the first by number or name.

    Of those in ``lost`` nobody knows any more: what said that they were in it is gone.
    """

    what: str
    reporting_year: str
    entered: int
    left: int
    lost: int
    entered_schools: list[str]
    left_schools: list[str]
    lost_schools: list[str]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a warehouse says otherwise than a release: indicator values, their schools, the lists."""

    values: int
    schools: int
    movements: list[Movement]

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Effect:
        movements = [Movement(**movement) for movement in document["movements"]]
        return cls(document["values"], document["schools"], movements)


def effect(settings: Settings, warehouse: Path, release_id: str) -> Effect:
    """How ``warehouse``, a build or published file, differs from a release on disk."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(warehouse)} as new (read_only)")
        attach(connection, settings, release_id, "old")
        comparison.compare(connection, "new", "old")
        _find_cells(connection)
        counts = connection.execute(
            "select count(distinct (school_id, period, indicator_code)), count(distinct school_id) "
            "from change where indicator_code is not null and cell in ?",
            [list(VALUE_COLUMNS)],
        ).fetchone()
        names = {"new_schools": school_names.relation("new")}
        movements = sql.run(connection, "movements", names).fetchall()
    values, schools = counts or (0, 0)
    return Effect(
        values,
        schools,
        [
            Movement(*counted[:5], *(schools[:SHOWN_SCHOOLS] for schools in counted[5:]))
            for counted in movements
        ],
    )


def attach(connection: duckdb.DuckDBPyConnection, settings: Settings, release_id: str, name: str) -> None:
    """Attach the warehouse of a release, read-only, under ``name``."""
    file = literal(releases.kept_warehouse(settings, release_id))
    connection.execute(f"attach {file} as {name} (read_only)")
