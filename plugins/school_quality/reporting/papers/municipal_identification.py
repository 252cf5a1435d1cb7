"""Parts of the report: which schools are identified and why, what changed, groups, successful practices.

Source: clauses 3, 5 and 6 of the order; methodology, readings 11-13 and "Groups".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from school_quality.reporting import words
from school_quality.reporting.content import methodology, small_schools
from school_quality.reporting.content.facts import Reference, Row, is_hidden, procedure_order
from school_quality.reporting.layout.context_plot import draw_context
from school_quality.reporting.papers.municipal_facts import MunicipalFacts
from school_quality.reporting.papers.paper import Block, Bullets, Column, Figure, Heading, Text, grid

LONGEST_NAME = 90
# How many of the schools whose index rose are named.
RISEN = 5
NOBODY = "нет"
# How a part of the schools is called, by how many such parts make the whole.
FRACTIONS = {2.0: "половине", 3.0: "трети", 4.0: "четверти", 5.0: "пятой части"}


def name(school_id: str, reference: Reference) -> str:
    """A school's name for a table, cut where it would fill the page."""
    full = words.school_name(reference.schools.get(school_id, {}).get("school_name"), school_id)
    return full if len(full) <= LONGEST_NAME else full[: LONGEST_NAME - 1].rstrip() + "…"


def names(school_ids: Iterable[str], reference: Reference) -> str:
    """Schools in a sentence: their names without the legal kind; «нет» for none."""
    return ", ".join(_short(school_id, reference) for school_id in school_ids) or NOBODY


def _short(school_id: str, reference: Reference) -> str:
    kind = reference.schools.get(school_id, {}).get("legal_kind")
    return name(school_id, reference).removeprefix(f"{kind} ") if kind else name(school_id, reference)


def period_name(period: str) -> str:
    """``2022`` as «год», ``2022-H1`` as «1 полуг.», ``2022-Q3`` as «3 четв.»."""
    _, _, part = period.partition("-")
    return f"{part[1:]}{words.NBSP}{'полуг.' if part[0] == 'H' else 'четв.'}" if part else "год"


def shown(row: Row, column: str, unknown: str = words.NO_DATA) -> str:
    """Да, нет, or why neither is known: hidden in the open edition, or ``unknown``."""
    return words.yes_no(row[column], words.HIDDEN if is_hidden(row, column) else unknown)


def index(row: Row, column: str) -> str:
    """ИОР or ИСБШ of a status row."""
    if row[column] is None:
        return words.HIDDEN if is_hidden(row, column) else words.NO_DATA
    return words.number(float(row[column]), 2)


def hidden_ids(statuses: Iterable[Row], column: str) -> list[str]:
    """Schools of which the open edition hides a column; none in the official one."""
    return [row["school_id"] for row in statuses if is_hidden(row, column)]


def told(statuses: Iterable[Row], column: str, text: str) -> str:
    """``text`` about the schools whose column is known, and how many schools have it unknown or hidden."""
    statuses = list(statuses)
    hidden = len(hidden_ids(statuses, column))
    unknown = sum(row[column] is None for row in statuses) - hidden
    if unknown and unknown == len(statuses):
        return words.NO_DATA
    return (
        text
        + (f"; нет данных о школах: {unknown}" if unknown else "")
        + (f"; скрыто школ: {hidden}" if hidden else "")
    )


def ids_where(statuses: Iterable[Row], column: str) -> list[str]:
    return [row["school_id"] for row in statuses if row[column]]


def identification(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """ШНОР and the risk zone with reasons, ШССУ and the project 500+, where calculation and list differ."""
    low = [row for row in facts.statuses if row["is_low_results"] or row["official_low_results"]]
    risk = [row for row in facts.statuses if row["is_risk_zone"] or row["official_risk_zone"]]
    social = [row for row in facts.statuses if row["is_difficult_social"] or row["official_difficult_social"]]
    return [
        Heading("Определение школ и причины"),
        *_low_results(low, facts, reference),
        *_risk_zone(risk, facts, reference),
        *_difficult_social(social, facts, reference),
        *_differences(facts, reference),
        *_undecided(facts, reference),
    ]


def _difficult_social(social: list[Row], facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """ШССУ with their index, and beside them who takes part in 500+ and who is supported."""
    parts = methodology.parameter(reference.version, "difficult_social_parts") or 0.0
    schools = "; ".join(
        f"{name(row['school_id'], reference)} (ИСБШ: {index(row, 'social_index')}; "
        f"по расчёту {shown(row, 'is_difficult_social')}, {_in_list(row, 'official_difficult_social')})"
        for row in social
    )
    return [
        Text(
            "ШССУ — школа, где условия из самых трудных в районе: индекс социального благополучия (ИСБШ) "
            f"в нижней {FRACTIONS.get(parts, f'1/{words.number(parts, 0)} части')} школ"
            f"{methodology.cited(reference.version, 'is_difficult_social')}; какой индекс считать низким — "
            "чтение этой системы."
        ),
        Bullets(
            (
                "Сложные социальные условия (ШССУ): "
                f"{schools or _nobody(facts, 'is_difficult_social', 'official_difficult_social')}.",
                f"Проект «500+»: {_listed(facts, 'in_project_500', reference)}.",
                f"Получают адресную поддержку: {_named(facts, 'is_supported', reference)}.",
            )
        ),
    ]


def _named(facts: MunicipalFacts, column: str, reference: Reference) -> str:
    """The schools that have a status, and of how many it is not known."""
    return told(facts.statuses, column, names(ids_where(facts.statuses, column), reference))


def _nobody(facts: MunicipalFacts, computed: str, official: str) -> str:
    """Words for «no school has the status», by the calculation as far as it is known and by the list, if
    any.
    """
    listed = any(row[official] is not None for row in facts.statuses)
    calculated = told(facts.statuses, computed, "нет")
    if calculated == "нет" and listed:
        return "нет ни по расчёту, ни в списке"
    return f"по расчёту — {calculated}, {'в списке — нет' if listed else words.NO_LIST}"


def _differences(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """Where the calculation and the official list disagree, school by school."""
    differing = [
        f"{name(row['school_id'], reference)} — {words.inside(title)}: по расчёту {shown(row, computed)}, "
        f"в списке {shown(row, official)}"
        for row in facts.statuses
        for title, computed, official in words.VERDICTS
        if None not in (row[computed], row[official]) and row[computed] != row[official]
    ]
    if not differing:
        return []
    ends = [";"] * (len(differing) - 1) + ["."]
    return [
        Text(
            "Расчёт и официальный список расходятся. Список определяет поддержку; расхождение — повод "
            "проверить данные:"
        ),
        Bullets(tuple(f"{line}{end}" for line, end in zip(differing, ends, strict=True))),
    ]


def _undecided(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    unknown = [
        row["school_id"]
        for row in facts.statuses
        if row["is_low_results"] is None and not is_hidden(row, "is_low_results")
    ]
    if not unknown:
        return []
    why = "за год нет результатов процедур, по которым определяют ШНОР"
    return [Text(f"Определить нельзя, {why}: {names(unknown, reference)}.")]


def _listed(facts: MunicipalFacts, column: str, reference: Reference) -> str:
    if all(row[column] is None for row in facts.statuses):
        return words.NO_LIST
    return names(ids_where(facts.statuses, column), reference)


def _low_results(low: list[Row], facts: MunicipalFacts, reference: Reference) -> list[Block]:
    percent, count = (
        methodology.parameter(reference.version, key) or 0.0 for key in ("low_result_pct", "low_procedures")
    )
    rule = (
        f"ШНОР — школа, где не меньше чем в {words.number(count, 0)} процедурах из тех, по которым "
        "определяют, "
        f"не справились не меньше {words.percent(percent)} участников"
        f"{methodology.cited(reference.version, 'is_low_results')}."
    )
    hidden = _hidden_line(facts, "is_low_results", reference)
    if not low:
        nobody = _nobody(facts, "is_low_results", "official_low_results")
        return [Text(f"{rule} Таких школ в {reference.year} году {nobody}."), *hidden]
    failures: defaultdict[str, list[Row]] = defaultdict(list)
    for row in facts.low_results:
        failures[row["school_id"]].append(row)
    return [
        Text(rule),
        grid(
            "Школы с низкими образовательными результатами (ШНОР)",
            (
                Column("Школа", 26),
                Column("По расчёту", 13, "center"),
                Column("В списке", 11, "center"),
                Column("Низкие результаты: доля не справившихся (учеников из писавших)", 46),
                Column("Почему", 30),
            ),
            (
                (
                    name(row["school_id"], reference),
                    shown(row, "is_low_results"),
                    shown(row, "official_low_results", words.NO_LIST),
                    _failed(row, failures[row["school_id"]], reference),
                    _why_low(row, count),
                )
                for row in low
            ),
        ),
        *hidden,
    ]


def _hidden_line(facts: MunicipalFacts, column: str, reference: Reference) -> list[Block]:
    hidden = hidden_ids(facts.statuses, column)
    return [Text(f"Статус по расчёту скрыт: {names(hidden, reference)}.", "small")] if hidden else []


def _failed(status: Row, failures: list[Row], reference: Reference) -> str:
    """The identifying procedures with low results: percent, how many of how many."""
    identifying = set(status["low_procedure_ids"] or ())
    if not identifying and is_hidden(status, "low_procedure_ids"):
        return words.HIDDEN
    if status["is_low_results"] is None and not is_hidden(status, "is_low_results"):
        return words.NO_DATA
    found = {row["procedure_id"]: row for row in failures}
    parts = []
    for id_ in sorted(identifying, key=lambda id_: procedure_order(reference.procedures.get(id_, {}))):
        procedure = reference.procedures.get(id_, {}).get("procedure_name") or id_
        row = found.get(id_, {})
        share = row.get("failed_pct")
        is_suppressed = "suppressed" in (row.get("flags") or ())
        text = f"{procedure} — {words.HIDDEN if is_suppressed else words.percent(share)}"
        if row.get("failed") is not None and row.get("participants") is not None:
            text += f" ({row['failed']} из {row['participants']})"
        elif share is not None:
            text += " (число учеников не передано)"
        if known := row and small_schools.estimates(row):
            text += f" [{known}]"
        parts.append(text)
    return "; ".join(parts) or "—"


def _why_low(status: Row, needed: float) -> str:
    count = status["low_procedures"]
    if count is None:
        return words.HIDDEN
    if status["is_low_results"] is None and not is_hidden(status, "is_low_results"):
        return f"Только в списке: по расчёту {words.NO_DATA}"
    procedures = words.counted(count, "процедура", "процедуры", "процедур")
    if status["is_low_results"]:
        return f"{procedures} с низким результатом при пороге {words.number(needed, 0)}"
    return f"Только в списке: по расчёту {procedures} с низким результатом, нужно {words.number(needed, 0)}"


def _risk_zone(risk: list[Row], facts: MunicipalFacts, reference: Reference) -> list[Block]:
    rule = (
        "Зона риска — школа, которая не ШНОР, с индексом результатов (ИОР) ниже нуля и с падением, которое "
        "длится: показатель динамики отрицателен в этом году и, где это можно вычислить, в прошлом"
        f"{methodology.cited(reference.version, 'is_risk_zone')}."
    )
    hidden = _hidden_line(facts, "is_risk_zone", reference)
    if not risk:
        return [Text(f"{rule} Таких школ {_nobody(facts, 'is_risk_zone', 'official_risk_zone')}."), *hidden]
    falls: defaultdict[str, list[Row]] = defaultdict(list)
    for row in facts.falls:
        falls[row["school_id"]].append(row)
    return [
        Text(rule),
        grid(
            "Школы в зоне риска снижения результатов (низкий ИОР)",
            (
                Column("Школа", 26),
                Column("По расчёту", 13, "center"),
                Column("В списке", 11, "center"),
                Column("ИОР", 10, "right"),
                Column("Что снижается", 56),
            ),
            (
                (
                    name(row["school_id"], reference),
                    shown(row, "is_risk_zone"),
                    shown(row, "official_risk_zone", words.NO_LIST),
                    index(row, "results_index"),
                    _falling(row, falls[row["school_id"]], reference),
                )
                for row in risk
            ),
        ),
        *hidden,
    ]


def _falling(status: Row, lasting: list[Row], reference: Reference) -> str:
    """Each dynamics that falls and goes on falling, with the values of both years."""
    if not status["is_risk_zone"]:
        if is_hidden(status, "is_risk_zone"):
            return words.HIDDEN
        return words.NO_DATA if status["is_risk_zone"] is None else _why_no_risk(status)
    parts = []
    for row in sorted(lasting, key=lambda row: words.code_key(row["indicator_code"])):
        code, before = row["indicator_code"], row["value_before"]
        past = "" if before is None else f", годом раньше {words.precise(before, signed=True)}"
        title = indicator_name(code, reference)
        parts.append(f"{code} {title}: {words.precise(row['value'], signed=True)}{past}")
    return "; ".join(parts) or words.HIDDEN


def _why_no_risk(status: Row) -> str:
    """Why a school of the list is not in the risk zone by the calculation."""
    if is_hidden(status, "is_low_results"):
        return words.HIDDEN
    if status["is_low_results"]:
        why = "школа — ШНОР"
    elif status["results_index"] is None:
        why = words.HIDDEN if is_hidden(status, "results_index") else "нет ИОР"
    elif status["results_index"] >= 0:
        why = "ИОР не ниже нуля"
    else:
        why = "падения, которое длится, нет"
    return f"Только в списке: по расчёту {why}"


def _in_list(row: Row, column: str) -> str:
    if row[column] is None and not is_hidden(row, column):
        return words.NO_LIST
    return f"в списке {shown(row, column)}"


def indicator_name(code: str, reference: Reference) -> str:
    for (_, known, _), row in reference.indicators.items():
        if known == code:
            return str(row["indicator_name"])
    return ""


def is_comparable(facts: MunicipalFacts) -> bool:
    """Whether the warehouse knows anything of the year before."""
    return any(row["is_low_results"] is not None for row in facts.before.values())


def changes(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """Who left, came and stayed against the year before, in ШНОР and in the risk zone; effective mode."""
    year = reference.year
    blocks: list[Block] = [Heading(f"Изменения по сравнению с {year - 1} годом")]
    if not is_comparable(facts):
        blocks.append(
            Text(
                f"Сравнить не с чем: результатов {year - 1} года по процедурам, которые определяют ШНОР, "
                "в хранилище нет."
            )
        )
        return blocks
    by_change: defaultdict[str, list[str]] = defaultdict(list)
    for row in facts.statuses:
        by_change[row["change_from_previous_year"] or ""].append(row["school_id"])
    left, entered = _moved_in_risk_zone(facts)

    def moved(column: str, ids: list[str]) -> str:
        unknown = all(row[column] is None and not is_hidden(row, column) for row in facts.statuses)
        return words.NO_DATA if unknown else names(ids, reference)

    blocks.append(
        Bullets(
            (
                *(
                    f"{label}: {moved('change_from_previous_year', by_change[key])}."
                    for key, label in (
                        ("left", "Вышли из ШНОР"),
                        ("entered", "Вошли в ШНОР"),
                        ("stayed", "Остаются ШНОР"),
                    )
                ),
                f"Вышли из зоны риска: {moved('is_risk_zone', left)}.",
                f"Вошли в зону риска: {moved('is_risk_zone', entered)}.",
                "Перешли в эффективный режим (были ШНОР, теперь ни ШНОР, ни в зоне риска, и ИОР не "
                "снизился): "
                f"{_effective(facts, reference)}.",
            )
        )
    )
    blocks.append(Text("Сравниваются статусы по расчёту, а не по спискам.", "small"))
    hidden = [row["school_id"] for row in facts.statuses if _is_change_hidden(row, facts)]
    unknown = [id_ for id_ in by_change[""] if id_ not in hidden]
    if unknown:
        why = "за один из двух лет мало или нет процедур, по которым определяют ШНОР"
        blocks.append(Text(f"Сравнить нельзя, {why}: {names(unknown, reference)}.", "small"))
    if hidden:
        blocks.append(Text(f"Изменение скрыто: {names(hidden, reference)}.", "small"))
    return blocks


def _effective(facts: MunicipalFacts, reference: Reference) -> str:
    """The schools in effective mode; one that may have left ШНОР, which nobody knows, counts as unknown."""
    column = "is_effective_mode"
    rows = [row | {column: None} if _may_have_left(row, facts) else row for row in facts.statuses]
    return told(rows, column, names(ids_where(rows, column), reference))


def _may_have_left(row: Row, facts: MunicipalFacts) -> bool:
    before = facts.before.get(row["school_id"], {})
    return (
        row["change_from_previous_year"] is None
        and not row["is_low_results"]
        and before.get("is_low_results") is not False
    )


def _moved_in_risk_zone(facts: MunicipalFacts) -> tuple[list[str], list[str]]:
    """Schools that left the risk zone and that came into it, of those known in both years."""
    left: list[str] = []
    entered: list[str] = []
    for row in facts.statuses:
        before = facts.before.get(row["school_id"], {}).get("is_risk_zone")
        now = row["is_risk_zone"]
        if before is not None and now is not None and before != now:
            (entered if now else left).append(row["school_id"])
    return left, entered


def _is_change_hidden(status: Row, facts: MunicipalFacts) -> bool:
    before = facts.before.get(status["school_id"], {})
    return is_hidden(status, "change_from_previous_year") or any(
        is_hidden(row, "is_risk_zone") for row in (status, before)
    )


def groups(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """The plot of context against results, the four groups and the finer clusters."""
    blocks: list[Block] = [Heading("Группы и кластеры школ")]
    labels = {id_: str(row.get("school_number") or id_) for id_, row in reference.schools.items()}
    plot = draw_context(facts.statuses, labels, reference.contexts.get(facts.municipality_id))
    if plot is None:
        blocks.append(Text("График условий и результатов не построен: нет ИСБШ и ИОР хотя бы двух школ."))
    else:
        blocks.append(
            Figure(
                "Условия и результаты. Числа — номера школ; пустые кружки — школы с адресной поддержкой; "
                "пунктир — медиана ИСБШ района и ИОР, равный нулю.",
                plot,
            )
        )
    by_group: defaultdict[str, list[str]] = defaultdict(list)
    by_cluster: defaultdict[str, list[str]] = defaultdict(list)
    for row in facts.statuses:
        by_group[row["school_group"] or ""].append(row["school_id"])
        by_cluster[str(row["cluster"] or "")].append(row["school_id"])
    hidden = hidden_ids(facts.statuses, "school_group")
    unknown = [id_ for id_ in by_group.pop("", []) if id_ not in hidden]
    if by_group:
        blocks.append(
            grid(
                "Группы по условиям и результатам",
                (Column(words.FIGURES["school_group"], 40), Column("Школ", 10, "right"), Column("Школы", 72)),
                (
                    (label, str(len(by_group[group])), names(by_group[group], reference))
                    for group, label in words.GROUPS.items()
                ),
            )
        )
    if hidden:
        blocks.append(Text(f"Группа скрыта: {names(hidden, reference)}.", "small"))
    if unknown:
        blocks.append(Text(f"Группа не определена (нет ИСБШ или ИОР): {names(unknown, reference)}.", "small"))
    hidden = hidden_ids(facts.statuses, "cluster")
    by_cluster.pop("", None)
    meanings = methodology.clusters(reference.version)
    places = {label: place for place, label in enumerate(meanings)}
    if by_cluster:
        blocks.append(
            grid(
                "Кластеры: школы с похожими показателями",
                (
                    Column(words.FIGURES["cluster"], 26),
                    Column("Что это значит", 50),
                    Column("Школ", 10, "right"),
                    Column("Школы", 40),
                ),
                (
                    (label, meanings.get(label, ""), str(len(members)), names(members, reference))
                    for label, members in sorted(
                        by_cluster.items(), key=lambda pair: (places.get(pair[0], len(places)), pair[0])
                    )
                ),
            )
        )
    if hidden:
        everybody = "у всех школ" if len(hidden) == len(facts.statuses) else names(hidden, reference)
        blocks.append(Text(f"Кластер скрыт: {everybody}.", "small"))
    return blocks


def practices(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """What can be learned from whom: the form of practices, resilient schools, schools that improved."""
    blocks: list[Block] = [Heading("Успешные практики")]
    if facts.practices:
        blocks.append(
            grid(
                "Практики, о которых сообщили школы",
                (Column("Школа", 28), Column("Показатели", 18), Column("Практика", 46), Column("Ссылка", 30)),
                (
                    (
                        name(row["school_id"], reference),
                        words.code_ranges(row["indicator_codes"]),
                        row["practice"],
                        row["link"] or "—",
                    )
                    for row in facts.practices
                ),
            )
        )
    else:
        blocks.append(Text("О практиках школы не сообщали."))
    resilient = [row["school_id"] for row in facts.statuses if row["school_group"] == "resilient"]
    rises = ", ".join(
        f"{names([id_], reference)} ({words.number(rise, 2, signed=True)})"
        for id_, rise in sorted(_rises(facts), key=lambda pair: -pair[1])[:RISEN]
    )
    blocks.append(
        Bullets(
            (
                f"Устойчивые школы (трудные условия, хорошие результаты): "
                f"{told(facts.statuses, 'school_group', names(resilient, reference))}."
                + (" Их опыт изучают в первую очередь, из них выбирают наставников." if resilient else ""),
                f"Перешли в эффективный режим: {_effective(facts, reference)}.",
                f"Больше всего вырос ИОР: {told(facts.statuses, 'results_index', rises or NOBODY)}.",
            )
        )
    )
    return blocks


def _rises(facts: MunicipalFacts) -> list[tuple[str, float]]:
    """Schools whose index rose, where both years' indices have the same origin."""
    found = []
    for row in facts.statuses:
        before = facts.before.get(row["school_id"])
        if before is None or row["is_index_computed"] != before["is_index_computed"]:
            continue
        if row["results_index"] is not None and before["results_index"] is not None:
            rise = float(row["results_index"]) - float(before["results_index"])
            if rise > 0:
                found.append((row["school_id"], rise))
    return found
