"""A PostgreSQL server of a test's own, from Debian's packages, on a free port of this machine."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from e2e.deployment import free_port, wait_for

USER = "publisher"


def binaries() -> Path:
    """The newest server's programs; a test without them is skipped, in CI it fails."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        missing = "needs the Debian package postgresql, which .ci/run installs"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return found[-1]


class PostgresServer:
    """A server that can be started, crashed and started again; ``url`` is the login of its superuser."""

    def __init__(self, *, settings: str = "-c fsync=off") -> None:
        self._binaries = binaries()
        self._settings = settings
        # not below pytest's folders, which it keeps from other users, PostgreSQL's among them
        self.folder = Path(tempfile.gettempdir()) / f"school-quality-{secrets.token_hex(4)}"
        self.port = free_port()
        self.password = secrets.token_hex(8)
        self._user: dict[str, Any] = {}
        self.folder.mkdir(mode=0o755)
        password = self.folder / "password"
        password.write_text(self.password)
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self._user = {"user": "postgres", "group": "postgres", "extra_groups": []}
            for path in (self.folder, password):
                shutil.chown(path, "postgres", "postgres")
        self._run(
            "initdb", "-U", USER, "-A", "scram-sha-256", f"--pwfile={password}", "-E", "UTF8", "--no-sync"
        )

    def _run(self, tool: str, *arguments: str) -> None:
        command = [self._binaries / tool, "-D", self.folder / "data", *arguments]
        done = subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True, **self._user)  # fmt: skip
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} "
            f"{self._settings}"
        )
        self._run("pg_ctl", "start", "-w", "-l", str(self.folder / "log"), "-o", options)
        wait_for("PostgreSQL", 30, self._answers, pause=0.1)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def crash(self) -> None:
        """End at once, as when the power fails: nothing is written, the next start recovers."""
        self._run("pg_ctl", "stop", "-m", "immediate")

    def url(self, user: str = USER, password: str | None = None, database: str = "postgres") -> str:
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def connect(self, **login: str) -> Any:
        return psycopg2.connect(self.url(**login))

    def execute(self, *statements: str) -> None:
        """Each statement in a transaction of its own."""
        connection = self.connect()
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)
        connection.close()

    def query(self, statement: str, **login: str) -> list[tuple[Any, ...]]:
        connection = self.connect(**login)
        cursor = connection.cursor()
        cursor.execute(statement)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        connection.close()
        return rows

    def remove(self) -> None:
        subprocess.run(
            [self._binaries / "pg_ctl", "-D", self.folder / "data", "stop", "-m", "immediate"],
            cwd=self.folder, capture_output=True, **self._user,
        )  # fmt: skip
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def running() -> Iterator[PostgresServer]:
    """A server for the time of a test or a module."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()
