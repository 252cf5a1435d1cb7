"""The open edition: what of the marts may stand on a public site.

The open marts are the published tables without every number that rests on fewer than ten pupils, or on so few
teachers that one can be recognised, and without everything that was computed of such a number: district
figures, dynamics against the district, totals of points, verdicts. The rule keeps no secret: **what is
published is a function of the open cells and of which cells are hidden, never of a hidden number**. Whatever
the hidden numbers are, the open edition is the same, byte by byte; so no arithmetic and no knowledge of this
code can bring them back. A verdict is told where the open cells alone decide it (two low results are two low
results, whatever the third is), and is hidden otherwise.

Open cells change from release to release, and a difference may be one pupil. So an open cell keeps what it
last published until enough results behind it are others (`open_versions`), everything is computed of the kept
cells, and both are marked ``being_updated``.

Figures that summarise schools (the district's results, effectiveness, recommendations) are computed anew
from the open marts by the same SQL that dbt ran. Tables that say how much was received (submissions, lineage)
are empty and ``meta`` is left out: the rows of a protocol are its pupils. A table, column or family of
indicators of which nobody has decided yet whether it may be open is there and empty. Decisions are declared:
of tables and columns in the YAML beside their models, of families in the seed ``families``.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from school_quality.quoting import identifier, literal
from school_quality.settings import dbt_project_dir
from school_quality.warehouse import contract
from school_quality.warehouse.open_edition import open_versions
from school_quality.warehouse.open_edition.open_versions import Earlier
from school_quality.warehouse.open_edition.practices import TEXT_SHA256
from school_quality.warehouse.publication.releases import STORAGE

SUPPRESSED = "suppressed"
"""Status of a hidden value and flag of a hidden result."""

STEPS = Path(__file__).parent / "open_marts"


def _decided(*decisions: str) -> tuple[str, ...]:
    return tuple(
        table.name
        for table in contract.tables()
        if table.schema == "marts" and (table.open_edition or "undecided") in decisions
    )


COPIED = _decided("copied")
"""Marts that say nothing of results, dimensions: of them the columns that somebody has decided to open."""

RECOMPUTED = _decided("recomputed")
"""Marts that dbt's own SQL computes again from open cells only."""

WITHHELD = _decided("withheld", "undecided")
"""Marts left empty: their rows count those of pupils, or hold free text not written for the public, or nobody
has decided about them yet. The decision stands in the YAML beside a model (``meta: {open_edition: …}``); what
is ``by_rule`` has a step of its own.
"""


@dataclass(frozen=True, slots=True)
class OpenEdition:
    """How much is open: results of procedures, values of indicators, and how many of them are not hidden."""

    results: int
    open_results: int
    values: int
    open_values: int


def write_open_marts(
    build_file: Path,
    warehouse: Path,
    released_texts: Sequence[str] = (),
    *,
    before: Earlier | None = None,
    versions: Path | None = None,
) -> OpenEdition:
    """Write the open marts of the build ``build_file`` into the new DuckDB file ``warehouse``.

    Of the practices they hold those whose texts are among ``released_texts`` (`practices.released`). Cells
    are told anew only where that tells nothing beside what was open ``before``; what the next release needs
    to know of this one goes into the folder ``versions``.

    The marts have the tables and columns of the official ones; hidden numbers are null, and marked:
    ``fct_indicator_value.status`` is ``suppressed`` with the reason ``few_pupils``, ``few_teachers``,
    ``complementary``, ``earlier_release`` or ``undecided``; ``fct_procedure_result.flags`` holds
    ``suppressed``; ``fct_school_status`` and ``fct_municipality_indicator`` name their hidden columns in
    ``suppressed``; ``fct_municipality_procedure.hidden_schools`` counts the schools that a figure leaves out.
    What is computed of kept cells is marked, too: columns in ``fct_school_status.being_updated``, figures of
    districts in ``fct_municipality_procedure.is_being_updated``.
    """
    compiled = _compiled_models(build_file)
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(build_file)} as official (read_only)")
        open_versions.overlay(connection, "official")
        _limits(connection)
        open_versions.load(connection, before or Earlier(""))
        first, *steps = sorted(STEPS.glob("*.sql"))
        connection.execute(first.read_text(encoding="utf-8"))
        left = {*RECOMPUTED, *WITHHELD}
        open_versions.keep(connection, build_file.parent / "target", compiled, left)
        connection.execute(f"attach {literal(warehouse)} as open {STORAGE}")
        connection.execute("begin")  # of one database that is attached, and of the temporary tables
        connection.execute("create schema open.marts")
        connection.execute(
            "create temp table released_text as select unnest(?::varchar[]) as text_sha256",
            [list(released_texts)],
        )
        for step in steps:
            connection.execute(step.read_text(encoding="utf-8"))
        for table in COPIED:
            if columns := _copied_columns(connection, table):
                rows = f"select {columns} from build.marts.{table} order by all"
                connection.execute(f"create table open.marts.{table} as {rows}")
        for table in WITHHELD:
            if _columns(connection, "build", table):
                connection.execute(f"create table open.marts.{table} as from build.marts.{table} limit 0")
        _recompute(connection, compiled)
        _fill(connection)
        _comment(connection)
        counted = _count(connection)
        connection.execute("commit")
        connection.execute("checkpoint open")
        if versions is not None:
            open_versions.write(connection, versions)
    return counted


def export(warehouse: Path, directory: Path) -> None:
    """Write each open mart as ``parquet/<table>.parquet`` and ``csv/<table>.csv`` below ``directory``.

    CSV is for spreadsheets: UTF-8 with a mark, lists joined with ``; ``, and a text that a spreadsheet would
    take for a formula is preceded by an apostrophe.
    """
    for folder in ("parquet", "csv"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by all"
        ).fetchall()
        for (table,) in tables:
            connection.execute(
                f"copy marts.{table} to {literal(directory / 'parquet' / f'{table}.parquet')} "
                "(format parquet, compression zstd)"
            )
            columns = ", ".join(
                _spreadsheet_column(name, kind) for name, kind in _columns(connection, None, table).items()
            )
            path = directory / "csv" / f"{table}.csv"
            connection.execute(
                f"copy (select {columns} from marts.{table}) to {literal(path)} (format csv, header)"
            )
            path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def _spreadsheet_column(name: str, kind: str) -> str:
    if kind == "VARCHAR[]":
        text = f"array_to_string(\"{name}\", '; ')"
    elif kind == "VARCHAR":
        text = f'"{name}"'
    else:
        return f'"{name}"'
    return (
        f"case when regexp_matches({text}, '^[-=+@\\t\\r]') then '''' || {text} else {text} end as \"{name}\""
    )


def _limits_file() -> Path:
    return dbt_project_dir() / "seeds" / "reference" / "disclosure_limits.csv"


def is_rebased_each_year() -> bool:
    """Whether the edition of another reporting year forgets what earlier ones told."""
    with _limits_file().open(encoding="utf-8", newline="") as file:
        return any(
            row["parameter"] == "rebase_each_year" and int(row["value"]) for row in csv.DictReader(file)
        )


def _limits(connection: duckdb.DuckDBPyConnection) -> None:
    """The seed of limits as a temporary table of one row, and the rule of groups as a macro."""
    connection.execute(
        "create temp table limits as pivot "
        "(select parameter, value::integer as value "
        f"from read_csv({literal(_limits_file())}, all_varchar = true)) "
        "on parameter using any_value(value)"
    )
    connection.execute(
        """
        create temp macro least_group(part, whole) as
            case when whole is not null then least(part, whole - part) end
        """
    )
    connection.execute(f"create temp macro text_sha256(school_id, practice, link) as {TEXT_SHA256}")


def _recompute(connection: duckdb.DuckDBPyConnection, compiled: dict[str, str]) -> None:
    """Run dbt's own SQL of the marts that summarise schools over what is open."""
    connection.execute(
        """
        create temp table open_procedures as
        from build.intermediate.int_primitive__procedures
        anti join hidden_result using (school_id, reporting_year, procedure_id)
        """
    )
    # A sum of points is that of the official edition or none.
    connection.execute(
        f"""
        create temp table complete_values as
        from open.marts.fct_indicator_value
        anti join (
            select school_id, reporting_year from open.marts.fct_indicator_value
            where status = '{SUPPRESSED}' and max_points is not null
        ) using (school_id, reporting_year)
        """
    )
    # A school whose status is hidden may need help itself: it is not shown as one to learn from.
    connection.execute(
        """
        create temp table cautious_statuses as
        select * replace (
            is_low_results or list_contains(suppressed, 'is_low_results') as is_low_results,
            is_risk_zone or list_contains(suppressed, 'is_risk_zone') as is_risk_zone
        )
        from open.marts.fct_school_status
        """
    )
    hidden_schools = """
        select
            facts.*,
            coalesce(hidden.schools, 0)::integer as hidden_schools,
            kept_district.procedure_id is not null as is_being_updated
        from ({sql}) as facts
        left join (
            select municipality_id, reporting_year, procedure_id, count(*) as schools
            from hidden_result group by all
        ) as hidden using (municipality_id, reporting_year, procedure_id)
        left join kept_district using (municipality_id, reporting_year, procedure_id)
    """
    # dbt finished them in an order in which every model comes after what it reads
    for table in sorted(RECOMPUTED, key=[*compiled, *RECOMPUTED].index):
        if not _columns(connection, "build", table):
            continue
        if table not in compiled:
            raise RuntimeError(f"dbt left no SQL of {table}: its open rows cannot be computed")
        sql = compiled[table]
        if table == "fct_similar_school":
            sql = sql.replace('"build"."marts"."fct_indicator_value"', "temp.complete_values")
        if table == "fct_recommendation":
            sql = sql.replace('"build"."marts"."fct_school_status"', "temp.cautious_statuses")
        sql = sql.replace('"build"."intermediate"."int_primitive__procedures"', "temp.open_procedures")
        sql = sql.replace('"build"."marts".', "open.marts.")
        if closed := re.findall(r'\bbuild"?\.(?!"?seeds\b)\S+', sql):
            raise RuntimeError(f"{table} would read what may be hidden: {', '.join(closed)}")
        if table == "fct_municipality_procedure":
            sql = hidden_schools.format(sql=sql)
        connection.execute(f"create table open.marts.{table} as select * from ({sql}) order by all")


def _copied_columns(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """The columns of a mart that may be open, of those of the build; empty where it has no such mart."""
    decided = {column.name for column in contract.table(table).columns if column.open_when == "true"}
    return ", ".join(identifier(name) for name in _columns(connection, "build", table) if name in decided)


def _compiled_models(build_file: Path) -> dict[str, str]:
    """The SQL that dbt ran for each mart, with the names of its relations; left beside the build by dbt."""
    path = build_file.parent / "target" / "run_results.json"
    results: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"]
    return {
        result["unique_id"].rsplit(".", 1)[-1]: result["compiled_code"]
        for result in results
        if result["unique_id"].startswith("model.")
    }


def _columns(connection: duckdb.DuckDBPyConnection, database: str | None, table: str) -> dict[str, str]:
    """Columns of a mart with their types, in order; empty where there is no such mart."""
    databases = f"and database_name = '{database}'" if database else ""
    found = connection.execute(
        "select column_name, data_type from duckdb_columns() "
        f"where schema_name = 'marts' and table_name = '{table}' {databases} order by column_index"
    ).fetchall()
    return dict(found)


def undecided(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """Table, column and type of all that the official marts have and the open ones have not."""
    found: list[tuple[str, str, str]] = connection.execute(
        """
        select table_name, column_name, data_type from duckdb_columns() as official
        where
            database_name = 'official' and schema_name = 'marts'
            and not exists (
                select 1 from duckdb_columns() as opened
                where
                    opened.database_name = 'open' and opened.schema_name = 'marts'
                    and opened.table_name = official.table_name
                    and opened.column_name = official.column_name
            )
        order by table_name, column_index
        """
    ).fetchall()
    return found


def _fill(connection: duckdb.DuckDBPyConnection) -> None:
    """Add what is undecided without its contents: the open marts have the shape of the official ones."""
    for table, column, kind in undecided(connection):
        if _columns(connection, "open", table):
            connection.execute(f'alter table open.marts.{table} add column if not exists "{column}" {kind}')
        else:
            connection.execute(f"create table open.marts.{table} as from build.marts.{table} limit 0")


def _comment(connection: duckdb.DuckDBPyConnection) -> None:
    """Take over the descriptions of tables and columns."""
    tables = connection.execute(
        "select table_name, comment from duckdb_tables() "
        "where database_name = 'official' and schema_name = 'marts' and comment is not null"
    ).fetchall()
    for table, comment in tables:
        connection.execute(f"comment on table open.marts.{table} is {literal(comment)}")
    columns = connection.execute(
        "select table_name, column_name, comment from duckdb_columns() "
        "where database_name = 'official' and schema_name = 'marts' and comment is not null"
    ).fetchall()
    for table, column, comment in columns:
        connection.execute(f"comment on column open.marts.{table}.{identifier(column)} is {literal(comment)}")


def _count(connection: duckdb.DuckDBPyConnection) -> OpenEdition:
    found = connection.execute(
        f"""
        select
            (select count(*) from open.marts.fct_procedure_result),
            (select count(*) from open.marts.fct_procedure_result
             where not list_contains(flags, '{SUPPRESSED}')),
            (select count(*) from open.marts.fct_indicator_value
             where status in ('scored', 'no_points', '{SUPPRESSED}')),
            (select count(*) from open.marts.fct_indicator_value where status in ('scored', 'no_points'))
        """
    ).fetchone()
    assert found is not None  # noqa: S101 -- four counts are one row
    return OpenEdition(*found)
