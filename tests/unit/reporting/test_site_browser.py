"""The site in a real Chromium, opened as files: sorting, searching, keyboard, accessibility, no requests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright
from test_legible import too_small

from school_quality.reporting import write_documents

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
RELEASE = {"release_id": "20230901T000000Z-abcdef01", "as_of": "2023-08-31"}
PAGES = (
    "site/index.html",
    "site/downloads.html",
    "site/districts/1/index.html",
    "site/districts/1/indicators.html",
    "site/districts/1/indicators/1.11.html",
    "site/districts/1/indicators/4.1.html",
    "site/districts/1/schools/101.html",
    "scorecards/101.html",
    "reports/identified_schools.html",
)
WIDTHS = {"desktop": 1280, "phone": 390}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed on this machine"),
]


@pytest.fixture(scope="module")
def release(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents and the site of the invented schools; three of them stand on the plot."""
    root = tmp_path_factory.mktemp("release")
    shutil.copyfile(warehouse, root / "warehouse.duckdb")
    with duckdb.connect(str(root / "warehouse.duckdb")) as connection:
        for school, social, index, group, cluster in (
            ("101", 48.5, -0.75, "struggling", "слабые результаты, снижаются"),
            ("102", 60, 0.5, "thriving", "средние результаты"),
            ("103", 40, 0.1, "resilient", None),
        ):
            connection.execute(
                "update marts.fct_school_status"
                " set social_index = ?, results_index = ?, school_group = ?, cluster = ? where school_id = ?",
                [social, index, group, cluster, school],
            )
    write_documents(root / "warehouse.duckdb", root, year=2022, period=None, release=RELEASE)
    return root


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": WIDTHS["desktop"], "height": 900})
    yield page
    page.close()


def open_page(page: Page, release: Path, name: str) -> None:
    page.goto((release / name).as_uri())


def shown(page: Page) -> list[str]:
    """Codes of the schools whose rows are seen, in their order."""
    links = page.locator("#schools tbody tr:not([hidden]) th a")
    return [Path(link.get_attribute("href") or "").stem for link in links.all()]


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_serious_fault(browser: Any, release: Path, name: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    open_page(page, release, name)

    found = Axe().run(page, options={"preload": False}).response["violations"]

    page.close()
    serious = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
    assert serious == []


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("site/")])
def test_a_page_asks_for_nothing_but_its_own_two_files(page: Page, release: Path, name: str) -> None:
    asked: list[str] = []
    troubles: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))

    open_page(page, release, name)

    own = {(release / file).as_uri() for file in (name, "site/style.css", "site/site.js")}
    assert set(asked) == own
    assert troubles == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_prints_text_that_is_too_small_to_read(page: Page, release: Path, name: str) -> None:
    open_page(page, release, name)

    assert too_small(page.pdf(format="A4", prefer_css_page_size=True)) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_no_wider_than_a_phone(browser: Any, release: Path, name: str) -> None:
    page = browser.new_page(viewport={"width": WIDTHS["phone"], "height": 900})
    open_page(page, release, name)

    width = page.evaluate("document.documentElement.scrollWidth")

    page.close()
    assert width == WIDTHS["phone"]


def test_a_name_without_spaces_leaves_the_other_columns_in_sight(page: Page, release: Path) -> None:
    page.goto((release / "site/districts/1/index.html").as_uri())

    page.locator("tbody th a").first.evaluate("link => { link.textContent = 'А'.repeat(300) }")

    widths = page.locator("table").first.evaluate(
        "table => [table.offsetWidth, table.parentElement.clientWidth]"
    )
    assert widths[0] <= widths[1]


def test_schools_are_sorted_by_a_column_and_unknown_stand_last_either_way(page: Page, release: Path) -> None:
    open_page(page, release, "site/districts/1/index.html")
    head = page.locator("#schools thead th", has_text="Общий итог")

    head.locator("button").click()
    ascending, said = shown(page), head.get_attribute("aria-sort")
    head.locator("button").click()
    descending = shown(page)

    assert (ascending, said) == (["101", "102", "103"], "ascending")  # 16.7, 83.3, unknown
    assert (descending, head.get_attribute("aria-sort")) == (["102", "101", "103"], "descending")


def test_schools_are_found_by_name_and_by_status_and_the_number_is_announced(
    page: Page, release: Path
) -> None:
    open_page(page, release, "site/districts/1/index.html")
    everything = page.locator("#schools tbody tr").count()

    page.get_by_label("Найти школу").fill("ОЧЕНЬ длинного")
    by_name = shown(page)
    announced = page.get_by_role("status").text_content()
    page.get_by_label("Найти школу").fill("")
    page.get_by_label("Статус").select_option("ШНОР")
    by_status = shown(page)

    assert by_name == ["103"]
    assert announced == f"Показано: 1 из {everything}"
    assert by_status == ["101"]


def test_a_wide_table_and_the_plot_show_on_a_phone_that_they_scroll_also_without_a_script(
    browser: Any, release: Path
) -> None:
    cues = {}
    for width in WIDTHS.values():
        page = browser.new_page(viewport={"width": width, "height": 900}, java_script_enabled=False)
        open_page(page, release, "site/districts/1/index.html")
        cues[width] = [
            (
                region.evaluate("e => e.scrollWidth > e.clientWidth"),
                "Листайте вбок" in region.evaluate("e => getComputedStyle(e, '::before').content"),
                region.evaluate("e => getComputedStyle(e).backgroundAttachment"),
            )
            for region in page.locator(".scroll.aside").all()
        ]
        page.close()

    shadows = "local, local, scroll, scroll"
    assert cues[WIDTHS["phone"]] == [(True, True, shadows)] * 2
    assert [said for _, said, _ in cues[WIDTHS["desktop"]]] == [False, False]


def test_a_number_finds_the_school_that_has_it_and_not_an_index(page: Page, release: Path) -> None:
    open_page(page, release, "site/districts/1/index.html")
    search = page.get_by_label("Найти школу")

    found = {}
    for text in ("1", "№ 3", "48", "103", "40"):  # 48.5 and 40 are indices of social conditions
        search.fill(text)
        found[text] = shown(page)

    assert found == {"1": ["101"], "№ 3": ["103"], "48": [], "103": ["103"], "40": []}


def test_sorting_is_announced_where_the_number_of_schools_is(page: Page, release: Path) -> None:
    open_page(page, release, "site/districts/1/index.html")

    page.locator("#schools thead button", has_text="ИОР").click()
    up = page.get_by_role("status").text_content() or ""
    page.locator("#schools thead button", has_text="ИОР").click()
    down = page.get_by_role("status").text_content() or ""

    assert up.startswith("По столбцу «ИОР» по возрастанию. Показаны все")
    assert down.startswith("По столбцу «ИОР» по убыванию. ")


def test_a_long_table_shows_its_first_rows_says_so_and_shows_all_when_asked_and_on_paper(
    page: Page, release: Path
) -> None:
    district = release / "site/districts/1/index.html"
    head, _, rest = district.read_text(encoding="utf-8").partition("<tbody>")
    rows, _, tail = rest.partition("</tbody>")
    long = district.with_name("long.html")
    long.write_text(f"{head}<tbody>{rows * 150}</tbody>{tail}", encoding="utf-8")
    visible = page.locator("#schools tbody tr:visible")
    open_page(page, release, "site/districts/1/long.html")

    first, said = visible.count(), page.get_by_role("status").text_content()
    page.locator("#schools thead button", has_text="Общий итог").click()
    sorted_first = visible.first.locator("th a").get_attribute("href")
    page.get_by_label("Статус").select_option("ШНОР")
    found, button_while_few = visible.count(), page.get_by_text("Показать все", exact=True).is_visible()
    page.get_by_label("Статус").select_option("")
    page.emulate_media(media="print")
    printed = visible.count()
    page.emulate_media(media="screen")
    page.get_by_text("Показать все", exact=True).click()
    everything, focused = visible.count(), page.evaluate("document.activeElement.id")
    long.unlink()

    assert (first, said) == (300, "Показаны первые 300 из 450")
    assert sorted_first == "schools/101.html"  # the lowest share, wherever its rows stood
    assert (found, button_while_few) == (150, False)
    assert printed == 450
    assert (everything, focused) == (450, "schools-search")


def test_a_reader_with_a_keyboard_skips_to_the_content_searches_sorts_and_opens_a_school(
    page: Page, release: Path
) -> None:
    open_page(page, release, "site/districts/1/index.html")

    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("ООШ")
    found = shown(page)
    while page.evaluate("document.activeElement.textContent.trim()") != "ИОР":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    sorted_by = page.locator("#schools th[aria-sort]").text_content()
    while "schools/102.html" not in (page.evaluate("document.activeElement.getAttribute('href')") or ""):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/schools/102.html")

    assert first == "К содержанию"
    assert found == ["102"]
    assert sorted_by == "ИОР"


def test_the_dots_of_the_plot_are_links_that_say_what_they_show(page: Page, release: Path) -> None:
    open_page(page, release, "site/districts/1/index.html")
    dots = page.locator("svg.plot a")

    dots.first.focus()
    said = dots.first.get_attribute("aria-label") or ""
    page.keyboard.press("Enter")
    page.wait_for_url("**/schools/101.html")

    assert "ИСБШ 48,5, ИОР −0,75" in said
    assert dots.count() == 0  # another page now
    assert page.get_by_role("heading", level=1).text_content()


def test_a_school_named_as_markup_is_a_text_and_runs_nothing(page: Page, release: Path) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    open_page(page, release, "site/districts/1/index.html")

    page.get_by_label("Найти школу").fill("<script>")

    assert shown(page) == ["101"]
    assert dialogs == []


def test_behind_a_server_with_the_strictest_policy_the_tools_work(page: Page, release: Path) -> None:
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))

    class Strict(SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:"
            self.send_header("Content-Security-Policy", policy)
            super().end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Strict, directory=str(release))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/site/districts/1/index.html")
        page.get_by_label("Статус").select_option("ШНОР")
        found = shown(page)
        page.locator("#schools th a", has_text="alert").click()
        page.wait_for_url("**/schools/101.html")
        on_the_site = [trouble for trouble in troubles if "404" not in trouble]  # there is no favicon
        page.locator("main a", has_text="Карта школы").first.click()
        page.wait_for_url("**/scorecards/101.html")
        server.shutdown()

    assert found == ["101"]
    assert on_the_site == []


def test_without_scripts_the_table_is_whole_and_its_tools_are_not_shown(browser: Any, release: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    open_page(page, release, "site/districts/1/index.html")

    rows, tools = page.locator("#schools tbody tr").count(), page.locator(".tools").is_visible()

    context.close()
    assert rows == 3
    assert not tools
