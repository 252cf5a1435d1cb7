"""What open editions have told before: the versions of each cell, carried from release to release.

A late result in an open cell would be the difference of two releases. So a cell is told anew only where
today's results differ from each version of it that was ever open by at least as many results as the
smallest group has, or do not differ at all (``open_marts/0_kept_results.sql``). What this rule needs to
know lies in ``open_versions/`` of a release, which is no part of its open edition: ``results.parquet`` says
of each version which results it had and how many of each (never whose they are), ``cells.parquet`` has the
sums of the versions that are open.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from school_quality.errors import Damaged
from school_quality.landing.receipts import checksum
from school_quality.quoting import identifier, literal
from school_quality.settings import Settings
from school_quality.warehouse import contract
from school_quality.warehouse.publication import journal, releases
from school_quality.warehouse.publication.releases import ReleaseInfo

FOLDER = "open_versions"
RESULTS, CELLS = "results.parquet", "cells.parquet"

CHANGED = "int_results__cells"
"""The model whose rows a kept cell replaces; all that reads it is computed again."""

_COLUMNS = (
    "school_id varchar, reporting_year integer, procedure_id varchar, version bigint, since varchar, "
    "level varchar, is_shown boolean, source varchar, is_absent boolean, score bigint, mark integer, "
    "is_failed boolean, test_score integer, results bigint"
)


@dataclass(frozen=True, slots=True)
class Earlier:
    """Where the versions that were open before lie: ``versions`` is the folder of the last publication.

    ``shown`` is the folder of the release that readers saw last, which is another one after a rollback.
    ``without`` is a release that is being proved: its own versions do not count. ``published`` are the open
    marts of a release that is older than such folders. ``is_lost``: there were open editions, and nobody
    knows what they told.
    """

    release_id: str
    versions: Path | None = None
    shown: Path | None = None
    without: str | None = None
    published: Path | None = None
    is_lost: bool = False


def earlier(settings: Settings, release: ReleaseInfo, *, is_rebased: bool) -> Earlier:
    """What was open before ``release``: of the publication that it names as ``open_before``.

    ``is_rebased``: an edition of another reporting year begins anew.
    """
    if release.open_before is None:
        return Earlier(release.release_id)
    before = _folder(settings, release.open_before)
    told = _told(before)
    if before is None or told is None:
        return Earlier(release.release_id, is_lost=True)
    if is_rebased and told["reporting_year"] < release.reporting_year:
        return Earlier(release.release_id)
    versions = _whole(before, told)
    if versions is not None:
        shown = _folder(settings, release.previous_release_id or before.name)
        return Earlier(release.release_id, versions, shown and _whole(shown, _told(shown) or {}))
    published = before / "open" / "data" / releases.WAREHOUSE
    if published.is_file() and not (before / FOLDER).is_dir():
        return Earlier(release.release_id, published=published)
    return Earlier(release.release_id, is_lost=True)


def _folder(settings: Settings, release_id: str) -> Path | None:
    """The folder of a release, in its place or set aside: its versions may be whole where it is damaged."""
    aside = sorted(settings.published.glob(f"{releases.SET_ASIDE}{release_id}*"))
    return next((path for path in (settings.published / release_id, *aside) if path.is_dir()), None)


def _told(folder: Path | None) -> dict[str, Any] | None:
    """The manifest in a folder; None where it cannot be read."""
    try:
        found = json.loads((folder / releases.MANIFEST).read_text(encoding="utf-8")) if folder else None
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "reporting_year" in found else None


def _whole(folder: Path, told: dict[str, Any]) -> Path | None:
    """The versions in the folder of a release; None where it has none, or damaged ones and is set aside.

    Raises `Damaged` where they are damaged in a release that is not set aside.
    """
    versions = folder / FOLDER
    if not versions.is_dir():
        return None
    for name in (RESULTS, CELLS):
        path, wanted = versions / name, told.get("sha256", {}).get(f"{FOLDER}/{name}")
        if wanted is None or not path.is_file() or checksum(path) != wanted:
            if folder.name.startswith(releases.SET_ASIDE):
                return None
            raise Damaged(
                f"Файл {path} повреждён, а без него не известно, что уже было открыто. "
                "Верните папку выпуска из резервной копии. Если копии нет: school-quality repair, "
                "и результаты этих лет закроются."
            )
    return versions


def own(settings: Settings, release: ReleaseInfo) -> Earlier | None:
    """The open versions that a published release says it was made of; None where it is older than them."""
    folder = settings.published / release.release_id / FOLDER
    if not (folder / RESULTS).is_file():
        return None
    return Earlier(release.release_id, folder, folder, without=release.release_id)


def differs_from_earlier(settings: Settings, release: ReleaseInfo) -> bool:
    """Whether the release named as ``open_before`` is there and tells of other versions than this one."""
    theirs = settings.published / (release.open_before or release.release_id) / FOLDER / RESULTS
    ours = settings.published / release.release_id / FOLDER / RESULTS
    if release.open_before is None or not theirs.is_file():
        return False
    with duckdb.connect() as connection:
        is_in_line = release.open_before == release.previous_release_id  # nobody had gone back between them
        one, other = (
            f"select * exclude (is_shown, was_shown), {side if is_in_line else 'null'} as was_open "
            f"from read_parquet({literal(path)}) where since is distinct from {literal(release.release_id)}"
            for path, side in ((theirs, "is_shown"), (ours, "was_shown"))
        )
        found = connection.execute(
            f"select 1 from (({one} except all {other}) union all ({other} except all {one})) limit 1"
        ).fetchone()
    # an edition of a new reporting year may begin anew: then it was made of nothing that was open before
    return found is not None and not _begins_anew(ours, release)


def _begins_anew(versions: Path, release: ReleaseInfo) -> bool:
    query = f"select 1 from read_parquet({literal(versions)}) where since is distinct from $id limit 1"
    with duckdb.connect() as connection:
        return connection.execute(query, {"id": release.release_id}).fetchone() is None


def last_publication(settings: Settings) -> str | None:
    """The release whose versions the next one carries on: the newest that readers have seen.

    Where no release is whole any more and history begins anew, one that was set aside counts: people saw
    it.
    """
    seen = [entry.release_id for entry in journal.read(settings) if entry.action == "publish"]
    if seen:
        return seen[-1]
    aside = sorted(path.name for path in settings.published.glob(f"{releases.SET_ASIDE}*Z-*"))
    return "-".join(aside[-1].removeprefix(releases.SET_ASIDE).split("-")[:2]) if aside else None


def load(connection: duckdb.DuckDBPyConnection, before: Earlier) -> None:
    """Temporary tables of what was open before, for the steps; the build is attached as ``build``."""
    connection.execute(f"create temp table this_release as select {literal(before.release_id)} as release_id")
    connection.execute(f"create temp table result_before ({_COLUMNS})")
    connection.execute("create temp table lost_year (reporting_year integer)")
    connection.execute(f"create temp table cell_before as from build.intermediate.{CHANGED} limit 0")
    if before.is_lost:
        connection.execute(
            "insert into lost_year select max(reporting_year) from build.intermediate.int_school__years"
        )
    elif before.published is not None:
        _adopt(connection, before.published)
    elif before.versions is not None:
        _carry_on(connection, before)


def _carry_on(connection: duckdb.DuckDBPyConnection, before: Earlier) -> None:
    results = f"read_parquet({literal(before.versions / RESULTS)})" if before.versions else ""
    connection.execute(
        f"insert into lost_year select reporting_year from {results} "
        "where level = 'unknown' and school_id = ''"
    )
    is_shown = "was_shown" if before.without else "is_shown"
    connection.execute(
        f"""
        insert into result_before by name
        select * exclude (was_shown) replace ({is_shown} as is_shown) from {results}
        where school_id <> '' and since is distinct from $without
        """,
        {"without": before.without},
    )
    if before.shown is None:
        connection.execute("update result_before set is_shown = false")
        return
    if before.shown != before.versions:
        connection.execute(
            f"""
            update result_before set is_shown = (school_id, reporting_year, procedure_id, version) in (
                select (school_id, reporting_year, procedure_id, version)
                from read_parquet({literal(before.shown / RESULTS)}) where is_shown
            )
            """
        )
    cells = f"read_parquet({literal(before.shown / CELLS)})"
    if _columns(connection, f"from {cells}") == _columns(connection, "from cell_before"):
        connection.execute(f"insert into cell_before by name from {cells}")


def _columns(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in connection.execute(f"describe {query}").fetchall()}


def _adopt(connection: duckdb.DuckDBPyConnection, published: Path) -> None:
    """Take over open marts published without versions: a cell that says the same today has its version."""
    connection.execute(f"attach {literal(published)} as told (read_only)")
    theirs = _columns(connection, "from told.marts.fct_procedure_result")
    same = " and ".join(
        f"told.{identifier(column.name)} is not distinct from facts.{identifier(column.name)}"
        for column in contract.table("fct_procedure_result").columns
        if column.open_when and column.name in theirs and column.name not in ("municipality_id", "flags")
    )
    connection.execute(
        f"""
        create temp table adopted as
        select
            told.school_id, told.reporting_year, told.procedure_id,
            bool_or(facts.school_id is not null) as is_known
        from told.marts.fct_procedure_result as told
        left join build.marts.fct_procedure_result as facts on {same}
        where not list_contains(told.flags, 'suppressed')
        group by all
        """
    )
    connection.execute("detach told")
    connection.execute(
        f"""
        insert into result_before by name
        select
            contents.*, 1 as version, '' as since, cells.data_level as level, true as is_shown
        from build.intermediate.int_results__contents as contents
        inner join build.intermediate.{CHANGED} as cells using (school_id, reporting_year, procedure_id)
        inner join adopted using (school_id, reporting_year, procedure_id)
        where adopted.is_known
        union all by name
        select
            school_id, reporting_year, procedure_id, 1 as version, '' as since, 'unknown' as level,
            false as is_shown, 0 as results
        from adopted where not is_known
        """
    )
    connection.execute(
        f"insert into cell_before from build.intermediate.{CHANGED} "
        "semi join adopted using (school_id, reporting_year, procedure_id)"
    )


def overlay(connection: duckdb.DuckDBPyConnection, official: str) -> None:
    """Attach ``build``: every relation of the attached ``official`` under its own name, to be replaced."""
    connection.execute("attach ':memory:' as build")
    relations = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = $name "
        "union all select schema_name, view_name from duckdb_views() "
        "where database_name = $name and not internal",
        {"name": official},
    ).fetchall()
    for schema in {schema for schema, _ in relations}:
        connection.execute(f"create schema if not exists build.{identifier(schema)}")
    # A view of the official file names what it reads as relations of the build: these must be there first.
    while relations:
        waiting = [relation for relation in relations if not _is_linked(connection, official, *relation)]
        if len(waiting) == len(relations):
            raise RuntimeError(f"the build cannot be read: {waiting}")
        relations = waiting


def _is_linked(connection: duckdb.DuckDBPyConnection, official: str, schema: str, table: str) -> bool:
    name = f"{identifier(schema)}.{identifier(table)}"
    try:
        connection.execute(f"create view build.{name} as from {official}.{name}")
    except duckdb.CatalogException:
        return False
    return True


def keep(
    connection: duckdb.DuckDBPyConnection, target: Path, compiled: dict[str, str], left: set[str]
) -> None:
    """Put the kept cells into ``build`` and compute again, by dbt's own SQL, what reads them.

    ``left`` are models that are computed of the open marts anyway, or of which the open edition says nothing.
    """
    (kept,) = connection.execute("select count(*) from kept_result").fetchone() or (0,)
    if not kept:
        return
    connection.execute(
        f"""
        create temp table cell_now as
        from build.intermediate.{CHANGED}
        anti join kept_result using (school_id, reporting_year, procedure_id)
        union all by name
        from kept_result
        """
    )
    _replace(connection, "intermediate", CHANGED, "from cell_now")
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    affected = {f"model.school_quality.{CHANGED}"}
    # dbt finished them in an order in which every model comes after what it reads
    for name, sql in compiled.items():
        node = nodes[f"model.school_quality.{name}"]
        if affected & {*node["depends_on"]["nodes"]} and node["schema"] != "meta" and name not in left:
            affected.add(node["unique_id"])
            if node["language"] == "sql":
                _replace(connection, node["schema"], name, sql)


def _replace(connection: duckdb.DuckDBPyConnection, schema: str, table: str, sql: str) -> None:
    name = f"{identifier(schema)}.{identifier(table)}"
    connection.execute(f"create table build.{schema}.replaced as {sql}")
    connection.execute(f"drop view build.{name}")
    connection.execute(f"alter table build.{schema}.replaced rename to {identifier(table)}")


def write(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Leave to the next release what the steps found to be open."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, file in (("result_after", RESULTS), ("open_cell", CELLS)):
        connection.execute(
            f"copy (from {table} order by all) to {literal(folder / file)} (format parquet, compression zstd)"
        )
