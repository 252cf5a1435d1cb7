"""The page of a release with so many schools that one page cannot list them."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from school_quality.landing import last_look
from school_quality.portal import pages
from school_quality.reading import Look, PassedOver
from school_quality.settings import Settings

RELEASE = "20230901T000000Z-aaaaaaaa"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A release of two schools in each of two municipalities, with cards and reports."""
    release = tmp_path / "published" / RELEASE
    for name in (
        *(f"scorecards/{school}.pdf" for school in ("11", "12", "21", "22")),
        *(f"{folder}reports/municipal_{id_}.pdf" for folder in ("", "open/") for id_ in ("1", "2 а")),
        "reports/identified_schools.pdf",
    ):
        (release / name).parent.mkdir(parents=True, exist_ok=True)
        (release / name).write_bytes(b"")
    manifest = {
        "release_id": RELEASE, "created_at": "2023-09-01T00:00:00", "reporting_year": 2022, "period": "2022",
        "as_of": "2023-08-31", "receipt_seq": 1, "code_version": "0" * 12, "previous_release_id": None,
    }  # fmt: skip
    (release / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (tmp_path / "published" / "current").symlink_to(RELEASE)
    with duckdb.connect(str(release / "warehouse.duckdb")) as connection:
        connection.execute("""
            create schema marts;
            create table marts.dim_municipality as
                from (values ('1', 'Лесной'), ('2 а', 'Луговой')) as m (municipality_id, municipality_name);
            create table marts.dim_school as
                select id as school_id, place as municipality_id, 1 as school_number,
                    'Школа ' || id as school_name
                from (values ('11', '1'), ('12', '1'), ('21', '2 а'), ('22', '2 а')) as s (id, place);
        """)
    return Settings(tmp_path)


def links(page: str) -> list[str]:
    return [link.removeprefix(f"releases/{RELEASE}/") for link in re.findall(r'href="([^"]+)"', page)]


def test_a_release_of_few_schools_lists_all_their_documents(settings: Settings) -> None:
    found = links(pages.release_page(settings, is_staff=False))

    assert {"scorecards/11.pdf", "scorecards/22.pdf", "reports/municipal_1.pdf"} <= set(found)
    assert not [link for link in found if "municipality=" in link]


def test_a_release_of_many_schools_leads_to_its_municipalities(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "AT_ONCE", 3)

    found = links(pages.release_page(settings, is_staff=False))

    assert "reports/identified_schools.pdf" in found
    assert [link for link in found if "municipality=" in link] == [
        "./?municipality=1",
        "./?municipality=2%20%D0%B0",
    ]
    assert not [link for link in found if "scorecards" in link or "municipal_" in link]


def test_the_page_of_a_municipality_has_its_documents_in_both_editions_and_no_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "AT_ONCE", 3)

    found = links(pages.release_page(settings, is_staff=False, municipality="2 а"))

    assert [link for link in found if link.endswith(".pdf")] == [
        "reports/municipal_2 а.pdf",
        "open/reports/municipal_2 а.pdf",
        "scorecards/21.pdf",
        "scorecards/22.pdf",
    ]
    assert "./" in found  # the way back to all municipalities


def test_the_page_of_remarks_names_what_could_not_be_read(settings: Settings) -> None:
    assert "Не прочитано" not in pages.remarks_page(settings)
    passed_over = [PassedOver("а<b>.csv", "no_access"), PassedOver("папка/", "no_access")]
    last_look.keep(settings, Look(passed_over=passed_over), None, datetime(2023, 9, 1, 8, 30))

    page = pages.remarks_page(settings)

    assert "При последнем приёме (01.09.2023 08:30 UTC):" in page
    assert "<li>а&lt;b&gt;.csv, папка/: нет прав на чтение; дайте их" in page


@pytest.mark.parametrize("content", ["{", "{}"])
def test_a_damaged_release_is_said_in_words_and_names_no_file(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    from fastapi.testclient import TestClient

    from school_quality.portal import access, app

    (settings.current / "manifest.json").write_text(content, encoding="utf-8")
    pages_of = app.create_app(settings)
    pages_of.dependency_overrides |= {access.reader: lambda: "reader", access.is_staff: lambda: True}

    answer = TestClient(pages_of).get("/")

    assert (answer.status_code, answer.text) == (503, app.DAMAGED)
