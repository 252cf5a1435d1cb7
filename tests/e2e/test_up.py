"""``make up``: Airflow on one machine, with a login; nothing is left running after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from e2e.deployment import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def belonging_to(home: Path) -> list[str]:
    """Command lines of the processes that were given this Airflow home."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("AIRFLOW_HOME") == str(home):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:  # it has ended
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_to_look_lets_in_with_the_password_of_the_file_and_leaves_nothing_running(
    tmp_path: Path, number: signal.Signals
) -> None:
    port = free_port()
    home = tmp_path / "airflow"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        "SCHOOL_QUALITY_DATA": str(tmp_path / "data"),
    }
    command = [sys.executable, "-u", "-m", "school_quality.server", "up"]
    said = []

    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if "Остановить" in line:
                break
        password_file = Path(next(line for line in said if "пароль" in line).split()[-1])
        body = {"username": "admin", "password": json.loads(password_file.read_text())["admin"]}
        request = urllib.request.Request(
            f"http://localhost:{port}/auth/token",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 -- the address above
            token = json.load(answer)["access_token"]
        running = belonging_to(home)
        process.send_signal(number)
        rest = process.stdout.read()

    assert token
    assert f"http://localhost:{port}" in "".join(said)
    assert password_file.stat().st_mode & 0o077 == 0
    assert len(running) > 4
    assert process.returncode == 0
    assert "остановлен" in rest
    assert belonging_to(home) == []
