"""Why releases differ: which inputs changed, and which of them a changed cell could have come from.

A cell is ascribed to files by the rows that changed, not by the files that came: of every key of a dataset
the row in force before and after is compared, and the file that put another row in its place, or took it
away, is a cause for the cells that read that procedure or dataset of that school, or, where an indicator
compares with the district (`meta.indicator_source`), of its municipality. References (scales, thresholds,
lists, the register) are a cause wherever they may reach. So a cause may be named that had no effect beside
the one that had it, and never the other way round: one cause is certain, several are the possible ones.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from school_quality import datasets, seeds
from school_quality.landing.receipts import Receipt, effective, read_receipts
from school_quality.settings import Settings
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
    "procedure_results": "rows.exam",
    "appeals": "rows.exam",
    "thresholds": "rows.exam",
    "mark_scale": "rows.exam",
}
"""Datasets whose rows speak of a procedure, with the SQL of its exam in ``rows``."""

ANYWHERE = {"thresholds", "mark_scale", "biased_vpr"}
"""Datasets of which a row reaches every school, the ones that it does not name included."""

MUNICIPAL = {"official_list", "school_register"}
"""Datasets of which a row reaches every school of the municipality."""

WITHOUT_EFFECT = {"measures.csv", "reasons.csv", "roadmap_items.csv", "roadmap_owners.csv",
                  "roadmap_periods.csv", "clusters.csv", "cluster_indicators.csv",
                  "status_clauses.csv"}  # fmt: skip
"""Seeds that no value and no status of a comparison depends on."""

OF_ONE_INDICATOR = {"bands.csv", "not_applicable.csv"}
"""Seeds of which a row concerns the indicator that it names and no list of schools."""


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
    def words(self) -> list[str]:
        """All changed inputs as causes, the kinds of files first."""
        found = {kind for change in self.effective_files for kind in change.kinds}
        words = [kind for kind in CAUSES if kind in found]
        if self.is_methodology_changed:
            words.append("methodology")
        if self.is_code_changed:
            words.append("code")
        if self.is_as_of_changed:
            words.append("as_of")
        if self.is_year_changed:
            words.append("reporting_year")
        return words


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


def compare_inputs(connection: duckdb.DuckDBPyConnection, settings: Settings, new: Made, old: Made) -> Inputs:
    """What changed between two releases; leaves the temporary table ``touched`` for `attribute`.

    ``new`` and ``old`` are attached under these names. ``touched``: which rows of which file changed, as
    ``cause, file_id, scope, school_id, municipality_id, source_key, source_period``; a null key or period
    stands for every one.
    """
    _begin_touched(connection)
    before, after = ({receipt.seq: receipt for receipt in made.receipts} for made in (old, new))
    changed_datasets = {
        receipt.dataset
        for seq, receipt in (before | after).items()
        if (seq in before) != (seq in after) and receipt.dataset and receipt.rows_accepted
    }
    for dataset in sorted(changed_datasets):
        _touch(connection, settings, dataset, list(after.values()), list(before.values()))
    seeds = _seed_changes(new.seeds, old.seeds)
    years = {new.release.reporting_year, old.release.reporting_year}
    return Inputs(
        files=_file_changes(connection, after, before),
        seeds=seeds,
        is_methodology_changed=bool(seeds)
        or new.release.methodology_hash != old.release.methodology_hash
        or new.release.methodology_version != old.release.methodology_version,
        is_code_changed=new.release.code_version != old.release.code_version,
        is_as_of_changed=new.release.as_of != old.release.as_of,
        last_common_year=min(years) if len(years) == 2 else None,
    )


def _begin_touched(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        create or replace temp table touched (
            cause varchar, file_id varchar, scope varchar, school_id varchar, municipality_id varchar,
            source_key varchar, source_period varchar
        );
        create or replace temp table touched_file (cause varchar, file_id varchar, touched_rows bigint);
        create or replace temp table known_school as
        select school_id, municipality_id from new.marts.dim_school
        union
        select school_id, municipality_id from old.marts.dim_school;
        create or replace temp table known_procedure as
        select procedure_id, exam, subject, grade from new.marts.dim_procedure
        union
        select procedure_id, exam, subject, grade from old.marts.dim_procedure
        """
    )


def _touch(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    name: str,
    after: Sequence[Receipt],
    before: Sequence[Receipt],
) -> None:
    """Add to ``touched`` what the changed files of a dataset did to its rows in force."""
    dataset = datasets.get(name)
    files = [str(path) for path in sorted(settings.landing.glob(f"[0-9]*/rows/{name}.parquet"))]
    if not files:
        return
    typed = ", ".join(f'null::{kind} as "{column}"' for column, kind in dataset.columns.items())
    key = ", ".join(f'landed."{column}"' for column in dataset.key)
    content = ", ".join(f'landed."{column}"' for column in dataset.columns)
    places = ", ".join(
        f"{f'landed.{column}' if column in dataset.columns else 'null'}::{kind} as {column}"
        for column, kind in _PLACES.items()
    )
    connection.execute(
        "create or replace temp table in_force "
        "(seq bigint, file_id varchar, context varchar, order_seq bigint, is_after boolean)"
    )
    connection.executemany(
        "insert into in_force values (?, ?, ?, ?, ?)",
        [
            [receipt.seq, receipt.file_id, receipt.context, receipt.order_seq, is_after]
            for is_after, receipts in ((True, after), (False, before))
            for receipt in receipts
            if receipt.dataset == name
        ],
    )
    connection.execute(
        f"""
        create or replace temp table touched_row as
        with changed as (
            select seq from in_force group by seq having count(*) = 1
        ),

        landed as (
            select * from (select 0::bigint as seq, 0::integer as row_number, {typed} limit 0)
            union all by name
            select * from read_parquet($files, union_by_name = true)
        ),

        keyed as (
            select seq, row_number, hash({key}) as key_hash, hash({content}) as content_hash, {places}
            from landed
        ),

        touched_keys as (
            select distinct key_hash from keyed semi join changed using (seq)
        ),

        winners as (
            select keyed.*, in_force.file_id, in_force.context, in_force.order_seq, in_force.is_after
            from keyed
            semi join touched_keys using (key_hash)
            inner join in_force using (seq)
            qualify row_number() over (
                partition by in_force.is_after, keyed.key_hash
                order by in_force.order_seq desc, keyed.seq desc, keyed.row_number desc
            ) = 1
        ),

        pairs as (
            select
                now, earlier,
                now.seq is not null and now.seq in (from changed) as is_brought,
                earlier.seq is not null and earlier.seq in (from changed) as is_taken,
                coalesce(now.file_id = earlier.file_id and now.context = earlier.context, false)
                as is_same_file
            from (from winners where is_after) as now
            full join (from winners where not is_after) as earlier using (key_hash)
            where now.content_hash is distinct from earlier.content_hash
        ),

        effects as (
            select
                case
                    when earlier.seq is null then 'new_file'
                    when is_same_file then 'reread_file'
                    else 'corrected_file'
                end as cause,
                now as row
            from pairs
            where is_brought
            union all
            select 'withdrawn_file' as cause, earlier as row
            from pairs
            where
                is_taken
                and not (is_brought and (is_same_file or coalesce(now.order_seq > earlier.order_seq, false)))
        )

        select cause, row.file_id as file_id, count(*) as touched_rows,
            {", ".join(f"row.{column} as {column}" for column in _PLACES)}
        from effects
        group by all
        """,
        {"files": files},
    )
    connection.execute(
        "insert into touched_file select cause, file_id, sum(touched_rows) from touched_row group by all"
    )
    scope = "any" if name in ANYWHERE else "municipality" if name in MUNICIPAL else "school"
    reads, period = f"'{name}'", _PERIOD
    procedures = ""
    if name in ASSESSMENTS:
        reads, period = "procedures.procedure_id", "rows.reporting_year::varchar"
        procedures = f"""
            inner join known_procedure as procedures
                on procedures.exam = {ASSESSMENTS[name]} and procedures.subject = rows.subject
                and coalesce(rows.grade = procedures.grade, true)
        """
    if name == "mark_scale":
        period = "null"  # a year without a scale borrows another's
    if name == "school_register":
        reads, period = "null", "null"
        procedures = "semi join changed_dim_school as schools on rows.school_id = schools.school_id"
    connection.execute(
        f"""
        insert into touched
        select distinct
            rows.cause,
            rows.file_id,
            case
                when '{scope}' <> 'municipality' then '{scope}'
                when coalesce(known.municipality_id, rows.municipality_id) is null then 'any'
                else 'municipality'
            end,
            rows.school_id,
            coalesce(known.municipality_id, rows.municipality_id),
            {reads},
            {period}
        from touched_row as rows
        {procedures}
        left join known_school as known on rows.school_id = known.school_id
        """
    )


_PLACES = {
    "school_id": "varchar",
    "municipality_id": "varchar",
    "reporting_year": "integer",
    "exam": "varchar",
    "subject": "varchar",
    "grade": "integer",
    "quarter": "integer",
    "half_year": "integer",
}
"""Columns by which a row of any dataset says what it is about."""

_PERIOD = """
    rows.reporting_year::varchar
    || coalesce('-Q' || rows.quarter::varchar, '-H' || rows.half_year::varchar, '')
"""


def _file_changes(
    connection: duckdb.DuckDBPyConnection, after: dict[int, Receipt], before: dict[int, Receipt]
) -> tuple[FileChange, ...]:
    kinds: dict[str, dict[str, int]] = {}
    for cause, file_id, rows in connection.execute(
        "select cause, file_id, sum(touched_rows)::bigint from touched_file group by all order by all"
    ).fetchall():
        kinds.setdefault(file_id, {})[cause] = rows
    changed: dict[str, Receipt] = {}
    sides: dict[str, set[bool]] = {}
    for seq, receipt in sorted((before | after).items()):
        if (seq in before) != (seq in after):
            changed[receipt.file_id] = receipt
            sides.setdefault(receipt.file_id, set()).add(seq in after)
    return tuple(
        FileChange(
            receipt.file_id,
            receipt.path,
            receipt.dataset,
            tuple(kinds.get(receipt.file_id, ())) or (_kind(sides[receipt.file_id]),),
            sum(kinds.get(receipt.file_id, {}).values()),
        )
        for receipt in sorted(changed.values(), key=lambda receipt: receipt.path)
    )


def _kind(is_after: set[bool]) -> str:
    """What the receipts of a file say where its rows say nothing."""
    if len(is_after) == 2:
        return "reread_file"
    return "new_file" if True in is_after else "withdrawn_file"


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
    """Make the temporary table ``cause`` (``change_id, cause, file_id``) for the temporary table ``change``.

    Needs ``touched`` of `compare_inputs`, and ``new`` and ``old`` attached.
    """
    connection.execute(
        "create or replace temp table cause (change_id bigint, cause varchar, file_id varchar)"
    )
    _attribute_files(connection, inputs)
    _attribute_others(connection, inputs)
    _attribute_rest(connection, inputs)


def _sources(connection: duckdb.DuckDBPyConnection) -> str:
    """SQL for what indicators read, by those of the two releases that say so: older ones may not."""
    found = connection.execute(
        "select database_name from duckdb_tables() where schema_name = 'meta' "
        "and table_name = 'indicator_source' and database_name in ('new', 'old') order by all"
    ).fetchall()
    if not found:
        return (
            "select ''::varchar as period, '' as indicator_code, '' as component, '' as source_key, "
            "'' as source_period, false as is_district_relative where false"
        )
    return " union ".join(f"from {name}.meta.indicator_source" for (name,) in found)


def _attribute_files(connection: duckdb.DuckDBPyConnection, inputs: Inputs) -> None:
    """Files by what a cell reads: ``need`` says which sources, of which periods, of how many schools.

    The years begin with the first result, so one that came or went at their beginning is ascribed to files
    with results of it or of a year before.
    """
    connection.execute(
        f"""
        create or replace temp table need as
        with sources as (
            {_sources(connection)}
        ),

        indicators as (
            select
                change.change_id, change.school_id, change.municipality_id, sources.source_key,
                sources.source_period,
                case
                    when bool_or(change.is_borrowed) then 'any'
                    when bool_or(sources.is_district_relative) then 'municipality' else 'school'
                end as scope
            from change
            inner join sources
                on change.period = sources.period and change.indicator_code = sources.indicator_code
                and change.component = sources.component
            group by all
        ),

        -- what statuses read (seed `status_sources`); and an indicator whose school is supported or no more
        lists as (
            select
                change.change_id, change.school_id, change.municipality_id, reads.source,
                case when change.is_borrowed then 'any' else reads.reach end as scope,
                change.reporting_year - unnest(range(reads.years_back::integer + 1)) as source_year
            from change
            inner join {seeds.relation("status_sources")} as reads
                on reads.status
                = case when change.indicator_code is null then change.what else 'is_supported' end
            where
                change.procedure_id is null
                and (change.indicator_code is null or change.is_support_changed)
                and not (
                    reads.status = 'is_supported' and reads.source <> 'official_list' and change.is_official
                )
        ),

        results as (
            select
                change_id, school_id, municipality_id, procedure_id, period,
                case when is_borrowed then 'any' else 'school' end as scope
            from change
            where procedure_id is not null
        ),

        beginnings as (
            select change.change_id, touched.source_key, touched.source_period
            from change
            inner join (
                select distinct source_key, source_period
                from touched
                semi join known_procedure on touched.source_key = known_procedure.procedure_id
            ) as touched on touched.source_period <= change.reporting_year::varchar
            where change.is_one_sided_year and change.reporting_year <= {inputs.last_common_year or 9999}
        ),

        procedures as (select distinct source_key from touched semi join known_procedure as known
            on touched.source_key = known.procedure_id)

        select * from indicators
        union
        select * from results
        union
        select change_id, null, null, source_key, source_period, 'any' from beginnings
        union
        select change_id, school_id, municipality_id, source, source_year::varchar, scope
        from lists
        where source <> 'procedures'
        union
        select change_id, school_id, municipality_id, procedures.source_key, source_year::varchar, scope
        from lists cross join procedures
        where source = 'procedures'
        """
    )
    needed = "need.source_key = touched.source_key and need.source_period = touched.source_period"
    connection.execute(
        f"""
        insert into cause
        select need.change_id, touched.cause, touched.file_id
        from need inner join touched on {needed} and need.school_id = touched.school_id
        union
        select need.change_id, touched.cause, touched.file_id
        from need inner join touched on {needed} and need.municipality_id = touched.municipality_id
        where need.scope = 'municipality' or touched.scope = 'municipality'
        union
        select need.change_id, touched.cause, touched.file_id
        from need
        inner join (
            select distinct cause, file_id, source_key, source_period, scope = 'any' as is_anywhere
            from touched
        ) as touched on {needed}
        where need.scope = 'any' or touched.is_anywhere
        union
        select need.change_id, touched.cause, touched.file_id
        from need inner join touched on need.source_key = touched.source_key
        where touched.source_period is null
        union
        select change.change_id, touched.cause, touched.file_id
        from change inner join touched on change.municipality_id = touched.municipality_id
        where touched.source_key is null
        union
        select change.change_id, touched.cause, touched.file_id
        from change cross join touched
        where touched.source_key is null and touched.scope = 'any'
        """
    )


def _attribute_others(connection: duckdb.DuckDBPyConnection, inputs: Inputs) -> None:
    """Methodology, code and dates, each where it can reach."""
    if inputs.is_code_changed:
        connection.execute("insert into cause select change_id, 'code', null from change")
    if inputs.is_methodology_changed:
        influential = [seed for seed in inputs.seeds if seed.name not in WITHOUT_EFFECT]
        codes = sorted({code for seed in influential for code in seed.indicators})
        is_of_some = bool(inputs.seeds) and all(seed.name in OF_ONE_INDICATOR for seed in influential)
        connection.execute(
            "insert into cause select change_id, 'methodology', null from change "
            "where not $is_of_some or list_contains($codes, indicator_code)",
            {"is_of_some": is_of_some, "codes": codes},
        )
    if inputs.is_as_of_changed:
        connection.execute(
            "insert into cause select change_id, 'as_of', null from change where is_due_changed"
        )
    if inputs.is_year_changed:
        last = {"last": inputs.last_common_year}
        connection.execute(
            "insert into cause select change_id, 'reporting_year', null from change "
            "where is_borrowed or reporting_year > $last",
            last,
        )
        # that a year is there at all which only one release was asked for has no other cause
        connection.execute(
            "delete from cause using change where cause.change_id = change.change_id "
            "and change.what = 'reporting_year' and change.reporting_year > $last "
            "and cause.cause <> 'reporting_year'",
            last,
        )


FEW_FILES = 100
"""Of more possible files than these nothing is said of a cell: the manifests of both releases name them."""


def _attribute_rest(connection: duckdb.DuckDBPyConnection, inputs: Inputs) -> None:
    """A cell that nothing seems to reach: then every changed input is possible."""
    files = inputs.effective_files
    are_few = len(files) <= FEW_FILES
    possible = {(kind, change.file_id if are_few else None) for change in files for kind in change.kinds}
    possible |= {(word, None) for word in inputs.words if not word.endswith("_file")}
    if possible:
        connection.execute("create or replace temp table possible (cause varchar, file_id varchar)")
        connection.executemany("insert into possible values (?, ?)", [list(row) for row in possible])
        connection.execute(
            "insert into cause select rest.change_id, possible.cause, possible.file_id "
            "from (from change anti join cause using (change_id)) as rest cross join possible"
        )
