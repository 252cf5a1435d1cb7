"""The page «Школы» of a real Airflow API server: who sees what, what cannot be reached, what is recorded."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urljoin

import duckdb
import pytest

PROJECT = Path(__file__).resolve().parents[2]
RELEASE = "20230901T000000Z-aaaaaaaa"
PUBLISHED = f"/schools/releases/{RELEASE}"
FOR_READERS = [
    "/schools/",
    "/schools/missing",
    f"{PUBLISHED}/scorecards/7.html",
    f"{PUBLISHED}/scorecards/7.xlsx",
    f"{PUBLISHED}/reports/municipal_1.docx",
    f"{PUBLISHED}/site/index.html",
    f"{PUBLISHED}/site/assets/site.js",
    f"{PUBLISHED}/open/site/index.html",
    f"{PUBLISHED}/open/reports/municipal_1.pdf",
    f"{PUBLISHED}/open/data/warehouse.duckdb",
    f"{PUBLISHED}/parquet/dim_school.parquet",
]
FOR_STAFF = [
    f"{PUBLISHED}/reports/draft_order_1.docx",
    "/schools/remarks",
    "/schools/remarks/" + quote("ЦОКО.xlsx"),
    "/schools/data-docs",
    "/schools/data-docs/index.html",
    "/schools/dbt-docs",
    "/schools/dbt-docs/page",
    "/schools/timings",
]
PASSWORDS = {"director": "viewer password", "analyst": "user password"}


@dataclass(frozen=True)
class Server:
    """A running API server over a data root with one release."""

    port: int
    home: Path
    data: Path
    log: Path

    def ask(
        self, path: str, user: str | None = None, **headers: str
    ) -> tuple[int, str, http.client.HTTPMessage]:
        """Status, text and headers; the path goes over the wire as it is written."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        login = {"Authorization": f"Bearer {self.token(user)}"} if user else {}
        return self.send("GET", path, named | login)

    def token(self, user: str) -> str:
        body = json.dumps({"username": user, "password": PASSWORDS[user]})
        status, text, _ = self.send("POST", "/auth/token", {"Content-Type": "application/json"}, body)
        assert status == 201, text
        token: str = json.loads(text)["access_token"]
        return token

    def send(
        self, method: str, path: str, headers: dict[str, str], body: str | None = None
    ) -> tuple[int, str, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return response.status, response.read().decode("utf-8", "replace"), response.headers
        finally:
            connection.close()


def _data_root(root: Path) -> Path:
    """One release with a scorecard, remarks, Data Docs and a dbt manifest, and secrets outside of them."""
    release = root / "published" / RELEASE
    (release / "scorecards").mkdir(parents=True)
    (release / "scorecards" / "7.html").write_text("<body><h1>Карточка</h1>", encoding="utf-8")
    (release / "scorecards" / ".draft.html").write_text("a draft", encoding="utf-8")
    for name in (
        "scorecards/7.xlsx",
        "reports/municipal_1.docx", "reports/draft_order_1.docx", "reports/effectiveness_1.pdf",
        "site/index.html", "site/assets/site.js", "site/assets/site.css",
        "open/site/index.html", "open/reports/municipal_1.pdf", "open/data/warehouse.duckdb",
        "parquet/dim_school.parquet",
    ):  # fmt: skip
        (release / name).parent.mkdir(parents=True, exist_ok=True)
        text = f'<body class="wide">{name}: Школа' if name.endswith(".html") else f"{name}: Школа"
        (release / name).write_text(text, encoding="utf-8")
    (release / "scorecards" / "link.html").symlink_to(root / "inbox" / "secret.csv")
    (root / "published" / "current").symlink_to(RELEASE)
    manifest = {
        "release_id": RELEASE,
        "created_at": "2023-09-01T00:00:00",
        "reporting_year": 2022,
        "period": "2022",
        "as_of": "2023-08-31",
        "receipt_seq": 1,
        "code_version": "0" * 12,
        "previous_release_id": None,
    }
    (release / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with duckdb.connect(str(release / "warehouse.duckdb")) as connection:
        connection.execute("""
            create schema marts;
            create table marts.dim_municipality as select '1' municipality_id, 'Округ' municipality_name;
            create table marts.dim_school as
                select '7' school_id, '1' municipality_id, 7 school_number, '<b>Школа</b> 7' school_name;
            create table marts.fct_submission as
                select '7' school_id, 'form_staff' dataset, 2022 reporting_year, '2022' period,
                    date '2023-09-01' due_on, 'missing' status;
        """)
    (root / "rejected" / "remarks").mkdir(parents=True)
    (root / "rejected" / "remarks" / "ЦОКО.xlsx").write_bytes(b"PK a workbook")
    (root / "warehouse" / "data_docs").mkdir(parents=True)
    (root / "warehouse" / "data_docs" / "index.html").write_text("<h1>Data Docs</h1>")
    (root / "warehouse" / "target").mkdir()
    (root / "warehouse" / "target" / "manifest.json").write_text('{"a model": "</script>"}')
    result = {
        "unique_id": "model.a.b",
        "status": "success",
        "execution_time": 1,
        "failures": 0,
        "message": "",
    }
    (root / "warehouse" / "target" / "run_results.json").write_text(json.dumps({"results": [result]}))
    (root / "inbox").mkdir()
    (root / "inbox" / "secret.csv").write_text("a pupil's name")
    return root


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("airflow")
    data = _data_root(tmp_path_factory.mktemp("data"))
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps(PASSWORDS))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__CORE__AUTH_MANAGER": "school_quality.login.simple.Login",
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "director:viewer,analyst:user",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "SCHOOL_QUALITY_DATA": str(data),
    }
    airflow = [sys.executable, "-m", "airflow"]
    subprocess.run([*airflow, "db", "migrate"], env=environment, check=True, capture_output=True)
    log = home / "api-server.log"
    command = [*airflow, "api-server", "--workers", "1", "--port", str(port)]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment, stdout=output, stderr=output) as process,
    ):
        try:
            running = Server(port, home, data, log)
            _wait(running, process)
            yield running
        finally:
            process.terminate()


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if server.ask("/api/v2/version")[0] == 200:
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(server.log.read_text(errors="replace")[-3000:])


@pytest.mark.parametrize("path", [*FOR_READERS, *FOR_STAFF])
def test_nobody_sees_anything_without_a_login(server: Server, path: str) -> None:
    status, text, _ = server.ask(path)

    assert status in {401, 403}
    assert "Школа" not in text


def test_there_is_no_route_that_was_forgotten_here(server: Server) -> None:
    script = (
        "from school_quality.portal.app import create_app;"
        "print(*sorted(route.path for route in create_app().routes))"
    )
    environment = {**os.environ, "AIRFLOW_HOME": str(server.home)}

    found = subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True
    )

    assert found.stdout.splitlines()[-1].split() == [
        "/",
        "/data-docs",
        "/data-docs/{name}",
        "/dbt-docs",
        "/dbt-docs/page",
        "/missing",
        "/releases/{release_id}/{name:path}",
        "/remarks",
        "/remarks/{name}",
        "/timings",
    ]


@pytest.mark.parametrize("path", FOR_READERS)
def test_a_viewer_sees_what_is_published(server: Server, path: str) -> None:
    assert server.ask(path, "director")[0] == 200


@pytest.mark.parametrize("path", FOR_STAFF)
def test_a_viewer_is_refused_remarks_and_technical_pages(server: Server, path: str) -> None:
    status, text, _ = server.ask(path, "director")

    assert status == 403
    assert text == "Эта страница для сотрудников центра: нужна роль User или выше."


@pytest.mark.parametrize("path", FOR_STAFF)
def test_the_staff_sees_remarks_and_technical_pages(server: Server, path: str) -> None:
    assert server.ask(path, "analyst")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        f"releases/{RELEASE}/scorecards/../../../inbox/secret.csv",
        f"releases/{RELEASE}/scorecards/%2e%2e/%2e%2e/%2e%2e/inbox/secret.csv",
        f"releases/{RELEASE}/scorecards/..%2f..%2f..%2finbox%2fsecret.csv",
        f"releases/{RELEASE}/scorecards/link.html",
        f"releases/{RELEASE}/scorecards//etc/passwd",
        f"releases/{RELEASE}/scorecards/%00",
        f"releases/{RELEASE}/scorecards/.draft.html",
        f"releases/{RELEASE}/scorecards/" + "a" * 5000,
        f"releases/{RELEASE}/warehouse.duckdb",
        f"releases/{RELEASE}/manifest.json",
        "releases/../inbox/secret.csv",
        "releases/current/scorecards/7.html",
        "releases/..%2finbox/scorecards/secret.csv",
        "remarks/..%2f..%2finbox%2fsecret.csv",
        "data-docs/..%2fbuild.duckdb",
        f"releases/{RELEASE}/open/..%2fwarehouse.duckdb",
        f"releases/{RELEASE}/site/..%2f..%2f..%2finbox%2fsecret.csv",
    ],
)
def test_no_path_leaves_the_published_documents(server: Server, path: str) -> None:
    status, text, _ = server.ask(f"/schools/{path}", "analyst")

    assert status == 404
    assert "a pupil's name" not in text


OPEN_IN_AIRFLOW = {
    "/api/v2/monitor/health": "whether the services live",
    "/api/v2/plugins": "the place of the page in the menu",
    "/api/v2/plugins/importErrors": "of the page's own code",
    "/api/v2/version": "",
    "/ui/auth/me": "who I am",
    "/ui/auth/menus": "empty",
    "/ui/auth/token": "a login of his own rights",
    "/ui/config": "how pages look",
}
"""What Airflow's API answers a viewer, and why that is no harm."""

AIRFLOW_FOR_STAFF = [
    "/api/v2/dags",
    "/api/v2/dags/ingest_inbox",
    "/api/v2/dags/ingest_inbox/details",
    "/api/v2/dags/ingest_inbox/dagRuns",
    "/api/v2/dags/ingest_inbox/dagRuns/x/taskInstances",
    "/api/v2/dags/ingest_inbox/dagRuns/x/taskInstances/ingest/logs/1",
    "/api/v2/dags/ingest_inbox/dagRuns/x/taskInstances/ingest/externalLogUrl/1",
    "/api/v2/dags/ingest_inbox/dagRuns/x/taskInstances/ingest/xcomEntries",
    "/api/v2/dags/ingest_inbox/dagRuns/x/taskInstances/ingest/xcomEntries/error",
    "/api/v2/dags/~/dagRuns/~/taskInstances/~/xcomEntries",
    "/api/v2/dags/~/dagRuns/~/taskInstances",
    "/api/v2/dags/~/dagRuns/~/hitlDetails",
    "/api/v2/dagSources/ingest_inbox",
    "/api/v2/assets",
    "/api/v2/assets/events",
    "/api/v2/eventLogs",
    "/api/v2/importErrors",
    "/api/v2/jobs",
    "/api/v2/config",
    "/ui/dags",
    "/ui/grid/runs/ingest_inbox",
]


@pytest.mark.parametrize("path", AIRFLOW_FOR_STAFF)
def test_logs_values_and_records_of_airflow_are_not_for_a_viewer(server: Server, path: str) -> None:
    assert server.ask(path, "director")[0] == 403
    assert server.ask(path, "analyst")[0] in {200, 400, 404} or path.endswith("/config")


def test_no_address_of_airflow_answers_a_viewer_but_the_harmless_ones(server: Server) -> None:
    script = (
        "from airflow.api_fastapi.core_api.routes.public import public_router\n"
        "from airflow.api_fastapi.core_api.routes.ui import ui_router\n"
        "for route in (*public_router.routes, *ui_router.routes):\n"
        "    print('route', route.path, *route.methods)"
    )
    environment = {**os.environ, "AIRFLOW_HOME": str(server.home)}
    listed = subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True
    )
    routes = [
        line.split()[1:]
        for line in listed.stdout.splitlines()
        if line.startswith("route ") and "logout" not in line  # which would end the login
    ]
    answered: dict[str, set[str]] = {}

    for user in ("director", "analyst"):
        headers = {"Authorization": f"Bearer {server.token(user)}", "Content-Type": "application/json"}
        answered[user] = set()
        for path, *methods in routes:
            asked = re.sub(r"\{[^}]*\}", "1", path.replace("{dag_id}", "ingest_inbox"))
            for method, body in (("GET", None), ("POST", "{}")):
                if method in methods and server.send(method, asked, headers, body)[0] < 300:
                    answered[user].add(path)

    assert answered["director"] == set(OPEN_IN_AIRFLOW)
    assert len(answered["analyst"]) > 3 * len(OPEN_IN_AIRFLOW)
    assert json.loads(server.ask("/ui/auth/menus", "director")[1])["authorized_menu_items"] == []


def test_a_viewer_is_offered_only_what_he_may_open(server: Server) -> None:
    _, for_viewer, _ = server.ask("/schools/", "director")
    _, for_staff, _ = server.ask("/schools/", "analyst")

    assert 'href="missing"' in for_viewer
    assert "remarks" not in for_viewer
    assert "draft_order" not in for_viewer
    assert 'href="remarks"' in for_staff
    assert f'Проект приказа: Округ: <a href="releases/{RELEASE}/reports/draft_order_1.docx">' in for_staff


def test_the_release_page_offers_both_editions_by_titles_in_plain_words(server: Server) -> None:
    _, text, _ = server.ask("/schools/", "director")

    assert f'Справка по району: Округ: <a href="releases/{RELEASE}/reports/municipal_1.docx">DOCX</a>' in text
    assert "Анализ эффективности мер: Округ" in text
    assert f'<a href="releases/{RELEASE}/site/index.html">Сайт</a>' in text
    assert f'<a href="releases/{RELEASE}/scorecards/7.xlsx">XLSX</a>' in text
    assert "Открытая редакция" in text
    for name in ("site/index.html", "reports/municipal_1.pdf", "data/warehouse.duckdb"):
        assert f'href="releases/{RELEASE}/open/{name}"' in text


def test_a_draft_is_refused_by_any_spelling_of_its_path(server: Server) -> None:
    for path in (
        "reports/draft_order_1.docx", "reports/./draft_order_1.docx", "reports//draft_order_1.docx",
        "scorecards/..%2freports/draft_order_1.docx",
    ):  # fmt: skip
        status, text, _ = server.ask(f"{PUBLISHED}/{path}", "director")

        assert status in {403, 404}, path
        assert "draft_order_1.docx:" not in text


def test_what_is_to_be_worked_on_is_saved_and_what_is_to_be_read_is_shown(server: Server) -> None:
    shown = {
        name: server.ask(f"{PUBLISHED}/{name}", "director")[2]["Content-Disposition"].split(";")[0]
        for name in (
            "scorecards/7.html",
            "scorecards/7.xlsx",
            "reports/municipal_1.docx",
            "site/assets/site.js",
        )
    }

    assert shown == {
        "scorecards/7.html": "inline",
        "scorecards/7.xlsx": "attachment",
        "reports/municipal_1.docx": "attachment",
        "site/assets/site.js": "inline",
    }


def test_a_pdf_is_saved_in_the_frame_of_airflow_where_chromium_would_refuse_to_show_it(
    server: Server,
) -> None:
    path = f"{PUBLISHED}/reports/effectiveness_1.pdf"

    how = {
        where: server.ask(path, "director", sec_fetch_dest=where)[2]["Content-Disposition"].split(";")[0]
        for where in ("document", "iframe")
    }
    unsaid = server.ask(path, "director")[2]["Content-Disposition"].split(";")[0]

    assert how == {"document": "inline", "iframe": "attachment"}
    assert unsaid == "attachment"


@pytest.mark.parametrize("name", ["scorecards/7.html", "site/index.html", "open/site/index.html"])
def test_a_document_that_opens_in_the_frame_of_airflow_has_the_way_back(server: Server, name: str) -> None:
    _, text, headers = server.ask(f"{PUBLISHED}/{name}", "director")

    link = re.search(r'<a href="([./]+)">← Все документы выпуска</a>', text)

    assert link is not None
    assert urljoin(f"{PUBLISHED}/{name}", link.group(1)) == "/schools/"
    assert headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("folder", ["site", "open/site"])
def test_a_site_runs_the_scripts_of_its_own_files_and_no_others(server: Server, folder: str) -> None:
    _, _, headers = server.ask(f"{PUBLISHED}/{folder}/index.html", "director")
    rules = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";"))

    assert rules["default-src"] == "'none'"
    assert (rules["script-src"], rules["style-src"]) == ("'self'", "'self'")
    assert "connect-src" not in rules


def test_a_name_from_a_file_is_text_and_pages_run_no_script(server: Server) -> None:
    status, text, headers = server.ask("/schools/", "director")

    assert status == 200
    assert "&lt;b&gt;Школа&lt;/b&gt; 7" in text
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_dbt_docs_hold_the_manifest_and_cannot_use_the_login(server: Server) -> None:
    _, text, headers = server.ask("/schools/dbt-docs/page", "analyst")

    assert '{"a model": "<\\/script>"}' in text
    assert "sandbox allow-scripts" in headers["Content-Security-Policy"]
    assert "allow-same-origin" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("page", "inside"), [("data-docs", "data-docs/index.html"), ("dbt-docs", "dbt-docs/page")]
)
def test_pages_of_others_keep_the_way_back(server: Server, page: str, inside: str) -> None:
    _, text, headers = server.ask(f"/schools/{page}", "analyst")

    assert f'<iframe src="{inside}"' in text
    assert '<a href="./">Выпуск</a>' in text
    assert "frame-src 'self'" in headers["Content-Security-Policy"]
    assert "script-src" not in headers["Content-Security-Policy"]


def test_the_menu_of_airflow_has_the_page(server: Server) -> None:
    script = (
        "from airflow import plugins_manager as m;"
        "print([v['name'] + v['href'] for v in m._get_ui_plugins()[0]], m._get_plugins()[1])"
    )
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(server.home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
    }

    found = subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True
    )

    assert found.stdout.splitlines()[-1] == "['Школы/schools/'] {}"


def test_who_opened_which_document_is_recorded(server: Server) -> None:
    for page in ("dbt-docs/page", "data-docs/index.html", "remarks/" + quote("ЦОКО.xlsx")):
        server.ask(f"/schools/{page}", "analyst")
    server.ask(f"/schools/releases/{RELEASE}/scorecards/7.html", "director")
    for name in ("scorecards/none.html", "site/index.html", "site/assets/site.js"):
        server.ask(f"{PUBLISHED}/{name}", "director")

    with sqlite3.connect(server.home / "airflow.db") as connection:
        found = connection.execute(
            "select owner, extra from log where event = 'school_quality.open'"
        ).fetchall()
    documents = {json.loads(extra)["document"] for owner, extra in found if owner == "director"}
    of_staff = {json.loads(extra)["document"] for owner, extra in found if owner == "analyst"}
    assert f"{RELEASE}/scorecards/7.html" in documents
    assert f"{RELEASE}/scorecards/none.html" not in documents
    assert f"{RELEASE}/site/index.html" in documents
    assert f"{RELEASE}/site/assets/site.js" not in documents  # a browser fetched it, nobody opened it
    assert {"dbt-docs", "data-docs/index.html", "remarks/ЦОКО.xlsx"} <= of_staff
    assert f"director opened {RELEASE}/scorecards/7.html" in server.log.read_text(errors="replace")
