"""A scorecard's numbers as the sheets of a workbook, for those who calculate."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from school_quality import datasets, terms
from school_quality.reporting import words
from school_quality.reporting.cards.procedures import SUPPRESSED
from school_quality.reporting.cards.scorecard import Scorecard
from school_quality.reporting.cards.tasks_sheet import build_tasks_sheet
from school_quality.reporting.content import columns, methodology
from school_quality.reporting.content.advice import no_peer
from school_quality.reporting.content.facts import Reference, Row, SchoolFacts, is_hidden, procedure_order
from school_quality.reporting.content.statuses import nothing
from school_quality.reporting.layout.sheets import Cell, Column, Sheet

LEVELS = terms.words("data_level")


def build_sheets(facts: SchoolFacts, reference: Reference, card: Scorecard) -> tuple[Sheet, ...]:
    """The sheets of a card; without ``facts.sources`` there is none of the sources.

    Args:
        facts: what the card was made of.
        reference: dimensions and district figures.
        card: the card itself, for what it says in words; it names no release yet.
    """
    current = [row for row in facts.values if reference.includes(row)]
    sheets = [
        _summary(facts, reference, card),
        _indicators(current, facts, reference),
        _history(facts, reference),
    ]
    if reference.period is None:
        sheets.append(_procedures(facts, reference))
        if tasks := build_tasks_sheet(facts, reference):
            sheets.append(tasks)
    sheets.append(_advice(facts, reference, card))
    if facts.sources:
        sheets.append(_sources(facts, reference))
    return tuple(sheets)


def _summary(facts: SchoolFacts, reference: Reference, card: Scorecard) -> Sheet:
    lines: list[tuple[Cell, ...]] = [
        ("Школа", card.school_name),
        ("Код ОО", card.school_id),
        ("О школе", card.school_line),
        ("Период", card.period_label),
        ("Вывод", card.verdict.text),
        *(("", line) for line in card.verdict.details),
    ]
    for mark in card.statuses:
        lines.append((mark.title, mark.computed, None, None, None, f"по расчёту; {mark.meaning}"))
        lines.append((mark.title, mark.official, None, None, None, "по официальному списку"))
    lines += _points(facts.status, reference, card)
    lines += [("Сначала сдать данные", line) for line in card.owed]
    lines += [(line.role, line.who) for line in card.support]
    lines += [
        ("Присоединённая школа", f"{school.name} {school.until}", None, None, None, "; ".join(school.years))
        for school in card.merged.schools
    ]
    lines += [("Важно", card.vpr_note), *(("Пояснение", note) for note in card.notes)]
    return Sheet(
        "Сводка",
        (
            Column("Что", 44),
            Column("Значение", 80),
            Column("Из скольких", 12, "count"),
            Column("Доля, %", 10, "percent"),
            Column("Район, %", 10, "percent"),
            Column("Пояснение", 70),
        ),
        tuple(lines),
    )


def _points(status: Row, reference: Reference, card: Scorecard) -> list[tuple[Cell, ...]]:
    """Lines of the indices and the points by task; the annual edition adds the total and the coverage."""

    def number(column: str) -> Cell:
        known: Cell = status[column]
        return words.HIDDEN if known is None and is_hidden(status, column) else known

    municipality = status["municipality_id"]
    origin = {True: "вычислен системой", False: "официальный", None: None}[status["is_index_computed"]]
    lines: list[tuple[Cell, ...]] = [
        ("ИОР", number("results_index"), None, None, None, origin),
        ("ИСБШ", number("social_index")),
        *((column.title, columns.cell(status, column)) for column in columns.shown("card")),
    ]
    lines += [
        (
            f"Задача {task.task}. {task.title}",
            task.points if task.scored is None else task.scored,
            task.maximum,
            None if task.share is None else 100 * task.share,
            reference.district_points.get((municipality, task.task)) if task.district else None,
            task.coverage,
        )
        for task in card.tasks
    ]
    if reference.period is None:
        lines += [
            (
                words.TOTAL,
                number("points"),
                number("max_points"),
                number("score_pct"),
                reference.district_points.get((municipality, 0)),
                card.total_note,
            ),
            (f"{words.COVERAGE}, %", number("coverage_pct"), None, None, None, "расчёт этой системы"),
        ]
    return lines


def _indicator_key(row: Row) -> tuple[object, ...]:
    code, component = row["indicator_code"], row["component"]
    return words.code_key(code), methodology.component_order().get((code, component), 0), row["period"]


def _indicators(current: list[Row], facts: SchoolFacts, reference: Reference) -> Sheet:
    lines: list[tuple[Cell, ...]] = []
    for row in sorted(current, key=_indicator_key):
        code, version = row["indicator_code"], row["methodology_version"]
        indicator = reference.indicators.get((version, code, row["component"]), {})
        seed = methodology.indicator(version, code, row["component"]) or {}
        exists = row["status"] in ("scored", "no_points")
        lines.append(
            (
                words.task(code),
                code,
                indicator.get("indicator_name"),
                row["period"],
                *(
                    nothing(row, facts.status, reference)
                    if row["reason"]
                    else (words.STATUSES[row["status"]], None)
                ),
                row["value"],
                words.shown_value(row, indicator.get("unit") or "") if exists else None,
                indicator.get("unit"),
                row["value_before"],
                row["value_now"],
                row["numerator"],
                row["denominator"],
                row["ci_low"],
                row["ci_high"],
                row["participants"],
                row["points"],
                row["max_points"],
                "; ".join(words.FLAGS.get(flag, flag) for flag in row["flags"] or ()),
                indicator.get("clause"),
                seed.get("source_form"),
                indicator.get("owner"),
            )
        )
    return Sheet(
        "Показатели",
        (
            Column("Задача", 9, "count"),
            Column("Код", 8),
            Column("Показатель", 62),
            Column("Период", 10),
            Column("Что это", 14),
            Column("Причина", 30),
            Column("Значение", 11, "number"),
            Column("Словами", 16),
            Column("Единица", 20),
            Column("Было", 10, "number"),
            Column("Стало", 10, "number"),
            Column("Числитель", 11, "count"),
            Column("Знаменатель", 13, "count"),
            Column("Интервал от, %", 11, "percent"),
            Column("Интервал до, %", 11, "percent"),
            Column("Участников", 12, "count"),
            Column("Баллы", 8, "count"),
            Column("Максимум", 10, "count"),
            Column("Пометки", 38),
            Column("Основание", 42),
            Column("Откуда", 50),
            Column("Собирает", 14),
        ),
        tuple(lines),
    )


def _history(facts: SchoolFacts, reference: Reference) -> Sheet:
    """The values behind the small plots, then those of merged schools: every period up to the card's own."""
    lines: list[tuple[Cell, ...]] = []
    series = [(facts.school, facts.values), *((merged.school, merged.values) for merged in facts.merged)]
    for school, row in (
        (school, row) for school, values in series for row in sorted(values, key=_indicator_key)
    ):
        known = row["status"] in ("scored", "no_points")
        if not known or (reference.period is not None and row["period"] > reference.period):
            continue
        key = (row["methodology_version"], row["indicator_code"], row["component"])
        indicator = reference.indicators.get(key, {})
        lines.append(
            (
                words.school_name(school.get("school_name"), school["school_id"]),
                school["school_id"],
                row["indicator_code"],
                indicator.get("indicator_name"),
                row["period"],
                row["value"] if row["value"] is not None else words.shown_value(row, ""),
                row["value_now"],
                indicator.get("unit"),
                row["points"],
                row["max_points"],
            )
        )
    return Sheet(
        "По годам",
        (
            Column("Школа", 34),
            Column("Код ОО", 10),
            Column("Код", 8),
            Column("Показатель", 62),
            Column("Период", 10),
            Column("Значение", 11, "number"),
            Column("Стало", 10, "number"),
            Column("Единица", 20),
            Column("Баллы", 8, "count"),
            Column("Максимум", 10, "count"),
        ),
        tuple(lines),
    )


def _procedures(facts: SchoolFacts, reference: Reference) -> Sheet:
    lines: list[tuple[Cell, ...]] = []
    dimension = reference.procedures
    for row in sorted(
        facts.procedures, key=lambda row: procedure_order(dimension.get(row["procedure_id"]) or row)
    ):
        procedure = dimension.get(row["procedure_id"], {})
        district = reference.district_procedures.get((row["municipality_id"], row["procedure_id"]), {})
        flags = row["flags"] or ()
        unknown = words.HIDDEN if SUPPRESSED in flags else words.NO_DATA
        lines.append(
            (
                procedure.get("procedure_name") or row["procedure_id"],
                words.yes_no(procedure.get("is_identifying")),
                unknown if row["participants"] is None and SUPPRESSED in flags else row["participants"],
                row["absent"],
                row["mean_score"],
                row["mean_mark"],
                row["share_2_pct"],
                row["share_3_pct"],
                row["share_4_pct"],
                row["share_5_pct"],
                row["failed"],
                row["failed_pct"],
                row["failed_ci_low_pct"],
                row["failed_ci_high_pct"],
                row["failed_pooled"],
                row["participants_pooled"],
                row["failed_pooled_pct"],
                row["failed_pooled_ci_low_pct"],
                row["failed_pooled_ci_high_pct"],
                row["pooled_years"],
                row["failed_shrunk_pct"],
                words.yes_no(row["is_low_result"], unknown),
                row["pupils_to_threshold"],
                district.get("schools"),
                district.get("participants"),
                district.get("mean_score"),
                district.get("mean_mark"),
                district.get("failed_pct"),
                LEVELS.get(row["data_level"], row["data_level"]),
                "; ".join(words.FLAGS.get(flag, flag) for flag in flags if flag != SUPPRESSED),
            )
        )
    return Sheet(
        "Процедуры",
        (
            Column("Процедура", 40),
            Column("Определяет ШНОР", 14),
            Column("Писали", 10, "count"),
            Column("Не писали", 12, "count"),
            Column("Средний балл", 10, "number"),
            Column("Средняя отметка", 10, "number"),
            *(Column(f"«{mark}», %", 9, "percent") for mark in (2, 3, 4, 5)),
            Column("Не справились", 15, "count"),
            Column("Не справились, %", 18, "percent"),
            Column("Интервал от, %", 11, "percent"),
            Column("Интервал до, %", 11, "percent"),
            Column("За сравнимые годы: не справились", 15, "count"),
            Column("За сравнимые годы: писали", 15, "count"),
            Column("За сравнимые годы: не справились, %", 15, "percent"),
            Column("За сравнимые годы: интервал от, %", 15, "percent"),
            Column("За сравнимые годы: интервал до, %", 15, "percent"),
            Column("Сравнимых лет", 10, "count"),
            Column("Ожидалось бы по опыту региона, %", 15, "percent"),
            Column("Низкий результат", 12),
            Column("До порога, учеников", 12, "count"),
            Column("Район: школ", 9, "count"),
            Column("Район: писали", 10, "count"),
            Column("Район: средний балл", 11, "number"),
            Column("Район: средняя отметка", 11, "number"),
            Column("Район: не справились, %", 18, "percent"),
            Column("Данные", 20),
            Column("Пометки", 38),
        ),
        tuple(lines),
    )


def _advice(facts: SchoolFacts, reference: Reference, card: Scorecard) -> Sheet:
    """What is to be sent first, then every recommendation, not only the first ones of the card."""
    items = methodology.roadmap_names(facts.version)
    lines: list[tuple[Cell, ...]] = [(None, None, None, None, line) for line in card.owed]
    for row in facts.recommendations:
        key = (facts.version, row["indicator_code"], "")
        peer = reference.schools.get(row["peer_school_id"] or "")
        lines.append(
            (
                row["rank"],
                row["indicator_code"],
                reference.indicators.get(key, {}).get("indicator_name"),
                row["points_lost"],
                row["measure_text"],
                row["owner"],
                row["roadmap_item"],
                items.get(row["roadmap_item"] or ""),
                ", ".join(row["tasks"] or ()),
                words.school_name(peer["school_name"], peer["school_id"]) if peer else no_peer(facts.status),
                row["peer_school_id"],
            )
        )
    return Sheet(
        "Рекомендации",
        (
            Column("Место", 7, "count"),
            Column("Код", 8),
            Column("Показатель", 62),
            Column("Потеряно баллов", 10, "count"),
            Column("Мера", 60),
            Column("Отвечает", 14),
            Column("Пункт дорожной карты", 10),
            Column("Название пункта", 40),
            Column("Задания", 24),
            Column("Школа с опытом", 34),
            Column("Её Код ОО", 10),
        ),
        tuple(lines),
    )


def _sources(facts: SchoolFacts, reference: Reference) -> Sheet:
    titles = {name: dataset.title for name, dataset in datasets.load().items()}
    versions = {(row["period"], row["indicator_code"]): row["methodology_version"] for row in facts.values}
    lines: list[tuple[Cell, ...]] = []
    for row in sorted(
        (row for row in facts.sources if reference.includes(row)),
        key=lambda row: (*_indicator_key(row), row["path"] or "", row["sheet"] or "", row["row_from"]),
    ):
        code = row["indicator_code"]
        version = versions.get((row["period"], code), "")
        indicator = reference.indicators.get((version, code, row["component"]), {})
        lines.append(
            (
                code,
                indicator.get("indicator_name"),
                row["period"],
                titles.get(row["dataset"] or "", row["dataset"]),
                row["path"] or row["file_id"],
                row["sheet"],
                row["row_from"],
                row["row_to"],
                row["rows"],
                _day(row["received_at"]),
            )
        )
    return Sheet(
        "Источники",
        (
            Column("Код", 8),
            Column("Показатель", 62),
            Column("Период", 10),
            Column("Набор", 30),
            Column("Файл", 50),
            Column("Лист", 18),
            Column("Строки с", 9, "count"),
            Column("Строки по", 9, "count"),
            Column("Учтено строк", 9, "count"),
            Column("Получен", 11, "date"),
        ),
        tuple(lines),
    )


def _day(moment: Any) -> date | None:
    return moment.date() if isinstance(moment, datetime) else moment
