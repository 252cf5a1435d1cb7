"""What a school's scorecard says, as finished Russian text: templates only lay it out.

A pure function of the marts: the same facts give the same card, in HTML and in PDF.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from school_quality.reporting import methodology, words
from school_quality.reporting.facts import HISTORY_YEARS, Reference, Row, SchoolFacts, procedure_order
from school_quality.reporting.plots import Plot, draw

Tone = Literal["good", "middle", "bad", "unknown", "plain"]

RECOMMENDATIONS = 5
NO_LIST = "списка нет"


@dataclass(frozen=True, slots=True)
class StatusMark:
    """One of the four statuses: what the calculation says beside what the official list says; ``tone`` of a yes."""

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


@dataclass(frozen=True, slots=True)
class ProcedureLine:
    """One procedure; ``share`` and its bounds are of 1 for the bar (None where unknown), ``marks`` are footnotes."""

    name: str
    marks: str
    participants: str
    absent: str
    failed: str
    interval: str
    district: str
    verdict: str
    distance: str
    tone: Tone
    share: float | None
    low: float | None
    high: float | None
    district_share: float | None


@dataclass(frozen=True, slots=True)
class Procedures:
    """Procedures that identify ШНОР, the others, the footnotes that both cite, and the share that makes a result low."""

    identifying: tuple[ProcedureLine, ...]
    others: tuple[ProcedureLine, ...]
    footnotes: tuple[str, ...]
    threshold: float | None


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
    """The indicators of one task, and in ``not_applicable`` those that do not concern the school, with the reason."""

    task: int
    title: str
    has_points: bool
    lines: tuple[IndicatorLine, ...]
    footnotes: tuple[str, ...]
    not_applicable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """One measure; ``details`` names its indicators, the points lost, the owner and the schools to learn from."""

    rank: int
    text: str
    details: str


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A whole card. ``title`` is the document's title, ``total`` the system's own calculation (may be empty)."""

    school_id: str
    title: str
    school_name: str
    school_line: str
    period_label: str
    edition: str
    headline: str
    headline_tone: Tone
    details: tuple[str, ...]
    marks: tuple[StatusMark, ...]
    tasks: tuple[TaskLine, ...]
    total: str
    total_note: str
    district_total: str
    procedures: Procedures
    groups: tuple[IndicatorGroup, ...]
    advice: tuple[Advice, ...]
    advice_note: str
    notes: tuple[str, ...]
    vpr_note: str
    imprint: str


def build_scorecard(facts: SchoolFacts, reference: Reference, release: dict[str, Any]) -> Scorecard:
    """The card of one school for the reference's year or period.

    Args:
        facts: rows of the school's marts.
        reference: dimensions and district figures.
        release: ``release_id`` and ``as_of`` of the release, shown on the card.
    """
    school, status = facts.school, facts.status
    name = words.school_name(school.get("school_name"), school["school_id"])
    current = [row for row in facts.values if _belongs(row, reference)]
    headline, tone, details = _headline(status, reference)
    procedures = _procedures(facts, reference)
    versions = sorted({row["methodology_version"] for row in current if row["methodology_version"]})
    annual = reference.period is None
    as_of = words.day(release.get("as_of"))
    return Scorecard(
        school_id=str(school["school_id"]),
        title=f"{name}: карта школы, {reference.period_label}",
        school_name=name,
        school_line=_school_line(school, status, reference),
        period_label=reference.period_label,
        edition=f"данные на {as_of}" if as_of else "",
        headline=headline,
        headline_tone=tone,
        details=details,
        marks=_marks(status),
        tasks=_task_lines(current, reference),
        total=_total(status) if annual else "",
        total_note=words.OWN_TOTAL_NOTE,
        district_total=_district_total(status, reference) if annual else "",
        procedures=procedures,
        groups=_groups(facts.values, current, reference),
        advice=_advice(facts, reference),
        advice_note=_advice_note(status),
        notes=_notes(current, procedures, reference),
        vpr_note=words.VPR_NOTE,
        imprint=words.imprint(release, f"методика {', '.join(versions)}" if versions else ""),
    )


def _belongs(row: Row, reference: Reference) -> bool:
    if reference.period is not None:
        return bool(row["period"] == reference.period)
    return bool(row["reporting_year"] == reference.year)


def _school_line(school: Row, status: Row, reference: Reference) -> str:
    parts = [
        reference.municipalities.get(status["municipality_id"], ""),
        f"Код ОО {school['school_id']}",
        words.SCHOOL_TYPES.get(school.get("school_type") or "", ""),
        school.get("locality") or "",
    ]
    if school.get("open_to"):
        successor = reference.schools.get(school.get("successor_school_id") or "")
        heir = f", правопреемник — {successor['school_name']}" if successor else ""
        parts.append(f"закрыта с {words.day(school['open_to'])}{heir}")
    return " · ".join(part for part in parts if part)


def _headline(status: Row, reference: Reference) -> tuple[str, Tone, tuple[str, ...]]:
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
    return headline, tone, tuple(line for line in details if line)


def _index_details(status: Row) -> str:
    index = words.NO_DATA
    if status["results_index"] is not None:
        origin = "вычислен системой" if status["is_index_computed"] else "официальный"
        index = f"{words.precise(status['results_index'])} ({origin})"
    social = words.number(status["social_index"], 2)
    return f"Индекс результатов (ИОР): {index}. Индекс социального благополучия (ИСБШ): {social}."


def _marks(status: Row) -> tuple[StatusMark, ...]:
    return (
        _mark("ШНОР", "низкие образовательные результаты", status["is_low_results"], status["official_low_results"]),
        _mark("Зона риска", "риск снижения результатов", status["is_risk_zone"], status["official_risk_zone"]),
        _mark(
            "ШССУ", "сложные социальные условия", status["is_difficult_social"], status["official_difficult_social"]
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


def _task_lines(values: list[Row], reference: Reference) -> tuple[TaskLine, ...]:
    lines = []
    for task in sorted({_task(row["indicator_code"]) for row in values}):
        mine = [row for row in values if _task(row["indicator_code"]) == task]
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
            known = f"оценено {len(scored)} из {words.counted(expected, 'показателя', 'показателей', 'показателей')}"
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


def _total(status: Row) -> str:
    if status["points"] is None:
        return "Общий итог: нет данных, ни один показатель не оценён"
    return (
        f"Общий итог: {status['points']} из {status['max_points']} баллов ({words.percent(status['score_pct'])}),"
        f" охват {words.percent(status['coverage_pct'])}"
    )


def _district_total(status: Row, reference: Reference) -> str:
    median = reference.district_scores.get(status["municipality_id"])
    if median is None or median[1] < 2:
        return ""
    return f"В районе у половины школ итог не ниже {words.percent(median[0])}"


class _Footnotes:
    """Numbers for the remarks of one table, in the order in which they are first cited."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def cite(self, remarks: Iterable[str]) -> str:
        return ",".join(str(self._numbers.setdefault(remark, len(self._numbers) + 1)) for remark in remarks)

    def texts(self) -> tuple[str, ...]:
        return tuple(f"{number} — {remark}" for remark, number in self._numbers.items())


def _procedures(facts: SchoolFacts, reference: Reference) -> Procedures:
    """The year's procedures; none in the edition of a quarter or half-year."""
    if reference.period is not None:
        return Procedures((), (), (), None)

    footnotes = _Footnotes()
    identifying, others = [], []
    for row in sorted(facts.procedures, key=lambda row: procedure_order(reference.procedures.get(row["procedure_id"], row))):
        procedure = reference.procedures.get(row["procedure_id"], {})
        lines = identifying if procedure.get("is_identifying") else others
        lines.append(_procedure_line(row, reference, footnotes))
    version = facts.values[-1]["methodology_version"] if facts.values else ""
    threshold = _share(methodology.parameter(version, "low_result_pct"))
    return Procedures(tuple(identifying), tuple(others), footnotes.texts(), threshold)


def _procedure_line(row: Row, reference: Reference, footnotes: _Footnotes) -> ProcedureLine:
    procedure = reference.procedures.get(row["procedure_id"], {})
    district = reference.district_procedures.get((row["municipality_id"], row["procedure_id"]), {})
    remarks = [words.FLAGS.get(flag, flag) for flag in row["flags"] or ()]
    if row["data_level"] in words.DATA_LEVELS:
        remarks.append(words.DATA_LEVELS[row["data_level"]])
    failed = words.percent(row["failed_pct"])
    if row["failed"] is not None:
        failed = f"{row['failed']} ({failed})"
    verdicts: dict[bool | None, tuple[str, Tone]] = {
        True: ("низкий", "bad"),
        False: ("не низкий", "good"),
        None: (words.NO_DATA, "unknown"),
    }
    verdict, tone = verdicts[row["is_low_result"]]
    distance = row["pupils_to_threshold"]
    return ProcedureLine(
        name=str(procedure.get("procedure_name") or row["procedure_id"]),
        marks=footnotes.cite(remarks),
        participants=words.number(row["participants"], 0),
        absent="" if row["absent"] is None else words.number(row["absent"], 0),
        failed=failed,
        interval=words.interval(row["failed_ci_low_pct"], row["failed_ci_high_pct"]),
        district="" if district.get("failed_pct") is None else words.percent(round(district["failed_pct"], 1)),
        verdict=verdict,
        distance="" if distance is None else words.counted(abs(distance), "ученик", "ученика", "учеников"),
        tone=tone,
        share=_share(row["failed_pct"]),
        low=_share(row["failed_ci_low_pct"]),
        high=_share(row["failed_ci_high_pct"]),
        district_share=_share(district.get("failed_pct")),
    )


def _share(pct: float | None) -> float | None:
    return None if pct is None else round(float(pct) / 100, 4)


def _groups(history: list[Row], current: list[Row], reference: Reference) -> tuple[IndicatorGroup, ...]:
    by_task: defaultdict[int, list[Row]] = defaultdict(list)
    for row in current:
        by_task[_task(row["indicator_code"])].append(row)
    past: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in history:
        past[row["indicator_code"], row["component"]].append(row)
    groups = []
    for task, rows in sorted(by_task.items()):
        applicable: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
        others: defaultdict[str, set[str]] = defaultdict(set)
        for row in rows:
            if row["status"] == "not_applicable":
                others[reference.reason(row)].add(row["indicator_code"])
            else:
                applicable[row["indicator_code"], row["component"]].append(row)
        footnotes = _Footnotes()
        lines = tuple(
            _indicator_line(applicable[key], past[key], reference, footnotes)
            for key in sorted(applicable, key=_indicator_order)
        )
        groups.append(
            IndicatorGroup(
                task=task,
                title=words.TASKS.get(task, f"Задача {task}"),
                has_points=any(row["max_points"] is not None for row in rows),
                lines=lines,
                footnotes=footnotes.texts(),
                not_applicable=tuple(
                    f"{code_ranges(codes)}: {reason}"
                    for reason, codes in sorted(others.items())
                ),
            )
        )
    return tuple(groups)


def _indicator_order(key: tuple[str, str]) -> tuple[tuple[int, ...], int]:
    return words.code_key(key[0]), methodology.component_order().get(key, 0)


def _indicator_line(
    rows: list[Row], history: list[Row], reference: Reference, footnotes: _Footnotes
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
        value = " · ".join(f"{_short_period(row['period'])} {_value(row, unit)}" for row in rows)
    else:
        value = _value(first, unit)
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
    if any(row["status"] == "no_data" for row in rows):
        return ("" if maximum is None else f"— из {maximum}"), "unknown"
    return "", "plain"


def _value(row: Row, unit: str) -> str:
    if row["status"] == "no_data":
        return words.NO_DATA
    if row["value"] is None:
        return words.VALUE_TEXTS.get(row["value_text"] or "", row["value_text"] or "—")
    return words.indicator_value(row["value"], unit, signed=row["value_now"] is not None)


def _detail(row: Row, unit: str, reference: Reference) -> str:
    """What stands behind the value: why there is none, both sides of a difference, counts and interval."""
    if row["status"] == "no_data":
        return reference.reason(row)
    parts = []
    if row["value_now"] is not None and row["value_before"] is not None:
        side = words.side_unit(unit)
        before, now = (words.indicator_value(row[column], side) for column in ("value_before", "value_now"))
        parts.append(f"было {before}, стало {now}")
    if row["numerator"] is not None and row["denominator"]:
        parts.append(f"{words.number(row['numerator'], 0)} из {words.number(row['denominator'], 0)}")
        parts.append(words.interval(row["ci_low"], row["ci_high"]))
    elif row["participants"] is not None:
        parts.append(words.counted(row["participants"], "участник", "участника", "участников"))
    return "; ".join(part for part in parts if part)


def _plot(history: list[Row], unit: str) -> Plot | None:
    """The indicator through the periods; a dynamics indicator is drawn by its two sides, not by the difference."""
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
    text = "; ".join(
        f"{period}: {words.NO_DATA if series[period] is None else words.indicator_value(series[period] or 0.0, side)}"
        for period in periods
    )
    return draw([series[period] for period in periods], text)


def _advice(facts: SchoolFacts, reference: Reference) -> tuple[Advice, ...]:
    version = facts.values[-1]["methodology_version"] if facts.values else ""
    items = methodology.roadmap_names(version)
    measures: dict[str, list[Row]] = {}
    for row in facts.recommendations:
        measures.setdefault(row["measure_text"], []).append(row)
    advice = []
    for rank, (text, rows) in enumerate(list(measures.items())[:RECOMMENDATIONS], start=1):
        codes = code_ranges(row["indicator_code"] for row in rows)
        lost = words.counted(sum(row["points_lost"] for row in rows), "балл", "балла", "баллов")
        peers = [reference.schools[row["peer_school_id"]] for row in rows if row["peer_school_id"] in reference.schools]
        names = dict.fromkeys(words.school_name(peer["school_name"], peer["school_id"]) for peer in peers)
        first = rows[0]
        details = [
            f"{words.plural(len(rows), 'показатель', 'показатели', 'показатели')} {codes}: потеряно {lost}",
            first["owner"] and f"отвечает {first['owner']}",
            first["roadmap_item"] and _roadmap(first["roadmap_item"], items),
            f"опыт — {', '.join(names)}" if names else "",
        ]
        advice.append(Advice(rank, text, " · ".join(part for part in details if part)))
    return tuple(advice)


def _roadmap(item: str, names: dict[str, str]) -> str:
    name = f" «{names[item]}»" if item in names else ""
    return f"дорожная карта, п.{words.NBSP}{item}{name}"


def _advice_note(status: Row) -> str:
    if status["is_supported"]:
        return "Все оценённые показатели получили полный балл." if status["points"] is not None else (
            "Рекомендаций нет: ни один показатель не оценён."
        )
    return "Адресные рекомендации готовят для школ с адресной поддержкой."


def _notes(values: list[Row], procedures: Procedures, reference: Reference) -> tuple[str, ...]:
    notes = []
    clauses = _clauses(values, reference)
    if clauses:
        notes.append(f"Основание: {'; '.join(clauses)}.")
    if procedures.identifying or procedures.others:
        limit = f" Низкий результат — не меньше {words.percent(100 * procedures.threshold)}." if procedures.threshold else ""
        notes.append(
            f"Не справились: «2» по ВПР, ниже минимального балла на ОГЭ и ЕГЭ, от всех, кто писал.{limit} "
            "На полосе: доля, её интервал (линия), район (синяя метка), граница низкого результата (пунктир). "
            "До порога: на сколько учеников должно измениться число не справившихся, чтобы вывод стал другим. "
            "Район: доля по всем ученикам района, кроме сводных таблиц."
        )
    notes.append(
        "Интервал: 95 %, по Уилсону; чем меньше учеников, тем он шире. "
        "«Нет данных» — не ноль: ноль баллов — это оценка, а «нет данных» значит, что оценивать нечего."
    )
    return tuple(notes)


def _clauses(values: list[Row], reference: Reference) -> list[str]:
    """Clauses of the order behind the values; clauses that end with the indicator's code share their beginning."""
    clauses: defaultdict[str, set[str]] = defaultdict(set)
    for row in values:
        code = row["indicator_code"]
        indicator = reference.indicators.get((row["methodology_version"], code, row["component"]), {})
        clause = str(indicator.get("clause") or "")
        if clause.endswith(f" {code}"):
            clauses[clause.removesuffix(code) + "{codes}"].add(code)
        elif clause:
            clauses[clause + " (показатели {codes})"].add(code)
    ordered = sorted(clauses.items(), key=lambda item: min(words.code_key(code) for code in item[1]))
    return [clause.replace("{codes}", code_ranges(codes)) for clause, codes in ordered]


def code_ranges(codes: Iterable[str]) -> str:
    """Codes as ``1.1–1.3, 1.7``: neighbours are joined from three on."""
    ordered = sorted(codes, key=words.code_key)
    runs: list[list[str]] = []
    for code in ordered:
        head, _, tail = code.rpartition(".")
        if runs and tail.isdigit() and f"{head}.{int(tail) - 1}" == runs[-1][-1]:
            runs[-1].append(code)
        else:
            runs.append([code])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def _task(code: str) -> int:
    return int(code.split(".")[0])


def _short_period(period: str) -> str:
    """``2022-Q1`` as ``1 четв.``, ``2022-H2`` as ``2 полуг.``"""
    _, _, part = period.partition("-")
    return f"{part[1:]}{words.NBSP}{'четв.' if part.startswith('Q') else 'полуг.'}" if part else period
