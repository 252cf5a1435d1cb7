"""Superset with the dashboards of this folder, run by the environment of requirements.lock.

``serve.py up`` (``make bi``) prepares and serves on this machine; ``prepare`` and ``serve`` are its halves
for a server, which gives every secret in the environment. The data comes from the copy in PostgreSQL where
``SCHOOL_QUALITY_BI_URL`` (a login that may only read) or ``SCHOOL_QUALITY_POSTGRES_URL`` names it, otherwise
from the published DuckDB file.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

HERE = Path(__file__).resolve().parent
DASHBOARD = "/superset/dashboard/district/"
READER = "school_quality_reader"
"""The role that `school-quality publish --to postgres` lets read the copy."""


@click.group()
def main() -> None:
    """Superset с панелями проекта."""
    os.umask(0o077)  # other users of the machine read nothing of what Superset writes


@main.command()
def up() -> None:
    """Подготовить и запустить на этой машине; остановить Ctrl-C."""
    home = _configure()
    address = f"http://localhost:{os.environ.setdefault('SUPERSET_PORT', '8088')}"
    password = _secret(home / "admin_password", 12)
    os.environ.setdefault("SUPERSET_ADMIN", "admin")
    os.environ.setdefault("SUPERSET_ADMIN_PASSWORD", password.read_text().strip())
    click.echo(f"Данные: {_described(data_url())}")
    click.echo("Готовим Superset, в первый раз это минута-две …")
    _prepare(home)
    click.echo(f"Панель «Качество образования: район»: {address}{DASHBOARD}")
    click.echo(f"Пользователь {os.environ['SUPERSET_ADMIN']}, пароль в файле {password}")
    click.echo("Остановить: Ctrl-C")
    _serve("127.0.0.1")


@main.command()
def prepare() -> None:
    """Создать таблицы Superset, роли, первого пользователя и панели; повторный запуск обновляет панели."""
    home = _configure()
    if os.environ.get("SUPERSET_SERVER_URL"):
        _make_databases(os.environ["SUPERSET_SERVER_URL"])
    _prepare(home)


@main.command()
def serve() -> None:
    """Отдавать страницы."""
    _configure()
    _serve("0.0.0.0")  # noqa: S104 -- in a container, of which the host publishes one port


def _configure() -> Path:
    """Set the environment that Superset reads; returns the folder that it keeps."""
    _refuse_empty_secrets()
    home = Path(os.environ.setdefault("SUPERSET_HOME", str(HERE.parents[1] / ".superset")))
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ.setdefault("SUPERSET_CONFIG_PATH", str(HERE / "superset_config.py"))
    os.environ.setdefault("FLASK_APP", "superset")
    if "SUPERSET_SECRET_KEY" not in os.environ:
        os.environ["SUPERSET_SECRET_KEY"] = _secret(home / "secret_key", 42).read_text().strip()
    return home


def _refuse_empty_secrets() -> None:
    """Stop where docker-compose.yml gives a secret without a value: none has a default."""
    empty = {
        "BI_READER_PASSWORD": urlsplit(os.environ.get("SCHOOL_QUALITY_BI_URL", "")).password == "",
        "SUPERSET_DATABASE_PASSWORD": urlsplit(os.environ.get("SUPERSET_DATABASE_URL", "")).password == "",
        "SUPERSET_SECRET_KEY": os.environ.get("SUPERSET_SECRET_KEY") == "",
    }
    if any(empty.values()):
        names = ", ".join(name for name, is_empty in empty.items() if is_empty)
        raise click.ClickException(f"Не заданы секреты Superset: {names}. Допишите их в .env.")


def _secret(path: Path, size: int) -> Path:
    """A file with a secret of its own, made if it is not there; nobody else can read it."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(size) + "\n")
    return path


def data_url() -> str:
    """The SQLAlchemy address of the warehouse. Ends with a message where there is none.

    A query upon the file can neither write it nor reach any other file of the machine.
    """
    url = os.environ.get("SCHOOL_QUALITY_BI_URL") or os.environ.get("SCHOOL_QUALITY_POSTGRES_URL")
    if url:
        scheme, _, rest = url.partition("://")
        if scheme.partition("+")[0] not in {"postgres", "postgresql"} or not rest:
            raise click.ClickException(
                "Адрес PostgreSQL не понят. Нужен вид postgresql://имя:пароль@сервер:5432/база"
            )
        return f"postgresql+psycopg2://{rest}"
    root = Path(os.environ.get("SCHOOL_QUALITY_DATA") or HERE.parents[1] / "data").resolve()
    file = root / "published" / "current" / "warehouse.duckdb"
    if not file.is_file():
        raise click.ClickException(
            f"Нет данных: SCHOOL_QUALITY_POSTGRES_URL не задан, в {root / 'published'} выпуска нет. "
            "Сначала: make run"
        )
    return f"duckdb:///{file}?access_mode=READ_ONLY&enable_external_access=false"


def _described(url: str) -> str:
    """The address without login and parameters."""
    place = url.rpartition("@")[2] if "@" in url else url.partition(":///")[2]
    return ("PostgreSQL " if url.startswith("postgresql") else "файл ") + place.partition("?")[0]


def _make_databases(url: str) -> None:
    """On a new server: the databases of the copy and of Superset, and the login that reads the copy.

    ``url`` is an administrator's login; ``SCHOOL_QUALITY_BI_URL`` and ``SUPERSET_DATABASE_URL`` say what
    there has to be. What is there stays, but for the passwords.
    """
    import psycopg2
    from psycopg2.extensions import parse_dsn, quote_ident

    def parts(address: str) -> dict[str, str]:
        return dict(parse_dsn(address.replace("postgresql+psycopg2://", "postgresql://")))

    reader, own = parts(os.environ["SCHOOL_QUALITY_BI_URL"]), parts(os.environ["SUPERSET_DATABASE_URL"])
    connection = psycopg2.connect(**parts(url))
    connection.autocommit = True
    with connection.cursor() as cursor:
        for role, options in ((READER, "nologin"), (reader["user"], "login"), (own["user"], "login")):
            cursor.execute("select from pg_roles where rolname = %s", [role])
            if not cursor.rowcount:
                cursor.execute(f"create role {quote_ident(role, cursor)} {options}")
        for login in (reader, own):
            name = quote_ident(login["user"], cursor)
            cursor.execute(f"alter role {name} password %s", [login["password"]])
        cursor.execute(f"grant {READER} to {quote_ident(reader['user'], cursor)}")
        for database, owner in ((reader["dbname"], ""), (own["dbname"], own["user"])):
            cursor.execute("select from pg_database where datname = %s", [database])
            if not cursor.rowcount:
                owned = f" owner {quote_ident(owner, cursor)}" if owner else ""
                cursor.execute(f"create database {quote_ident(database, cursor)}{owned}")
    connection.close()


def _prepare(home: Path) -> None:
    """Bring Superset's own database up to date, make the first user and import the assets."""
    environment = {**os.environ, "SCHOOL_QUALITY_BI_DATA": data_url()}
    log_file = home / "prepare.log"
    with log_file.open("a") as log:
        for command in (
            [_tool("superset"), "db", "upgrade"],
            [sys.executable, str(HERE / "provision.py"), str(HERE / "assets")],
        ):
            done = subprocess.run(command, stdout=log, stderr=log, env=environment)  # noqa: S603
            if done.returncode:
                raise click.ClickException(f"Superset не подготовлен, причина в конце файла {log_file}")


def _tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _serve(host: str) -> None:
    """Become the web server."""
    arguments = [
        *("--bind", f"{host}:{os.environ.get('SUPERSET_PORT', '8088')}"),
        *("--workers", os.environ.get("SUPERSET_WORKERS", "1")),
        *("--worker-class", "gthread", "--threads", "8", "--timeout", "120", "--log-level", "warning"),
        "superset.app:create_app()",
    ]
    sys.stdout.flush()
    os.execv(_tool("gunicorn"), ["gunicorn", *arguments])  # noqa: S606


if __name__ == "__main__":
    main()
