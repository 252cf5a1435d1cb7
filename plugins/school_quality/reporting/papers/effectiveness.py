"""The analysis of effectiveness: an edition in June (execution) and its supplement in September (results).

Source: clause 6 of the order ("в конце учебного года … анализ эффективности принятых мер по направлениям
работы"). June: what was done in the academic year, by direction (tasks 2-4) and responsible office.
September, when the results of the next assessments are in: what the measures of the year that ended gave.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from statistics import fmean

from school_quality import seeds
from school_quality.reporting import words
from school_quality.reporting.content.facts import Reference, Row, is_hidden
from school_quality.reporting.papers.municipal_actions import STATUSES, measures_table, overdue
from school_quality.reporting.papers.municipal_facts import MunicipalFacts
from school_quality.reporting.papers.municipal_identification import changes, name, names, told
from school_quality.reporting.papers.municipal_indicators import (
    measured_table,
    network_table,
    order,
    scored_table,
)
from school_quality.reporting.papers.paper import (
    Block,
    Bullets,
    Column,
    Grid,
    Heading,
    Paper,
    Signature,
    Text,
    approval,
    authority,
    grid,
)

REGRESSION_NOTE = (
    "Возврат к среднему: поддержку получают школы с самыми низкими результатами, а такие результаты на "
    "следующий "
    "год чаще растут и без помощи (и чаще падают у самых высоких). Поэтому рост поддержанных школ сам по "
    "себе не "
    "доказывает пользы мер. Сравнение с похожими школами, которые начинали с близкого уровня, ослабляет эту "
    "ошибку, "
    "но не устраняет её: школ мало, и отбирали их не случайно."
)
DIRECTIONS = (2, 3, 4)


def edition_on(as_of: date, year: int) -> str:
    """``results`` (September) or ``execution`` (June) of a reporting year on a day, by the seed."""
    rows = seeds.rows("effectiveness_editions")
    days = sorted(
        (date(year + int(row["year_offset"]), int(row["month"]), int(row["day"])), row["edition"])
        for row in rows
    )
    begun = [edition for day, edition in days if day <= as_of]
    return begun[-1] if begun else days[0][1]


def build_effectiveness(
    facts: MunicipalFacts, reference: Reference, imprint: str, as_of: date, *, is_open: bool
) -> Paper:
    """The edition that the day of judgement calls for; the open one has no lines to sign."""
    execution = edition_on(as_of, reference.year) == "execution"
    year = reference.year
    blocks: list[Block] = [Text(words.VPR_NOTE, "important")]
    if is_open:
        blocks.append(Text(words.HIDDEN_NOTE, "small"))
    if execution:
        if not is_open:
            blocks += _summary(facts, reference)
        blocks += _directions(facts, reference)
        blocks += _offices(facts)
        if not is_open:
            blocks += _measures(facts, year, reference)
        blocks.append(
            Text(
                f"Что дали меры {reference.academic_year} учебного года, покажут результаты {year + 1} года: "
                "сентябрьское дополнение к этому анализу. Ниже — последние известные результаты: меры "
                "прошлого "
                "учебного года.",
            )
        )
    elif not is_open:
        blocks += _measures(facts, year - 1, reference)
    blocks += _results(facts, reference, is_open=is_open)
    blocks += changes(facts, reference)
    blocks += _moves(facts, reference)
    if not is_open:
        blocks.append(
            Signature(
                "Руководитель, ответственный за анализ",
                (
                    "Представлено муниципальному координатору оценки механизмов управления качеством "
                    "образования.",
                    "Исполнитель: ____________________________, тел. ______________",
                ),
            )
        )
    about = (
        f"эффективности мер, принятых в {reference.academic_year} учебном году: исполнение по направлениям и "
        "ответственным (задачи 2-4)"
        if execution
        else f"эффективности мер {year - 1}-{year} учебного года: результаты {year} года "
        "(сентябрьское дополнение к июньскому анализу)"
    )
    return Paper(
        file_name=f"effectiveness_{facts.municipality_id}",
        title=f"{words.DOCUMENTS['effectiveness']}: {facts.name}, {reference.period_label}",
        organisation=authority(facts.name),
        name="АНАЛИЗ",
        about=about,
        requisites=None if is_open else ("«___» __________ 20__ г.", "№ ________"),
        blocks=tuple(blocks),
        imprint=imprint,
        approval=() if is_open else approval(facts.name),
        created=as_of.isoformat(),
    )


def _summary(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    taken = [row for row in facts.measures if row["reporting_year"] == reference.year]
    statuses = Counter(row["status"] for row in taken)
    late = [row for row in facts.roadmap if row["school_id"] is None and row["is_overdue"]]
    without = [
        row["school_id"]
        for row in facts.supported
        if row["school_id"] not in {measure["school_id"] for measure in taken}
    ]
    return [
        Heading("Главное"),
        Bullets(
            (
                "Школ с адресной поддержкой: "
                f"{told(facts.statuses, 'is_supported', str(len(facts.supported)))}.",
                f"Мер, о которых сообщили: {len(taken)}"
                + "".join(
                    f"; {label} — {statuses[status]}"
                    for status, label in STATUSES.items()
                    if statuses[status]
                )
                + ".",
                f"О мерах не сообщили: {told(facts.statuses, 'is_supported', names(without, reference))}.",
                f"Просроченных пунктов дорожной карты: {len(late)}.",
            )
        ),
    ]


def _directions(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """Tasks 2-4: a table for each direction and office that collects its indicators."""
    blocks: list[Block] = [Heading("Исполнение по направлениям")]
    for task in DIRECTIONS:
        mine = sorted((row for row in facts.indicators if row["task"] == task), key=order)
        blocks.append(Text(f"Направление {task}. {words.TASKS.get(task, '')}."))
        if not mine:
            blocks.append(
                Text(
                    "Показателей нет: нет школ, к которым они относятся."
                    if facts.is_support_known
                    else "Показателей нет: каким школам нужна адресная поддержка, данных нет."
                )
            )
            continue
        by_owner: defaultdict[str, list[Row]] = defaultdict(list)
        for row in mine:
            by_owner[row["owner"] or "Ответственный не назван"].append(row)
        network = [row for row in facts.district_indicators if words.task(row["indicator_code"]) == task]
        codes = {row["indicator_code"] for row in network}
        for owner, rows in sorted(by_owner.items()):
            scored = [row for row in rows if row["full_mark"]]
            measured = [row for row in rows if not row["full_mark"] and row["indicator_code"] not in codes]
            own = [row for row in network if row["indicator_code"] in {one["indicator_code"] for one in rows}]
            if scored:
                blocks.append(scored_table(owner, scored))
            if measured:
                blocks.append(measured_table(owner, measured))
            if own:
                blocks.append(network_table(owner, own, reference))
    return blocks


def _offices(facts: MunicipalFacts) -> list[Block]:
    """The roadmap by responsible office: how many items, done, overdue."""
    own = [row for row in facts.roadmap if row["school_id"] is None]
    by_owner: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in own:
        for owner in row["owners"] or ("Ответственный не назван",):
            by_owner[owner][row["status"]] += 1
    if not by_owner:
        return []
    late = overdue(own)
    return [
        Heading("Исполнение дорожной карты по ответственным"),
        grid(
            "Пункты дорожной карты (пункт с несколькими периодами считается по каждому)",
            (
                Column("Ответственный", 40),
                Column("Всего", 12, "right"),
                *(Column(label.capitalize(), 18, "right") for label in STATUSES.values()),
                Column("Просрочено", 20, "right"),
            ),
            (
                (
                    owner,
                    str(counts.total()),
                    *(str(counts[status]) for status in STATUSES),
                    str(len(late.get(owner, ()))),
                )
                for owner, counts in sorted(by_owner.items())
            ),
        ),
    ]


def _measures(facts: MunicipalFacts, year: int, reference: Reference) -> list[Block]:
    """The measures of an academic year; where results after it are known, how the points changed."""
    taken = [row for row in facts.measures if row["reporting_year"] == year]
    label = f"{year}-{year + 1}"
    if not taken:
        return [Heading("Принятые меры"), Text(f"О мерах {label} учебного года школы не сообщали.")]
    blocks: list[Block] = [
        Heading("Принятые меры"),
        measures_table(f"Меры {label} учебного года", taken, reference),
    ]
    compared = [row for row in taken if row["compared_indicators"]]
    if year < reference.year and compared:
        blocks += _measure_points(compared, reference)
    return blocks


def _measure_points(compared: list[Row], reference: Reference) -> list[Block]:
    rows = sorted(compared, key=lambda row: (row["school_id"], row["indicator_codes"], row["measure"]))
    grew, fell = (sum(sign * row["points_change"] > 0 for row in rows) for sign in (1, -1))
    return [
        grid(
            "Баллы по показателям, ради которых приняты меры: до и после",
            (
                Column("Школа", 30),
                Column("Показатели", 18),
                Column("Мера", 50),
                Column("Статус", 18),
                Column("Изменение баллов", 16, "right"),
            ),
            (
                (
                    name(row["school_id"], reference),
                    words.code_ranges(row["indicator_codes"]),
                    row["measure"],
                    STATUSES[row["status"]],
                    words.number(row["points_change"], 0, signed=True),
                )
                for row in rows
            ),
        ),
        Text(
            f"Баллы выросли по {grew} из {words.counted(len(rows), 'меры', 'мер', 'мер')}, снизились по "
            f"{fell}. "
            "Изменение после меры — ещё не её следствие.",
            "small",
        ),
    ]


def _results(facts: MunicipalFacts, reference: Reference, *, is_open: bool) -> list[Block]:
    """Change of the schools supported the year before against similar ones that were not."""
    year = reference.year
    labels = {row["outcome"]: row for row in seeds.rows("effectiveness_outcomes")}
    known = sorted(
        (row for row in facts.effectiveness if row["outcome"] in labels and row["supported_schools"]),
        key=lambda row: int(labels[row["outcome"]]["sort_order"]),
    )
    blocks: list[Block] = [
        Heading(f"Результаты: школы, которым помогали в {year - 1}-{year} учебном году, и похожие школы"),
        Text(
            f"Сравнивается изменение от {year - 1} к {year} году. Похожая школа — того же района и типа, без "
            "поддержки, с самым близким значением в прошлом году. Разность — насколько изменение "
            "поддержанных школ "
            "отличается от изменения похожих; интервал — 95 %, он не выходит за то, что возможно."
        ),
    ]
    if is_open:
        blocks.append(Text("В сравнении только школы, числа которых открыты в оба года.", "small"))
    if not known:
        blocks.append(
            Text(
                f"Сравнить нельзя: в {year - 1}-{year} учебном году не было поддержанных школ, нет похожих "
                "на них "
                "или нет результатов обоих лет."
            )
        )
    else:
        blocks.append(_comparison(known, labels))
        blocks += [Bullets(tuple(_reading(row, labels[row["outcome"]]) for row in known))]
        blocks += _pairs(facts, reference, labels)
    blocks.append(Text(REGRESSION_NOTE, "important"))
    return blocks


def _comparison(known: list[Row], labels: dict[str, dict[str, str]]) -> Grid:
    """Three rows an outcome: supported schools, similar ones, what is left between their changes."""
    return grid(
        "Изменение поддержанных и похожих школ",
        (
            Column("Что сравнивается", 38),
            Column("Какие школы", 26),
            Column("Школ", 12, "right"),
            Column("Было", 16, "right"),
            Column("Стало", 16, "right"),
            Column("Изменение", 20, "right"),
            Column("Интервал 95 %", 34, "right"),
        ),
        (
            line
            for row in known
            for line in (
                _side("с поддержкой", "supported", row, labels),
                _side("похожие", "comparison", row, labels),
                (
                    _label(labels[row["outcome"]]),
                    "разность изменений",
                    "",
                    "",
                    "",
                    "не сравниваем"
                    if row["difference"] is None
                    else words.number(row["difference"], 2, signed=True),
                    f"похожих школ меньше {labels[row['outcome']]['min_schools']}"
                    if row["difference"] is None
                    else f"от {words.number(row['ci_low'], 2, signed=True)} "
                    f"до {words.number(row['ci_high'], 2, signed=True)}",
                ),
            )
        ),
    )


def _side(who: str, side: str, row: Row, labels: dict[str, dict[str, str]]) -> tuple[str, ...]:
    before, change = row[f"before_{side}"], row[f"change_{side}"]
    now = None if before is None or change is None else before + change
    return (
        _label(labels[row["outcome"]]),
        who,
        str(row[f"{side}_schools"]),
        words.number(before, 2),
        words.number(now, 2),
        words.number(change, 2, signed=True),
        "",
    )


def _label(outcome: dict[str, str]) -> str:
    return f"{outcome['label']}, {outcome['unit']}" if outcome["unit"] else outcome["label"]


def _reading(row: Row, outcome: dict[str, str]) -> str:
    """What the comparison allows to say, in a few sentences."""
    note = f" ({outcome['note']})" if outcome["note"] else ""
    return f"{outcome['label']}{note}: {_verdict(row, outcome)}"


def _verdict(row: Row, outcome: dict[str, str]) -> str:
    if row["difference"] is None:
        return (
            f"не сравниваем — похожих школ {row['comparison_schools']}, а нужно не меньше "
            f"{outcome['min_schools']}: одна необычная среди них меняла бы вывод."
        )
    if row["ci_low"] <= 0 <= row["ci_high"]:
        text = "разности не видно — интервал содержит ноль, она может быть случайной."
    else:
        better = (row["difference"] > 0) == (outcome["is_higher_better"] == "true")
        text = (
            f"школы с поддержкой изменились {'лучше' if better else 'хуже'} похожих, интервал не содержит "
            "нуля."
        )
    start = (row["before_supported"] or 0) - (row["before_comparison"] or 0)
    if abs(start) > abs(row["difference"]):
        text += (
            " Начинали они с уровней, которые различались сильнее, чем изменения: такие школы похожи мало, "
            "разность может быть возвратом к среднему."
        )
    return text


def _pairs(facts: MunicipalFacts, reference: Reference, labels: dict[str, dict[str, str]]) -> list[Block]:
    """Which school was compared with which, and how many measures it took."""
    by_school: defaultdict[str, dict[str, Row]] = defaultdict(dict)
    for row in facts.similar:
        by_school[row["school_id"]][row["outcome"]] = row
    shown = sorted(
        (outcome for outcome, row in labels.items() if row["is_shown_by_school"] == "true"),
        key=lambda outcome: int(labels[outcome]["sort_order"]),
    )
    ordered = [row["school_id"] for row in facts.statuses if row["school_id"] in by_school]
    taken = [row for row in facts.measures if row["reporting_year"] == reference.year - 1]
    pairs: list[Block] = [
        grid(
            "Каждая поддержанная школа и похожая на неё: было и стало",
            (
                Column("Поддержанная школа", 28),
                *((Column("Мер: всего; выполнено", 18, "right"),) if taken else ()),
                *(Column(f"{labels[outcome]['label']}: школа; похожая", 44) for outcome in shown),
            ),
            (
                (
                    name(school_id, reference),
                    *((_taken(taken, school_id),) if taken else ()),
                    *(_pair(by_school[school_id].get(outcome), reference) for outcome in shown),
                )
                for school_id in ordered
            ),
        )
    ]
    if taken and shown:
        pairs.append(_by_measures(taken, by_school, shown[0], labels))
    return pairs


def _by_measures(
    taken: list[Row], by_school: dict[str, dict[str, Row]], outcome: str, labels: dict[str, dict[str, str]]
) -> Text:
    """Mean change of the supported schools that took measures, and of those that reported none."""
    acted = {row["school_id"] for row in taken}
    told: list[float] = []
    silent: list[float] = []
    for school_id, rows in by_school.items():
        row = rows.get(outcome)
        if row is not None and row["value_now"] is not None and row["value_before"] is not None:
            (told if school_id in acted else silent).append(row["value_now"] - row["value_before"])
    parts = [
        f"{who} — {words.counted(len(changes_), 'школа', 'школы', 'школ')}, в среднем "
        f"{words.number(fmean(changes_), 2, signed=True)}"
        for who, changes_ in (("сообщили о мерах", told), ("о мерах не сообщали", silent))
        if changes_
    ]
    return Text(
        f"{labels[outcome]['label']}, изменение поддержанных школ: {'; '.join(parts) or words.NO_DATA}."
    )


def _taken(measures: list[Row], school_id: str) -> str:
    mine = [row["status"] for row in measures if row["school_id"] == school_id]
    return f"{len(mine)}; {mine.count('done')}"


def _pair(row: Row | None, reference: Reference) -> str:
    if row is None or row["value_now"] is None:
        return words.NO_DATA
    own = _before_and_now(row["value_before"], row["value_now"])
    if row["similar_school_id"] is None:
        return f"{own}; похожей нет: все школы этого типа получали поддержку"
    other = name(row["similar_school_id"], reference)
    return f"{own}; {other}: {_before_and_now(row['similar_before'], row['similar_now'])}"


def _before_and_now(before: float | None, now: float | None) -> str:
    return f"было {words.number(before, 2)}, стало {words.number(now, 2)}"


def _moves(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """Who moved between the four groups."""
    moved: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in facts.statuses:
        before = facts.before.get(row["school_id"], {}).get("school_group")
        if before and row["school_group"] and before != row["school_group"]:
            moved[before, row["school_group"]].append(row["school_id"])
    blocks: list[Block] = [Heading("Переходы между группами")]
    hidden = [
        row["school_id"]
        for row in facts.statuses
        if is_hidden(row, "school_group") or is_hidden(facts.before.get(row["school_id"], {}), "school_group")
    ]
    if hidden:
        blocks.append(Text(f"Группа в один из двух лет скрыта: {names(hidden, reference)}.", "small"))
    if not moved:
        blocks.append(
            Text("Между группами по условиям и результатам никто не перешёл, или сравнить не с чем.")
        )
        return blocks
    blocks.append(
        grid(
            f"Кто перешёл из группы в группу, {reference.year - 1}–{reference.year}",
            (Column("Была группа", 36), Column("Стала группа", 36), Column("Школы", 50)),
            (
                (words.GROUPS.get(before, before), words.GROUPS.get(now, now), names(schools, reference))
                for (before, now), schools in sorted(moved.items())
            ),
        )
    )
    return blocks
