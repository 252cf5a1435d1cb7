"""Where a school stands: statuses, computed beside official, points by task, the system's own total."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from school_quality.reporting import words
from school_quality.reporting.facts import Reference, Row
from school_quality.reporting.words import Tone

NO_LIST = "списка нет"


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
    """Points of one task of the order; ``share`` is points / maximum for the bar, None without points."""

    task: int
    title: str
    points: str
    share: float | None
    coverage: str


def verdict(status: Row, reference: Reference) -> Verdict:
    """What the row of ``fct_school_status`` says, most serious first; unknown is said to be unknown."""
    low, risk, count = status["is_low_results"], status["is_risk_zone"], status["low_procedures"]
    tone: Tone
    if low:
        procedures = words.counted(count, "процедуре", "процедурах", "процедурах")
        headline = f"По расчёту — школа с низкими результатами (ШНОР): низкие результаты в {procedures}"
        tone = "bad"
    elif risk:
        headline = "По расчёту — школа в зоне риска: индекс результатов ниже нуля и результаты снижаются"
        tone = "middle"
    elif low is None:
        headline = "Статус определить нельзя: за год нет учтённых результатов"
        tone = "unknown"
    else:
        headline = "По расчёту школа не относится ни к ШНОР, ни к зоне риска"
        tone = "good"
    about = []
    if status["is_supported"]:
        about.append(f"В {reference.academic_year} учебном году школа получает адресную поддержку.")
    if status["change_from_previous_year"] in words.CHANGES:
        about.append(f"За год: {words.CHANGES[status['change_from_previous_year']]}.")
    if status["is_effective_mode"]:
        about.append("Школа перешла в эффективный режим.")
    details = [" ".join(about), _index_details(status)]
    if status["school_group"] in words.GROUPS:
        details.append(f"Группа: {words.GROUPS[status['school_group']]}.")
    return Verdict(headline, tone, tuple(line for line in details if line))


def _index_details(status: Row) -> str:
    index = words.NO_DATA
    if status["results_index"] is not None:
        origin = "вычислен системой" if status["is_index_computed"] else "официальный"
        index = f"{words.precise(status['results_index'])} ({origin})"
    social = words.number(status["social_index"], 2)
    return f"Индекс результатов (ИОР): {index}. Индекс социального благополучия (ИСБШ): {social}."


def status_marks(status: Row) -> tuple[StatusMark, ...]:
    """ШНОР, risk zone, ШССУ and the project 500+ (the last is never computed)."""
    return (
        _mark(
            "ШНОР",
            "низкие образовательные результаты",
            status["is_low_results"],
            status["official_low_results"],
        ),
        _mark(
            "Зона риска", "риск снижения результатов", status["is_risk_zone"], status["official_risk_zone"]
        ),
        _mark(
            "ШССУ",
            "сложные социальные условия",
            status["is_difficult_social"],
            status["official_difficult_social"],
        ),
        StatusMark(
            title="«500+»",
            meaning="федеральный проект помощи",
            computed="не вычисляется",
            official=words.yes_no(status["in_project_500"], NO_LIST),
            comparison="",
            differs=False,
            tone="plain",
        ),
    )


def _mark(title: str, meaning: str, computed: bool | None, official: bool | None) -> StatusMark:
    comparable = computed is not None and official is not None
    differs = comparable and computed != official
    return StatusMark(
        title=title,
        meaning=meaning,
        computed=words.yes_no(computed),
        official=words.yes_no(official, NO_LIST),
        comparison="расходится" if differs else "совпадает" if comparable else "сравнить нельзя",
        differs=differs,
        tone="bad",
    )


def task_lines(values: list[Row], reference: Reference) -> tuple[TaskLine, ...]:
    """Points and coverage of each task over the given rows of ``fct_indicator_value``."""
    lines = []
    for task in sorted({words.task(row["indicator_code"]) for row in values}):
        mine = [row for row in values if words.task(row["indicator_code"]) == task]
        title = words.TASKS.get(task, f"Задача {task}")
        statuses = Counter(row["status"] for row in mine)
        expected = len(mine) - statuses["not_applicable"]
        if not expected:
            lines.append(TaskLine(task, title, "не относится", None, reference.reason(mine[0])))
            continue
        scored = [row for row in mine if row["status"] == "scored"]
        if any(row["max_points"] is not None for row in mine):
            points, maximum = (sum(row[column] for row in scored) for column in ("points", "max_points"))
            text = f"{points} из {maximum}" if scored else words.NO_DATA
            share = points / maximum if maximum else None
            whole = words.counted(expected, "показателя", "показателей", "показателей")
            known = f"оценено {len(scored)} из {whole}"
        else:
            text, share = "без баллов", None
            measured = statuses["no_points"]
            known = f"есть {measured} из {words.counted(expected, 'значения', 'значений', 'значений')}"
        lines.append(TaskLine(task, title, text, share, known + _missing(mine, reference)))
    return tuple(lines)


def _missing(values: list[Row], reference: Reference) -> str:
    reasons = Counter(reference.reason(row) for row in values if row["status"] == "no_data")
    if not reasons:
        return ""
    parts = [reason for reason, _ in reasons.most_common()]
    return f"; нет данных: {reasons.total()} ({'; '.join(parts)})"


def total(status: Row) -> str:
    """The system's own total and coverage: the order does not prescribe them, say so beside it."""
    if status["points"] is None:
        return "Общий итог: нет данных, ни один показатель не оценён"
    share, coverage = words.percent(status["score_pct"]), words.percent(status["coverage_pct"])
    return f"Общий итог: {status['points']} из {status['max_points']} баллов ({share}), охват {coverage}"


def district_total(status: Row, reference: Reference) -> str:
    """The median total of the district's schools; empty where there is nothing to compare with."""
    median = reference.district_scores.get(status["municipality_id"])
    if median is None or median[1] < 2:
        return ""
    return f"В районе у половины школ итог не ниже {words.percent(median[0])}"
