"""Papers of a municipality: what the report, the draft order and the analysis of effectiveness say."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pypdf
import pytest
from invented import FORMULA_NAME, SCRIPT_NAME
from municipality import build

from school_quality import seeds
from school_quality.reporting import words
from school_quality.reporting.content.facts import Reference, open_warehouse, read_reference
from school_quality.reporting.layout.context_plot import draw_context
from school_quality.reporting.layout.rendering import Press
from school_quality.reporting.papers import municipal_facts
from school_quality.reporting.papers.draft_order import build_order, period_of
from school_quality.reporting.papers.effectiveness import REGRESSION_NOTE, build_effectiveness, edition_on
from school_quality.reporting.papers.municipal import build_report, write_reports
from school_quality.reporting.papers.municipal_facts import MunicipalFacts, read_municipalities
from school_quality.reporting.papers.municipal_indicators import network_table
from school_quality.reporting.papers.municipal_tasks import tasks
from school_quality.reporting.papers.paper import (
    Appendix,
    Bullets,
    Column,
    Figure,
    Grid,
    Heading,
    Paper,
    Point,
    Signature,
    grid,
)
from school_quality.reporting.papers.word import docx

RELEASE = {"release_id": "20230901T000000Z-1a2b3c4d", "as_of": "2023-06-20"}
JUNE, SEPTEMBER = date(2023, 6, 20), date(2022, 9, 20)
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    path = tmp_path_factory.mktemp("municipality") / "warehouse.duckdb"
    build(path)
    with open_warehouse(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def reference(connection: duckdb.DuckDBPyConnection) -> Reference:
    return read_reference(connection, 2022, None)


@pytest.fixture(scope="module")
def facts(connection: duckdb.DuckDBPyConnection, reference: Reference) -> dict[str, MunicipalFacts]:
    return {found.municipality_id: found for found in read_municipalities(connection, reference)}


@pytest.fixture(scope="module")
def report(facts: dict[str, MunicipalFacts], reference: Reference) -> Paper:
    return build_report(facts["1"], reference, "выпуск", JUNE, is_open=False)


def table(paper: Paper, caption: str) -> Grid:
    return next(block for block in paper.blocks if isinstance(block, Grid) and caption in block.caption)


def said(paper: Paper) -> str:
    """Everything that a paper says, a line for each paragraph, bullet and row."""
    lines = [*paper.organisation, paper.name, paper.about]
    for block in paper.blocks:
        if isinstance(block, Grid):
            lines += [block.caption, *(" | ".join(row) for row in block.rows)]
        elif isinstance(block, Figure):
            lines.append(block.caption)
        else:
            lines += [*getattr(block, "items", ()), getattr(block, "text", "")]
    return "\n".join(lines)


def paper_parts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist() if not name.endswith(".png")}


def test_low_results_are_given_with_procedure_percent_and_pupils(report: Paper) -> None:
    (row,) = table(report, "ШНОР").rows

    assert row[1:3] == ("да", "да")
    assert "ВПР, математика, 5 класс — 37,5\u00a0% (3 из 8)" in row[3]
    assert "ОГЭ, математика — 32\u00a0% (число учеников не передано)" in row[3]
    assert row[4] == "2\u00a0процедуры с низким результатом при пороге 2"


def test_each_status_is_explained_by_the_clause_of_the_years_edition(
    facts: dict[str, MunicipalFacts], reference: Reference, report: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = seeds.rows
    anew = tuple(
        {**row, "methodology_version": "next", "clause": "пункт 8.4"} for row in rows("status_clauses")
    )
    monkeypatch.setattr(seeds, "rows", lambda name: anew if name == "status_clauses" else rows(name))

    later = build_report(facts["1"], replace(reference, version="next"), "выпуск", JUNE, is_open=False)

    assert re.findall(r"пункт \d\.\d приказа", said(report)) == [f"пункт 3.{n} приказа" for n in (1, 5, 2)]
    assert re.findall(r"пункт \d\.\d приказа", said(later)) == ["пункт 8.4 приказа"] * 3


def test_risk_zone_names_the_dynamics_that_fell_two_years_running(report: Paper) -> None:
    (row,) = table(report, "зоне риска").rows

    assert row[1:4] == ("да", "нет", "−0,2")
    assert "1.3 Динамика ОГЭ: русский язык: −0,25, годом раньше −0,12" in row[4].replace("−0,125", "−0,12")
    assert "1.4" not in row[4]


def test_a_school_in_the_risk_zone_whose_falls_are_hidden_is_told_so(
    connection: duckdb.DuckDBPyConnection, reference: Reference
) -> None:
    found = facts_of(connection, reference)
    found.falls.clear()

    (row,) = table(build_report(found, reference, "", JUNE, is_open=True), "зоне риска").rows

    assert row[4] == "скрыто"


def test_a_difference_between_calculation_and_list_is_said(report: Paper) -> None:
    assert "зона риска: по расчёту да, в списке нет" in said(report)


def test_changes_name_who_left_came_stayed_and_moved_into_effective_mode(report: Paper) -> None:
    text = said(report)

    assert re.search(r"Вышли из ШНОР: СОШ №\s3", text)
    assert re.search(r"Вошли в ШНОР: СОШ №\s1", text)
    assert "Остаются ШНОР: нет" in text
    assert re.search(r"Вышли из зоны риска: СОШ №\s1", text)
    assert re.search(r"и ИОР не снизился\): СОШ №\s3", text)


def test_a_school_that_is_unknown_in_one_of_the_years_neither_came_nor_left(
    connection: duckdb.DuckDBPyConnection, reference: Reference
) -> None:
    found = facts_of(connection, reference)
    formula = words.school_name(FORMULA_NAME, "102")
    found.before["102"] |= {"is_low_results": None, "is_risk_zone": None}
    found.statuses[1] |= {"change_from_previous_year": None}

    text = said(build_report(found, reference, "", JUNE, is_open=False))

    assert "Вошли в зону риска: нет." in text
    why = "за один из двух лет мало или нет процедур, по которым определяют ШНОР"
    assert f"Сравнить нельзя, {why}: {formula}." in text
    assert "Изменение скрыто" not in text


def test_a_change_that_the_open_edition_hides_in_either_year_is_not_called_none(
    connection: duckdb.DuckDBPyConnection, reference: Reference
) -> None:
    found = facts_of(connection, reference)
    formula = words.school_name(FORMULA_NAME, "102")
    found.before["102"] |= {"is_risk_zone": None, "suppressed": ["is_risk_zone"]}
    found.statuses[3] |= {"change_from_previous_year": None, "suppressed": ["change_from_previous_year"]}

    text = said(build_report(found, reference, "", JUNE, is_open=True))

    assert re.search(r"Вошли в ШНОР за год: .+; скрыто школ: 1\.", text)
    assert "Вошли в зону риска: нет." in text
    assert f"Изменение скрыто: {formula}, СОШ №\u00a04." in text
    assert "Сравнить нельзя, за один из" not in text


def test_without_a_year_before_a_report_does_not_say_that_nobody_came_or_left(
    connection: duckdb.DuckDBPyConnection, reference: Reference
) -> None:
    found = facts_of(connection, reference)
    found.before.clear()
    found.statuses[:] = [row | {"change_from_previous_year": None} for row in found.statuses]

    text = said(build_report(found, reference, "", JUNE, is_open=False))

    assert "за год: нет" not in text
    assert "Сравнить не с чем: результатов 2021 года по процедурам, которые определяют ШНОР" in text


def test_indicators_stand_by_task_with_points_and_pooled_shares(report: Paper) -> None:
    scored = {row[0]: row for row in table(report, "Задача 1. Идентификация").rows}
    pupils = table(report, "Задача 3").rows
    network = table(report, "Задача 4").rows

    assert scored["1.11"][2:] == ("2", "1", "1", "1,5 из 3", "0")
    assert pupils[0][2:] == (
        "1\u00a0четв.",
        "20\u00a0% (10\u00a0из\u00a050)",
        "13,3\u00a0% … 30\u00a0%",
        "2",
        "0",
    )
    assert network[0][1] == "Сетевое взаимодействие"
    assert network[0][3] == "1\u00a0из\u00a02, сообщили\u00a01"
    assert table(report, "Баллы школ").rows[0][1:] == ("0 из 3", "0 из 3", "33,3\u00a0%", "100\u00a0%")


def test_tasks_that_the_district_or_several_schools_could_not_do_stand_by_subject(report: Paper) -> None:
    rows = table(report, "Математика").rows

    assert [row[1] for row in rows] == ["8", "7"]  # shared by two schools, then the district's own deficit
    assert rows[1][2:4] == ("Решать <i>задачи</i>", "40\u00a0%")
    assert (rows[0][2], rows[0][4].count("№"), rows[1][5]) == ("нет данных", 2, "СОШ №\u00a04")


def test_without_tasks_the_report_has_no_part_on_them(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    assert tasks(replace(facts["1"], task_deficits=[]), reference) == []


def test_groups_clusters_and_the_plot_of_context_against_results(report: Paper) -> None:
    figure = next(block for block in report.blocks if isinstance(block, Figure))
    groups = table(report, "Группы по условиям").rows

    assert [mark.label for mark in figure.plot.marks] == ["1", "2", "3", "4"]
    assert [mark.is_supported for mark in figure.plot.marks] == [True, True, False, False]
    assert [row[1] for row in groups] == ["1", "1", "1", "1"]
    assert "слабые результаты, падают" in said(report)


def test_practices_come_from_the_form_resilient_schools_and_those_that_improved(report: Paper) -> None:
    text = said(report)

    assert table(report, "Практики").rows[0][1:] == ("1.11, 1.13", "Устный счёт", "https://example.org/4")
    assert re.search(r"хорошие результаты\): СОШ №\s4", text)
    assert re.search(r"вырос ИОР: СОШ №\s3 .*\(\+0,9\)", text)


def test_recommendations_group_indicators_and_name_owner_item_peer_and_curator(report: Paper) -> None:
    block = next(
        block for block in report.blocks if isinstance(block, Grid) and "Куратор: МКУО ЦОКО" in block.caption
    )

    (row,) = block.rows
    assert row[:5] == ("Разобрать типичные ошибки ВПР", "1.4, 1.11", "6", "МКУО КМЦ", "4.2")
    assert row[5] == "СОШ №\u00a04"


def test_measures_are_listed_and_decisions_are_left_to_be_filled(report: Paper) -> None:
    assert [row[2] for row in table(report, "Меры, о которых").rows] == ["Занятия 2022 года <i>"]
    assert [row[1:] for row in table(report, "предстоит принять").rows] == [("", "", "")] * 2


def test_overdue_items_stand_with_each_of_their_owners(report: Paper) -> None:
    rows = {row[0]: row[1:] for row in table(report, "Просрочено").rows}

    assert rows["МКУО КМЦ"][0] == "1"
    assert rows["МКУО ЦОКО"][0] == "2"
    assert "4.8" in rows["МКУО ЦОКО"][1]
    assert "срок 31.10.2022, не выполнено" in rows["МКУО ЦОКО"][1]


def test_missing_and_late_submissions_are_listed_by_form(report: Paper) -> None:
    states = {(row[1], row[3]) for row in table(report, "Кто и что не сдал").rows}

    assert states == {
        ("год", "не сдано"),
        ("1\u00a0четв.", "не сдано"),
        ("1\u00a0четв.", "сдано позже срока"),
    }


def test_a_report_has_fields_for_date_number_signature_and_executor(report: Paper) -> None:
    signature = report.blocks[-1]

    assert report.requisites is not None
    assert "№" in report.requisites[1]
    assert isinstance(signature, Signature)
    assert "Исполнитель" in signature.notes[0]


def test_a_quarter_has_its_own_parts_and_the_groups(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    quarter = read_reference(connection, 2022, "2022-Q1")
    found = next(one for one in read_municipalities(connection, quarter) if one.municipality_id == "1")

    paper = build_report(found, quarter, "выпуск", date(2022, 11, 12), is_open=False)
    write_reports(connection, quarter, tmp_path, RELEASE)

    headings = [block.text for block in paper.blocks if isinstance(block, Heading)]
    assert "Группы и кластеры школ" in headings
    assert "Определение школ и причины" not in headings
    assert [row[1:] for row in table(paper, "Значения по школам, задача 3").rows] == [
        ("30\u00a0%",),
        ("13,3\u00a0%",),
    ]
    assert [row[1:] for row in table(paper, "Значения по школам, задача 4").rows] == [("да",)]
    assert "Школ, которые сдали не всё: 1." in said(paper)  # 102 owes a form of the year, not of the quarter
    assert [row[0] for row in table(paper, "Пункты дорожной карты").rows] == ["4.8"]
    assert "Кадры" not in said(paper)
    assert not list(tmp_path.glob("reports/effectiveness_*"))
    assert (tmp_path / "reports/draft_order_1.docx").is_file()


def test_a_draft_order_addresses_measures_by_school_owner_and_next_date(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    order = build_order(facts["1"], reference, "выпуск", JUNE)

    (row,) = table(order, "Что сделать").rows
    assert order.is_draft
    assert row[0] == "1.1"
    assert row[2].startswith(
        "Разобрать типичные ошибки ВПР (показатели 1.4, 1.11, пункт 4.2 дорожной карты)."
    )
    assert row[3:] == ("МКУО КМЦ", "до 31.05.2024")
    points = [block.text for block in order.blocks if isinstance(block, Point)]
    assert any(text.startswith("МКУО КМЦ: исполнить просроченные пункты") for text in points)
    assert any("«Кадры» (год)" in text for text in points)
    assert points[-3].startswith("Исполнителям представить отчёт")
    assert order.about.endswith("по итогам 2022 года")
    assert "методика — приказ от 12.09.2022 №\u00a01496" in said(order)
    assert order.place
    assert "«Контингент» (1\u00a0четв.)" in said(order)


def test_a_draft_order_has_the_head_the_place_for_its_number_and_the_approval_of_the_order(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    order = build_order(facts["1"], reference, "выпуск", JUNE)

    (appendix,) = (block for block in order.blocks if isinstance(block, Appendix))
    full = f"управления образования администрации муниципального образования {facts['1'].name}"
    assert " ".join(order.organisation) == full.upper().replace("УПРАВЛЕНИЯ", "УПРАВЛЕНИЕ")
    assert order.requisites == ("от «___» __________ 20__ г.", "№ ________")
    assert appendix.label[0] == f"Приложение к приказу {full}"
    assert appendix.approval[:2] == ("УТВЕРЖДАЮ", f"Начальник {full}")


def test_reports_for_signature_are_approved_by_the_head_and_those_for_the_public_are_not(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    for build_paper in (build_report, build_effectiveness):
        official, public = (
            build_paper(facts["1"], reference, "выпуск", JUNE, is_open=is_open) for is_open in (False, True)
        )

        assert official.approval[0] == "УТВЕРЖДАЮ"
        assert public.approval == ()


def test_schools_are_asked_for_forms_only_and_what_others_send_is_asked_of_them(
    connection: duckdb.DuckDBPyConnection, reference: Reference
) -> None:
    found = facts_of(connection, reference)
    before = said(build_report(found, reference, "выпуск", JUNE, is_open=False))
    protocol = found.submissions[0] | {"status": "missing", "dataset": "ege_results", "school_id": "104"}
    found.submissions.append(protocol)

    order = build_order(found, reference, "выпуск", JUNE)
    after = said(build_report(found, reference, "выпуск", JUNE, is_open=False))

    points = [block for block in order.blocks if isinstance(block, Point)]
    (protocols,) = (place for place, point in enumerate(points) if "«Протоколы ЕГЭ»" in point.text)
    head = next(point for point in reversed(points[:protocols]) if point.level == 0)
    assert head.text.startswith("Центру оценки качества образования запросить у отправителей")
    (unsent,) = re.findall("Школ, которые сдали не всё: .*", before)
    assert unsent in after


def test_every_measure_of_an_order_has_a_date_or_says_whose_date_it_needs(
    connection: duckdb.DuckDBPyConnection, reference: Reference
) -> None:
    found = facts_of(connection, reference)
    first, *others = found.recommendations
    found.recommendations[:] = [
        first,
        *(row | {"measure_text": "Открыть канал", "roadmap_item": "4.3"} for row in others[:1]),
        first | {"measure_text": "Без пункта", "roadmap_item": None, "owner": None},
    ]

    order = build_order(found, reference, "выпуск", JUNE)

    dates = [row[4] for row in table(order, "Что сделать").rows]
    points = [block.text for block in order.blocks if isinstance(block, Point) and block.level == 0]
    assert dates == [
        "до 31.05.2024",
        "постоянно; день назначает МКУО КМЦ",
        "день назначает управление образования",
    ]
    blanks = [text for text in points if "«___»" in text]
    assert len(blanks) >= 3
    assert all("(день назначает начальник управления образования)" in text for text in blanks)


def test_a_date_of_the_roadmap_that_has_not_passed_is_kept(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    order = build_order(facts["1"], reference, "выпуск", SEPTEMBER)

    assert table(order, "Что сделать").rows[0][4] == "до 31.05.2023"


def test_a_date_of_the_roadmap_is_moved_to_the_next_one_however_late_the_day_of_judgement(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    order = build_order(facts["1"], reference, "выпуск", date(2026, 2, 1))

    assert table(order, "Что сделать").rows[0][4] == "до 31.05.2026"


def test_an_order_demands_what_was_sent_in_part_and_speaks_of_one_indicator_in_the_singular(
    connection: duckdb.DuckDBPyConnection, reference: Reference
) -> None:
    found = facts_of(connection, reference)
    found.submissions.append(found.submissions[0] | {"status": "partly", "dataset": "form_pupils"})
    found.recommendations[:] = found.recommendations[:1]

    order = build_order(found, reference, "выпуск", JUNE)

    assert "исправить замечания и сдать полностью: " in said(order)
    assert "(показатель 1.11, пункт 4.2 дорожной карты)" in table(order, "Что сделать").rows[0][2]


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("2022-Q3", "3\u00a0четверти 2022-2023 учебного года"),
        ("2022-H1", "1\u00a0полугодия 2022-2023 учебного года"),
    ],
)
def test_an_order_names_its_part_of_the_year_in_the_genitive(
    period: str, expected: str, reference: Reference
) -> None:
    assert period_of(replace(reference, period=period)) == expected


def test_a_school_only_in_the_list_is_told_why_the_calculation_left_it_out(
    connection: duckdb.DuckDBPyConnection, reference: Reference
) -> None:
    found = facts_of(connection, reference)
    listed = {"official_risk_zone": True, "is_risk_zone": False, "is_low_results": False}
    found.statuses[2] = found.statuses[2] | listed | {"results_index": 0.4}
    found.statuses[3] = found.statuses[3] | listed | {"results_index": -0.4}

    rows = {
        row[0]: row[4] for row in table(build_report(found, reference, "", JUNE, is_open=False), "зоне").rows
    }

    assert list(rows.values())[-2:] == [
        "Только в списке: по расчёту ИОР не ниже нуля",
        "Только в списке: по расчёту падения, которое длится, нет",
    ]


def test_what_the_open_edition_hides_is_never_called_missing_or_absent(
    connection: duckdb.DuckDBPyConnection, reference: Reference
) -> None:
    found = facts_of(connection, reference)
    hidden = {
        "is_risk_zone": False,
        "official_risk_zone": True,
        "is_low_results": None,
        "results_index": -1.0,
    }
    found.statuses[3] = (
        found.statuses[3]
        | hidden
        | {
            "school_group": None,
            "suppressed": ["is_low_results", "school_group"],
        }
    )
    found.indicators[:] = [row | {"max_points": None, "hidden_schools": 1} for row in found.indicators]

    report = build_report(found, reference, "", JUNE, is_open=True)
    effect = build_effectiveness(found, reference, "", JUNE, is_open=True)

    assert table(report, "зоне риска").rows[-1][4] == words.HIDDEN
    assert {row[5] for row in table(report, "Задача 1. Идентификация").rows} == {words.HIDDEN}
    assert "хорошие результаты): нет; скрыто школ: 1." in said(report)
    assert re.search(r"Группа в один из двух лет скрыта: СОШ №\s4", said(effect))


def test_a_list_that_nobody_delivered_and_a_single_value_are_said_once(
    connection: duckdb.DuckDBPyConnection, reference: Reference
) -> None:
    found = facts_of(connection, reference)
    for status in found.statuses:
        status |= {"is_difficult_social": True, "official_difficult_social": None}
    found.indicators[:] = [row | {"highest": row["lowest"]} for row in found.indicators if row["lowest"]]

    report = build_report(found, reference, "", JUNE, is_open=False)

    assert "по расчёту да, списка нет)" in said(report)
    assert table(report, "Задача 3").rows[0][4] == "13,3\u00a0%"


def test_a_district_value_has_its_name_where_no_school_is_judged_by_the_indicator(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    nobody = facts["1"].district_indicators[0] | {"value": None, "denominator": None, "school_ids": None}

    assert network_table("Район", [nobody], reference).rows[0][1:] == (
        "Сетевое взаимодействие",
        "1\u00a0четв.",
        words.NO_DATA,
        "—",
    )


def test_the_list_of_differences_ends_with_a_full_stop_and_clusters_are_explained(
    connection: duckdb.DuckDBPyConnection, reference: Reference
) -> None:
    found = facts_of(connection, reference)
    found.statuses[0] = found.statuses[0] | {"cluster": "средние результаты"}

    report = build_report(found, reference, "", JUNE, is_open=False)

    differences = next(
        block.items
        for block in report.blocks
        if isinstance(block, Bullets) and "в списке нет" in block.items[-1]
    )
    assert differences[-1].endswith("в списке нет.")
    meanings = {row[0]: row[1] for row in table(report, "Кластеры").rows}
    assert meanings["средние результаты"].startswith("Уровень и динамика ближе к середине")


@pytest.mark.parametrize(
    ("day", "edition"),
    [
        (date(2022, 9, 1), "results"),
        (date(2023, 5, 31), "results"),
        (date(2023, 6, 1), "execution"),
        (date(2023, 8, 31), "execution"),
        (date(2026, 1, 1), "execution"),
        (date(2022, 7, 1), "results"),
    ],
)
def test_the_day_of_judgement_decides_the_edition_of_the_analysis(day: date, edition: str) -> None:
    assert edition_on(day, 2022) == edition


def test_june_tells_execution_by_direction_and_office(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    paper = build_effectiveness(facts["1"], reference, "выпуск", JUNE, is_open=False)

    text = said(paper)
    offices = {row[0]: row[1:] for row in table(paper, "Пункты дорожной карты").rows}
    assert [f"Направление {task}." in text for task in (1, 2, 3, 4)] == [False, True, True, True]
    assert table(paper, "МКУО КМЦ: баллы").rows[0][0] == "2.1"
    assert offices["МКУО ЦОКО"] == ("3", "0", "1", "1", "1", "2")
    assert "Занятия 2022 года" in text
    assert "сентябрьское дополнение" in text


def test_september_sets_measures_against_change_and_similar_schools(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    paper = build_effectiveness(facts["1"], reference, "выпуск", SEPTEMBER, is_open=False)

    text = said(paper)
    (points,) = table(paper, "до и после").rows
    compared = table(paper, "Изменение поддержанных и похожих").rows
    (pair,) = table(paper, "похожая на неё").rows
    assert "сентябрьское дополнение" in paper.about
    assert "Занятия 2022 года" not in text
    assert points[4] == "−1"
    assert [row[1:] for row in compared] == [
        ("с поддержкой", "6", "−0,9", "−0,5", "+0,4", ""),
        ("похожие", "5", "−0,2", "−0,1", "+0,1", ""),
        ("разность изменений", "", "", "", "+0,3", "от +0,1 до +0,5"),
    ]
    assert "интервал не содержит нуля." in text
    assert "Начинали они с уровней, которые различались сильнее" in text
    assert re.search(r"изменение поддержанных школ: .* 1\sшкола, в среднем ", text)
    assert "было −0,5, стало −0,8; МБОУ СОШ №\u00a04: было 0,2, стало 0,1" in pair[2]
    assert pair[1] == "1; 0"
    assert REGRESSION_NOTE in text


def test_moves_between_groups_are_named(facts: dict[str, MunicipalFacts], reference: Reference) -> None:
    rows = table(
        build_effectiveness(facts["1"], reference, "выпуск", JUNE, is_open=False), "Кто перешёл"
    ).rows

    assert [row[:2] for row in rows] == [
        (words.GROUPS["struggling"], words.GROUPS["thriving"]),
        (words.GROUPS["underperforming"], words.GROUPS["struggling"]),
    ]


def test_too_few_similar_schools_are_not_compared(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    few = {"comparison_schools": 4, "difference": None, "ci_low": None, "ci_high": None}
    found = replace(facts["1"], effectiveness=[row | few for row in facts["1"].effectiveness])

    paper = build_effectiveness(found, reference, "выпуск", SEPTEMBER, is_open=False)

    *_, last = table(paper, "Изменение поддержанных и похожих").rows
    assert last[-2:] == ("не сравниваем", "похожих школ меньше 5")
    assert "не сравниваем — похожих школ 4, а нужно не меньше 5" in said(paper)
    assert "разности не видно" not in said(paper)


def test_a_peer_that_there_is_not_is_told_in_every_paper(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    alone = [row | {"peer_school_id": None} for row in facts["1"].recommendations]
    found = replace(facts["1"], recommendations=alone)

    report = said(build_report(found, reference, "выпуск", JUNE, is_open=False))
    order = said(build_order(found, reference, "выпуск", JUNE))

    assert alone
    assert "школы, у которой этому учиться, в районе нет" in report
    assert "Школы, у которой этому учиться, в районе нет." in order


def test_what_is_unknown_of_every_school_is_no_data_and_never_nobody(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    found = facts["3"]

    text = said(build_report(found, reference, "выпуск", JUNE, is_open=False))
    order = said(build_order(found, reference, "выпуск", JUNE))
    effect = said(build_effectiveness(found, reference, "выпуск", JUNE, is_open=False))

    assert "ШНОР по расчёту: нет данных." in text
    assert "В зоне риска по расчёту: нет данных." in text
    assert "Получают адресную поддержку: нет данных." in text
    assert "(ШССУ): по расчёту — нет данных, списка нет." in text
    assert "Таких школ в 2022 году по расчёту — нет данных, списка нет." in text
    assert "Каким школам нужна адресная поддержка, данных нет." in text
    assert "за год нет результатов процедур, по которым определяют ШНОР" in text
    assert "каким школам нужна адресная поддержка, данных нет" in order
    assert "Школ с адресной поддержкой: нет данных." in effect


def test_a_school_that_may_have_left_low_results_is_unknown_in_effective_mode(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    unknown = {"is_low_results": None, "change_from_previous_year": None, "is_effective_mode": False}
    row = facts["3"].statuses[0] | unknown
    found = replace(facts["3"], statuses=[row], before={"301": row | {"is_low_results": True}})

    text = said(build_report(found, reference, "выпуск", JUNE, is_open=False))
    effect = said(build_effectiveness(found, reference, "выпуск", JUNE, is_open=False))

    assert "и ИОР не снизился): нет данных." in text
    assert "Перешли в эффективный режим: нет данных." in text
    assert "и ИОР не снизился): нет данных." in effect
    assert "О мерах не сообщили: нет данных." in effect
    assert "Показателей нет: каким школам нужна адресная поддержка, данных нет." in effect


def test_a_school_that_was_not_or_still_is_low_is_known_not_to_be_in_effective_mode(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    row = facts["3"].statuses[0] | {"change_from_previous_year": None, "is_effective_mode": False}
    for now, before in ((None, False), (True, None)):
        found = replace(
            facts["3"],
            statuses=[row | {"is_low_results": now}],
            before={"301": row | {"is_low_results": before}},
        )

        text = said(build_report(found, reference, "выпуск", JUNE, is_open=False))

        assert "Перешли в эффективный режим: нет." in text


def test_a_municipality_without_low_results_says_so(
    facts: dict[str, MunicipalFacts], reference: Reference
) -> None:
    found = facts["2"]

    text = said(build_report(found, reference, "выпуск", JUNE, is_open=False))
    order = said(build_order(found, reference, "выпуск", JUNE))
    effect = said(build_effectiveness(found, reference, "выпуск", JUNE, is_open=False))

    assert "Таких школ в 2022 году нет ни по расчёту, ни в списке." in text
    assert "Школ с адресной поддержкой в этом году нет." in text
    assert "школ, которым нужна адресная поддержка, нет" in order
    assert "(день назначает начальник управления образования)." in order
    assert "Сравнить нельзя" in effect
    assert "нет данных о школах" not in text


def test_an_open_edition_signs_and_orders_nothing_and_says_what_is_hidden(
    connection: duckdb.DuckDBPyConnection, reference: Reference, tmp_path: Path
) -> None:
    hidden = dict(next(row for row in facts_of(connection, reference).statuses if row["school_id"] == "101"))
    hidden |= {
        "low_procedures": None,
        "low_procedure_ids": None,
        "score_pct": None,
        "is_low_results": None,
        "suppressed": ["low_procedures", "low_procedure_ids", "score_pct", "is_low_results"],
    }
    found = facts_of(connection, reference)
    found.statuses[0] = hidden

    paper = build_report(found, reference, "выпуск", JUNE, is_open=True)
    write_reports(connection, reference, tmp_path, RELEASE, edition="open")

    assert {path.name for path in tmp_path.glob("reports/*")} == {
        f"{name}_{id_}.{kind}"
        for name in ("municipal", "effectiveness")
        for id_ in "123"
        for kind in ("docx", "pdf")
    }
    assert words.HIDDEN_NOTE in said(paper)
    assert paper.requisites is None
    assert not [block for block in paper.blocks if isinstance(block, Signature)]
    assert "Кто и что не сдал" not in said(paper)
    assert "Меры, о которых" not in said(paper)
    assert "ШНОР по расчёту: нет; скрыто школ: 1." in said(paper)
    assert re.search(r"Статус по расчёту скрыт: СОШ №\s1", said(paper))
    assert table(paper, "ШНОР").rows[0][1] == words.HIDDEN
    assert table(paper, "ШНОР").rows[0][3:] == (words.HIDDEN, words.HIDDEN)
    assert words.HIDDEN in table(paper, "Баллы школ").rows[0]


def facts_of(connection: duckdb.DuckDBPyConnection, reference: Reference) -> MunicipalFacts:
    return next(found for found in read_municipalities(connection, reference) if found.municipality_id == "1")


def test_every_paper_carries_the_note_on_vpr_the_release_the_day_and_the_methodology(
    connection: duckdb.DuckDBPyConnection, reference: Reference, tmp_path: Path
) -> None:
    count = write_reports(connection, reference, tmp_path, RELEASE)

    papers = sorted(tmp_path.glob("reports/*.docx"))
    assert count == len(list(tmp_path.glob("reports/*"))) == 15
    assert len(papers) == 9
    for path in papers:
        parts = paper_parts(path.read_bytes())
        assert words.VPR_NOTE in parts["word/document.xml"]
        assert "20230901T000000Z-1a2b3c4d" in parts["word/footer.xml"]
        assert "данные на 20.06.2023 · методика 1496-2022" in parts["word/footer.xml"]


def test_texts_from_files_stay_texts(report: Paper) -> None:
    parts = paper_parts(docx(report, Press()))

    document = ElementTree.fromstring(parts["word/document.xml"])  # noqa: S314 -- our own
    text = "\n".join(element.text or "" for element in document.iter(f"{W}t"))
    assert SCRIPT_NAME.split("<")[1] in text
    assert FORMULA_NAME.replace("№ ", "№\u00a0") in text
    assert "{{ 7 * 7 }} {% raw %}" in text
    assert "\x0b" not in parts["word/document.xml"]
    assert "Луговой район <b>" in text
    assert not list(document.iter(f"{W}hyperlink"))
    assert not list(document.iter(f"{W}instrText"))
    assert "<script" not in parts["word/document.xml"]


def test_a_docx_is_a4_and_its_tables_break_over_pages_with_their_heads(report: Paper) -> None:
    parts = paper_parts(docx(report, Press()))
    document = ElementTree.fromstring(parts["word/document.xml"])  # noqa: S314 -- our own

    size = next(document.iter(f"{W}pgSz"))
    assert (size.get(f"{W}w"), size.get(f"{W}h")) == ("11906", "16838")
    tables = [one for one in document.iter(f"{W}tbl") if one.find(f"{W}tblPr/{W}tblCaption") is not None]
    assert len(tables) == sum(isinstance(block, Grid) for block in report.blocks)
    for one in tables:
        rows = one.findall(f"{W}tr")
        assert [row.find(f"{W}trPr/{W}tblHeader") is not None for row in rows[:2]] == [True, False]
        assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)


def test_identical_input_gives_identical_bytes(
    connection: duckdb.DuckDBPyConnection, reference: Reference, tmp_path: Path, monkeypatch: Any
) -> None:
    write_reports(connection, reference, tmp_path / "first", RELEASE)
    monkeypatch.setattr(municipal_facts, "BATCH", 1)
    write_reports(connection, reference, tmp_path / "second", RELEASE)

    first = {path.name: path.read_bytes() for path in tmp_path.glob("first/reports/*")}
    second = {path.name: path.read_bytes() for path in tmp_path.glob("second/reports/*")}
    assert first == second


def test_one_municipality_can_be_asked_for(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write_reports(connection, read_reference(connection, 2022, None, "Лесной район"), tmp_path, RELEASE)

    assert {path.stem.rpartition("_")[2] for path in tmp_path.glob("reports/*")} == {"2"}


def test_pdf_papers_are_tagged_and_speak_russian(report: Paper) -> None:
    pdf = Press().print("paper.typ", report)

    assert b"/StructTreeRoot" in pdf
    assert re.search(rb"/Lang\s*\(ru", pdf)


@pytest.mark.slow
def test_an_office_program_opens_the_papers(
    connection: duckdb.DuckDBPyConnection, reference: Reference, tmp_path: Path
) -> None:
    if shutil.which("soffice") is None or not list(Path("/usr/lib/libreoffice/program").glob("libswlo.so")):
        pytest.skip("LibreOffice Writer is not installed")
    write_reports(connection, reference, tmp_path, RELEASE)
    papers = sorted(tmp_path.glob("reports/*_1.docx"))

    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    command += ["--convert-to", "txt:Text (encoded):UTF8", "--outdir", str(tmp_path), *map(str, papers)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)

    assert "СПРАВКА" in (tmp_path / "municipal_1.txt").read_text(encoding="utf-8")
    assert "ПРИКАЗ" in (tmp_path / "draft_order_1.txt").read_text(encoding="utf-8")
    assert "Возврат к среднему" in (tmp_path / "effectiveness_1.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_no_word_of_a_table_is_broken_where_the_font_is_missing(
    connection: duckdb.DuckDBPyConnection, reference: Reference, tmp_path: Path
) -> None:
    if shutil.which("soffice") is None or not list(Path("/usr/lib/libreoffice/program").glob("libswlo.so")):
        pytest.skip("LibreOffice Writer is not installed")
    write_reports(connection, reference, tmp_path, RELEASE)
    papers = sorted(tmp_path.glob("reports/*_1.docx"))

    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    command += ["--convert-to", "pdf", "--outdir", str(tmp_path), *map(str, papers)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)

    for paper in papers:
        with zipfile.ZipFile(paper) as archive:
            document = archive.read("word/document.xml").decode()
        cells = " ".join(re.sub("<[^>]*>", " ", cell) for cell in re.findall("<w:tc>.*?</w:tc>", document))
        pages = " ".join(
            page.extract_text() for page in pypdf.PdfReader(tmp_path / f"{paper.stem}.pdf").pages
        )
        words_ = "[А-Яа-яё]{4,}"
        assert set(re.findall(words_, cells)) - set(re.findall(words_, pages)) == set()


def test_a_table_refuses_a_row_of_another_width() -> None:
    with pytest.raises(ValueError, match="1 cells in 2 columns"):
        grid("Таблица", (Column("а", 1), Column("б", 1)), [("один",)])


def test_labels_of_neighbours_on_the_plot_stand_apart() -> None:
    rows = [
        {
            "school_id": str(number),
            "social_index": 50 + number / 100,
            "results_index": 0.1,
            "school_group": None,
            "is_supported": False,
        }
        for number in range(3)
    ]

    plot = draw_context(
        [*rows, rows[0] | {"school_id": "9", "social_index": 90, "results_index": -1}], {}, 60
    )

    assert plot is not None
    assert plot.median_x is not None
    assert len({(mark.label_x, mark.label_y) for mark in plot.marks}) == 4
    assert plot.zero_y is not None
    assert draw_context(rows[:1], {}, 60) is None
