"""The indicators of a period on a scorecard: value, what is behind it, the way through the years, points."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from school_quality.reporting import words
from school_quality.reporting.content import methodology
from school_quality.reporting.content.facts import HISTORY_YEARS, Reference, Row
from school_quality.reporting.content.statuses import SUPPORT_UNKNOWN, nothing
from school_quality.reporting.layout.footnotes import Footnotes
from school_quality.reporting.layout.plots import Plot, draw
from school_quality.reporting.words import Tone


@dataclass(frozen=True, slots=True)
class IndicatorLine:
    """One indicator (or component of it) with everything that a reader needs to believe its points.

    ``is_wide``: several periods of the year stand in ``value``, there is no ``detail``.
    """

    code: str
    name: str
    marks: str
    value: str
    detail: str
    is_wide: bool
    plot: Plot | None
    points: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class IndicatorGroup:
    """The indicators of one task that concern the school."""

    task: int
    title: str
    has_points: bool
    lines: tuple[IndicatorLine, ...]
    without: str = words.STATUSES["no_points"]  # what is said where there are no points


@dataclass(frozen=True, slots=True)
class Indicators:
    """All indicators of a card; ``not_applicable`` tells which do not, or may not, concern it and why."""

    groups: tuple[IndicatorGroup, ...]
    footnotes: tuple[str, ...]
    not_applicable: str


def build_indicators(history: list[Row], current: list[Row], status: Row, reference: Reference) -> Indicators:
    """The indicators of the rows ``current`` by task; ``history`` has them and those of earlier years."""
    past: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in history:
        past[row["indicator_code"], row["component"]].append(row)
    applicable: defaultdict[int, dict[tuple[str, str], list[Row]]] = defaultdict(dict)
    others: defaultdict[str, set[str]] = defaultdict(set)
    for row in current:
        key = row["indicator_code"], row["component"]
        if row["status"] == "not_applicable":
            others[nothing(row, status, reference)[1]].add(row["indicator_code"])
        else:
            applicable[words.task(row["indicator_code"])].setdefault(key, []).append(row)
    footnotes = Footnotes()
    groups = tuple(
        IndicatorGroup(
            task=task,
            title=words.TASKS.get(task, f"Задача {task}"),
            has_points=any(row["max_points"] is not None for rows in by_key.values() for row in rows),
            lines=tuple(
                _indicator_line(by_key[key], past[key], reference, footnotes)
                for key in sorted(by_key, key=_indicator_order)
            ),
        )
        for task, by_key in sorted(applicable.items())
    )
    reasons = sorted(others.items(), key=lambda item: min(words.code_key(code) for code in item[1]))
    return Indicators(
        groups=groups,
        footnotes=footnotes.texts(),
        not_applicable=" ".join(
            f"{lead} — {'; '.join(found)}."
            for lead, found in (
                (words.UNRELATED.capitalize(), _without_value(reasons, is_unknown=False)),
                (words.NO_DATA.capitalize(), _without_value(reasons, is_unknown=True)),
            )
            if found
        ),
    )


def _without_value(reasons: list[tuple[str, set[str]]], *, is_unknown: bool) -> list[str]:
    return [
        f"{words.code_ranges(codes)}: {reason}"
        for reason, codes in reasons
        if (reason == SUPPORT_UNKNOWN) == is_unknown
    ]


def _indicator_order(key: tuple[str, str]) -> tuple[tuple[int, ...], int]:
    return words.code_key(key[0]), methodology.component_order().get(key, 0)


def _indicator_line(
    rows: list[Row], history: list[Row], reference: Reference, footnotes: Footnotes
) -> IndicatorLine:
    rows = sorted(rows, key=lambda row: row["period"])
    first = rows[0]
    code, component = first["indicator_code"], first["component"]
    indicator = reference.indicators.get((first["methodology_version"], code, component), {})
    unit = indicator.get("unit") or ""
    flags = list(dict.fromkeys(flag for row in rows for flag in row["flags"] or ()))
    remarks = [words.FLAGS.get(flag, flag) for flag in flags]
    is_wide = len(rows) > 1
    if is_wide:
        remarks += list(dict.fromkeys(reference.reason(row) for row in rows if row["reason"]))
        value = " · ".join(
            f"{words.short_period(row['period'])} {words.shown_value(row, unit)}" for row in rows
        )
    else:
        value = words.with_noun(words.shown_value(first, unit), first["value"], unit)
    points, tone = _points(rows)
    return IndicatorLine(
        code=code,
        name=str(indicator.get("indicator_name") or code),
        marks=footnotes.cite(remarks),
        value=value,
        detail="" if is_wide else _detail(first, unit, reference),
        is_wide=is_wide,
        plot=None if unit in words.WORD_UNITS else _plot(history, unit),
        points=points,
        tone=tone,
    )


def _points(rows: list[Row]) -> tuple[str, Tone]:
    scored = [row for row in rows if row["status"] == "scored"]
    maximum = rows[0]["max_points"]
    if scored:
        row = scored[-1]
        tone: Tone = "good" if row["points"] == row["max_points"] else "middle" if row["points"] else "bad"
        return f"{row['points']} из {row['max_points']}", tone
    if any(row["status"] in words.STATUS_WORDS for row in rows):
        return ("" if maximum is None else f"— из {maximum}"), "unknown"
    return "", "plain"


def _detail(row: Row, unit: str, reference: Reference) -> str:
    """What stands behind the value: why there is none, both sides of a difference, counts and interval."""
    if row["status"] in words.STATUS_WORDS:
        return reference.reason(row)
    parts = [
        row["value_note"] or "",
        *_behind_points(row),
        *words.behind(row, unit),
        words.interval(row["ci_low"], row["ci_high"]),
    ]
    return "; ".join(part for part in parts if part)


def _behind_points(row: Row) -> list[str]:
    """What the points tell beside the value: who took part in contests, who won in the region."""
    seed = methodology.indicator(row["methodology_version"], row["indicator_code"], row["component"])
    if seed is None or row["status"] != "scored":
        return []
    known = (
        words.FULL_POINTS
        if row["points"] == row["max_points"]
        else words.FEWER_POINTS
        if row["points"]
        else {}
    )
    missing = words.NO_VALUE if row["value"] is None else {}
    return [texts[seed["family"]] for texts in (known, missing) if seed["family"] in texts]


def _plot(history: list[Row], unit: str) -> Plot | None:
    """The indicator through the periods; dynamics are drawn by their two sides, not by the difference.

    Only the school's own: a dot of a school merged into it would be read as its way, and was of other pupils.
    Those values stand by name in the workbook.
    """
    dynamics = any(row["value_now"] is not None for row in history)
    series: dict[str, float | None] = {}
    for row in sorted(history, key=lambda row: row["period"]):
        if dynamics:
            before = str(row["reporting_year"] - 1) if row["period"] == str(row["reporting_year"]) else None
            if before is not None and series.get(before) is None:
                series[before] = row["value_before"]
            series[row["period"]] = row["value_now"]
        else:
            series[row["period"]] = row["value"]
    periods = sorted(series)
    if len({period.split("-")[0] for period in periods}) < 2:
        return None
    periods = periods[-HISTORY_YEARS * (4 if "-" in periods[0] else 1) :]
    side = words.side_unit(unit)
    known = [series[period] for period in periods]
    texts = [words.NO_DATA if value is None else words.indicator_value(value, side) for value in known]
    description = "; ".join(f"{period}: {text}" for period, text in zip(periods, texts, strict=True))
    return draw(known, description)
