"""Superset on the copy in PostgreSQL: the dashboard answers while releases change, and people can see it.

Superset runs from its own environment, by the commands and with the variables that docker-compose.yml gives
its services. The release comes from a whole run, whose DAG makes the copy.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from e2e.conftest import Cli
from e2e.deployment import SECRETS, free_port, load, wait_for
from e2e.postgresql import USER, PostgresServer, running
from school_quality import datasets
from school_quality.reporting import words
from school_quality.settings import Settings
from school_quality.warehouse.copies.postgres import Address, publish

pytestmark = pytest.mark.seconds(250)

PROJECT = Path(__file__).resolve().parents[2]
SUPERSET = PROJECT / "bi" / "superset"
PYTHON = PROJECT / ".venv-bi" / "bin" / "python"
CHROMIUM = shutil.which("chromium")
DATASETS = sorted((SUPERSET / "assets" / "datasets").rglob("*.yaml"))
CHARTS = sorted((SUPERSET / "assets" / "charts").glob("*.yaml"))


def slow(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that needs a running Superset."""
    return pytest.mark.timeout(1200)(pytest.mark.slow(test))


@dataclass(frozen=True)
class Superset:
    """A running Superset; ``token`` is that of its first user."""

    address: str
    environment: dict[str, str]
    token: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 -- the address above
            f"{self.address}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}"},
        )
        if body is not None:
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 -- the address above
            return json.load(answer)

    def charts(self) -> dict[int, str]:
        found = self.call("GET", "/api/v1/chart/?q=(page_size:100)")["result"]
        return {chart["id"]: chart["slice_name"] for chart in found}

    def rows(self, chart: int) -> list[dict[str, Any]]:
        """What the chart's own query answers now."""
        answer = self.call("GET", f"/api/v1/chart/{chart}/data/?force=true")["result"][0]
        assert answer["error"] is None, answer
        rows: list[dict[str, Any]] = answer["data"]
        return rows


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    if not PYTHON.exists():
        missing = "needs the environment of Superset: make .venv-bi/.ready"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def settings(
    postgres: PostgresServer, cli: Cli, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """The example district, run with the option that copies its release to PostgreSQL."""
    data = tmp_path_factory.mktemp("data")
    postgres.execute("create database school_quality")
    asked = {
        "SCHOOL_QUALITY_POSTGRES": "1",
        "SCHOOL_QUALITY_POSTGRES_URL": postgres.url(database="school_quality"),
    }
    environment.update(asked)
    try:
        cli("examples", "--data", data)
        done = cli("run", "--year", 2022, "--data", data)
    finally:
        for name in asked:
            del environment[name]
    assert done.returncode == 3, done.stdout + done.stderr  # the example has rows with mistakes, on purpose
    assert "скопирован в PostgreSQL" in done.stdout
    return Settings(data)


@pytest.fixture(scope="module")
def superset(
    postgres: PostgresServer, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Superset]:
    services = load({**SECRETS, "POSTGRES_PASSWORD": postgres.password})["services"]
    home, port = tmp_path_factory.mktemp("superset"), free_port()

    def variables(service: str) -> dict[str, str]:
        given = {
            name: value.replace("@postgres:5432", f"@127.0.0.1:{postgres.port}")
            .replace("//airflow:", f"//{USER}:")
            .replace("/airflow", "/postgres")
            for name, value in services[service]["environment"].items()
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SCHOOL_QUALITY")}
        return {**kept, **given, "SUPERSET_HOME": str(home), "SUPERSET_PORT": str(port)}

    def command(service: str) -> list[str]:
        return [str(PYTHON), *services[service]["command"][1:]]

    prepared = subprocess.run(
        command("bi-init"), cwd=SUPERSET, env=variables("bi-init"), capture_output=True, text=True
    )
    log = home / "prepare.log"
    assert prepared.returncode == 0, prepared.stderr + (log.read_text()[-3000:] if log.exists() else "")
    with (home / "serve.log").open("w") as output:
        process = subprocess.Popen(
            command("superset"), cwd=SUPERSET, env=variables("superset"), stdout=output, stderr=output
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for("Superset", 180, lambda: answers(address))
        login = {"username": SECRETS["FIRST_USER"], "password": SECRETS["FIRST_USER_PASSWORD"]}
        made = Superset(address, variables("bi-init"), "")
        token = made.call("POST", "/api/v1/security/login", {**login, "provider": "db", "refresh": False})
        yield Superset(address, variables("bi-init"), token["access_token"])
    finally:
        process.terminate()
        process.wait(30)


def answers(address: str) -> bool:
    with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:  # noqa: S310 -- ours
        return bool(answer.status == 200)


def changed(settings: Settings, copy: Path) -> Settings:
    """Another data root whose current release says 100 points of every school."""
    other = Settings(copy)
    folder = other.published / "CHANGED"
    folder.mkdir(parents=True)
    shutil.copy(settings.current / "warehouse.duckdb", folder)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute("update marts.fct_school_status set score_pct = 100")
        warehouse.execute("update meta.release set release_id = 'CHANGED'")
    other.current.symlink_to("CHANGED")
    return other


class Publisher(threading.Thread):
    """Publishes two releases in turn, without a pause, until it is told to stop."""

    def __init__(self, address: Address, releases: list[Settings]) -> None:
        super().__init__(daemon=True)
        self._address, self._releases = address, releases
        self._stop_it = threading.Event()
        self.count = 0
        self.problems: list[Exception] = []

    def run(self) -> None:
        try:
            while not self._stop_it.is_set():
                publish(self._releases[self.count % 2], self._address)
                self.count += 1
        except Exception as error:
            self.problems.append(error)

    def __enter__(self) -> Publisher:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_it.set()
        self.join(120)


@slow
def test_the_run_has_copied_the_whole_release(postgres: PostgresServer, settings: Settings) -> None:
    with duckdb.connect(str(settings.current / "warehouse.duckdb"), read_only=True) as warehouse:
        tables = warehouse.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name in ('marts', 'meta')"
        ).fetchall()
        assert len(tables) > 15
        for schema, table in tables:
            expected = warehouse.execute(f'select * from {schema}."{table}"').fetchall()
            found = postgres.query(f'select * from {schema}."{table}"', database="school_quality")
            assert sorted(found, key=repr) == sorted(expected, key=repr), table


@slow
def test_every_chart_answers_with_whole_releases_while_releases_are_published(
    superset: Superset, postgres: PostgresServer, settings: Settings, tmp_path: Path
) -> None:
    charts = superset.charts()
    assert sorted(charts.values()) == sorted(title(path) for path in CHARTS)
    address = Address.of(postgres.url(database="school_quality"))
    releases = [changed(settings, tmp_path), settings]
    scores: list[set[float]] = []

    with Publisher(address, releases) as publisher:
        for _ in range(3):
            for chart, name in charts.items():
                rows = superset.rows(chart)
                assert rows, name
                if name == "Общий итог школ, %":
                    scores.append({row["mean_score_pct"] for row in rows})

    assert publisher.problems == []
    assert publisher.count >= 3
    publish(settings, address)
    final = {row["mean_score_pct"] for row in superset.rows(chart_of(charts, "Общий итог школ, %"))}
    assert 100 not in final
    for seen in scores:
        assert seen == {100} or 100 not in seen, "a chart mixes two releases"


def chart_of(charts: dict[int, str], name: str) -> int:
    return next(chart for chart, title in charts.items() if title == name)


def title(path: Path) -> str:
    return str(yaml.safe_load(path.read_text(encoding="utf-8"))["slice_name"])


@slow
def test_the_login_of_superset_reads_and_cannot_write(superset: Superset, postgres: PostgresServer) -> None:
    import psycopg2

    reader = psycopg2.connect(superset.environment["SCHOOL_QUALITY_BI_URL"])
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        reader.cursor().execute("delete from marts.dim_school")
    reader.close()


@slow
def test_a_viewer_sees_every_chart_and_not_the_users(superset: Superset) -> None:
    roles = superset.call("GET", "/api/v1/security/roles/?q=(page_size:100)")["result"]
    viewers = next(role["id"] for role in roles if role["name"] == "Чтение панелей")
    login = {"username": "viewer", "password": "a password 1"}
    person = {"first_name": "v", "last_name": "v", "email": "v@localhost", "active": True, "roles": [viewers]}
    superset.call("POST", "/api/v1/security/users/", {**login, **person})
    token = superset.call("POST", "/api/v1/security/login", {**login, "provider": "db"})["access_token"]

    viewer = Superset(superset.address, superset.environment, token)

    assert viewer.charts() == superset.charts()
    assert all(viewer.rows(chart) for chart in viewer.charts())
    with pytest.raises(urllib.error.HTTPError) as refused:
        viewer.call("GET", "/api/v1/security/users/")
    assert refused.value.code == 403


BUSY_PERSON = """
    Object.defineProperty(Navigator.prototype, "webdriver", {get: () => false});
    window.IntersectionObserver = class extends window.IntersectionObserver {
        constructor(callback, options) {
            const before = (now) => ({target: now.target, isIntersecting: false, intersectionRatio: 0});
            super((all, self) => callback(all.flatMap((now) => [before(now), now]), self), options);
        }
    };
"""
"""A browser that no program drives, so busy that one message tells what was out of sight and now is in sight.

Superset 6.1 reads the first half of such a message only (`Row.tsx`, ``([entry]) => ...``): with its flag
DASHBOARD_VIRTUALIZATION on, no chart of this dashboard is drawn then. Without the first line the flag does
nothing: for a browser that is driven Superset draws everything.
"""


@slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs the Debian package chromium, which .ci/run installs")
def test_a_person_logs_in_and_sees_the_dashboard_without_any_outside_resource(
    superset: Superset, tmp_path: Path
) -> None:
    """A chart may come after the last one: the page is whole when nothing of it is awaited any more."""
    from playwright.sync_api import Request, Route, TimeoutError, expect, sync_playwright

    late = chart_of(superset.charts(), "Общий итог школ, %")
    held: list[Route] = []
    outside: list[str] = []
    refused: list[str] = []
    said: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((superset.address, "data:", "blob:")):
            outside.append(request.url)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1200}, locale="ru-RU")
        page.on("requestfinished", note)
        page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
        page.on("requestfailed", lambda request: said.append(f"{request.url}: {request.failure}"))
        page.on("console", lambda message: said.append(message.text))
        page.on("crash", lambda _: said.append("the page crashed"))
        page.goto(f"{superset.address}/login/", timeout=120_000)
        page.locator("input:not([type=hidden]):not([type=password])").first.fill(SECRETS["FIRST_USER"])
        page.locator("input[type=password]").fill(SECRETS["FIRST_USER_PASSWORD"])
        page.locator("input[type=password]").press("Enter")
        page.wait_for_url(lambda url: "/login" not in url, timeout=120_000)
        page.add_init_script(BUSY_PERSON)
        page.route(
            f"**/api/v1/chart/data?form_data=%7B%22slice_id%22%3A{late}%7D*", lambda route: held.append(route)
        )
        page.goto(f"{superset.address}/superset/dashboard/district/", timeout=120_000)
        loading = page.locator('[data-test="loading-indicator"]')
        try:
            page.get_by_text("Выпуск", exact=True).wait_for(timeout=100_000)  # a heading of the last chart
            expect(loading).to_have_count(1, timeout=100_000)  # the late one says that it is awaited
            for answer in held:
                answer.continue_()
            expect(loading).to_have_count(0, timeout=100_000)
        except (TimeoutError, AssertionError):
            pytest.fail("\n".join([*said, f"the page showed\n{page.inner_text('body')}"]))
        text = page.inner_text("body")
        page.screenshot(path=tmp_path / "dashboard.png", full_page=True)
        browser.close()

    assert "Качество образования: район" in text
    for name in ("ШНОР", "Зона риска", "ШССУ", "Поддержка", "Условия и результаты", "Динамика по годам, %"):
        assert name in text
    assert "Результаты ВПР сами по себе не основание судить об учителях и школах" in text
    assert "Отчётный год" in text
    assert "Район" in text
    assert (outside, refused) == ([], [])


@slow
def test_the_same_charts_answer_on_the_published_duckdb_file_which_stays_as_it_is(
    superset: Superset, settings: Settings
) -> None:
    file = settings.current / "warehouse.duckdb"
    before = file.read_bytes()
    data = {"SCHOOL_QUALITY_DATA": str(settings.data_root)}
    url = serving(data).split()[-1]
    environment = {
        **superset.environment,
        "SCHOOL_QUALITY_BI_DATA": url,
        "SUPERSET_CONFIG_PATH": str(SUPERSET / "superset_config.py"),
    }
    subprocess.run(
        [PYTHON, SUPERSET / "provision.py", SUPERSET / "assets"],
        env=environment, check=True, capture_output=True,
    )  # fmt: skip

    for chart, name in superset.charts().items():
        assert superset.rows(chart), name

    for statement, reason in (
        ("create table x as select 1", "read-only"),
        ("select * from read_text('/etc/hostname')", "disabled by configuration"),
        (f"copy (select 1) to '{file}' (use_tmp_file false)", "disabled by configuration"),
        (f"copy (select 1) to '{file}.wal'", "disabled by configuration"),
        ("set disabled_filesystems = ''", "the configuration has been locked"),
    ):
        code = f"import superset_config, sqlalchemy as s; s.create_engine({url!r}).execute({statement!r})"
        refused = subprocess.run(
            [PYTHON, "-B", "-W", "ignore", "-c", code],
            env=environment, cwd=SUPERSET, capture_output=True, text=True,
        )  # fmt: skip
        assert reason in refused.stderr
    assert file.read_bytes() == before


def serving(environment: dict[str, str]) -> str:
    """What serve.py says of its data in an environment: the address, or its message."""
    code = (
        "import click, serve\n"
        "try:\n    print(serve._described(serve.data_url()), serve.data_url())\n"
        "except click.ClickException as error:\n    print(error.message)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SUPERSET, env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_the_data_is_the_copy_where_it_is_named_otherwise_the_file_read_only_otherwise_a_message(
    tmp_path: Path,
) -> None:
    writer, reader = "postgresql://w:secret@server:5432/db", "postgresql://r:hidden@server:5432/db"
    root = {"SCHOOL_QUALITY_DATA": str(tmp_path)}

    assert "Сначала: make run" in serving(root)
    assert "Адрес PostgreSQL не понят" in serving({"SCHOOL_QUALITY_POSTGRES_URL": "server/db"})
    (tmp_path / "published" / "current").mkdir(parents=True)
    file = tmp_path / "published" / "current" / "warehouse.duckdb"
    file.touch()
    assert serving(root) == (
        f"файл {file} duckdb:///{file}?access_mode=READ_ONLY&enable_external_access=false"
    )
    both = {**root, "SCHOOL_QUALITY_POSTGRES_URL": writer, "SCHOOL_QUALITY_BI_URL": reader}
    assert serving(both) == "PostgreSQL server:5432/db postgresql+psycopg2://r:hidden@server:5432/db"


def test_the_words_of_the_dashboard_are_those_of_the_declarations() -> None:
    titles = {name: dataset.title for name, dataset in datasets.load().items()}
    submission = next(path for path in DATASETS if path.stem == "submission")
    sql = yaml.safe_load(submission.read_text(encoding="utf-8"))["sql"]

    for name, expected in titles.items():
        if f"when '{name}'" in sql:
            assert f"when '{name}' then '{expected}'" in sql


@pytest.mark.parametrize("path", CHARTS, ids=lambda path: path.stem)
def test_a_chart_asks_what_its_dataset_has_and_stands_on_the_dashboard(path: Path) -> None:
    chart = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = {d["uuid"]: d for d in (yaml.safe_load(p.read_text(encoding="utf-8")) for p in DATASETS)}
    dataset = found[chart["dataset_uuid"]]
    board = yaml.safe_load((SUPERSET / "assets/dashboards/district.yaml").read_text(encoding="utf-8"))

    query = json.loads(chart["query_context"])["queries"][0]

    metrics = {metric["metric_name"] for metric in dataset["metrics"]}
    columns = {column["column_name"] for column in dataset["columns"]}
    assert {metric for metric in query.get("metrics") or [] if isinstance(metric, str)} <= metrics
    assert {column for column in query["columns"] if isinstance(column, str)} <= columns
    cells = [cell for cell in board["position"].values() if isinstance(cell, dict)]
    assert chart["uuid"] in {cell.get("meta", {}).get("uuid") for cell in cells}
    if path.stem != "release":
        assert {"reporting_year", "municipality_name"} <= columns, "the filters of the dashboard need them"


def test_a_bubble_carries_its_school_and_the_dashboard_says_what_its_size_and_colour_are() -> None:
    chart = yaml.safe_load((SUPERSET / "assets/charts/context.yaml").read_text(encoding="utf-8"))
    board = yaml.safe_load((SUPERSET / "assets/dashboards/district.yaml").read_text(encoding="utf-8"))
    schools = next(path for path in DATASETS if path.stem == "school_year").read_text(encoding="utf-8")

    params = chart["params"]
    query = json.loads(chart["query_context"])["queries"][0]
    legend = board["position"]["MARKDOWN-legend"]["meta"]["code"]

    assert (params["entity"], params["series"], params["show_legend"]) == ("school", "school_group", True)
    assert [metric["label"] for metric in query["metrics"]] == [
        params[axis]["label"] for axis in ("x", "y", "size")
    ]
    assert "размер" in params["size"]["label"]
    assert {"ROW-1", "ROW-legend"} <= set(board["position"]["GRID_ID"]["children"])
    assert all(word in legend for word in ("Круг — школа", "Размер", "Цвет"))
    for group, name in words.GROUP_NAMES.items():
        assert f"when '{group}' then '{name}'" in schools
        assert name in board["metadata"]["label_colors"]


def test_the_assets_hold_no_password_and_no_address() -> None:
    for path in (SUPERSET / "assets").rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text.replace("postgresql+psycopg2://\n", "")
        assert "password" not in text
