"""Documents of a release: complete, safe, accessible, the same for the same input."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pypdf.generic
import pytest
from invented import FORMULA_NAME, SCRIPT_NAME

from school_quality.errors import UsageError
from school_quality.reporting import words, write_documents
from school_quality.reporting.layout.rendering import Press
from school_quality.reporting.lists.identification import District, Identification, IdentifiedSchool, Verdict

RELEASE = {"release_id": "2022-007", "as_of": "2023-08-31"}
SCHOOLS = ("101", "102", "103", "201")


@pytest.fixture(scope="module")
def documents(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("documents")
    write_documents(warehouse, directory, year=2022, period=None, release=RELEASE)
    return directory


def visible(page: Path) -> str:
    """What a reader of an HTML page reads, with single spaces."""
    body = re.sub(r"<style>.*?</style>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def printed(path: Path) -> str:
    """What a reader of a PDF reads, with single spaces."""
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    return " ".join(text.split())


def test_every_school_of_the_year_gets_a_card_as_html_pdf_and_xlsx(warehouse: Path, tmp_path: Path) -> None:
    told: list[str] = []

    report = write_documents(
        warehouse, tmp_path, year=2022, period=None, release=RELEASE, progress=told.append
    )

    assert (report.scorecards, report.written, report.identified) == (4, 4, 3)
    names = {path.name for path in (tmp_path / "scorecards").iterdir()}
    assert names == {f"{school}.{kind}" for school in SCHOOLS for kind in ("html", "pdf", "xlsx")}
    assert "Карточки школ: 4" in told


@pytest.mark.parametrize("asked", ["2", "лесной район"])
def test_documents_of_one_municipality_are_of_its_schools_only(
    warehouse: Path, tmp_path: Path, asked: str
) -> None:
    write_documents(warehouse, tmp_path, year=2022, period=None, release=RELEASE, municipality=asked)

    assert {path.stem for path in (tmp_path / "scorecards").iterdir()} == {"201"}
    assert "Луговой район" not in visible(tmp_path / "reports" / "identified_schools.html")


def test_an_unknown_municipality_is_refused_and_the_known_ones_are_named(
    warehouse: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"Луговой район \(1\)"):
        write_documents(warehouse, tmp_path, year=2022, period=None, release=RELEASE, municipality="Горный")


def test_a_card_has_one_or_two_pages(documents: Path) -> None:
    for school in SCHOOLS:
        assert 1 <= len(pypdf.PdfReader(documents / "scorecards" / f"{school}.pdf").pages) <= 2


def test_the_same_input_gives_the_same_bytes(warehouse: Path, documents: Path, tmp_path: Path) -> None:
    write_documents(warehouse, tmp_path, year=2022, period=None, release=RELEASE)

    for path in documents.rglob("*.*"):
        assert (tmp_path / path.relative_to(documents)).read_bytes() == path.read_bytes(), path.name


def test_markup_in_a_name_stays_text_in_html_and_pdf(documents: Path) -> None:
    page = documents / "scorecards" / "101.html"

    assert "<script" not in page.read_text(encoding="utf-8")
    assert words.school_name(SCRIPT_NAME, "101").replace("\u00a0", " ") in visible(page)
    assert '#eval("2") $x$ *y*' in printed(documents / "scorecards" / "101.pdf")
    assert "<script" not in (documents / "reports" / "identified_schools.html").read_text(encoding="utf-8")


def test_a_formula_in_a_name_is_a_text_cell(documents: Path) -> None:
    book = openpyxl.load_workbook(documents / "reports" / "identified_schools.xlsx")

    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]

    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert all(cell.hyperlink is None for cell in cells)
    assert FORMULA_NAME.replace("№ ", "№\u00a0") in {cell.value for cell in cells}


def test_a_character_without_glyph_does_not_stop_the_printing(documents: Path) -> None:
    assert "гимназия № 1 ? ?" in printed(documents / "scorecards" / "201.pdf").replace("\u00a0", " ")
    assert "\N{GRINNING FACE}" in visible(documents / "scorecards" / "201.html")


def test_a_control_character_of_a_file_is_not_printed(documents: Path) -> None:
    assert "№ 4 Проценты" in printed(documents / "scorecards" / "101.pdf")


def test_unknown_is_said_to_be_unknown_and_never_zero(documents: Path) -> None:
    for text in (
        visible(documents / "scorecards" / "103.html"),
        printed(documents / "scorecards" / "103.pdf"),
    ):
        assert "Статус определить нельзя: за год нет процедур, по которым определяют ШНОР" in text
        assert "1.11 Доля «2» на ВПР: математика, 5 класс нет данных нет результатов — из 3" in text
        assert "Общий итог: нет данных" in text
        assert not re.search(r"\b0 из 3\b|\b0 %", text.replace("\u00a0", " "))


def test_a_missing_value_names_its_reason(documents: Path) -> None:
    text = visible(documents / "scorecards" / "101.html")

    assert "2.2 Педагоги с категорией нет данных форма не сдана" in text
    assert "оценено 0 из 1 показателя; нет данных: 1 (форма не сдана)" in text


def test_numbers_are_written_the_russian_way(documents: Path) -> None:
    text = visible(documents / "scorecards" / "101.html").replace("\u00a0", " ")

    assert "−0,069 было 0,75, стало 0,68; 7 участников" in text
    assert "35 % 7 из 20; 18,1–56,7 %" in text


def test_a_card_shows_the_procedure_with_interval_district_and_distance(documents: Path) -> None:
    text = visible(documents / "scorecards" / "101.html").replace("\u00a0", " ")

    assert "ВПР, математика, 5 класс 20 3 7 (35 %) 18,1–56,7 % 25 % низкий на 2 меньше" in text
    assert "ОГЭ, математика 1 нет данных 32 %" in text
    assert "1 — по сводной таблице процентов, а не по ученикам" in text


def test_a_card_shows_computed_beside_official_and_their_difference(documents: Path) -> None:
    text = visible(documents / "scorecards" / "101.html")

    assert "ШНОР низкие образовательные результаты да нет расходится" in text
    assert "Зона риска риск снижения, список «низкий ИОР» нет нет совпадает" in text
    assert "«500+» федеральный проект помощи не вычисляется списка нет" in text


def test_recommendations_with_one_measure_stand_together(documents: Path) -> None:
    text = visible(documents / "scorecards" / "101.html").replace("\u00a0", " ")

    assert text.count("Разобрать типичные ошибки по математике") == 1
    assert "показатели 1.4, 1.11: потеряно 6 баллов · отвечает МКУО КМЦ · дорожная карта, п. 4.2" in text
    assert f"у кого учиться — {FORMULA_NAME}" in text


def test_a_school_that_owes_forms_is_told_so_before_the_measures(documents: Path) -> None:
    partly = (
        "Исправить замечания и сдать полностью: «Контингент» за 2022-2023 учебный год: "
        "1\u00a0четв. (срок 10.11.2022)."
    )
    missing = "Сдать: «Кадры» за 2022-2023 учебный год (срок 15.06.2023)."
    sheet = openpyxl.load_workbook(documents / "scorecards/101.xlsx")["Рекомендации"]

    assert [sheet.cell(row, 5).value for row in (2, 3)] == [partly, missing]
    for text in (visible(documents / "scorecards/101.html"), printed(documents / "scorecards/101.pdf")):
        told = " ".join(text[text.index("Что делать") :].split())
        places = [told.index(one) for one in (" ".join(partly.split()), missing, "Разобрать типичные")]
        assert places == sorted(places)
        assert "«Протоколы ЕГЭ»" not in text  # the school does not send them
    assert "Сначала — сдать данные" not in visible(documents / "scorecards/102.html")


def test_a_card_says_who_supports_the_school(documents: Path) -> None:
    text = visible(documents / "scorecards" / "101.html").replace("\u00a0", " ")

    assert "Кто поддерживает школу Куратор =1+1 Тьютор МКУО КМЦ" in text
    assert f"Школа-наставник {FORMULA_NAME} (до 31.05.2023)" in text
    assert "Тьютор — МКУО КМЦ" in printed(documents / "scorecards" / "101.pdf")


def test_a_card_says_the_group_and_the_cluster_in_words(documents: Path) -> None:
    for text in (
        visible(documents / "scorecards" / "101.html"),
        printed(documents / "scorecards" / "101.pdf"),
    ):
        assert "Группа: трудные условия, низкие результаты." in text
        assert "Кластер: слабее других в математике." in text


def test_a_card_says_where_its_numbers_come_from(documents: Path) -> None:
    text = visible(documents / "scorecards" / "101.html")

    assert "Откуда числа: протоколы ОГЭ (РЦОИ) — 1.4; выгрузка ВПР (ФИС ОКО) или" in text
    assert "Файл, лист и строки каждого числа — в таблице XLSX." in text


def test_a_card_shows_the_district_beside_the_points_of_a_task(documents: Path) -> None:
    text = visible(documents / "scorecards" / "101.html").replace("\u00a0", " ")

    assert "1 Идентификация школ и динамика результатов 0 из 6 оценено 2 из 2 показателей" in text


def test_an_indicator_with_two_known_years_is_drawn(documents: Path) -> None:
    page = (documents / "scorecards" / "101.html").read_text(encoding="utf-8")

    assert 'aria-label="2021: 22\u00a0%; 2022: 35\u00a0%"' in page


def test_the_quarters_of_a_year_stand_in_one_line(documents: Path) -> None:
    text = visible(documents / "scorecards" / "101.html").replace("\u00a0", " ")

    assert "4.1 Взаимодействие с другими школами 1 четв. да · 2 четв. нет" in text


def test_the_total_is_marked_as_our_own(documents: Path) -> None:
    text = visible(documents / "scorecards" / "101.html").replace("\u00a0", " ")

    assert (
        "Общий итог: 1 из 6 баллов (16,7 %), охват 66,7 %. В районе у половины школ итог не ниже 50 %" in text
    )
    assert words.OWN_TOTAL_NOTE in text
    assert text.index("Баллы по задачам") < text.index("Общий итог")


def test_every_document_says_how_vpr_results_may_be_used(documents: Path) -> None:
    for path in [*documents.glob("scorecards/*.html"), *documents.glob("reports/*.html")]:
        assert words.VPR_NOTE in visible(path), path.name
    for path in documents.rglob("*.pdf"):
        assert words.VPR_NOTE in printed(path), path.name
    book = openpyxl.load_workbook(documents / "reports" / "identified_schools.xlsx")
    assert words.VPR_NOTE in [row[0] for row in book["Как читать"].values]


def test_every_document_names_release_date_and_clause(documents: Path) -> None:
    for path in documents.rglob("*.html"):
        assert "выпуск 2022-007 · данные на 31.08.2023" in visible(path), path.name
    text = visible(documents / "scorecards" / "101.html")
    assert "Основание: Приказ № 1496, раздел 4, показатели 1.4, 1.11, 2.2, 4.1." in text


def test_a_card_says_what_its_ratios_are(documents: Path) -> None:
    text = visible(documents / "scorecards" / "101.html")

    assert (
        "Что за числа. 1.4: «было» и «стало» — средний балл школы, делённый на средний балл района." in text
    )


def test_pdfs_are_tagged_speak_russian_and_embed_the_shipped_font(documents: Path) -> None:
    for path in documents.rglob("*.pdf"):
        reader = pypdf.PdfReader(path)
        root = reader.root_object
        assert root["/MarkInfo"]["/Marked"]
        assert "/StructTreeRoot" in root
        assert root["/Lang"] == "ru"
        assert reader.metadata is not None
        assert reader.metadata.title
        assert "/CreationDate" not in reader.metadata
        embedded = {
            descendant.get_object()["/FontDescriptor"]["/FontName"]: "/FontFile2"
            in descendant.get_object()["/FontDescriptor"]
            for page in reader.pages
            for font in page["/Resources"]["/Font"].values()
            for descendant in font.get_object()["/DescendantFonts"]
        }
        assert all(embedded.values()), path.name
        assert {re.sub(r"^/\w+\+", "", name).split("-")[0] for name in embedded} == {"PTSans"}


def test_a_plot_in_a_pdf_says_its_values_to_those_who_do_not_see_it(documents: Path) -> None:
    reader = pypdf.PdfReader(documents / "scorecards" / "101.pdf")

    assert "2021: 22\u00a0%; 2022: 35\u00a0%" in list(alternatives(reader.root_object["/StructTreeRoot"]))


def alternatives(node: Any) -> Iterator[str]:
    """The texts that stand for pictures below a node of a PDF's structure."""
    node = node.get_object()
    if isinstance(node, list):
        for child in node:
            yield from alternatives(child)
    elif isinstance(node, dict):
        if "/Alt" in node:
            yield str(node["/Alt"])
        yield from alternatives(node.get("/K", pypdf.generic.NullObject()))


def test_pages_need_nothing_from_outside(documents: Path) -> None:
    for path in documents.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert '<html lang="ru">' in page
        assert not re.search(r"<(img|iframe)\b|url\(|@import", page)
        for link in re.findall(r'(?:href|src)="([^"]*)"', page):
            target = link.partition("#")[0]
            # the marts are put beside the documents when the release is published
            is_published_later = target.startswith("../parquet/") or target == "../warehouse.duckdb"
            assert is_published_later or not target or (path.parent / target).is_file(), link


def test_every_header_cell_says_what_it_heads(documents: Path) -> None:
    for path in documents.rglob("*.html"):
        headers = re.findall(r"<th\b[^>]*>", path.read_text(encoding="utf-8"))
        assert headers or "<table" not in path.read_text(encoding="utf-8")
        assert all("scope=" in header for header in headers), path.name


def test_the_list_holds_identified_schools_and_names_the_undecided(documents: Path) -> None:
    text = visible(documents / "reports" / "identified_schools.html").replace("\u00a0", " ")

    assert "Всего 3 школы. ШНОР: по расчёту 1 (нет данных: 1), в списке 0. Зона риска: по расчёту 1" in text
    assert "Определить нельзя (нет результатов процедур, по которым определяют ШНОР): МБОУ СОШ № 3" in text
    assert "ОГЭ, математика — 32 %; ВПР, математика, 5 класс — 35 %" in text
    assert "расходится: ШНОР вошла в ШНОР в этом году" in text
    assert "Лесной район Всего 1 школа. ШНОР: по расчёту 0, списка нет" in text


@pytest.mark.parametrize("schools", [True, False])
def test_the_list_in_print_hides_no_unknown_support_and_denies_no_unknown_status(
    tmp_path: Path, *, schools: bool
) -> None:
    school = IdentifiedSchool(
        school_id="101",
        school_name="МБОУ СОШ № 1",
        verdicts=(Verdict("ШССУ", True, None, False),),
        in_project_500=None,
        is_supported=None,
        is_support_hidden=False,
        low_procedures=None,
        low_results=(),
        results_index=None,
        social_index=40.0,
        change="",
    )
    district = District(
        "Район", "Всего 1 школа.", "Определить нельзя: СОШ № 1.", (school,) if schools else ()
    )
    found = Identification("Школы", "2022 год", "", (district,), (), "", "выпуск")

    (tmp_path / "list.pdf").write_bytes(Press().print("identified.typ", found))

    text = printed(tmp_path / "list.pdf")
    assert ("ШССУ" in text) == schools
    assert "скрыто" not in text
    assert "Школ с этими статусами нет" not in text


def test_the_workbook_has_a_row_for_each_identified_school(documents: Path) -> None:
    book = openpyxl.load_workbook(documents / "reports" / "identified_schools.xlsx")

    rows = list(book["Школы"].values)

    assert [row[1] for row in rows[1:]] == ["101", "102", "201"]
    first = dict(zip(rows[0], rows[1], strict=True))
    assert first["ШНОР, расчёт"] == "да"
    assert first["ШНОР, список"] == "нет"
    assert first["Расхождения"] == "ШНОР"
    assert first["ИОР"] == -0.75
    assert dict(zip(rows[0], rows[3], strict=True))["ШССУ, список"] == "списка нет"


def test_a_quarter_has_an_edition_with_what_belongs_to_it(warehouse: Path, tmp_path: Path) -> None:
    write_documents(warehouse, tmp_path, year=2022, period="2022-Q1", release=RELEASE)

    text = visible(tmp_path / "scorecards" / "101.html")
    assert "Карта школы · 1 четверть 2022-2023" in text
    assert "4.1 Взаимодействие с другими школами да" in text
    assert "2 четв." not in text
    assert "1.11" not in text.split("Показатели")[1]
    assert "Процедуры, по которым" not in text


def test_an_unknown_year_or_period_is_refused_with_what_there_is(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"За 2030 год в хранилище нет школ. Есть годы: 2022"):
        write_documents(warehouse, tmp_path, year=2030, period=None, release=RELEASE)
    with pytest.raises(UsageError, match=r"Период 2022-H3 за 2022 год неизвестен. Есть: 2022, 2022-Q1"):
        write_documents(warehouse, tmp_path, year=2022, period="2022-H3", release=RELEASE)


def test_the_workbook_is_a_valid_file_for_a_release_without_date(warehouse: Path, tmp_path: Path) -> None:
    write_documents(warehouse, tmp_path, year=2022, period=None, release={})

    content = (tmp_path / "reports" / "identified_schools.xlsx").read_bytes()
    assert openpyxl.load_workbook(io.BytesIO(content)).sheetnames == ["Школы", "Как читать"]
