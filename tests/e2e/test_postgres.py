"""The copy in PostgreSQL, on a real server: typed, explained, and whole at every moment for its readers."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import psycopg2
import pytest
import yaml

from e2e.conftest import Cli
from e2e.postgresql import PostgresServer, running
from school_quality.errors import PostgresFailed, PostgresUnavailable, UsageError
from school_quality.settings import Settings, dbt_project_dir
from school_quality.warehouse.copies import postgres
from school_quality.warehouse.copies.postgres import Address, publish
from school_quality.warehouse.copies.relations import CopyText, Relation

SCHOOLS = 40
TEXTS = [
    "Школа",
    "с\tтабуляцией",
    "обратная \\ черта",
    "две\nстроки",
    "кавычки \" и '",
    "",
    "\\N",
    "{a,b}",
    "NULL",
]

SCORE_AND_RELEASE = (
    "select distinct score_pct, (select release_id from meta.release) from marts.fct_school_status"
)


@pytest.fixture(scope="module")
def started() -> Iterator[PostgresServer]:
    with running() as server:
        yield server


@pytest.fixture
def server(started: PostgresServer) -> PostgresServer:
    """The server without a copy."""
    started.execute(
        "drop schema if exists marts cascade",
        "drop schema if exists meta cascade",
        "drop schema if exists history cascade",
        f"drop role if exists {postgres.READER}",
    )
    return started


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path)


def contracts() -> Iterator[tuple[str, dict[str, Any]]]:
    for schema in ("marts", "meta"):
        for path in sorted((dbt_project_dir() / "models" / schema).glob("*.yml")):
            for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
                yield schema, model


def release(settings: Settings, release_id: str, *, score: float = 50, change: str = "") -> None:
    """Publish an invented release with every table of the contracts; ``change`` is SQL upon it."""
    folder = settings.published / release_id
    folder.mkdir(parents=True)
    (folder / "warehouse.duckdb").write_bytes(invented())
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute("update meta.release set release_id = ?", [release_id])
        warehouse.execute("update marts.fct_school_status set score_pct = ?", [score])
        if change:
            warehouse.execute(change)
    current = settings.published / ".current"
    current.symlink_to(release_id)
    current.rename(settings.current)


@cache
def invented() -> bytes:
    """A warehouse file with rows of every type, texts that are hard to copy and nulls among them."""
    texts = "[" + ", ".join(f"'{escaped(text)}'" for text in TEXTS) + "]"
    values = {
        "varchar": f"($texts)[1 + (i + $place) % {len(TEXTS)}]",
        "varchar[]": "case i % 4 when 0 then null when 1 then [] else [($texts)[1 + i % 9], null, 'b'] end",
        "double": "case when i % 5 = 0 then null else i / 3.0 end::double",
        "date": "date '2022-09-01' + (i % 300)::integer",
        "timestamp": "timestamp '2022-09-01 10:00:00.123456' + to_days((i % 300)::integer)",
        "boolean": "case i % 3 when 0 then null else i % 3 = 1 end",
    }
    with TemporaryDirectory() as folder, duckdb.connect(f"{folder}/warehouse.duckdb") as warehouse:
        warehouse.execute("create schema marts; create schema meta")
        for schema, model in contracts():
            columns = []
            for place, column in enumerate(model["columns"]):
                kind = column["data_type"].lower()
                is_required = {"type": "not_null"} in column.get("constraints", [])
                if is_required and kind == "varchar":
                    value = "printf('%04d', i)"
                elif is_required and kind == "varchar[]":
                    value = "[printf('%04d', i)]"
                elif is_required:
                    value = f"i::{kind}" if kind in {"integer", "bigint"} else values[kind]
                else:
                    value = values.get(kind, f"case when i % 7 = 0 then null else i end::{kind}")
                value = value.replace("$texts", texts).replace("$place", str(place))
                columns.append(f'({value})::{kind} as "{column["name"]}"')
            rows = 1 if model["name"] == "release" else SCHOOLS
            name = f'{schema}."{model["name"]}"'
            warehouse.execute(
                f"create table {name} as select {', '.join(columns)} from range({rows}) as t (i)"
            )
            warehouse.execute(f"comment on table {name} is '{escaped(model['description'])}'")
            for column in model["columns"]:
                text = escaped(column.get("description", ""))
                warehouse.execute(f"comment on column {name}.\"{column['name']}\" is '{text}'")
        warehouse.close()
        return Path(folder, "warehouse.duckdb").read_bytes()


def escaped(text: str) -> str:
    return text.replace("'", "''")


def warehouse(settings: Settings) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(settings.current / "warehouse.duckdb"), read_only=True)


def scores(server: PostgresServer, **login: str) -> set[float]:
    return {
        score for (score,) in server.query("select distinct score_pct from marts.fct_school_status", **login)
    }


def test_the_copy_holds_every_row_of_every_table_with_its_types(
    server: PostgresServer, settings: Settings
) -> None:
    release(settings, "R1")

    copied = publish(settings, Address.of(server.url()))

    assert copied.release_id == "R1"
    rows = 0
    with warehouse(settings) as original:
        tables = original.execute(
            "select schema_name, table_name from duckdb_tables() order by all"
        ).fetchall()
        for schema, table in tables:
            expected = original.execute(f'select * from {schema}."{table}"').fetchall()
            rows += len(expected)
            assert sorted(server.query(f'select * from {schema}."{table}"'), key=repr) == sorted(
                expected, key=repr
            ), table
    assert (copied.tables, copied.rows) == (len(tables), rows)
    types = dict(
        server.query(
            "select distinct on (data_type, udt_name) udt_name, data_type from information_schema.columns "
            "where table_schema = 'marts'"
        )
    )
    assert {"float8", "_text", "text", "int4", "int8", "bool", "date", "timestamp"} <= types.keys()


def test_decimals_intervals_of_time_and_texts_that_copy_would_misread_survive(
    server: PostgresServer, settings: Settings
) -> None:
    change = """
        create table marts.fct_extra as
        select
            unnest([1.5, null])::decimal(9, 4) as share_pct,
            'NaN'::double as nothing,
            chr(0) || 'a' as text,
            timestamptz '2022-01-02 03:04:05+00' as moment,
            [1, null]::integer[] as numbers
    """
    release(settings, "R1", change=change)

    publish(settings, Address.of(server.url()))

    rows = server.query(
        "select share_pct::text, nothing::text, text, extract(epoch from moment)::bigint, numbers "
        "from marts.fct_extra order by 1"
    )
    assert rows == [
        ("1.5000", "NaN", "a", 1641092645, [1, None]),
        (None, "NaN", "a", 1641092645, [1, None]),
    ]


def test_tables_and_columns_are_explained_and_keys_and_indices_follow_the_contracts(
    server: PostgresServer, settings: Settings
) -> None:
    release(settings, "R1")

    publish(settings, Address.of(server.url()))

    comments = dict(
        server.query(
            "select relname, obj_description(oid, 'pg_class') from pg_class where relkind = 'r' "
            "and relnamespace in ('marts'::regnamespace, 'meta'::regnamespace)"
        )
    )
    columns = {
        (table, column): comment
        for table, column, comment in server.query(
            "select relname, attname, col_description(attrelid, attnum) from pg_attribute "
            "join pg_class on pg_class.oid = attrelid where attnum > 0 and relkind = 'r' "
            "and relnamespace in ('marts'::regnamespace, 'meta'::regnamespace)"
        )
    }
    keys: dict[str, set[tuple[str, ...]]] = {}
    for table, is_unique, names in server.query(
        "select indrelid::regclass::text, indisunique, array(select attname::text from "
        "unnest(indkey::smallint[]) with ordinality as part (number, place) join pg_attribute "
        "on attrelid = indrelid and attnum = number order by place) from pg_index"
    ):
        if is_unique:
            keys.setdefault(table.split(".")[-1], set()).add(tuple(names))
    for _, model in contracts():
        assert comments[model["name"]] == model["description"]
        for column in model["columns"]:
            assert columns[model["name"], column["name"]] == (column.get("description") or None)
        for test in model.get("data_tests", []):
            if isinstance(test, dict) and "unique_key" in test:
                assert tuple(test["unique_key"]["arguments"]["columns"]) in keys[model["name"]]
    plain = {name for (name,) in server.query("select indexname from pg_indexes where schemaname = 'marts'")}
    assert {"fct_indicator_value_pkey", "fct_indicator_value_indicator_code_idx"} <= plain
    assert "fct_indicator_value_school_id_idx" not in plain  # the key begins with it
    primary = {table for (table,) in server.query("select relname from pg_constraint join pg_class on "
               "pg_class.oid = conrelid where contype = 'p'")}  # fmt: skip
    assert {"dim_school", "fct_school_status", "fct_indicator_value", "run", "release"} - primary <= {"run"}


def test_the_read_only_role_reads_and_cannot_write(server: PostgresServer, settings: Settings) -> None:
    release(settings, "R1")
    assert publish(settings, Address.of(server.url())).has_reader
    server.execute(
        "drop role if exists analyst", f"create role analyst login password 'x' in role {postgres.READER}"
    )
    analyst = {"user": "analyst", "password": "x"}

    assert scores(server, **analyst) == {50}
    assert server.query("select count(*) from meta.release", **analyst) == [(1,)]
    for statement in (
        "delete from marts.fct_school_status",
        "update marts.dim_school set school_name = ''",
        "truncate marts.dim_school",
        "drop table marts.dim_school",
        "create table marts.mine (x int)",
        "select * from meta.rejected_row",
    ):
        connection = server.connect(**analyst)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            connection.cursor().execute(statement)
        connection.close()


def test_a_publisher_who_may_not_make_roles_copies_all_the_same_and_says_so(
    server: PostgresServer, settings: Settings
) -> None:
    release(settings, "R1")
    server.execute("drop database if exists theirs", "drop role if exists modest")
    server.execute("create role modest login password 'x'", "create database theirs owner modest")
    url = server.url("modest", "x", "theirs")

    first = publish(settings, Address.of(url))
    server.execute(f"create role {postgres.READER} nologin")
    second = publish(settings, Address.of(url))

    assert (first.has_reader, second.has_reader) == (False, True)
    server.execute("drop database theirs")


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_reader_inside_a_transaction_keeps_its_release_and_nobody_waits(
    server: PostgresServer, settings: Settings, level: str
) -> None:
    release(settings, "R1", score=50)
    publish(settings, Address.of(server.url()))
    reader = server.connect()
    reader.set_session(isolation_level=level, readonly=True)
    cursor = reader.cursor()
    cursor.execute("select count(*) from marts.dim_school")  # the snapshot; the status is not touched yet

    release(settings, "R2", score=60)
    publish(settings, Address.of(server.url()))

    cursor.execute(
        "select distinct score_pct, (select release_id from meta.release) from marts.fct_school_status"
    )
    assert cursor.fetchall() == [(50, "R1")]
    reader.rollback()
    cursor.execute(
        "select distinct score_pct, (select release_id from meta.release) from marts.fct_school_status"
    )
    assert cursor.fetchall() == [(60, "R2")]
    reader.close()


def test_readers_without_a_pause_see_whole_releases_only(server: PostgresServer, settings: Settings) -> None:
    release(settings, "R0", score=0)
    publish(settings, Address.of(server.url()))
    seen: set[tuple[Any, ...]] = set()
    problems: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        connection = server.connect()
        connection.autocommit = True
        cursor = connection.cursor()
        try:
            while not done.is_set():
                cursor.execute(
                    "select (select release_id from meta.release), count(*), min(score_pct), max(score_pct), "
                    "(select count(*) from marts.fct_indicator_value) from marts.fct_school_status"
                )
                seen.update(cursor.fetchall())
        except psycopg2.Error as error:
            problems.append(error)
        connection.close()

    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in readers:
        thread.start()
    for number in range(1, 4):
        release(settings, f"R{number}", score=number)
        publish(settings, Address.of(server.url()))
    done.set()
    for thread in readers:
        thread.join()

    assert problems == []
    assert seen <= {(f"R{i}", SCHOOLS, float(i), float(i), SCHOOLS) for i in range(4)}
    assert len(seen) >= 2


def on_table(monkeypatch: pytest.MonkeyPatch, table: str, act: Callable[[], None]) -> None:
    """Do something when the load has come to ``table``, once, with a part of its rows sent."""
    pending = [act]

    class Interrupted(CopyText):
        def __init__(self, connection: duckdb.DuckDBPyConnection, relation: Relation) -> None:
            super().__init__(connection, relation)
            self._is_it = relation.name == table

        def _read(self, size: int) -> bytes:
            found = super()._read(100)
            if self._is_it and pending:
                pending.pop()()
            return found

    monkeypatch.setattr(postgres, "CopyText", Interrupted)


def test_a_server_that_dies_half_way_leaves_the_old_copy_and_the_next_try_works(
    server: PostgresServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(settings, "R1", score=50)
    publish(settings, Address.of(server.url()))
    release(settings, "R2", score=60)
    on_table(monkeypatch, "fct_school_status", server.crash)

    with pytest.raises(PostgresUnavailable, match=r"прервалась.*Копия цела"):
        publish(settings, Address.of(server.url()))
    server.start()

    assert scores(server) == {50}
    assert server.query("select release_id from meta.release") == [("R1",)]
    assert publish(settings, Address.of(server.url())).release_id == "R2"
    assert scores(server) == {60}


def test_a_publisher_that_dies_half_way_leaves_the_old_copy(
    server: PostgresServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(settings, "R1", score=50)
    publish(settings, Address.of(server.url()))
    release(settings, "R2", score=60)

    def die() -> None:
        raise KeyboardInterrupt

    on_table(monkeypatch, "fct_school_status", die)
    with pytest.raises(KeyboardInterrupt):
        publish(settings, Address.of(server.url()))

    assert scores(server) == {50}


def test_new_and_removed_columns_and_tables_and_changed_types_are_taken_over(
    server: PostgresServer, settings: Settings
) -> None:
    release(settings, "R1")
    publish(settings, Address.of(server.url()))
    change = """
        alter table marts.dim_school drop column legal_kind;
        alter table marts.dim_school add column pupils integer default 7;
        alter table marts.dim_school alter column school_number type varchar;
        drop table marts.fct_lineage;
        create view marts.school_list as select school_id, school_name from marts.dim_school;
    """
    release(settings, "R2", change=change)

    publish(settings, Address.of(server.url()))

    columns = dict(
        server.query(
            "select column_name, data_type from information_schema.columns "
            "where table_schema = 'marts' and table_name = 'dim_school'"
        )
    )
    assert "legal_kind" not in columns
    assert (columns["pupils"], columns["school_number"]) == ("integer", "text")
    assert server.query("select distinct pupils from marts.dim_school") == [(7,)]
    assert server.query("select to_regclass('marts.fct_lineage')") == [(None,)]
    assert server.query("select count(*) from marts.school_list") == [(SCHOOLS,)]


def test_a_change_of_columns_waits_for_a_reader_and_gives_up_with_a_message(
    server: PostgresServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "LOCK_SECONDS", 1)
    monkeypatch.setattr(postgres, "PATIENCE_SECONDS", 0)
    release(settings, "R1", score=50)
    publish(settings, Address.of(server.url()))
    release(settings, "R2", score=60, change="alter table marts.fct_school_status add column extra integer")
    reader = server.connect()
    cursor = reader.cursor()
    cursor.execute("select count(*) from marts.fct_school_status")

    with pytest.raises(PostgresFailed, match="читатели держат"):
        publish(settings, Address.of(server.url()))
    assert scores(server) == {50}
    monkeypatch.setattr(postgres, "PATIENCE_SECONDS", 30)
    threading.Timer(2, reader.rollback).start()
    publish(settings, Address.of(server.url()))

    assert scores(server) == {60}
    reader.close()


def test_views_of_analysts_outlive_a_release_and_block_only_the_removal_of_what_they_use(
    server: PostgresServer, settings: Settings
) -> None:
    release(settings, "R1", score=50)
    publish(settings, Address.of(server.url()))
    server.execute(
        "drop schema if exists theirs cascade",
        "create schema theirs",
        "create view theirs.best as select max(score_pct) as best, max(legal_kind) as kind "
        "from marts.fct_school_status join marts.dim_school using (school_id)",
    )

    release(settings, "R2", score=60)
    publish(settings, Address.of(server.url()))
    assert server.query("select best from theirs.best") == [(60,)]
    release(settings, "R3", score=70, change="alter table marts.dim_school drop column legal_kind")
    with pytest.raises(PostgresFailed, match=r"theirs\.best"):
        publish(settings, Address.of(server.url()))

    assert scores(server) == {60}
    server.execute("drop schema theirs cascade")


HISTORY = """
    create schema history;
    create table history.release as
    select 'R1' as release_id, timestamp '2023-09-01' as valid_from, null::timestamp as valid_to;
    create table history.past_dim_school as
    select '0001' as school_id, 'Прежнее имя' as school_name,
        timestamp '2023-09-01' as valid_from, timestamp '2023-10-01' as valid_to;
    create view history.dim_school as
    select school_id, school_name, valid_from, valid_to from history.past_dim_school
    union all
    select school_id, school_name, timestamp '2023-10-01', null from marts.dim_school;
"""


def test_the_copy_tells_what_readers_saw_at_any_date(server: PostgresServer, settings: Settings) -> None:
    release(settings, "R1", change=HISTORY)

    publish(settings, Address.of(server.url()))

    names = server.query(
        "select school_name from history.dim_school where school_id = '0001' "
        "and valid_from <= '2023-09-15' and (valid_to is null or valid_to > '2023-09-15')"
    )
    assert names == [("Прежнее имя",)]
    assert server.query("select count(*) from history.dim_school") == [(SCHOOLS + 1,)]
    assert server.query("select release_id from history.release") == [("R1",)]
    assert server.query("select to_regclass('history.past_dim_school')") == [(None,)]
    keys = server.query(
        "select indexdef from pg_indexes where schemaname = 'history' and indexname = 'dim_school_pkey'"
    )
    assert "(school_id, valid_from)" in keys[0][0]


OWN = (
    "create table marts.own (x int)",
    "insert into marts.own values (1)",
    "create index own_way on marts.dim_school (locality)",
    "create view meta.own_view as select 2 as x",
)


def test_what_an_administrator_made_in_the_schemas_stays_and_what_the_release_dropped_goes(
    server: PostgresServer, settings: Settings
) -> None:
    release(settings, "R1")
    publish(settings, Address.of(server.url()))
    server.execute(
        *OWN,
        "create index of_an_older_key on marts.dim_school (locality)",
        "comment on index marts.of_an_older_key is 'School Quality Warehouse'",
    )
    release(settings, "R2", change="drop table marts.fct_lineage")

    publish(settings, Address.of(server.url()))

    assert server.query("select x from marts.own union all select x from meta.own_view") == [(1,), (2,)]
    names = {name for (name,) in server.query("select indexname from pg_indexes where schemaname = 'marts'")}
    assert "own_way" in names
    assert "of_an_older_key" not in names
    assert server.query("select to_regclass('marts.fct_lineage')") == [(None,)]
    may_read = f"select has_table_privilege('{postgres.READER}', 'marts.own', 'select')"
    assert server.query(may_read) == [(False,)]


def test_a_copy_of_an_older_version_is_taken_over_without_what_is_not_of_it(
    server: PostgresServer, settings: Settings
) -> None:
    release(settings, "R1")
    publish(settings, Address.of(server.url()))
    server.execute(
        *OWN,
        *(
            f"comment on schema {schema} is 'School Quality Warehouse: выпуск R1'"
            for schema in ("marts", "meta")
        ),
        "drop index marts.fct_indicator_value_indicator_code_idx",
        "create index fct_indicator_value_indicator_code_idx on marts.fct_indicator_value (period)",
    )
    release(settings, "R2", score=60)

    publish(settings, Address.of(server.url()))
    release(settings, "R3", score=70, change="drop table marts.fct_lineage")
    publish(settings, Address.of(server.url()))

    assert scores(server) == {70}
    assert server.query("select x from marts.own union all select x from meta.own_view") == [(1,), (2,)]
    assert server.query("select to_regclass('marts.fct_lineage')") == [(None,)]
    definition = "select indexdef from pg_indexes where indexname = 'fct_indicator_value_indicator_code_idx'"
    assert "(indicator_code)" in server.query(definition)[0][0]


@pytest.mark.parametrize(
    ("own", "change"),
    [
        ("create table marts.fct_new (x int)", "create table marts.fct_new as select 1 as x"),
        ("create view marts.fct_new as select 1 as x", "create table marts.fct_new as select 1 as x"),
        (
            "create index fct_new on marts.dim_school (locality); "
            "alter index marts.fct_new rename to dim_indicator_school_id_idx",
            "alter table marts.dim_indicator add column school_id varchar",
        ),
    ],
)
def test_a_strangers_name_that_the_copy_needs_is_told_and_nothing_is_touched(
    server: PostgresServer, settings: Settings, own: str, change: str
) -> None:
    release(settings, "R1", score=50)
    publish(settings, Address.of(server.url()))
    server.execute(own)
    release(settings, "R2", score=60, change=change)

    with pytest.raises(
        PostgresFailed, match=r"мешают чужие .*marts\.(fct_new|dim_indicator_school_id_idx)\."
    ):
        publish(settings, Address.of(server.url()))

    assert scores(server) == {50}


def test_a_schema_of_another_program_is_not_touched(server: PostgresServer, settings: Settings) -> None:
    release(settings, "R1")
    server.execute("create schema marts", "create table marts.theirs (x int)")

    with pytest.raises(PostgresFailed, match="другая программа"):
        publish(settings, Address.of(server.url()))

    assert server.query("select count(*) from marts.theirs") == [(0,)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda server: server.url(password="wrong"), "не отвечает или не пускает"),
        (lambda server: server.url(database="nowhere"), "не отвечает или не пускает"),
        (lambda server: server.url().replace(str(server.port), "1"), "не отвечает или не пускает"),
        (lambda server: "postgres//nothing", "Адрес PostgreSQL не понят"),
    ],
)
def test_a_wrong_address_or_password_is_one_message_without_the_password(
    server: PostgresServer, settings: Settings, change: Callable[[PostgresServer], str], message: str
) -> None:
    release(settings, "R1")

    with pytest.raises(PostgresFailed, match=message) as raised:
        publish(settings, Address.of(change(server)))

    assert server.password not in str(raised.value)
    assert "wrong" not in str(raised.value)


def test_a_publisher_without_rights_and_a_missing_driver_are_messages(
    server: PostgresServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(settings, "R1")
    server.execute("drop role if exists nobody", "create role nobody login password 'x'")

    with pytest.raises(PostgresFailed, match="не разрешает"):
        publish(settings, Address.of(server.url("nobody", "x")))
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(PostgresFailed, match="Нет драйвера PostgreSQL"):
        publish(settings, Address.of(server.url()))


def test_without_a_release_or_an_address_the_user_is_told_what_to_do(settings: Settings) -> None:
    with pytest.raises(UsageError, match="SCHOOL_QUALITY_POSTGRES_URL"):
        publish(settings, None)
    with pytest.raises(UsageError, match="Выпусков ещё нет"):
        publish(settings, Address.of("postgresql://localhost/x"))


@pytest.mark.parametrize("variable", [postgres.URL_VARIABLE, "AIRFLOW_CONN_SCHOOL_QUALITY_POSTGRES"])
def test_the_command_takes_the_address_from_the_environment_or_from_airflow(
    server: PostgresServer,
    settings: Settings,
    cli: Cli,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    release(settings, "R1")
    monkeypatch.setitem(environment, variable, server.url())

    done = cli("publish", "--to", "postgres", "--data", settings.data_root)

    assert done.returncode == 0, done.stderr
    assert "Выпуск R1 скопирован в PostgreSQL" in done.stdout
    assert server.query("select release_id from meta.release") == [("R1",)]
