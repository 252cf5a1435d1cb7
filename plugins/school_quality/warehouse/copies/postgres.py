"""A copy of the current release in PostgreSQL (marts, meta, history), for those who need a server.

The copy is replaced in one transaction: the rows of each table are deleted and loaded again, so that
readers are never blocked, and a reader inside a transaction with a snapshot (REPEATABLE READ) keeps the
release that it began with. Renaming or truncating would be cheaper and would show such a reader empty
tables: they do not obey snapshots. Tables are altered only where columns or keys have changed, that is,
after a change of the code. This needs a moment without readers: it waits a little for one, lets go, and
tries again.

What an administrator has made in these schemas stays: a publication drops only the tables that the comment
of the schema lists as made by one, and the indices whose own comment says so. Where something else has a
name that the copy needs, the publication refuses and says which.

If the server or this process dies half-way, the transaction is undone and the copy is as it was.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from school_quality.errors import PostgresFailed, PostgresUnavailable, UsageError
from school_quality.quoting import identifier
from school_quality.screen import progress
from school_quality.settings import Settings
from school_quality.warehouse.copies.relations import SCHEMAS, CopyText, Index, Relation, relations
from school_quality.warehouse.publication import damage, releases

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection
    from psycopg2.extensions import cursor as Cursor

log = logging.getLogger(__name__)

URL_VARIABLE = "SCHOOL_QUALITY_POSTGRES_URL"
AIRFLOW_CONNECTION = "school_quality_postgres"

READER = "school_quality_reader"
"""The role that may read the copy and nothing else: ``GRANT school_quality_reader TO …``."""

NOT_FOR_READERS = {("meta", "rejected_row")}
"""Tables that the role does not see: remarks to files are for staff, as on Airflow's pages."""

LOCK_SECONDS = 3
"""How long a change of structure waits for readers at a time; new readers wait behind it for as long."""

PATIENCE_SECONDS = 600
"""How long it is tried again before giving up."""

_MARK = "School Quality Warehouse"
_TABLES = "; таблицы: "

Made = dict[str, set[str] | None]
"""The tables that publications have made, by schema; None: an older version made them and kept no list."""

_PUBLICATION_LOCK = 0x5C400_1  # one publication at a time in a database, whoever starts it

_SESSION: dict[str, Any] = {
    "application_name": "school-quality",
    "client_encoding": "UTF8",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is: the arguments of a connection. Never shown whole, it may hold a password."""

    arguments: dict[str, Any] = field(repr=False)

    @classmethod
    def of(cls, url: str) -> Address:
        """From ``postgresql://user:password@host:port/database`` or libpq's ``host=… dbname=…``."""
        return cls({"dsn": re.sub(r"^postgres(?:ql)?(?:\+\w+)?://", "postgresql://", url)})

    @classmethod
    def of_airflow(cls, found: Any) -> Address:
        """From a connection of Airflow; its extras are passed on (``sslmode`` and the like)."""
        given = {
            "host": found.host,
            "port": found.port,
            "user": found.login,
            "password": found.password,
            "dbname": found.schema,
            **found.extra_dejson,
        }
        return cls({name: value for name, value in given.items() if value not in (None, "")})


@dataclass(frozen=True, slots=True)
class Copied:
    """What a publication has put into the database."""

    release_id: str
    tables: int
    rows: int
    has_reader: bool  # whether the read-only role is there


def from_environment() -> Address | None:
    """The address in ``SCHOOL_QUALITY_POSTGRES_URL``, if it is set."""
    url = os.environ.get(URL_VARIABLE, "").strip()
    return Address.of(url) if url else None


def from_airflow() -> Address | None:
    """The address in Airflow's connection, if there is one; for use outside of a task."""
    from airflow.models.connection import Connection as AirflowConnection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Address.of_airflow(AirflowConnection.get_connection_from_secrets(AIRFLOW_CONNECTION))
    except AirflowNotFoundException:
        return None


def publish(settings: Settings, address: Address | None) -> Copied:
    """Replace the copy in PostgreSQL by the release that readers of ``published/current`` see.

    Raises what `damage.shown` raises, `UsageError` where there is no address, `PostgresUnavailable` where the
    server does not answer or goes away, `PostgresFailed` where it refuses; the copy then is as it was.
    """
    if address is None:
        raise UsageError(
            f"Неизвестно, куда копировать: задайте {URL_VARIABLE} (postgresql://имя:пароль@сервер:5432/база) "
            f"или соединение {AIRFLOW_CONNECTION} в Airflow."
        )
    damage.shown(settings)
    deadline = time.monotonic() + PATIENCE_SECONDS
    with _connected(address) as connection:
        while True:
            copied = _try_to_replace(connection, settings)
            if copied is not None:
                break
            if time.monotonic() > deadline:
                raise PostgresFailed(
                    "Таблицы копии в PostgreSQL заняты: столбцы изменились, а читатели держат старые в "
                    "долгих запросах, или кто-то закрыл таблицы сам. Прежняя копия на месте. Повторите позже."
                )
            log.info("readers hold tables whose structure changes; trying again")
            time.sleep(LOCK_SECONDS)
        _tidy(connection)
    return copied


@contextmanager
def _connected(address: Address) -> Iterator[Connection]:
    """A connection whose errors are messages for people."""
    try:
        import psycopg2
        from psycopg2 import errors
    except ImportError as error:
        raise PostgresFailed(
            "Нет драйвера PostgreSQL. Установите его: pip install 'school-quality[production]'"
        ) from error
    try:
        connection = psycopg2.connect(**{**_SESSION, **address.arguments})
    except psycopg2.OperationalError as error:
        raise PostgresUnavailable(f"PostgreSQL не отвечает или не пускает: {_first_line(error)}") from error
    except psycopg2.ProgrammingError as error:
        raise PostgresFailed(
            "Адрес PostgreSQL не понят. Нужен вид postgresql://имя:пароль@сервер:5432/база; он берётся из "
            f"{URL_VARIABLE} или из соединения {AIRFLOW_CONNECTION} в Airflow."
        ) from error
    try:
        yield connection
    except errors.InsufficientPrivilege as error:
        raise PostgresFailed(
            f"PostgreSQL не разрешает: {_first_line(error)}. Прежняя копия на месте. Имени, с которым идёт "
            "копирование, нужно право создавать схемы в этой базе, а схемы "
            f"{', '.join(SCHEMAS)} должны быть его."
        ) from error
    except errors.DependentObjectsStillExist as error:
        raise PostgresFailed(
            f"Столбец или таблица убраны из хранилища, но нужны чужим объектам базы: {_detail(error)}. "
            "Прежняя копия на месте. Удалите или поправьте эти объекты и повторите."
        ) from error
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        raise PostgresUnavailable(
            f"Связь с PostgreSQL прервалась: {_first_line(error)}. Копия цела, повторите."
        ) from error
    except psycopg2.Error as error:
        raise PostgresFailed(f"PostgreSQL отказал: {_first_line(error)}. Прежняя копия на месте.") from error
    finally:
        connection.close()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _detail(error: Any) -> str:
    return " ".join(str(error.diag.message_detail or error).split())


def _try_to_replace(connection: Connection, settings: Settings) -> Copied | None:
    """One transaction that replaces the copy; None if readers hold a table that must change."""
    from psycopg2 import errors

    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [_PUBLICATION_LOCK])
            cursor.execute("select set_config('lock_timeout', %s, true)", [f"{LOCK_SECONDS}s"])
            return _replace(cursor, settings)
    except errors.LockNotAvailable:
        return None


def _replace(cursor: Cursor, settings: Settings) -> Copied:
    import duckdb

    release_id = str(releases.current_id(settings))
    file = releases.warehouse(settings, release_id)
    with duckdb.connect(str(file), read_only=True) as warehouse:
        wanted = relations(warehouse)
        made = _prepare_schemas(cursor, release_id, wanted)
        _converge(cursor, wanted, made)
        rows = 0
        for relation in wanted:
            cursor.execute(f"delete from {relation.qualified}")
            rows += _load(cursor, relation, CopyText(warehouse, relation))
        _index(cursor, wanted, made)
        _comment(cursor, wanted)
        has_reader = _grant(cursor, wanted)
    return Copied(release_id, len(wanted), rows, has_reader)


def _load(cursor: Cursor, relation: Relation, text: CopyText) -> int:
    """Load the rows of a table; how many."""
    from psycopg2 import Error

    names = ", ".join(identifier(column.name) for column in relation.columns)
    try:
        cursor.copy_expert(f"copy {relation.qualified} ({names}) from stdin", text)
    except Error:
        if text.failure is not None:
            raise text.failure from None
        raise
    loaded: int = cursor.rowcount
    return loaded


def _prepare_schemas(cursor: Cursor, release_id: str, wanted: list[Relation]) -> Made:
    """Make the schemas, or recognise them as ours by their comment; returns which of their tables are ours.

    Raises `PostgresFailed` for a schema that somebody else made.
    """
    made: Made = {}
    for schema in SCHEMAS:
        cursor.execute(
            "select coalesce(obj_description(oid, 'pg_namespace'), ''), "
            "exists (select from pg_class where relnamespace = pg_namespace.oid) "
            "from pg_namespace where nspname = %s",
            [schema],
        )
        comment, is_used = cursor.fetchone() or (None, False)
        if comment is None:
            cursor.execute(f"create schema {identifier(schema)}")
        elif is_used and not comment.startswith(_MARK):
            raise PostgresFailed(
                f"В этой базе уже есть схема {schema}, и сделала её другая программа. Укажите другую базу."
            )
        made[schema] = _listed(comment or "") if is_used else set()
        names = ", ".join(relation.name for relation in wanted if relation.schema == schema)
        cursor.execute(
            f"comment on schema {identifier(schema)} is %s", [f"{_MARK}: выпуск {release_id}{_TABLES}{names}"]
        )
    return made


def _listed(comment: str) -> set[str] | None:
    """The tables that the comment of a schema of ours names; None where it is of an older version."""
    _, found, names = comment.partition(_TABLES)
    return set(filter(None, names.split(", "))) if found else None


def _converge(cursor: Cursor, wanted: list[Relation], made: Made) -> None:
    """Give the tables the columns of the release; where they have them, nothing changes or is locked."""
    needed = {(relation.schema, relation.name) for relation in wanted}
    present = {
        (schema, table): columns
        for (schema, table), columns in _columns(cursor).items()
        if ((schema, table) in needed if (tables := made[schema]) is None else table in tables)
    }
    for schema, table in present.keys() - needed:
        cursor.execute(f"drop table {identifier(schema)}.{identifier(table)}")
    _refuse_strangers(cursor, needed - present.keys())
    for relation in wanted:
        types = {column.name: column.postgres_type for column in relation.columns}
        existing = present.get((relation.schema, relation.name))
        if existing is not None and any(existing[name] != types[name] for name in existing & types.keys()):
            cursor.execute(f"drop table {relation.qualified}")
            existing = None
        if existing is None:
            columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in types.items())
            cursor.execute(f"create table {relation.qualified} ({columns})")
            continue
        for name in types.keys() - existing.keys():
            cursor.execute(f"alter table {relation.qualified} add column {identifier(name)} {types[name]}")
        for name in existing.keys() - types.keys():
            cursor.execute(f"alter table {relation.qualified} drop column {identifier(name)}")


def _refuse_strangers(cursor: Cursor, names: set[tuple[str, str]]) -> None:
    """Raise `PostgresFailed` where tables or indices to be made have names that are taken."""
    cursor.execute(
        "select nspname, relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace "
        "where nspname = any(%s) order by 1, 2",
        [list(SCHEMAS)],
    )
    strangers = [f"{schema}.{name}" for schema, name in cursor.fetchall() if (schema, name) in names]
    if strangers:
        raise PostgresFailed(
            f"В схемах копии мешают чужие таблицы, представления или индексы: {', '.join(strangers)}. "
            "Система их не удаляет. Прежняя копия на месте. Переименуйте их или перенесите в другую схему "
            "и повторите."
        )


def _columns(cursor: Cursor) -> dict[tuple[str, str], dict[str, str]]:
    """Name and type of each column of each table in our schemas."""
    cursor.execute(
        """
        select nspname, relname, attname, format_type(atttypid, atttypmod)
        from pg_class
        join pg_namespace on pg_namespace.oid = relnamespace
        left join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
        where nspname = any(%s) and relkind = 'r'
        """,
        [list(SCHEMAS)],
    )
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, kind in cursor.fetchall():
        columns = found.setdefault((schema, table), {})
        if column is not None:
            columns[column] = kind
    return found


def _index(cursor: Cursor, wanted: list[Relation], made: Made) -> None:
    """Keys and indices, after the rows: building them once is cheaper. Those that exist stay as they are."""
    cursor.execute(
        """
        select
            nspname,
            tables.relname,
            indices.relname,
            case when indisprimary then 'primary' when indisunique then 'unique' else 'plain' end,
            array(
                select attname::text from unnest(indkey::smallint[]) with ordinality as part (number, place)
                join pg_attribute on attrelid = indrelid and attnum = number order by place
            ),
            coalesce(obj_description(indexrelid, 'pg_class'), '') = %s
        from pg_index
        join pg_class as indices on indices.oid = indexrelid
        join pg_class as tables on tables.oid = indrelid
        join pg_namespace on pg_namespace.oid = tables.relnamespace
        where nspname = any(%s)
        """,
        [_MARK, list(SCHEMAS)],
    )
    present = {
        (schema, table, Index(name, tuple(columns), kind)): is_marked
        for schema, table, name, kind, columns, is_marked in cursor.fetchall()
    }
    needed = {(relation.schema, relation.name, index) for relation in wanted for index in relation.indices}
    names = {(schema, index.name) for schema, _, index in needed}
    unmarked = {
        (schema, table, index)
        for (schema, table, index), is_marked in present.items()
        if not is_marked and made[schema] is None and (schema, index.name) in names
    }
    ours = {key for key, is_marked in present.items() if is_marked} | unmarked
    for schema, table, index in sorted(ours - needed):
        name = identifier(index.name)
        if index.kind == "primary":
            cursor.execute(f"alter table {identifier(schema)}.{identifier(table)} drop constraint {name}")
        else:
            cursor.execute(f"drop index {identifier(schema)}.{name}")
    missing = needed - present.keys()
    keyless = {(schema, table) for schema, table, index in missing if index.kind == "primary"}
    in_the_way = [*missing] + [
        (schema, table, index)
        for schema, table, index in present.keys() - ours
        if index.kind == "primary" and (schema, table) in keyless
    ]
    _refuse_strangers(cursor, {(schema, index.name) for schema, _, index in in_the_way})
    nulls = "nulls not distinct" if cursor.connection.server_version >= 150_000 else ""
    for schema, table, index in sorted(missing):
        on, name = f"{identifier(schema)}.{identifier(table)}", identifier(index.name)
        listed = ", ".join(map(identifier, index.columns))
        if index.kind == "primary":
            cursor.execute(f"alter table {on} add constraint {name} primary key ({listed})")
        elif index.kind == "unique":
            cursor.execute(f"create unique index {name} on {on} ({listed}) {nulls}")
        else:
            cursor.execute(f"create index {name} on {on} ({listed})")
    for schema, _, index in sorted(missing | (unmarked & needed)):
        cursor.execute(f"comment on index {identifier(schema)}.{identifier(index.name)} is %s", [_MARK])


def _comment(cursor: Cursor, wanted: list[Relation]) -> None:
    for relation in wanted:
        cursor.execute(f"comment on table {relation.qualified} is %s", [relation.comment])
        for column in relation.columns:
            cursor.execute(
                f"comment on column {relation.qualified}.{identifier(column.name)} is %s", [column.comment]
            )


def _grant(cursor: Cursor, wanted: list[Relation]) -> bool:
    """Let the role read, making it where that is allowed; False if there is none."""
    cursor.execute("select from pg_roles where rolname = %s", [READER])
    if not cursor.rowcount:
        cursor.execute("select rolsuper or rolcreaterole from pg_roles where rolname = current_user")
        found = cursor.fetchone()
        if found is None or not found[0]:
            return False
        cursor.execute(f"create role {READER} nologin")
    for schema in SCHEMAS:
        cursor.execute(f"grant usage on schema {identifier(schema)} to {READER}")
    for relation in wanted:
        is_open = (relation.schema, relation.name) not in NOT_FOR_READERS
        change = (
            f"grant select on {relation.qualified} to"
            if is_open
            else f"revoke all on {relation.qualified} from"
        )
        cursor.execute(f"{change} {READER}")
    return True


def _tidy(connection: Connection) -> None:
    """Free the space of deleted rows that no reader needs any more, and renew the planner's statistics.

    The copy is complete by now: a failure here costs speed and space, not truth.
    """
    import psycopg2

    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                "select nspname, obj_description(oid, 'pg_namespace') from pg_namespace "
                "where nspname = any(%s) order by 1",
                [list(SCHEMAS)],
            )
            for schema, comment in cursor.fetchall():
                for table in sorted(_listed(comment) or ()):
                    cursor.execute(f"vacuum (analyze, truncate off) {identifier(schema)}.{identifier(table)}")
    except psycopg2.Error as error:
        log.warning("the copy is complete, but could not be vacuumed: %s", _first_line(error))


def tell(copied: Copied) -> None:
    """Say to people what was done."""
    progress.info(
        "Выпуск %s скопирован в PostgreSQL: схемы %s, таблиц %d, строк %d",
        copied.release_id, ", ".join(SCHEMAS), copied.tables, copied.rows,
    )  # fmt: skip
    if not copied.has_reader:
        progress.info(
            "Роли %s на сервере нет, и создать её нельзя. Попросите администратора: CREATE ROLE %s; "
            "права она получит при следующем копировании.",
            READER, READER,
        )  # fmt: skip
