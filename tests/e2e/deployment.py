"""The services of docker-compose.yml, started from packages with the environment that the file gives them."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import yaml

PROJECT = Path(__file__).resolve().parents[2]
COMPOSE = PROJECT / "docker-compose.yml"
SERVICES = ("api-server", "scheduler", "dag-processor", "triggerer")
WORKERS = ("worker1", "worker2")
CELERY = {"AIRFLOW_EXECUTOR": "CeleryExecutor"}
# as in the Compose file, but a killed worker is noticed at once: the test need not wait for two minutes
IMPATIENT = {"AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20"}
SECRETS = {
    "AIRFLOW_FERNET_KEY": "cGFzc3dvcmRwYXNzd29yZHBhc3N3b3JkcGFzc3dvcmQ=",
    "AIRFLOW_JWT_SECRET": secrets.token_hex(32),
    "AIRFLOW_SECRET_KEY": secrets.token_hex(32),
    "BI_READER_PASSWORD": secrets.token_hex(8),
    "FIRST_USER": "administrator",
    "FIRST_USER_PASSWORD": secrets.token_hex(8),
    "POSTGRES_PASSWORD": secrets.token_hex(8),
    "REDIS_PASSWORD": secrets.token_hex(8),
    "SCHOOL_QUALITY_PII_KEY": "a key for tests",
    "SUPERSET_DATABASE_PASSWORD": secrets.token_hex(8),
    "SUPERSET_SECRET_KEY": secrets.token_hex(32),
}

SECRETS_OF_SUPERSET = {"BI_READER_PASSWORD", "SUPERSET_DATABASE_PASSWORD", "SUPERSET_SECRET_KEY"}
"""Those of the profile ``bi``: only its services refuse to start without them."""

_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<text>[^}]*))?\})")


def interpolate(value: Any, environment: Mapping[str, str]) -> Any:
    """``value`` of a Compose file with its variables filled in as Compose does. KeyError: one is missing."""

    def fill(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        given = environment.get(match["name"], "")
        if given or match["kind"] == "-":
            return given or match["text"]
        raise KeyError(f"{match['name']}: {match['text']}")

    if isinstance(value, str):
        return _VARIABLE.sub(fill, value)
    if isinstance(value, dict):
        return {key: interpolate(each, environment) for key, each in value.items()}
    return [interpolate(each, environment) for each in value] if isinstance(value, list) else value


def load(environment: Mapping[str, str]) -> dict[str, Any]:
    """The Compose file as Compose sees it."""
    document: dict[str, Any] = interpolate(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")), environment)
    return document


def lay_out_image(folder: Path) -> None:
    """Put into ``folder`` what the Dockerfile copies into the image, and nothing else of the project."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "target", "logs")  # as .dockerignore
    for sources, target in copied_by_dockerfile():
        for source in sources:
            path = PROJECT / source
            if path.is_dir():
                shutil.copytree(path, folder / target, ignore=ignored)
            else:
                shutil.copy(path, folder / target)


def copied_by_dockerfile() -> list[tuple[list[str], str]]:
    """Sources and target of each ``COPY``."""
    text = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    return [
        (words[:-1], words[-1]) for words in (line.split() for line in re.findall(r"(?m)^COPY (.+)$", text))
    ]


def image_user() -> int:
    """The number of the user as which the image runs."""
    [number] = re.findall(r"(?m)^USER (\d+):", (PROJECT / "Dockerfile").read_text(encoding="utf-8"))
    return int(number)


def unprivileged() -> list[str]:
    """What goes before a command so that it runs as the image's user, without the rights of root.

    The one right left is to read: the checkout and its interpreter may lie in a folder of root's. Empty where
    the tests do not run as root.
    """
    if os.geteuid() != 0:
        return []
    user, right = image_user(), "-all,+dac_read_search"
    return [
        "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs",
        f"--inh-caps={right}", f"--ambient-caps={right}", f"--bounding-set={right}", "--",
    ]  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Deployment:
    """Airflow as in the Compose file: a process a service. Addresses and folders are this machine's.

    ``/app`` is what the Dockerfile copies there. Where the tests run as root, the services do not.
    """

    root: Path
    variables: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ports = {name: free_port() for name in ("postgres", "redis", "api", "scheduler", "triggerer")}
        self.services = load({**SECRETS, **self.variables})["services"]
        self.app = self.root / "app"
        self.data = self.root / "data"
        self.home = self.root / "airflow"
        self.app.mkdir()
        lay_out_image(self.app)
        # not below root, which pytest keeps from other users, PostgreSQL's among them
        self.postgres_folder = Path(tempfile.gettempdir()) / f"school-quality-{secrets.token_hex(4)}"
        (self.home / "logs").mkdir(parents=True)
        for folder in (self.data, self.home, self.home / "logs"):
            self.hand_over(folder)

    def hand_over(self, path: Path) -> Path:
        """Make a folder, or find a file, and give it to the user of the services."""
        if not path.exists():
            path.mkdir(parents=True)
        if os.geteuid() == 0:
            os.chown(path, image_user(), image_user())
        return path

    def _local(self, text: str) -> str:
        places = {
            "@postgres:5432": f"@127.0.0.1:{self.ports['postgres']}",
            "@redis:6379": f"@127.0.0.1:{self.ports['redis']}",
            "http://api-server:8080": f"http://127.0.0.1:{self.ports['api']}",
            "localhost:8080": f"127.0.0.1:{self.ports['api']}",
            "localhost:8974": f"127.0.0.1:{self.ports['scheduler']}",
            "/opt/airflow": str(self.home),
            "/app": str(self.app),
        }
        for there, here in places.items():
            text = text.replace(there, here)
        return str(self.data) if text == "/data" else text

    def environment(self, service: str) -> dict[str, str]:
        """What Compose gives the service, at the addresses of this machine."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        given = {
            name: self._local(str(value)) for name, value in self.services[service]["environment"].items()
        }
        return {
            **inherited,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.app / "plugins"),  # instead of the checkout that the packages know
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.home),
            "LOGNAME": "school",  # the number of the image's user has no name on this machine
            **given,
            "AIRFLOW__API__PORT": str(self.ports["api"]),
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self.ports["scheduler"]),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(self.ports["triggerer"]),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            **self.extra,
        }

    def start_postgres(self) -> None:
        """Debian's PostgreSQL with the user, database and password of the Compose file."""
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        given = self.services["postgres"]["environment"]
        folder = self.postgres_folder
        folder.mkdir(mode=0o755)
        password = folder / "password"
        password.write_text(given["POSTGRES_PASSWORD"])
        user: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = {"user": "postgres", "group": "postgres", "extra_groups": []}
            for path in (folder, password):
                shutil.chown(path, "postgres", "postgres")
        login = ["-U", given["POSTGRES_USER"], "-A", "scram-sha-256", f"--pwfile={password}"]
        initdb = [binaries / "initdb", "-D", folder / "data", *login]
        subprocess.run(initdb, cwd=folder, check=True, capture_output=True, **user)
        options = (
            f"-p {self.ports['postgres']} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        )
        self.processes["postgres"] = subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", *options.split()],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **user,
        )  # fmt: skip
        wait_for("PostgreSQL", 60, lambda: self.postgres("pg_isready", check=False).returncode == 0)
        self.postgres("createdb", given["POSTGRES_DB"])

    def postgres(self, tool: str, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a client tool of PostgreSQL with the login of the Compose file."""
        given = self.services["postgres"]["environment"]
        login = {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.ports["postgres"]),
            "PGUSER": given["POSTGRES_USER"],
            "PGPASSWORD": given["POSTGRES_PASSWORD"],
        }
        binary = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{tool}"))[-1]
        return subprocess.run(
            [binary, *map(str, arguments)],
            env={**os.environ, **login}, check=check, capture_output=True, text=True,
        )  # fmt: skip

    def start_redis(self) -> None:
        """Debian's Redis with the password of the Compose file."""
        password = self.services["redis"]["environment"]["REDISCLI_AUTH"]
        command = ["redis-server", "--port", str(self.ports["redis"]), "--bind", "127.0.0.1"]
        self.processes["redis"] = subprocess.Popen(
            [*command, "--requirepass", password, "--save", "", "--dir", str(self.root)],
            stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def initialise(self) -> None:
        """The init job."""
        self._run("init", [*self.services["init"]["entrypoint"], *self.services["init"]["command"]])

    def start(self, service: str, name: str | None = None, *arguments: str) -> None:
        """Start a service with the command of the Compose file; ``name`` where there are several of it."""
        name = name or service
        given = self.services[service]
        with (self.home / "logs" / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*unprivileged(), *given["entrypoint"], *given["command"], *arguments],
                env=self.environment(service), cwd=self.home, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def start_worker(self, name: str) -> None:
        self.start("worker", name, "--celery-hostname", name)

    def check_health(self, service: str) -> None:
        """Run the health check of a service; raises if it fails."""
        kind, *test = self.services[service]["healthcheck"]["test"]
        self._run(
            service, ["sh", "-c", self._local(test[0])] if kind == "CMD-SHELL" else [*map(self._local, test)]
        )

    def _run(self, service: str, command: list[str]) -> None:
        done = subprocess.run(
            [*unprivileged(), *command],
            env=self.environment(service), cwd=self.home, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{service}: {done.stdout[-3000:]}{done.stderr[-3000:]}"

    def tree(self, name: str) -> list[psutil.Process]:
        """The processes of a service."""
        process = psutil.Process(self.processes[name].pid)
        return [process, *process.children(recursive=True)]

    def kill(self, name: str) -> None:
        """kill -9 of all that a service runs, as when its container dies."""
        doomed = self.tree(name)
        for process in doomed:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self.processes.pop(name).wait()

    def stop(self) -> None:
        """End everything, Airflow before the services that it needs."""
        trees = {name: self.tree(name) for name, process in self.processes.items() if process.poll() is None}
        for name in reversed(self.processes):
            process = self.processes[name]
            process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        for process in (process for tree in trees.values() for process in tree if process.is_running()):
            process.kill()
        shutil.rmtree(self.postgres_folder, ignore_errors=True)

    def logs(self) -> str:
        """The ends of the services' logs, for a failing test."""
        files = sorted((self.home / "logs").glob("*.log"))
        return "\n".join(f"== {path.name}\n{path.read_text(errors='replace')[-2500:]}" for path in files)

    def login(
        self, name: str = SECRETS["FIRST_USER"], password: str = SECRETS["FIRST_USER_PASSWORD"]
    ) -> None:
        """Get a token for a user, by default the first one; `call` uses it from now on."""
        user = {"username": name, "password": password}
        self.token = ""
        self.token = self.call("POST", "/auth/token", user)["access_token"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of Airflow's REST API; raises `urllib.error.HTTPError`."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['api']}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )
        if not self.token:
            request.remove_header("Authorization")
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 -- the address above
            return json.load(answer) if "json" in answer.headers["Content-Type"] else answer.read().decode()

    def wait_until_up(self) -> None:
        """Until the API answers, the scheduler lives and the DAG is known; then log in."""
        self.token = ""

        def healthy() -> bool:
            self.check_alive()
            health = self.call("GET", "/api/v2/monitor/health")
            return all(health[name]["status"] == "healthy" for name in ("scheduler", "dag_processor"))

        wait_for("Airflow", 480, healthy)  # a busy machine takes minutes
        self.login()
        wait_for("the DAG", 120, lambda: bool(self.call("GET", "/api/v2/dags/recompute_annual")))

    def check_alive(self) -> None:
        ended = [name for name, process in self.processes.items() if process.poll() is not None]
        assert not ended, f"ended: {ended}\n{self.logs()}"

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> str:
        """Start a run; returns its path in the API."""
        self.switch(dag_id, on=True)
        run = self.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf})
        return f"/api/v2/dags/{dag_id}/dagRuns/{quote(run['dag_run_id'])}"

    def switch(self, dag_id: str, *, on: bool) -> None:
        """Switch a DAG on, or off: what runs goes on, its next run waits."""
        self.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": not on})

    def runs(self, dag_id: str) -> list[str]:
        """The paths in the API of all runs of a DAG."""
        found = self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns")["dag_runs"]
        return [f"/api/v2/dags/{dag_id}/dagRuns/{quote(run['dag_run_id'])}" for run in found]

    def spans(self, run: str, pool: str) -> list[tuple[str, str]]:
        """Start and end, as texts that sort by time, of each task of a run that took the slot of a pool."""
        found = self.call("GET", f"{run}/taskInstances")["task_instances"]
        return [
            (task["start_date"], task["end_date"])
            for task in found
            if task["pool"] == pool and task["duration"]
        ]

    def log(self, run: str, task: str) -> str:
        """The log of the first try of a task."""
        return json.dumps(self.call("GET", f"{run}/taskInstances/{task}/logs/1"), ensure_ascii=False)

    def wait_for_end(self, run: str, seconds: float) -> str:
        """The state in which a run ended."""
        wait_for("the run", seconds, lambda: self.state(run) in {"success", "failed"})
        return self.state(run)

    def state(self, run: str) -> str:
        state: str = self.call("GET", run)["state"]
        return state

    def tasks(self, run: str) -> dict[str, tuple[str, int]]:
        """State and number of tries of each task of a run."""
        found = self.call("GET", f"{run}/taskInstances")["task_instances"]
        return {task["task_id"]: (task["state"], task["try_number"]) for task in found}


def wait_for(what: str, seconds: float, is_so: Callable[[], bool], pause: float = 1) -> None:
    """Wait until ``is_so``; an address that does not answer yet is not so yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if is_so():
                return
        except OSError as error:  # refused, timed out, 404
            if isinstance(error, urllib.error.HTTPError) and error.code not in {404, 503}:
                raise
        time.sleep(pause)
    raise TimeoutError(f"{what}: not within {seconds:.0f} s")
