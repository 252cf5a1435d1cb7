"""The schools of a municipality and their indicators as a workbook, for those who work in Excel.

Made of what the pages are made of, in either edition: a suppressed cell is «скрыто».
"""

from __future__ import annotations

from school_quality.reporting import words
from school_quality.reporting.content import columns
from school_quality.reporting.content.facts import Row, is_hidden
from school_quality.reporting.layout.sheets import Cell, Column, Kind, Sheet
from school_quality.reporting.website.site_pages import District

KINDS: dict[str, Kind] = {"count": "count", "index": "number", "number": "number", "percent": "percent"}


def build_sheets(district: District) -> tuple[Sheet, ...]:
    """The sheet of schools and the sheet of indicators of the year or period of the edition."""
    return _schools(district), _indicators(district)


def _schools(district: District) -> Sheet:
    declared = columns.shown("workbook")
    lines: list[tuple[Cell, ...]] = []
    for status in district.statuses:
        school = district.school(status["school_id"])
        lines.append(
            (
                school.get("school_number"),
                district.school_name(status["school_id"]),
                status["school_id"],
                words.SCHOOL_TYPES.get(school.get("school_type") or ""),
                *(
                    _verdict(status, column, unknown)
                    for _, computed, official in words.VERDICTS
                    for column, unknown in ((computed, words.NO_DATA), (official, words.NO_LIST))
                ),
                _verdict(status, "in_project_500", words.NO_LIST),
                _verdict(status, "is_supported", words.NO_DATA),
                words.GROUPS.get(status["school_group"], _unknown(status, "school_group")),
                status["cluster"] or _unknown(status, "cluster"),
                *(columns.cell(status, column) for column in declared),
            )
        )
    return Sheet(
        "Школы",
        (
            Column("№", 7, "count"),
            Column("Школа", 34),
            Column("Код ОО", 10),
            Column("Вид", 18),
            *(
                Column(f"{title}: {source}", 13)
                for title, _, _ in words.VERDICTS
                for source in ("расчёт", "список")
            ),
            Column(words.FIGURES["in_project_500"], 11),
            Column(words.FIGURES["is_supported"], 12),
            Column(words.FIGURES["school_group"], 34),
            Column(words.FIGURES["cluster"], 30),
            *(Column(column.title, 10, KINDS.get(column.format, "text")) for column in declared),
        ),
        tuple(lines),
    )


def _verdict(status: Row, column: str, unknown: str) -> str:
    return words.yes_no(status[column], words.HIDDEN if is_hidden(status, column) else unknown)


def _unknown(status: Row, column: str) -> str:
    return words.HIDDEN if is_hidden(status, column) else words.NO_DATA


def _indicators(district: District) -> Sheet:
    dimension = district.reference.indicators
    lines: list[tuple[Cell, ...]] = []
    for code, values in district.by_code.items():
        for row in values:
            indicator = dimension.get((row["methodology_version"], code, row["component"]), {})
            exists = row["status"] in ("scored", "no_points")
            lines.append(
                (
                    code,
                    indicator.get("indicator_name"),
                    words.period(row["period"]),
                    district.school(row["school_id"]).get("school_number"),
                    district.school_name(row["school_id"]),
                    row["school_id"],
                    row["value"],
                    words.shown_value(row, indicator.get("unit") or "") if exists else None,
                    row["points"],
                    row["max_points"],
                    *(district.nothing(row) if row["reason"] else (words.STATUSES[row["status"]], None)),
                )
            )
    return Sheet(
        "Показатели",
        (
            Column("Код", 8),
            Column("Показатель", 62),
            Column("Период", 14),
            Column("№ школы", 9, "count"),
            Column("Школа", 34),
            Column("Код ОО", 10),
            Column("Значение", 11, "number"),
            Column("Словами", 22),
            Column("Баллы", 8, "count"),
            Column("Из скольких", 10, "count"),
            Column("Что это", 14),
            Column("Причина", 30),
        ),
        tuple(lines),
    )
