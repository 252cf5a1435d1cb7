"""``make up``: Airflow on one machine, with a login; nothing is left running after it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from e2e.deployment import PROJECT, free_port, wait_for
from e2e.doors import listening, open_to_others, reachable

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.seconds(100)]


def belonging_to(home: Path) -> list[psutil.Process]:
    """The processes that were given this Airflow home."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("AIRFLOW_HOME") == str(home):
                found.append(process)
        except psutil.Error:  # it has ended
            continue
    return found


@dataclass
class Up:
    """``make up`` at work."""

    process: subprocess.Popen[str]
    home: Path
    data: Path
    port: int
    said: str
    token: str = ""

    @property
    def password_file(self) -> Path:
        return Path(next(line for line in self.said.splitlines() if "пароль" in line).split()[-1])

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of the REST API."""
        request = urllib.request.Request(
            f"http://localhost:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 -- the address above
            return json.load(answer)

    def login(self) -> None:
        user = {"username": "admin", "password": json.loads(self.password_file.read_text())["admin"]}
        self.token = self.call("POST", "/auth/token", user)["access_token"]


@contextmanager
def up(folder: Path) -> Iterator[Up]:
    """Start it, with the rights that most machines give, until it says that it works; end it afterwards."""
    port, home, data = free_port(), folder / "airflow", folder / "data"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__PORT": str(port),
        "SCHOOL_QUALITY_DATA": str(data),
        "SCHOOL_QUALITY_PII_KEY": "a key for tests",
    }
    command = [sys.executable, "-u", "-m", "school_quality.server", "up"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True, umask=0o022
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "Остановить" in line:
                break
        try:
            yield Up(process, home, data, port, "".join(said))
        finally:
            process.terminate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_to_look_lets_in_with_the_password_of_the_file_and_leaves_nothing_running(
    tmp_path: Path, number: signal.Signals
) -> None:
    with up(tmp_path) as airflow:
        airflow.login()
        running = belonging_to(airflow.home)
        airflow.process.send_signal(number)
        assert airflow.process.stdout is not None
        rest = airflow.process.stdout.read()

    assert airflow.token
    assert f"http://localhost:{airflow.port}" in airflow.said
    assert airflow.password_file.stat().st_mode & 0o077 == 0
    assert len(running) > 4
    assert airflow.process.returncode == 0
    assert "остановлен" in rest
    assert belonging_to(airflow.home) == []


def test_nothing_of_it_is_open_to_other_machines_or_other_users_of_this_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    inbox = tmp_path / "data" / "inbox"
    shutil.copytree(PROJECT / "data" / "examples" / "inbox" / "Справочники", inbox)
    inbox.chmod(0o2775)
    runs = "/api/v2/dags/ingest_inbox/dagRuns"

    with up(tmp_path) as airflow:
        airflow.login()
        wait_for("the DAG", 120, lambda: bool(airflow.call("GET", "/api/v2/dags/ingest_inbox")))
        airflow.call("PATCH", "/api/v2/dags/ingest_inbox", {"is_paused": False})
        run = airflow.call("POST", runs, {"logical_date": None, "conf": {}})["dag_run_id"]
        wait_for(
            "the run",
            300,
            lambda: airflow.call("GET", f"{runs}/{run}")["state"] in {"success", "failed"},
        )
        state = airflow.call("GET", f"{runs}/{run}")["state"]
        log = json.dumps(airflow.call("GET", f"{runs}/{run}/taskInstances/ingest/logs/1"))
        me = psutil.Process(airflow.process.pid)
        running = [me, *me.children(recursive=True)]
        heard, reached = listening(running), reachable(running)

    assert state == "success"
    assert "attempt=1.log" in log
    assert reached == {}
    assert {address.rpartition(":")[2] for address in heard} == {str(airflow.port)}
    written = {path.name for path in airflow.home.rglob("*")} | {path.name for path in airflow.data.iterdir()}
    assert {"airflow.db", "passwords.json", "scheduler.log", "attempt=1.log", "landing"} <= written
    found = open_to_others(airflow.home, airflow.data)
    of_the_centre = {path for path in found if path.startswith(str(inbox))}
    assert {path: mode for path, mode in found.items() if path not in of_the_centre} == {}
    assert found[str(inbox)] == "0o2775"
