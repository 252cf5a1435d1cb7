"""Airflow as a server: `up` on one machine for oneself (``make up``), `init` and `exec` for a deployment.

``python -m school_quality.server up``, ``… init`` and ``… exec COMMAND``. All read their wishes from the
environment, as every Airflow service does; see docs/production.md.
"""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import FrameType

import click
import psutil

from school_quality import embedded, rights
from school_quality.errors import UsageError
from school_quality.settings import Settings

SERVICES = {
    "api-server": [],
    "scheduler": ["--skip-serve-logs"],
    "dag-processor": [],
    "triggerer": ["--skip-serve-logs"],
}
"""Their arguments. Airflow's log servers listen on all interfaces and nowhere else; nobody needs them,
because here the pages read the logs from the disk.
"""
START_SECONDS = 300
STOP_SECONDS = 30
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


@click.group()
def main() -> None:
    """Airflow сервером."""
    try:
        rights.take()
    except UsageError as error:
        raise click.ClickException(str(error)) from error
    embedded.make_home()
    rights.close_data(Settings.load())


@main.command()
def up() -> None:
    """Запустить Airflow на этой машине и работать до Ctrl-C."""
    address = _configure()
    password_file = _password_file()
    if embedded.migrate():
        click.echo("База Airflow создана или обновлена.")
    running = Services()
    signal.signal(signal.SIGTERM, running.ask_to_stop)
    signal.signal(signal.SIGINT, running.ask_to_stop)
    click.echo("Запускаем Airflow, обычно это полминуты …")
    try:
        running.start(embedded.airflow_home() / "logs")
        if running.wait_until_healthy(address):
            click.echo(f"Airflow работает: {address}")
            click.echo(f"Пользователь admin, пароль в файле {password_file}")
            click.echo(f"Журналы: {embedded.airflow_home() / 'logs'}. Остановить: Ctrl-C")
            running.wait()
    finally:
        running.stop()
    click.echo("Airflow остановлен.")
    sys.exit(0 if running.is_asked_to_stop else 1)


@main.command()
def init() -> None:
    """Подготовить базу Airflow: таблицы, очередь записи, почту, первого пользователя.

    Can be run again: what is there stays, a first user's password included. Environment: ``FIRST_USER``,
    ``FIRST_USER_PASSWORD``, ``FIRST_USER_EMAIL``; ``SMTP_URL`` (``smtp://user:password@host:port``) if any.
    """
    from airflow.models.connection import Connection
    from airflow.models.pool import Pool
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    initdb()
    Pool.create_or_update_pool(
        embedded.POOL, slots=1, description="one writer of DuckDB", include_deferred=False
    )
    if smtp := os.environ.get("SMTP_URL"):
        with create_session() as session:
            session.query(Connection).filter_by(conn_id="smtp_default").delete()
            session.add(Connection(conn_id="smtp_default", uri=smtp))
    user, password = os.environ["FIRST_USER"], os.environ["FIRST_USER_PASSWORD"]
    with get_application_builder() as builder:
        manager = builder.sm
        if manager.find_user(user) is None:
            email = os.environ.get("FIRST_USER_EMAIL") or f"{user}@localhost"
            if not manager.add_user(user, user, "", email, manager.find_role("Admin"), password):
                raise click.ClickException(f"Пользователь {user} не создан.")
    click.echo("Готово: таблицы, очередь записи, первый пользователь.")


@main.command("exec", context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(command: tuple[str, ...]) -> None:
    """Стать другой командой, файлы которой закрыты от чужих: так docker-compose.yml запускает службы."""
    os.execvp(command[0], command)  # noqa: S606 -- the command of the deployment


class Services:
    """The processes of one Airflow; whatever they start ends with them."""

    def __init__(self) -> None:
        self.is_asked_to_stop = False
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        if (
            sys.platform == "linux"
        ):  # orphans of a killed service become our children, so that we can end them
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        """Handler of the signals; the main loop does the rest."""
        self.is_asked_to_stop = True

    def start(self, logs: Path) -> None:
        """Start every service in a session of its own: Ctrl-C reaches us first, and we stop them in order."""
        logs.mkdir(parents=True, exist_ok=True)
        for name, arguments in SERVICES.items():
            with (logs / f"{name}.log").open("ab") as log:
                self._processes[name] = subprocess.Popen(  # noqa: S603 -- our own interpreter
                    [sys.executable, "-m", "airflow", name, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def wait_until_healthy(self, address: str) -> bool:
        """Whether all services work within `START_SECONDS`; False also if one ended or we are to stop."""
        deadline = time.monotonic() + START_SECONDS
        while self._go_on() and time.monotonic() < deadline:
            if _is_healthy(address):
                return True
            time.sleep(1)
        return False

    def wait(self) -> None:
        """Until a signal, or until a service has ended by itself."""
        while self._go_on():
            time.sleep(0.5)

    def _go_on(self) -> bool:
        ended = [name for name, process in self._processes.items() if process.poll() is not None]
        if ended and not self.is_asked_to_stop:
            click.echo(f"Остановился {', '.join(ended)}: причина в его журнале.", err=True)
        return not ended and not self.is_asked_to_stop

    def stop(self) -> None:
        """Ask everything below this process to end; what has not after `STOP_SECONDS` is killed."""
        for process in self._processes.values():
            process.terminate()
        _, alive = psutil.wait_procs(psutil.Process().children(recursive=True), timeout=STOP_SECONDS)
        while alive:
            for process in alive:
                process.kill()
            psutil.wait_procs(alive, timeout=STOP_SECONDS)
            alive = psutil.Process().children(recursive=True)


def _configure() -> str:
    """Set the environment of all services; returns the address to look at."""
    embedded.configure()
    home = embedded.airflow_home()
    port = os.environ.setdefault("AIRFLOW__API__PORT", "8080")
    address = f"http://localhost:{port}"
    defaults = {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__CORE__AUTH_MANAGER": "school_quality.login.simple.Login",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    return address


def _password_file() -> Path:
    """The file of the passwords, made with one for ``admin`` if it is not there; nobody else can read it."""
    path = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"admin": secrets.token_urlsafe(12)}, file)
    return path


def _is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310
            health = json.load(answer)
    except OSError:
        return False
    return all(health[name]["status"] == "healthy" for name in ("scheduler", "dag_processor", "triggerer"))


if __name__ == "__main__":
    main()
