"""The static site: complete, linked relatively, safe, honest about what is unknown or hidden."""

from __future__ import annotations

import html
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urlsplit

import duckdb
import openpyxl
import pytest
from invented import SCRIPT_NAME

from school_quality.reporting import words
from school_quality.reporting.content.facts import open_warehouse, read_reference
from school_quality.reporting.website.site import write_site
from school_quality.reporting.website.site_pages import District

RELEASE = {"release_id": "20230901T000000Z-abcdef01", "as_of": "2023-08-31"}


def write(warehouse: Path, directory: Path, **options: str) -> Path:
    """The pages of an invented warehouse, beside a card and a report; returns their folder."""
    for name in (
        "scorecards/101.html",
        "scorecards/101.pdf",
        "reports/municipal_1.pdf",
        "reports/draft_order_1.docx",
    ):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(b"")
    with open_warehouse(warehouse) as connection:
        reference = read_reference(connection, 2022, options.get("period"), options.get("municipality"))
        write_site(connection, reference, directory, RELEASE, edition=options.get("edition", "official"))
    return directory / "site"


@pytest.fixture(scope="module")
def site(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(warehouse, tmp_path_factory.mktemp("release"))


def visible(page: Path) -> str:
    """What a reader of a page reads, with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page.read_text(encoding="utf-8"))).split())


class Links(HTMLParser):
    """Everything that a page refers to, and its ids."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.inline: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.links += [found[name] or "" for name in ("href", "src") if name in found]
        self.ids.add(found.get("id") or "")
        if (tag == "script" and "src" not in found) or tag == "style":
            self.inline.append(tag)
        self.inline += [name for name in found if name.startswith("on") or name == "style"]


def test_every_link_leads_to_a_page_or_a_document_of_the_release(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))

    assert len(pages) >= 14
    for page in pages:
        for link in Links(page).links:
            parts = urlsplit(link)
            assert not parts.scheme and not parts.netloc and not link.startswith("/"), (page, link)
            target = (page.parent / urldefrag(link).url).resolve() if urldefrag(link).url else page
            if "parquet" in link:  # written at publication
                assert target.parent == site.parent / "parquet"
                continue
            assert target.is_file(), (page, link)
            if parts.fragment:
                assert parts.fragment in Links(target).ids, (page, link)


def test_pages_hold_no_script_and_no_style_of_their_own(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert Links(page).inline == [], page


def test_every_table_has_a_caption_for_those_who_hear_the_page(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")

        tables = re.findall(r"<table[^>]*>\s*(<caption[^>]*>[^<]+)?", text)

        assert all(tables), page


def test_a_name_with_markup_stays_text_on_every_page(site: Path) -> None:
    named = [page for page in site.rglob("*.html") if "alert(" in page.read_text(encoding="utf-8")]

    assert len(named) > 3
    for page in named:
        assert "<script>" not in page.read_text(encoding="utf-8")
        assert words.school_name(SCRIPT_NAME, "101").replace("\u00a0", " ") in visible(page)


def test_several_municipalities_have_a_page_each_and_one_is_the_start_page(
    site: Path, warehouse: Path, tmp_path: Path
) -> None:
    one = write(warehouse, tmp_path, municipality="2")

    assert {page.parent.name for page in site.glob("districts/*/index.html")} == {"1", "2"}
    assert "Луговой район" in visible(site / "index.html")
    assert "МАОУ гимназия" in visible(one / "index.html")
    assert "Луговой район" not in visible(one / "index.html")
    assert not (one / "districts").exists()


def test_the_table_of_schools_tells_calculation_and_list_apart(site: Path) -> None:
    text = visible(site / "districts/1/index.html")

    assert "ШНОР расчёт" in text  # 101: computed and not in the list
    assert "зона риска расчёт и список" in text  # 102
    assert "ШНОР по расчёту 1 (нет данных: 1), в списке 0" in text
    assert "расчёт этой системы, приказ их не предусматривает" in text


def test_a_school_whose_status_is_unknown_does_not_look_like_one_without_a_status(site: Path) -> None:
    text = visible(site / "districts/1/index.html").replace("\u00a0", " ")

    assert text.count("нет данных ШНОР, зона риска") == 1  # of school 103


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({"is_supported": None}, ("нет данных", "нужна ли школе адресная поддержка, неизвестно")),
        ({"is_supported": False}, ("не относится", "не поддерживают")),
        ({"is_supported": None, "suppressed": ["is_supported"]}, ("не относится", "не поддерживают")),
    ],
)
def test_an_indicator_of_supported_schools_is_unknown_where_support_is(
    warehouse: Path, status: dict[str, Any], told: tuple[str, str]
) -> None:
    with open_warehouse(warehouse) as connection:
        reference = read_reference(connection, 2022, None)
    known = replace(reference, reasons={"not_supported": "не поддерживают"})
    district = District(known, ({"school_id": "101"} | status,), {}, {}, {}, {})

    row = {"school_id": "101", "status": "not_applicable", "reason": "not_supported"}
    assert district.nothing(row) == told


def test_an_indicator_says_what_it_is_and_how_it_is_judged(site: Path) -> None:
    text = visible(site / "districts/1/indicators/1.11.html")

    assert "Приказ № 1496, раздел 4, показатель 1.11" in text
    assert "отметки «2» / участники (кто писал работу)" in text
    assert "0–5: 3 балла; 6–30: 1 балл; 31–100: 0 баллов" in text.replace("\u00a0", " ")
    assert "35 % 7 из 20 18,1–56,7 % 0 из 3" in text.replace("\u00a0", " ")
    assert "нет данных: нет результатов" in text


def test_quarters_of_an_indicator_stand_side_by_side(site: Path) -> None:
    text = visible(site / "districts/1/indicators/4.1.html").replace("\u00a0", " ")

    assert "1 четв. 2 четв." in text
    assert "да нет" in text


def test_a_school_page_links_its_card_and_shows_only_formats_that_are_there(site: Path) -> None:
    links = Links(site / "districts/1/schools/101.html").links

    assert "../../../../scorecards/101.html" in links
    assert "../../../../scorecards/101.pdf" in links
    assert not [link for link in links if link.endswith(".xlsx")]


def test_a_school_page_says_first_which_forms_the_school_owes(site: Path, open_site: Path) -> None:
    owing, other, of_the_public = (
        (folder / f"districts/1/schools/{school}.html").read_text(encoding="utf-8")
        for folder, school in ((site, "101"), (site, "102"), (open_site, "101"))
    )

    assert "Сдать: «Кадры» за 2022-2023 учебный год (срок 15.06.2023)." in owing
    assert owing.index("Что делать") < owing.index("Баллы по задачам")
    assert "Что делать" not in other
    assert "Что делать" not in of_the_public


def test_groups_clusters_and_effectiveness_have_one_name_on_every_page(site: Path) -> None:
    pages = {page: visible(page) for page in sorted(site.rglob("*.html"))}
    district = pages[site / "districts/1/index.html"]

    for name in words.GROUP_NAMES.values():
        assert name in district
    for text in pages.values():
        assert not re.search("профил[ья] показателей|результативност|условия не трудные", text, re.IGNORECASE)


def test_a_draft_is_linked_from_no_page_and_a_report_from_its_municipality(site: Path) -> None:
    linking = {
        page.relative_to(site).as_posix()
        for page in site.rglob("*.html")
        if "municipal_1.pdf" in page.read_text(encoding="utf-8")
    }

    assert linking == {"districts/1/index.html", "downloads.html"}
    assert not [page for page in site.rglob("*.html") if "draft_order" in page.read_text(encoding="utf-8")]


def test_the_schools_of_a_municipality_are_offered_for_excel(site: Path, open_site: Path) -> None:
    for folder in (site, open_site):
        for page, address in (
            ("districts/1/index.html", "schools.xlsx"),
            ("downloads.html", "districts/1/schools.xlsx"),
        ):
            assert address in Links(folder / page).links

    book, of_the_public = (
        openpyxl.load_workbook(folder / "districts/1/schools.xlsx") for folder in (site, open_site)
    )
    heads, first, *_ = book["Школы"].iter_rows(values_only=True)
    row = dict(zip(heads, first, strict=True))
    values = [cells[:1] + cells[5:9] for cells in book["Показатели"].iter_rows(values_only=True)]

    assert (row["№"], row["Школа"], row["Код ОО"]) == (1, words.school_name(SCRIPT_NAME, "101"), "101")
    assert (row["ШНОР: расчёт"], row["ШНОР: список"], row["Группа"]) == (
        "да",
        "нет",
        words.GROUPS["struggling"],
    )
    assert ("1.11", "101", 35, "35\u00a0%", 0) in values
    hidden = [cell for cells in of_the_public["Школы"].iter_rows(values_only=True) for cell in cells]
    assert words.HIDDEN in hidden


def test_unknown_is_a_dash_and_sorts_last(site: Path) -> None:
    page = (site / "districts/1/index.html").read_text(encoding="utf-8")

    row = next(row for row in page.split("<tr") if "schools/103.html" in row)
    assert '<td class="number">—</td>' in row
    assert "0 %" not in row


@pytest.fixture(scope="module")
def open_site(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The open edition of a warehouse in which a value, a status and a group are hidden."""
    root = tmp_path_factory.mktemp("open")
    shutil.copyfile(warehouse, root / "open.duckdb")
    with duckdb.connect(str(root / "open.duckdb")) as connection:
        connection.execute("""
            update marts.fct_indicator_value set status = 'suppressed', reason = 'few_pupils', value = null,
                numerator = null, denominator = null, participants = null, points = null, ci_low = null,
                ci_high = null, flags = []
            where school_id = '101' and indicator_code = '1.11';
            alter table marts.fct_school_status add column suppressed varchar[];
            update marts.fct_school_status
            set is_low_results = null, points = null, max_points = null, score_pct = null,
                coverage_pct = null, results_index = null, school_group = null, low_procedures = null,
                low_procedure_ids = null,
                suppressed = ['is_low_results', 'points', 'max_points', 'score_pct', 'coverage_pct',
                    'results_index', 'school_group', 'low_procedures', 'low_procedure_ids']
            where school_id = '101';
        """)
    (root / "data" / "csv").mkdir(parents=True)
    (root / "data" / "csv" / "dim_school.csv").write_bytes(b"")
    return write(root / "open.duckdb", root, edition="open")


def test_the_open_edition_says_hidden_and_why_never_no_data(open_site: Path) -> None:
    school = visible(open_site / "districts/1/schools/101.html")
    indicator = visible(open_site / "districts/1/indicators/1.11.html")
    overview = visible(open_site / "districts/1/index.html")
    start = visible(open_site / "index.html")

    assert "скрыто: меньше 10 учеников" in indicator
    assert "Скрыто: 1 (меньше 10 учеников)" in indicator
    assert "ШНОР скрыто" in overview
    assert "(нет данных: 1, скрыто: 1)" in overview
    for text in (school, indicator, overview, start):
        assert words.HIDDEN_NOTE in text


def test_the_open_edition_offers_its_own_tables_only(open_site: Path) -> None:
    links = Links(open_site / "downloads.html").links

    assert "../data/csv/dim_school.csv" in links
    assert not [link for link in links if link.startswith("../parquet")]


def test_the_edition_of_a_quarter_has_the_indicators_of_the_quarter_only(
    warehouse: Path, tmp_path: Path
) -> None:
    site = write(warehouse, tmp_path, period="2022-Q1")

    assert {page.stem for page in site.glob("districts/1/indicators/*.html")} == {"4.1"}


def test_the_same_input_gives_the_same_pages(site: Path, warehouse: Path, tmp_path: Path) -> None:
    again = write(warehouse, tmp_path)

    for page in site.rglob("*.*"):
        assert (again / page.relative_to(site)).read_bytes() == page.read_bytes()


def test_a_municipality_whose_id_is_no_file_name_gets_a_safe_folder(warehouse: Path, tmp_path: Path) -> None:
    shutil.copyfile(warehouse, tmp_path / "w.duckdb")
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        for table in ("dim_municipality", "dim_school", "fct_school_status", "fct_indicator_value"):
            connection.execute(
                f"update marts.{table} set municipality_id = '../../1' where municipality_id = '1'"
            )

    site = write(tmp_path / "w.duckdb", tmp_path / "release")

    assert {page.parent.name for page in site.glob("districts/*/index.html")} == {"x2e2e2f2e2e2f31", "2"}
    assert not (tmp_path / "1").exists()


def test_moves_between_groups_and_clusters_are_counted_and_told_on_the_page_of_a_school(
    warehouse: Path, tmp_path: Path
) -> None:
    shutil.copyfile(warehouse, tmp_path / "w.duckdb")
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("delete from marts.fct_school_status where reporting_year = 2021")
        for school, before, now in (
            ("101", "средние результаты", "слабые результаты, снижаются"),
            ("102", "средние результаты", "средние результаты"),
            ("103", None, "средние результаты"),
        ):
            connection.execute(
                "insert into marts.fct_school_status by name select * replace (2021 as reporting_year,"
                " 'thriving' as school_group, $before as cluster)"
                " from marts.fct_school_status where school_id = $school and reporting_year = 2022",
                {"school": school, "before": before},
            )
            connection.execute(
                "update marts.fct_school_status set school_group = 'thriving', cluster = $now"
                " where school_id = $school and reporting_year = 2022",
                {"school": school, "now": now},
            )

    site = write(tmp_path / "w.duckdb", tmp_path / "release")

    overview = visible(site / "districts/1/index.html")
    assert "слабые результаты, снижаются 1 +1, −0" in overview
    assert "средние результаты 2 +0, −1" in overview  # 103 was in none
    assert "<option>сменила кластер</option>" in (site / "districts/1/index.html").read_text(encoding="utf-8")
    assert "сменила группу" not in overview
    assert "Годом раньше: средние результаты." in visible(site / "districts/1/schools/101.html")
    assert "Годом раньше — тоже." in visible(site / "districts/1/schools/102.html")


def test_the_values_of_municipalities_that_are_read_together_are_not_mixed(
    site: Path, warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("school_quality.reporting.website.site.BATCH", 1)

    apart = write(warehouse, tmp_path)

    for page in site.rglob("*.html"):
        assert (apart / page.relative_to(site)).read_bytes() == page.read_bytes()


def test_more_schools_than_labels_fit_are_dots_without_labels_and_links(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copyfile(warehouse, tmp_path / "w.duckdb")
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute(
            "update marts.fct_school_status"
            " set social_index = 40 + school_id::integer % 10, results_index = 0.1"
        )
    for module in ("layout.context_plot", "website.site_pages"):
        monkeypatch.setattr(f"school_quality.reporting.{module}.LABELLED", 2)

    site = write(tmp_path / "w.duckdb", tmp_path / "release")

    plot = (site / "districts/1/index.html").read_text(encoding="utf-8").partition('<svg class="plot"')[2]
    drawn = plot.partition("</svg>")[0]
    assert drawn.count('<path class="point') == 3
    assert "<a " not in drawn
    assert 'role="img"' in drawn
