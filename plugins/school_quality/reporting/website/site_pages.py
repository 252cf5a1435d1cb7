"""What the site's pages say, as finished Russian text: templates only lay it out.

Pure functions of the marts of one municipality, in either edition: a suppressed cell is «скрыто».
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from school_quality import dictionary, seeds, terms
from school_quality.reporting import words
from school_quality.reporting.cards import merged
from school_quality.reporting.content import columns, methodology, statuses
from school_quality.reporting.content.advice import build_owed
from school_quality.reporting.content.facts import Reference, Row, how_many, is_hidden, updated_note
from school_quality.reporting.layout.context_plot import LABELLED, ContextPlot, Mark, draw_context
from school_quality.reporting.words import Tone
from school_quality.warehouse.contract import Column

LISTED = words.FIGURES["in_project_500"].strip("«»")
SUPPORTED = words.inside(words.FIGURES["is_supported"])
STATUSES = tuple((words.inside(title), *columns) for title, *columns in words.VERDICTS)


GROUP_TONES: dict[str, Tone] = {
    "resilient": "good",
    "thriving": "plain",
    "struggling": "bad",
    "underperforming": "middle",
}

# Counts of ``fct_municipality_value`` that together are the schools to which an indicator applies.
EXPECTED = ("known", "missing", "not_due", "hidden_schools")

MOVES = {"сменила группу": "school_group", "сменила кластер": "cluster"}

GROUP_MEANINGS = terms.words("school_group_meaning")


@dataclass(frozen=True, slots=True)
class Imprint:
    """What stands at the head and foot of every page."""

    title: str
    edition: str
    text: str
    is_open: bool

    @classmethod
    def of(cls, reference: Reference, release: dict[str, Any], edition: str) -> Imprint:
        is_open = edition == "open"
        return cls(
            title=f"Качество образования, {reference.period_label}",
            edition="открытая редакция" if is_open else "служебная редакция",
            text=words.imprint(release),
            is_open=is_open,
        )


@dataclass(frozen=True, slots=True)
class Link:
    """A document with its formats: names and relative addresses."""

    title: str
    formats: tuple[tuple[str, str], ...]

    def moved(self, up: str) -> Link:
        """The same, from a page that lies deeper by ``up``."""
        return Link(self.title, tuple((name, up + href) for name, href in self.formats))


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table that can be sorted: ``order`` is a number, a text, or None for what stands last."""

    text: str
    order: float | str | None = None
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column that a contract declares; ``spelled`` is the title in full where it is short."""

    title: str
    spelled: str
    is_number: bool


@dataclass(frozen=True, slots=True)
class SchoolLine:
    """A school in the table of its municipality; ``marks`` are its statuses, each with who says so.

    ``declared`` are the cells of the table's `Head`s.
    """

    school_id: str
    name: str
    number: int | None
    kind: str
    marks: tuple[tuple[str, str, Tone], ...]
    group: Cell
    cluster: Cell
    moves: tuple[str, ...]
    declared: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A group or cluster: its words, how many schools are in it, how many came and left in a year.

    ``moved`` is empty where the year before is not known.
    """

    name: str
    meaning: str
    schools: int
    tone: Tone = "plain"
    moved: str = ""


@dataclass(frozen=True, slots=True)
class PlotPoint:
    """A school on the plot; ``description`` is read out in place of the dot."""

    school_id: str
    description: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class DistrictSummary:
    """A municipality in the list of the start page."""

    name: str
    schools: int
    counts: tuple[tuple[str, str], ...]
    median: Cell
    hidden_note: str  # empty where nothing is hidden
    href: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """The page of a municipality."""

    name: str
    summary: DistrictSummary
    heads: tuple[Head, ...]
    schools: tuple[SchoolLine, ...]
    groups: tuple[Share, ...]
    clusters: tuple[Share, ...]
    plot: ContextPlot | None
    moves: tuple[str, ...]
    points: tuple[PlotPoint, ...]  # empty where there are too many dots to be told apart
    hidden: bool
    updated: str  # what is kept from an earlier release; empty where nothing is
    statuses: tuple[str, ...] = (*(title for title, *_ in STATUSES), LISTED, SUPPORTED)  # to choose by
    total_note: str = words.OWN_TOTAL_NOTE
    vpr_note: str = words.VPR_NOTE
    hidden_note: str = words.HIDDEN_NOTE


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """A school on the page of an indicator."""

    school_id: str
    name: str
    number: int | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class IndicatorPage:
    """The page of an indicator in a municipality; ``columns`` stand after the school's name."""

    code: str
    task: int
    task_title: str
    name: str
    about: tuple[tuple[str, str], ...]
    summary: str
    known: int
    expected: int
    middle: str
    points_share: str
    median: str
    columns: tuple[str, ...]
    rows: tuple[IndicatorRow, ...]
    footnotes: tuple[str, ...]
    hidden: bool


@dataclass(frozen=True, slots=True)
class SchoolIndicator:
    """An indicator on the page of a school, beside the middle of its municipality."""

    code: str
    name: str
    value: str
    middle: str
    points: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class SchoolPage:
    """The page of a school: where it stands; the whole is on its card."""

    school_id: str
    name: str
    kind: str
    verdict: statuses.Verdict
    owed: tuple[str, ...]
    group: Share | None
    cluster: Share | None
    total: str
    tasks: tuple[statuses.TaskLine, ...]
    indicators: tuple[SchoolIndicator, ...]
    merged: str
    card: Link
    hidden: bool
    updated: str


@dataclass(frozen=True)
class District:
    """The marts of one municipality; ``values`` by school, of the year or the period of the edition.

    ``figures`` are rows of ``fct_municipality_value`` by indicator, component and period. ``merged`` are
    the schools merged into each up to the year (`merged_schools`), ``before`` the group and the cluster of
    the year before; both of all municipalities. ``unsent`` is what schools have not sent.
    """

    reference: Reference
    statuses: tuple[Row, ...]
    values: dict[str, list[Row]]
    figures: dict[tuple[str, str, str], Row]
    merged: dict[str, list[Row]]
    before: dict[str, Row]
    unsent: Mapping[str, list[Row]] = field(default_factory=dict)

    @cached_property
    def by_code(self) -> dict[str, list[Row]]:
        """Values by indicator, in the order of the methodology."""
        found: dict[str, list[Row]] = {}
        for values in self.values.values():
            for row in values:
                found.setdefault(row["indicator_code"], []).append(row)
        return dict(sorted(found.items(), key=lambda item: words.code_key(item[0])))

    @property
    def codes(self) -> list[str]:
        """Indicators that have a page; a code that could be no file name has none."""
        return [code for code in self.by_code if re.fullmatch(r"\d+(\.\d+)*", code)]

    @cached_property
    def _by_school(self) -> dict[str, Row]:
        return {status["school_id"]: status for status in self.statuses}

    def nothing(self, row: Row) -> tuple[str, str]:
        """What stands where a value is not, and why."""
        return statuses.nothing(row, self._by_school.get(row["school_id"]), self.reference)

    @property
    def name(self) -> str:
        id_ = self.reference.municipality_id or ""
        return self.reference.municipalities.get(id_) or id_

    def school(self, school_id: str) -> Row:
        return self.reference.schools.get(school_id) or {"school_id": school_id}

    def school_name(self, school_id: str) -> str:
        return words.school_name(self.school(school_id).get("school_name"), school_id)


# --- the municipality -----------------------------------------------------------------------------------


def build_overview(district: District) -> Overview:
    """The overview: statuses counted, the table of schools, groups and clusters, the plot."""
    statuses = district.statuses
    plot, points = _plot(district)
    lines = tuple(_school_line(district, status) for status in statuses)
    median = district.reference.district_points.get((district.reference.municipality_id or "", 0))
    hidden = any(status.get("suppressed") for status in statuses)
    if median is not None:
        middle = Cell(words.percent(round(median, 1)), median)
    else:
        is_scored = any(status["score_pct"] is not None for status in statuses)
        middle = Cell("—" if hidden or is_scored else words.NO_DATA)
    note = words.HIDDEN_NOTE if hidden else ""
    summary = DistrictSummary(district.name, len(statuses), _counts(statuses), middle, note)
    return Overview(
        name=district.name,
        summary=summary,
        heads=tuple(
            Head(column.title.removesuffix(", %"), column.spelled, column.format in columns.NUMBERS)
            for column in columns.shown("site")
        ),
        schools=lines,
        groups=_groups(district),
        clusters=_clusters(district),
        plot=plot,
        points=points,
        moves=tuple(move for move in MOVES if any(move in line.moves for line in lines)),
        hidden=hidden,
        updated=updated_note(statuses),
    )


def _counts(statuses: Iterable[Row]) -> tuple[tuple[str, str], ...]:
    """How many schools have each status, by the calculation and by the list."""
    statuses = list(statuses)
    found = []
    for title, computed, official in STATUSES:
        listed = any(status[official] is not None for status in statuses)
        by_list = sum(bool(status[official]) for status in statuses) if listed else words.NO_LIST
        found.append(
            (
                title,
                f"по расчёту {how_many(statuses, computed)}, в списке {by_list}"
                if listed
                else f"по расчёту {how_many(statuses, computed)}, {by_list}",
            )
        )
    found.append(("получают поддержку", how_many(statuses, "is_supported")))
    return tuple(found)


def _school_line(district: District, status: Row) -> SchoolLine:
    school = district.school(status["school_id"])
    return SchoolLine(
        school_id=str(status["school_id"]),
        name=district.school_name(status["school_id"]),
        number=school.get("school_number"),
        kind=words.SCHOOL_TYPES.get(school.get("school_type") or "", ""),
        marks=_marks(status),
        group=_word_cell(status, "school_group", words.GROUP_NAMES.get),
        cluster=_word_cell(status, "cluster", str),
        moves=tuple(move for move, column in MOVES.items() if _moved(district, status, column)),
        declared=tuple(_declared_cell(status, column) for column in columns.shown("site")),
    )


def _marks(status: Row) -> tuple[tuple[str, str, Tone], ...]:
    """Statuses that anybody says the school has: by calculation, by the list, or both; what is unknown."""
    found: list[tuple[str, str, Tone]] = []
    if status["is_low_results"] is None and not is_hidden(status, "is_low_results"):
        found.append((words.NO_DATA, "ШНОР, зона риска", "unknown"))
    for title, computed, official in STATUSES:
        says = [source for source, column in (("расчёт", computed), ("список", official)) if status[column]]
        if says:
            tone: Tone = "bad" if title == "ШНОР" else "middle"
            also = ", расчёт скрыт" if is_hidden(status, computed) else ""
            found.append((title, " и ".join(says) + also, tone))
        elif is_hidden(status, computed) or is_hidden(status, official):
            found.append((title, words.HIDDEN, "unknown"))
    if status["in_project_500"]:
        found.append((LISTED, "список", "middle"))
    if status["is_supported"]:
        found.append((SUPPORTED, "", "plain"))
    return tuple(found)


def _word_cell(status: Row, column: str, text: Callable[[str], str | None]) -> Cell:
    value = status[column]
    if value is None:
        return Cell(words.HIDDEN if is_hidden(status, column) else "—")
    word = text(value) or str(value)
    return Cell(word, word)


def _declared_cell(status: Row, column: Column) -> Cell:
    value, text = status[column.name], columns.text(status, column, "—")
    if value is None:
        return Cell(text)
    return Cell(text, float(value) if column.format in columns.NUMBERS else text)


def _groups(district: District) -> tuple[Share, ...]:
    counts = Counter(status["school_group"] for status in district.statuses)
    came = _came_and_left(district, "school_group")
    groups = tuple(
        Share(name, GROUP_MEANINGS[group], counts[group], GROUP_TONES[group], came(group))
        for group, name in words.GROUP_NAMES.items()
    )
    return groups + _unknown(district.statuses, "school_group", "нет ИСБШ или ИОР")


def _moved(district: District, status: Row, column: str) -> bool:
    """Whether a school's group or cluster is known in both years and is another one now."""
    before = district.before.get(status["school_id"], {}).get(column)
    return before is not None and status[column] is not None and before != status[column]


def _came_and_left(district: District, column: str) -> Callable[[str], str]:
    """Words on how many schools came into a group or cluster and left it, of those known in both years."""
    known = any(district.before.get(status["school_id"], {}).get(column) for status in district.statuses)
    moved = [status for status in district.statuses if _moved(district, status, column)]
    came = Counter(status[column] for status in moved)
    left = Counter(district.before[status["school_id"]][column] for status in moved)
    return lambda name: f"+{came[name]}, −{left[name]}" if known else ""


def _clusters(district: District) -> tuple[Share, ...]:
    counts = Counter(status["cluster"] for status in district.statuses)
    came = _came_and_left(district, "cluster")
    clusters = tuple(
        Share(name, meaning, counts[name], moved=came(name))
        for name, meaning in methodology.clusters(district.reference.version).items()
    )
    known = any(share.schools for share in clusters)
    why = "не хватает баллов за уровень или за динамику результатов"
    return (clusters if known else ()) + _unknown(district.statuses, "cluster", why)


def _unknown(statuses: Sequence[Row], column: str, why: str) -> tuple[Share, ...]:
    """The schools that the other lines leave out, and why."""
    hidden = sum(is_hidden(status, column) for status in statuses)
    unknown = sum(status[column] is None for status in statuses) - hidden
    lines = (
        Share(words.NO_DATA, f"Сказать нельзя: {why}.", unknown, "unknown"),
        Share(words.HIDDEN, "Назвать нельзя: показатель скрыт.", hidden, "unknown"),
    )
    return tuple(line for line in lines if line.schools)


def _plot(district: District) -> tuple[ContextPlot | None, tuple[PlotPoint, ...]]:
    labels = {
        status["school_id"]: str(
            district.school(status["school_id"]).get("school_number") or status["school_id"]
        )
        for status in district.statuses
    }
    border = district.reference.contexts.get(district.reference.municipality_id or "")
    plot = draw_context(district.statuses, labels, border)
    if plot is None or len(plot.marks) > LABELLED:
        return plot, ()
    shown = [s for s in district.statuses if s["social_index"] and s["results_index"] is not None]
    return plot, tuple(
        PlotPoint(
            school_id=str(status["school_id"]),
            description=(
                f"{district.school_name(status['school_id'])}: "
                f"ИСБШ {words.number(status['social_index'], 2)}, "
                f"ИОР {words.precise(status['results_index'])}"
                + (
                    f", {words.GROUP_NAMES[status['school_group']]}"
                    if status["school_group"] in words.GROUP_NAMES
                    else ""
                )
            ),
            mark=mark,
        )
        for status, mark in zip(shown, plot.marks, strict=True)
    )


# --- an indicator ---------------------------------------------------------------------------------------


def build_indicator(district: District, code: str) -> IndicatorPage:
    """The page of an indicator: what it is, how it is judged, and the values of all schools."""
    values = district.by_code[code]
    by_school: dict[str, list[Row]] = {}
    for row in values:
        by_school.setdefault(row["school_id"], []).append(row)
    keys = sorted({_series(row) for row in values}, key=lambda key: (_component_place(code, key[0]), key[1]))
    first = values[0]
    names = _component_names(district, first, keys)
    has_points = any(row["max_points"] is not None for row in values)
    unit = _unit(district, first)
    single = len(keys) == 1
    columns = ("Значение", "Из чего", "Интервал") if single else tuple(names[key] for key in keys)
    rows = []
    for status in district.statuses:
        mine = {_series(row): row for row in by_school.get(status["school_id"], ())}
        if not mine:
            continue
        cells = (
            _single_cells(mine[keys[0]], unit, district)
            if single
            else tuple(_value_cell(mine.get(key), unit, district) for key in keys)
        )
        if has_points:
            cells += (_points_cell(mine.values()),)
        school = district.school(status["school_id"])
        rows.append(
            IndicatorRow(
                str(status["school_id"]),
                district.school_name(status["school_id"]),
                school.get("school_number"),
                cells,
            )
        )
    figures = [district.figures[code, *key] for key in keys if (code, *key) in district.figures]
    middle = figures[0]["median"] if single and figures else None
    is_difference = any(row["value_now"] is not None for row in values)
    middle_text = (
        ""
        if middle is None or unit in words.WORD_UNITS
        else words.indicator_value(round(middle, 3 - 2 * (unit == words.PERCENT)), unit, signed=is_difference)
    )
    maximum = sum(figure["max_points"] or 0 for figure in figures)
    points = sum(figure["points"] or 0 for figure in figures)
    return IndicatorPage(
        code=code,
        task=words.task(code),
        task_title=words.TASKS.get(words.task(code), ""),
        name=_indicator_name(district, first, keys),
        about=_about(first, [component for component, _ in keys]),
        summary=_summary(values, district, middle_text),
        known=sum(figure["known"] for figure in figures),
        expected=sum(figure[count] for figure in figures for count in EXPECTED),
        middle=middle_text or "—",
        points_share=words.percent(round(100 * points / maximum, 1)) if maximum else "—",
        median=middle_text,
        columns=(*columns, "Баллы") if has_points else columns,
        rows=tuple(rows),
        footnotes=_flag_words(values),
        hidden=any(row["status"] == "suppressed" for row in values),
    )


def _series(row: Row) -> tuple[str, str]:
    return row["component"], row["period"]


def _component_place(code: str, component: str) -> int:
    return methodology.component_order().get((code, component), 0)


def _dimension(district: District, row: Row, component: str | None = None) -> Row:
    key = row["component"] if component is None else component
    return district.reference.indicators.get((row["methodology_version"], row["indicator_code"], key), {})


def _unit(district: District, row: Row) -> str:
    return str(_dimension(district, row).get("unit") or "")


def _indicator_name(district: District, first: Row, keys: list[tuple[str, str]]) -> str:
    """The name; of an indicator of several components what their names have in common."""
    names = {str(_dimension(district, first, component).get("indicator_name") or "") for component, _ in keys}
    if len(names) == 1:
        return names.pop() or str(first["indicator_code"])
    common, _, _ = min(names).partition(":")
    return common if all(name.startswith(common) for name in names) else str(first["indicator_code"])


def _component_names(
    district: District, first: Row, keys: list[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Heads of columns: the component, the period, or both where there are several of both."""
    common = _indicator_name(district, first, keys)
    several_periods = len({period for _, period in keys}) > 1
    found = {}
    for component, period in keys:
        parts = []
        if component:
            name = str(_dimension(district, first, component).get("indicator_name") or component)
            parts.append(name.removeprefix(common).lstrip(" :,") or name)
        if several_periods or not parts:
            parts.append(words.short_period(period))
        found[component, period] = ", ".join(parts)
    return found


def _about(first: Row, components: list[str]) -> tuple[tuple[str, str], ...]:
    """Clause, formulas, bands and the rest of the methodology, as pairs of a term and its words."""
    version, code = first["methodology_version"], first["indicator_code"]
    found = [methodology.indicator(version, code, component) for component in components]
    known = [row for row in found if row is not None]
    if not known:
        return ()
    seed = known[0]
    bands = [band for band in seeds.rows("bands") if band["methodology_version"] == version]
    pairs = [
        ("Пункт приказа", seed["clause"]),
        ("Как считают", "; ".join(dict.fromkeys(seed["formula"] for seed in known))),
        ("Единица", seed["unit"]),
        ("Баллы", _bands(seed, bands)),
        ("Что сравнивают с границами", dictionary.LOOKUPS[seed["lookup"]] if seed["max_points"] else ""),
        ("Период", dictionary.PERIODS[seed["period_type"]]),
        ("Кого касается", dictionary.SCOPES[seed["scope"]]),
        ("Откуда данные", seed["source_form"]),
        ("Кто отвечает", seed["owner"]),
        ("Наше чтение приказа" if seed["is_reading_of_ours"] == "true" else "Примечание", seed["note"]),
    ]
    return tuple((term, text) for term, text in pairs if text)


def _bands(indicator: dict[str, str], bands: Iterable[dict[str, str]]) -> str:
    """Which values get how many points, best first."""
    if not indicator["max_points"]:
        return "баллов нет: показатель только измеряют"
    own = [band for band in bands if band["indicator_code"] == indicator["indicator_code"]]
    own.sort(key=lambda band: (-int(band["points"]), int(band["from_value"])))
    return "; ".join(
        f"{dictionary.band_text(indicator['lookup'], band)}: "
        f"{words.counted(int(band['points']), 'балл', 'балла', 'баллов')}"
        for band in own
    )


def _single_cells(row: Row, unit: str, district: District) -> tuple[Cell, ...]:
    return (
        _value_cell(row, unit, district),
        Cell(_behind(row, unit)),
        Cell(words.interval(row["ci_low"], row["ci_high"])),
    )


def _value_cell(row: Row | None, unit: str, district: District) -> Cell:
    if row is None:
        return Cell("")
    if row["status"] in words.NOTHING:
        return Cell(": ".join(district.nothing(row)), tone="unknown")
    marks = "*" if row["flags"] else ""
    order = row["value"] if row["value"] is not None else row["points"]
    return Cell(words.shown_value(row, unit) + marks, order)


def _behind(row: Row, unit: str) -> str:
    """Counts, participants, or the two sides of a difference."""
    if row["status"] in words.NOTHING:
        return ""
    note = [row["value_note"]] if row["value_note"] else []
    return "; ".join([*note, *words.behind(row, unit)])


def _points_cell(values: Iterable[Row]) -> Cell:
    scored = [row for row in values if row["status"] == "scored"]
    if not scored:
        return Cell("")
    row = scored[-1]
    tone: Tone = "good" if row["points"] == row["max_points"] else "middle" if row["points"] else "bad"
    return Cell(f"{row['points']} из {row['max_points']}", row["points"], tone)


def _summary(values: list[Row], district: District, middle: str) -> str:
    """How many schools have the value, how many points they got, why others have none."""
    parts = []
    scored = Counter(row["points"] for row in values if row["status"] == "scored")
    if scored:
        schools = "; ".join(
            f"{words.counted(points, 'балл', 'балла', 'баллов')} — "
            f"{words.counted(count, 'школа', 'школы', 'школ')}"
            for points, count in sorted(scored.items(), reverse=True)
        )
        parts.append(f"{schools}.")
    if middle:
        parts.append(f"Половина школ — не выше {middle}.")
    nothing = [district.nothing(row) for row in values if row["status"] in words.NOTHING]
    for word in words.NOTHING.values():
        reasons = Counter(reason for found, reason in nothing if found == word)
        if reasons:
            why = "; ".join(reason for reason, _ in reasons.most_common())
            parts.append(f"{word.capitalize()}: {reasons.total()} ({why}).")
    return " ".join(parts)


def _flag_words(values: Iterable[Row]) -> tuple[str, ...]:
    flags = sorted({flag for row in values for flag in row["flags"] or ()})
    return tuple(words.FLAGS.get(flag, flag) for flag in flags)


# --- a school -------------------------------------------------------------------------------------------


def build_school(district: District, status: Row, medians: dict[str, str], directory: Path) -> SchoolPage:
    """The page of a school; ``medians`` in words by indicator, ``directory`` holds the cards to link."""
    school_id = str(status["school_id"])
    if not re.fullmatch(r"\w+", school_id):
        raise ValueError(f"school_id {school_id!r} cannot be a file name")
    values = district.values.get(school_id, [])
    school = district.school(school_id)
    reference = district.reference
    group = status["school_group"]
    before = district.before.get(school_id, {})
    meanings = methodology.clusters(reference.version)
    by_code: dict[str, list[Row]] = {}
    for row in values:
        by_code.setdefault(row["indicator_code"], []).append(row)
    formats = tuple(
        (name, f"../scorecards/{school_id}.{suffix}")
        for name, suffix in (("страница", "html"), ("PDF", "pdf"), ("Excel", "xlsx"))
        if (directory / "scorecards" / f"{school_id}.{suffix}").is_file()
    )
    return SchoolPage(
        school_id=school_id,
        name=district.school_name(school_id),
        kind=" · ".join(
            part
            for part in (
                district.name,
                f"код ОО {school_id}",
                words.SCHOOL_TYPES.get(school.get("school_type") or "", ""),
                school.get("locality") or "",
            )
            if part
        ),
        verdict=statuses.verdict(status, reference),
        owed=build_owed(district.unsent.get(school_id, []), reference),
        group=Share(
            words.GROUP_NAMES[group],
            GROUP_MEANINGS[group],
            0,
            GROUP_TONES[group],
            _year_before(group, before.get("school_group"), words.GROUP_NAMES),
        )
        if group in words.GROUP_NAMES
        else None,
        cluster=Share(
            status["cluster"],
            meanings.get(status["cluster"], ""),
            0,
            moved=_year_before(status["cluster"], before.get("cluster"), {}),
        )
        if status["cluster"]
        else None,
        total=statuses.total(status) if reference.period is None else "",
        tasks=statuses.task_lines(values, status, reference),
        indicators=tuple(
            _school_indicator(district, rows, medians.get(code, ""))
            for code, rows in sorted(by_code.items(), key=lambda item: words.code_key(item[0]))
            if code in medians and any(row["status"] != "not_applicable" for row in rows)
        ),
        merged="; ".join(
            f"{merged.title(school)} {merged.until(school, school_id, reference)}"
            for school in district.merged.get(school_id, ())
        ),
        card=Link("Карта школы", formats),
        hidden=bool(status.get("suppressed")) or any(row["status"] == "suppressed" for row in values),
        updated=updated_note([status]),
    )


def _year_before(now: str, before: str | None, names: dict[str, str]) -> str:
    """What a school's group or cluster was; empty where the year before is not known."""
    if before is None:
        return ""
    return "Годом раньше — тоже." if before == now else f"Годом раньше: {names.get(before, before)}."


def _school_indicator(district: District, rows: list[Row], middle: str) -> SchoolIndicator:
    keys = sorted(
        {_series(row) for row in rows},
        key=lambda key: (_component_place(rows[0]["indicator_code"], key[0]), key[1]),
    )
    names = _component_names(district, rows[0], keys)
    unit = _unit(district, rows[0])
    by_key = {_series(row): row for row in rows}
    texts = [_value_cell(by_key[key], unit, district).text.rstrip("*") for key in keys]
    value = (
        texts[0]
        if len(keys) == 1
        else "; ".join(f"{names[key]}: {text}" for key, text in zip(keys, texts, strict=True))
    )
    points = _points_cell(rows)
    return SchoolIndicator(
        code=rows[0]["indicator_code"],
        name=_indicator_name(district, rows[0], keys),
        value=value,
        middle=middle,
        points=points.text,
        tone=points.tone or "plain",
    )
