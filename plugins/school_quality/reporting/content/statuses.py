"""Where a school stands: statuses, computed beside official, points by task, the system's own total."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from school_quality.reporting import words
from school_quality.reporting.content import columns, methodology
from school_quality.reporting.content.facts import Reference, Row, is_hidden
from school_quality.reporting.words import Tone

SUPPORT_UNKNOWN = "нужна ли школе адресная поддержка, неизвестно"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The school's standing in one sentence, and in ``details`` what belongs to it."""

    text: str
    tone: Tone
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatusMark:
    """One status: what the calculation says beside what the official list says; ``tone`` is that of a yes."""

    title: str
    meaning: str
    computed: str
    official: str
    comparison: str
    differs: bool
    tone: Tone


@dataclass(frozen=True, slots=True)
class TaskLine:
    """Points of one task of the order; ``share`` is ``scored`` / ``maximum``, None unless most are scored.

    ``district`` is the middle school of the district by this share, ``district_share`` the same of 1.
    """

    task: int
    title: str
    points: str
    share: float | None
    coverage: str
    district: str
    district_share: float | None
    scored: int | None
    maximum: int | None


def verdict(status: Row, reference: Reference) -> Verdict:
    """What the row of ``fct_school_status`` says, most serious first; unknown is said to be unknown."""
    headline, tone = _headline(status, reference)
    about = []
    if status["is_supported"]:
        about.append(f"В {reference.academic_year} учебном году школа получает адресную поддержку.")
    if status["change_from_previous_year"] in words.CHANGES:
        about.append(f"За год: {words.CHANGES[status['change_from_previous_year']]}.")
    if status["is_effective_mode"]:
        about.append("Школа перешла в эффективный режим.")
    declared = (f"{column.title}: {columns.text(status, column)}." for column in columns.shown("card"))
    details = [_lists(status), " ".join(about), _index_details(status), _groups(status), *declared]
    return Verdict(headline, tone, tuple(line for line in details if line))


def _headline(status: Row, reference: Reference) -> tuple[str, Tone]:
    low, risk, count = status["is_low_results"], status["is_risk_zone"], status["low_procedures"]
    if low:
        text = "По расчёту — школа с низкими результатами (ШНОР)"
        if count is not None:
            text += f": низкие результаты в {words.counted(count, 'процедуре', 'процедурах', 'процедурах')}"
        return text, "bad"
    if risk:
        return (
            "По расчёту — школа в зоне риска: индекс результатов ниже нуля и результаты снижаются",
            "middle",
        )
    if is_hidden(status, "is_low_results") or is_hidden(status, "is_risk_zone"):
        return "Статус по расчёту скрыт", "unknown"
    if low is None:
        return "Статус определить нельзя: за год нет процедур, по которым определяют ШНОР", "unknown"
    judged = status["identifying_procedures"]
    if judged is not None and judged < (methodology.parameter(reference.version, "low_procedures") or 0):
        procedures = words.counted(judged, "процедура", "процедуры", "процедур")
        return (
            f"Статус ШНОР определить нельзя: за год {procedures}, по которым его определяют, — этого мало",
            "unknown",
        )
    return "По расчёту школа не относится ни к ШНОР, ни к зоне риска", "good"


def falls(status: Row, lasting: list[Row], reference: Reference) -> str:
    """What falls and goes on falling, and so makes the risk zone (reading 12).

    Args:
        status: the school's row of ``fct_school_status``.
        lasting: its rows of ``fct_lasting_fall``.
        reference: names of the indicators.

    Returns:
        Empty for a school outside the risk zone, and where the open edition hides all of them.
    """
    if not status["is_risk_zone"] or not lasting:
        return ""
    named = []
    for row in sorted(lasting, key=lambda row: words.code_key(row["indicator_code"])):
        key = (row["methodology_version"], row["indicator_code"], "")
        name = reference.indicators.get(key, {}).get("indicator_name")
        named.append(f"{row['indicator_code']} {name or ''}".strip())
    return f"Что снижается: {'; '.join(named)}."


def official_lists(status: Row) -> list[str]:
    """Names of the official lists that have the school: they decide, whatever the calculation says."""
    lists = (
        ("ШНОР", "official_low_results"),
        ("низкий ИОР", "official_risk_zone"),
        ("ШССУ", "official_difficult_social"),
        ("«500+»", "in_project_500"),
    )
    return [name for name, column in lists if status[column]]


def _lists(status: Row) -> str:
    names = official_lists(status)
    return f"В официальных списках: {', '.join(names)}." if names else ""


def _index_details(status: Row) -> str:
    index = _number(status, "results_index", words.precise)
    if status["results_index"] is not None and status["is_index_computed"] is not None:
        index += " (вычислен системой)" if status["is_index_computed"] else " (официальный)"
    social = _number(status, "social_index", lambda value: words.number(value, 2))
    return f"Индекс результатов (ИОР): {index}. Индекс социального благополучия (ИСБШ): {social}."


def _number(status: Row, column: str, text: Callable[[float], str]) -> str:
    if status[column] is not None:
        return text(float(status[column]))
    return words.HIDDEN if is_hidden(status, column) else words.NO_DATA


def _groups(status: Row) -> str:
    """The group by context and results, and the finer cluster, in words."""
    parts = []
    if status["school_group"] in words.GROUPS:
        parts.append(f"{words.FIGURES['school_group']}: {words.GROUPS[status['school_group']]}.")
    elif is_hidden(status, "school_group"):
        parts.append(f"{words.FIGURES['school_group']}: {words.HIDDEN}.")
    if status["cluster"]:
        parts.append(f"{words.FIGURES['cluster']}: {status['cluster']}.")
    elif is_hidden(status, "cluster"):
        parts.append(f"{words.FIGURES['cluster']}: {words.HIDDEN}.")
    return " ".join(parts)


def status_marks(status: Row) -> tuple[StatusMark, ...]:
    """ШНОР, risk zone, ШССУ and the project 500+ (the last is never computed)."""
    meanings = (
        "низкие образовательные результаты",
        "риск снижения, список «низкий ИОР»",
        "сложные социальные условия",
    )
    return (
        *(
            _mark(status, title, meaning, computed, official)
            for (title, computed, official), meaning in zip(words.VERDICTS, meanings, strict=True)
        ),
        StatusMark(
            title=words.FIGURES["in_project_500"],
            meaning="федеральный проект помощи",
            computed="не вычисляется",
            official=_yes_no(status, "in_project_500", words.NO_LIST),
            comparison="",
            differs=False,
            tone="plain",
        ),
    )


def _mark(status: Row, title: str, meaning: str, computed: str, official: str) -> StatusMark:
    comparable = status[computed] is not None and status[official] is not None
    differs = comparable and status[computed] != status[official]
    return StatusMark(
        title=title,
        meaning=meaning,
        computed=_yes_no(status, computed, words.NO_DATA),
        official=_yes_no(status, official, words.NO_LIST),
        comparison="расходится" if differs else "совпадает" if comparable else "сравнить нельзя",
        differs=differs,
        tone="bad",
    )


def _yes_no(status: Row, column: str, unknown: str) -> str:
    return words.yes_no(status[column], words.HIDDEN if is_hidden(status, column) else unknown)


def task_lines(values: list[Row], status: Row, reference: Reference) -> tuple[TaskLine, ...]:
    """Points and coverage of each task over rows of ``fct_indicator_value``, beside those of the district."""
    tasks = sorted({words.task(row["indicator_code"]) for row in values})
    return tuple(
        _task_line(
            task,
            [row for row in values if words.task(row["indicator_code"]) == task],
            status,
            reference,
        )
        for task in tasks
    )


def nothing(row: Row, status: Row | None, reference: Reference) -> tuple[str, str]:
    """What stands where an indicator has no value, and why.

    Of a school of which nobody can say if it needs support, nobody can say if task 2 applies to it.
    """
    is_unknown = status and status["is_supported"] is None and not is_hidden(status, "is_supported")
    if row["reason"] == "not_supported" and is_unknown:
        return words.NO_DATA, SUPPORT_UNKNOWN
    return words.STATUSES[row["status"]], reference.reason(row)


def _task_line(task: int, mine: list[Row], status: Row, reference: Reference) -> TaskLine:
    title = words.TASKS.get(task, f"Задача {task}")
    statuses = Counter(row["status"] for row in mine)
    expected = len(mine) - statuses["not_applicable"]
    if not expected:
        instead, why = nothing(mine[0], status, reference)
        return TaskLine(task, title, instead, None, why, "", None, None, None)
    scored = [row for row in mine if row["status"] == "scored"]
    if all(row["max_points"] is None for row in mine):
        known = (
            f"есть {statuses['no_points']} из {words.counted(expected, 'значения', 'значений', 'значений')}"
        )
        coverage, no_points = known + _missing(mine, reference), words.STATUSES["no_points"]
        return TaskLine(task, title, no_points, None, coverage, "", None, None, None)
    points, maximum = (sum(row[column] for row in scored) for column in ("points", "max_points"))
    # Points of a few values out of many would look like a full bar: a share is told of most of them only.
    is_told = 2 * len(scored) > expected
    without = words.HIDDEN if statuses["suppressed"] else words.NO_DATA
    median = reference.district_points.get((status["municipality_id"], task))
    whole = words.counted(expected, "показателя", "показателей", "показателей")
    return TaskLine(
        task=task,
        title=title,
        points=f"{points} из {maximum}" if scored else without,
        share=points / maximum if maximum and is_told else None,
        coverage=f"оценено {len(scored)} из {whole}{_missing(mine, reference)}",
        district="" if median is None else words.percent(round(median, 1)),
        district_share=None if median is None or not is_told else round(median / 100, 4),
        scored=points if scored else None,
        maximum=maximum if scored else None,
    )


def _missing(values: list[Row], reference: Reference) -> str:
    """How many values there are not, and why."""
    text = ""
    for status, word in words.STATUS_WORDS.items():
        reasons = Counter(reference.reason(row) for row in values if row["status"] == status)
        if reasons:
            text += (
                f"; {word}: {reasons.total()} ({'; '.join(reason for reason, _ in reasons.most_common())})"
            )
    return text


def total(status: Row) -> str:
    """The system's own total and coverage: the order does not prescribe them, say so beside it."""
    if status["points"] is None and is_hidden(status, "points"):
        return f"{words.TOTAL}: {words.HIDDEN}"
    if status["points"] is None:
        return f"{words.TOTAL}: {words.NO_DATA}, ни один показатель не оценён"
    share, coverage = (_number(status, column, words.percent) for column in ("score_pct", "coverage_pct"))
    maximum = _number(status, "max_points", lambda value: words.number(value, 0))
    points = f"{status['points']} из {maximum} баллов ({share})"
    return f"{words.TOTAL}: {points}, {words.COVERAGE.lower()} {coverage}"


def district_total(status: Row, reference: Reference) -> str:
    """The middle school of the district by its total; empty where there is nothing to compare with."""
    median = reference.district_points.get((status["municipality_id"], 0))
    return (
        "" if median is None else f"В районе у половины школ итог не ниже {words.percent(round(median, 1))}"
    )
