"""A notice goes by mail where Airflow has the connection and somebody is named to get it."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from school_quality import embedded, notices
from school_quality.notices import Findings
from school_quality.settings import Settings
from school_quality.warehouse.publication.runs import Run

RUN = Run(
    run_id="recompute_annual/manual__1",
    dag_id="recompute_annual",
    run_type="manual",
    started_at=datetime(2023, 9, 16),
    ended_at=datetime(2023, 9, 16, 0, 1),
    outcome="failed",
    failed_step="build",
    message="проверка <t> не прошла",
)


class MailServer(socketserver.ThreadingTCPServer):
    """As much of SMTP as a client needs; ``received`` holds messages as they came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.received: list[bytes] = []


class Session(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        for line in self.rfile:
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                self.server.received.append(b"".join(iter(self.rfile.readline, b".\r\n")))
            self.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 ok\r\n")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    embedded.configure()
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        monkeypatch.setenv(
            "AIRFLOW_CONN_SMTP_DEFAULT",
            f"smtp://127.0.0.1:{port}?disable_ssl=true&disable_tls=true&from_email=quality%40example.org",
        )
        yield server
        server.shutdown()


def test_the_notice_comes_to_everybody_named(
    tmp_path: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOOL_QUALITY_NOTIFY", "a@example.org, b@example.org")

    path = notices.send(Settings(tmp_path), RUN, Findings())

    [message] = [message_from_bytes(raw, policy=policy.default) for raw in server.received]
    body = message.get_body().get_content()  # type: ignore[union-attr]
    assert message["Subject"] == "Пересчёт за год: ОШИБКА"
    assert "b@example.org" in message["To"]
    assert "проверка &lt;t&gt; не прошла" in body
    assert path.is_file()


def test_nobody_named_is_no_mail(tmp_path: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCHOOL_QUALITY_NOTIFY", raising=False)

    notices.send(Settings(tmp_path), RUN, Findings())

    assert server.received == []


def test_a_dead_mail_server_is_no_reason_to_fail(
    tmp_path: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SCHOOL_QUALITY_NOTIFY", "a@example.org")
    monkeypatch.setenv(
        "AIRFLOW_CONN_SMTP_DEFAULT", "smtp://127.0.0.1:9?disable_ssl=true&retry_limit=1&timeout=1"
    )

    path = notices.send(Settings(tmp_path), RUN, Findings())

    assert path.is_file()
    assert "could not be mailed" in caplog.text
