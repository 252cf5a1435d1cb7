"""Parts of the municipal report: the indicators by task over the municipality, and the points of its schools.

Source: section 4 of the order (tasks 1-4). Shares are of all pupils or teachers of the schools, not means of
shares.
"""

from __future__ import annotations

from collections import defaultdict

from school_quality.reporting import words
from school_quality.reporting.content import methodology
from school_quality.reporting.content.facts import Reference, Row, is_hidden
from school_quality.reporting.papers.municipal_facts import MunicipalFacts
from school_quality.reporting.papers.municipal_identification import indicator_name, name, names, period_name
from school_quality.reporting.papers.paper import Block, Column, Grid, Heading, Text, grid


def order(row: Row) -> tuple[tuple[int, ...], int, str]:
    """Sort key: by code, then components as the methodology names them, then periods."""
    place = methodology.component_order().get((row["indicator_code"], row["component"]), 0)
    return words.code_key(row["indicator_code"]), place, row["period"]


def by_task(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """Every indicator of the edition by task; the annual edition adds the points of each school."""
    blocks: list[Block] = [Heading("Показатели по задачам")]
    rows = [row for row in facts.indicators if reference.period is None or row["period"] == reference.period]
    if not rows:
        blocks.append(Text("Показателей этого периода нет."))
        return blocks
    for task in sorted({row["task"] for row in rows}):
        mine = sorted((row for row in rows if row["task"] == task), key=order)
        title = f"Задача {task}. {words.TASKS.get(task, '')}".strip()
        if any(row["full_mark"] for row in mine):
            blocks.append(scored_table(title, [row for row in mine if row["full_mark"]]))
        measured = [row for row in mine if not row["full_mark"] and not _is_network(row, facts)]
        if measured:
            blocks.append(measured_table(title, measured))
        network = [row for row in facts.district_indicators if _belongs(row, task, reference)]
        if network:
            blocks.append(network_table(title, network, reference))
    if reference.period is None:
        blocks += _school_points(facts, reference)
    else:
        blocks += _school_values(facts, reference)
    return blocks


def _belongs(row: Row, task: int, reference: Reference) -> bool:
    return words.task(row["indicator_code"]) == task and reference.period in (None, row["period"])


def _is_network(row: Row, facts: MunicipalFacts) -> bool:
    """Whether the municipality's own value tells more of the indicator than a sum over schools."""
    return any(one["indicator_code"] == row["indicator_code"] for one in facts.district_indicators)


def scored_table(title: str, rows: list[Row]) -> Grid:
    """Indicators with points: how many schools are judged, with which points."""
    return grid(
        f"{title}: баллы",
        (
            Column("№", 10),
            Column("Показатель", 52),
            Column("Оценено школ", 15, "right"),
            Column("Полный балл", 13, "right"),
            Column("Ноль баллов", 12, "right"),
            Column("Средний балл", 16, "right"),
            Column(words.NO_DATA.capitalize(), 14, "right"),
        ),
        (
            (
                row["indicator_code"],
                row["indicator_name"],
                str(row["known"]),
                str(row["full_points"]),
                str(row["zero_points"]),
                _mean_points(row),
                _missing(row),
            )
            for row in rows
        ),
    )


def _mean_points(row: Row) -> str:
    if not row["max_points"]:
        return words.HIDDEN if row["hidden_schools"] else words.NO_DATA
    mean = row["full_mark"] * row["points"] / row["max_points"]
    return f"{words.number(mean, 1)} из {row['full_mark']}"


def _missing(row: Row) -> str:
    parts = [str(row["missing"] + row["not_due"])]
    if row["not_due"]:
        parts.append(f"({words.NOT_DUE}: {row['not_due']})")
    if row["hidden_schools"]:
        parts.append(f"({words.HIDDEN}: {row['hidden_schools']})")
    return " ".join(parts)


def measured_table(title: str, rows: list[Row]) -> Grid:
    """Indicators without points: the share over all schools that reported, and how far they lie apart."""
    return grid(
        f"{title}: значения",
        (
            Column("№", 8),
            Column("Показатель", 44),
            Column("Период", 15),
            Column("По району", 20, "right"),
            Column("Наименьшее и наибольшее", 22, "right"),
            Column("Школ", 10, "right"),
            Column(words.NO_DATA.capitalize(), 14, "right"),
        ),
        (
            (
                row["indicator_code"],
                row["indicator_name"],
                period_name(row["period"]),
                _pooled(row),
                _range(row),
                str(row["known"]),
                _missing(row),
            )
            for row in rows
        ),
    )


def _range(row: Row) -> str:
    if row["lowest"] is None:
        return "—"
    return " … ".join(dict.fromkeys(_value(row[side], row) for side in ("lowest", "highest")))


def _pooled(row: Row) -> str:
    if not row["known"]:
        return words.HIDDEN if row["hidden_schools"] else words.NO_DATA
    if row["denominator"] and row["numerator"] is not None:
        share = words.percent(100 * row["numerator"] / row["denominator"])
        counts = (words.number(row[side], 0) for side in ("numerator", "denominator"))
        return f"{share} ({f'{words.NBSP}из{words.NBSP}'.join(counts)})"
    return "—" if row["median"] is None else f"медиана {_value(row['median'], row)}"


def _value(value: float, row: Row) -> str:
    return words.indicator_value(float(value), row["unit"] or "")


def network_table(title: str, rows: list[Row], reference: Reference) -> Grid:
    """The municipality's own values: how many supported schools (4.1-4.4), the ratio of 1.9."""
    ordered = sorted(rows, key=lambda row: (words.code_key(row["indicator_code"]), row["period"]))
    return grid(
        f"{title}: значения района",
        (
            Column("№", 8),
            Column("Показатель", 34),
            Column("Период", 15),
            Column("Значение", 18, "right"),
            Column("Какие школы", 56),
        ),
        (
            (
                row["indicator_code"],
                indicator_name(row["indicator_code"], reference),
                period_name(row["period"]),
                _district_value(row),
                _network_schools(row, reference),
            )
            for row in ordered
        ),
    )


def _network_schools(row: Row, reference: Reference) -> str:
    if row["school_ids"] is None and is_hidden(row, "school_ids"):
        return words.HIDDEN
    return names(row["school_ids"] or (), reference) if row["denominator"] is not None else "—"


def _district_value(row: Row) -> str:
    if row["value"] is None:
        return words.HIDDEN if is_hidden(row, "value") else words.NO_DATA
    if row["denominator"] is None:
        return words.precise(float(row["value"]))
    reported = f", сообщили{words.NBSP}{row['reported']}" if row["reported"] is not None else ""
    counts = (words.number(float(row[side]), 0) for side in ("value", "denominator"))
    return f"{words.NBSP}из{words.NBSP}".join(counts) + reported


def _school_points(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    points: defaultdict[str, dict[int, Row]] = defaultdict(dict)
    for row in facts.points:
        points[row["school_id"]][row["task"]] = row
    tasks = sorted({row["task"] for row in facts.points})
    if not tasks:
        return []
    return [
        grid(
            "Баллы школ по задачам",
            (
                Column("Школа", 46),
                *(Column(f"Задача {task}", 18, "right") for task in tasks),
                Column(words.TOTAL, 18, "right"),
                Column("Охват данными", 16, "right"),
            ),
            (
                (
                    name(status["school_id"], reference),
                    *(_task_points(points[status["school_id"]].get(task)) for task in tasks),
                    _status_percent(status, "score_pct"),
                    _status_percent(status, "coverage_pct"),
                )
                for status in facts.statuses
            ),
        ),
        Text(
            "Общий итог и охват — расчёт этой системы, приказ их не предусматривает. Задача 2 — для школ с "
            "адресной поддержкой; «—»: задача к школе не относится.",
            "small",
        ),
    ]


def _task_points(row: Row | None) -> str:
    if row is None:
        return "—"
    if row["points"] is None:
        return words.HIDDEN if row["hidden_values"] else words.NO_DATA if row["no_data"] else "—"
    return f"{row['points']} из {row['max_points']}"


def _status_percent(status: Row, column: str) -> str:
    if status[column] is None and is_hidden(status, column):
        return words.HIDDEN
    return words.percent(status[column])


def _school_values(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """Values of the edition's quarter or half-year by school: a table a task, an indicator a column."""
    values = {(row["school_id"], row["indicator_code"], row["component"]): row for row in facts.values}
    columns = dict.fromkeys(
        (row["indicator_code"], row["component"]) for row in sorted(facts.values, key=order)
    )
    return [
        _values_table(task, [key for key in columns if words.task(key[0]) == task], values, facts, reference)
        for task in dict.fromkeys(words.task(code) for code, _ in columns)
    ]


def _values_table(
    task: int,
    columns: list[tuple[str, str]],
    values: dict[tuple[str, str, str], Row],
    facts: MunicipalFacts,
    reference: Reference,
) -> Grid:
    """Columns are as wide as their longest word; what the names of all of them begin with stands above."""
    known = {(row["indicator_code"], row["component"]): row for row in facts.indicators}
    titles = {key: str(known.get(key, {}).get("indicator_name") or "") for key in columns}
    beginning = _common_beginning(list(titles.values()))
    heads = {
        key: f"{key[0]}{words.NBSP}{title.removeprefix(beginning)}".strip() for key, title in titles.items()
    }
    rows = [
        (status["school_id"], [values.get((status["school_id"], *key)) for key in columns])
        for status in facts.statuses
    ]
    return grid(
        f"Значения по школам, задача {task}" + (f". {beginning.rstrip(': ')}" if beginning else ""),
        (
            Column("Школа", 24),
            *(Column(head, max(10, *map(len, head.split(" "))), "right") for head in heads.values()),
        ),
        (
            (
                name(school_id, reference),
                *(
                    _cell(value, known.get(key, {}).get("unit"))
                    for key, value in zip(columns, found, strict=True)
                ),
            )
            for school_id, found in rows
            if any(value is not None for value in found)
        ),
    )


def _common_beginning(titles: list[str]) -> str:
    """``Доля обучающихся: `` of names that all begin with it; empty for a single name."""
    head, colon, _ = titles[0].partition(": ")
    beginning = head + colon
    shared = len(titles) > 1 and colon and all(title.startswith(beginning) for title in titles)
    return beginning if shared else ""


def _cell(row: Row | None, unit: str | None) -> str:
    return "—" if row is None else words.shown_value(row, unit or "")
