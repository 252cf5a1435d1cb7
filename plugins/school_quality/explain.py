"""Where a value comes from: formula, numbers, the band that decided, and the rows of the files behind them.

Nothing is computed here: values and points are those of the marts, bands and formulas those of the
methodology's seeds, rows those of ``marts.fct_lineage``; the contents of form rows are read from the landing,
which holds no personal data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from school_quality import datasets, dictionary, seeds
from school_quality.errors import UsageError
from school_quality.reporting import words
from school_quality.reporting.content import methodology
from school_quality.reporting.content.facts import LINEAGE, Row, rows
from school_quality.reporting.content.statuses import SUPPORT_UNKNOWN
from school_quality.screen import one_line
from school_quality.warehouse.readers.opening import open_shut

# How many rows of one place are shown with their contents; a form has one row a school.
SHOWN_ROWS = 5
# Datasets with a row a pupil: their contents say nothing without the pupil, so only the place is named.
PUPIL_DATASETS = {"ege_results", "oge_results", "vpr_results", "appeals"}
PROVENANCE = {"seq", "file_id", "sheet", "row_number", "school_id"}

SIGN_LABELS = {"-1": "снижение", "0": "без изменений", "1": "рост"}
INDEX_LABELS = {"-1": "меньше нуля", "0": "ноль", "1": "больше нуля"}
LEVEL_LABELS = {
    "inequality": {
        "0": "в нижнем списке",
        "1": "ни в верхнем, ни в нижнем",
        "2": "в верхнем списке по обоим предметам",
    },
    "social_coefficient": {"0": "К меньше {limit}", "1": "К не меньше {limit}"},
    "form_category": {"0": "никто не участвовал", "1": "есть участники", "2": "есть победители или призёры"},
    "olympiad": {
        "0": "не участвовали",
        "1": "муниципальный этап, доля не больше {limit}",
        "2": "муниципальный этап, доля больше {limit}",
        "3": "есть победители или призёры регионального этапа",
    },
}
LOOKUPS = {
    "half_up": "процент округляется до целого, половина — вверх",
    "floor": "процент без округления, дробная часть отброшена",
    "sign": "решает знак",
}


@dataclass(frozen=True, slots=True)
class SourceRows:
    """A run of rows of one sheet; ``contents`` are the values of form rows, empty for rows of pupils."""

    path: str
    sheet: str
    row_from: int
    row_to: int
    rows: int
    received: str
    contents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValueExplanation:
    """One value: of one period and component. ``bands`` are (text, did it decide)."""

    label: str
    outcome: str
    numbers: tuple[str, ...]
    bands: tuple[tuple[str, bool], ...]
    flags: tuple[str, ...]
    sources: tuple[SourceRows, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """An indicator of a school in a year down to the rows of files; `render` gives the text."""

    school_id: str
    indicator_code: str
    heading: tuple[str, ...]
    band_rule: str
    values: tuple[ValueExplanation, ...]

    def render(self) -> str:
        """The explanation as Russian text, a line a thought."""
        return "\n".join(map(one_line, self._lines()))

    def _lines(self) -> Iterator[str]:
        yield from self.heading
        for value in self.values:
            yield ""
            yield f"{value.label}: {value.outcome}"
            for number in value.numbers:
                yield f"    {number}"
            if value.bands:
                yield f"  Ступени{f' ({self.band_rule})' if self.band_rule else ''}:"
                for text, decided in value.bands:
                    yield f"  {'→' if decided else ' '} {text}"
            if value.flags:
                yield f"  Пометки: {'; '.join(value.flags)}"
            yield from _source_lines(value.sources)


def _source_lines(sources: Sequence[SourceRows]) -> Iterator[str]:
    if not sources:
        yield "  Строк в принятых файлах за этим значением нет."
        return
    yield "  Строки файлов:"
    for source in sources:
        place = (
            f"строка {source.row_from}"
            if source.row_from == source.row_to
            else (f"строки {source.row_from}–{source.row_to}, учтено {source.rows}")
        )
        received = f" (получен {source.received})" if source.received else ""
        sheet = f", лист «{source.sheet}»" if source.sheet else ""
        yield f"    {source.path}{sheet}, {place}{received}"
        for content in source.contents:
            yield f"        {content}"


def explain(
    warehouse: Path, landing: Path, school: str, indicator: str, year: int, period: str | None = None
) -> Explanation:
    """Explain an indicator of a school.

    Args:
        warehouse: DuckDB file with the schemas ``marts`` and ``meta``, opened read-only.
        landing: folder of the accepted rows.
        school: ``Код ОО`` with or without leading zeros, or a school number that only one school has.
        indicator: code of the order, ``1.10``.
        year: reporting year.
        period: one of the year's periods; None for all of them.

    Raises:
        UsageError: unknown school, indicator, year or period; the message says what there is.
    """
    with open_shut(warehouse) as connection:
        found = _school(connection, school)
        values = _values(connection, found, indicator.strip().rstrip("."), year, period)
        first = values[0]
        seed = (
            methodology.indicator(first["methodology_version"], first["indicator_code"], first["component"])
            or {}
        )
        return Explanation(
            school_id=found["school_id"],
            indicator_code=first["indicator_code"],
            heading=_heading(found, values, seed),
            band_rule=LOOKUPS.get(seed.get("lookup", ""), ""),
            values=tuple(
                _explain_value(connection, landing, value, found, len(values) > 1) for value in values
            ),
        )


def _school(connection: duckdb.DuckDBPyConnection, text: str) -> Row:
    given = text.strip()
    digits = re.sub(r"\D", "", given).lstrip("0")
    columns = (
        "select school_id, school_number, school_name, school_type, municipality_id, municipality_name"
        " from marts.dim_school left join marts.dim_municipality using (municipality_id)"
    )
    by_code = rows(connection, f"{columns} where school_id in (?, ?)", [given, digits])
    if by_code:
        return by_code[0]
    by_number = rows(
        connection,
        f"{columns} where school_number::varchar = ? order by municipality_name, school_id",
        [digits],
    )
    if len(by_number) == 1:
        return by_number[0]
    if by_number:
        choices = "; ".join(
            f"{_name(row)}, {row['municipality_name']} — Код ОО {row['school_id']}" for row in by_number[:10]
        )
        raise UsageError(f"Школ с номером {digits} несколько, укажите Код ОО: {choices}.")
    raise UsageError(f"Школы «{given}» в хранилище нет. Укажите Код ОО из реестра или номер школы.")


def _name(school: Row) -> str:
    return words.school_name(school["school_name"], school["school_id"])


def _values(
    connection: duckdb.DuckDBPyConnection, school: Row, code: str, year: int, period: str | None
) -> list[Row]:
    found = rows(
        connection,
        "select v.*, s.is_supported, d.indicator_name, d.unit, d.clause, d.owner, d.note,"
        " p.label as period_label"
        " from marts.fct_indicator_value as v"
        " left join marts.dim_indicator as d using (methodology_version, indicator_code, component)"
        " left join marts.dim_period as p using (period)"
        " left join marts.fct_school_status as s"
        " on s.school_id = v.school_id and s.reporting_year = v.reporting_year"
        " where v.school_id = ? and v.indicator_code = ? and v.reporting_year = ? order by v.period",
        [school["school_id"], code, year],
    )
    order = methodology.component_order()
    found.sort(key=lambda row: (row["period"], order.get((row["indicator_code"], row["component"]), 0)))
    chosen = [row for row in found if period in (None, row["period"])]
    if chosen:
        return chosen
    if found:
        periods = ", ".join(dict.fromkeys(row["period"] for row in found))
        raise UsageError(f"У показателя {code} нет значения за {period}. Есть: {periods}.")
    codes = {r["indicator_code"] for r in rows(connection, "select indicator_code from marts.dim_indicator")}
    if code not in codes:
        raise UsageError(f"Показателя «{code}» в методике нет. Есть: {words.code_ranges(codes)}.")
    years = rows(
        connection,
        "select distinct reporting_year from marts.fct_indicator_value where school_id = ? order by all",
        [school["school_id"]],
    )
    known = ", ".join(str(row["reporting_year"]) for row in years) or "нет ни одного"
    raise UsageError(f"{_name(school)}: за {year} год значений нет. Есть годы: {known}.")


def _heading(school: Row, values: list[Row], seed: dict[str, str]) -> tuple[str, ...]:
    first = values[0]
    version = first["methodology_version"]
    document = next(
        (
            row["document"]
            for row in seeds.rows("methodology_versions")
            if row["methodology_version"] == version
        ),
        "",
    )
    name = first["indicator_name"] if len({row["component"] for row in values}) == 1 else None
    place = ", ".join(
        part
        for part in (
            _name(school),
            f"Код ОО {school['school_id']}",
            school["municipality_name"],
        )
        if part
    )
    lines = [
        f"Показатель {first['indicator_code']}" + (f". {name}" if name else ""),
        f"Школа: {place}",
        f"Методика: {version}" + (f" ({document})" if document else ""),
        f"Основание: {first['clause']}" if first["clause"] else "",
        f"Формула: {seed['formula']}" if seed.get("formula") and name else "",
        f"{'Наше чтение' if seed.get('is_reading_of_ours') == 'true' else 'Уточнение'}: {first['note']}"
        if first["note"]
        else "",
        f"Данные: {seed['source_form']}" if seed.get("source_form") else "",
        f"Собирает: {first['owner']}" if first["owner"] else "",
    ]
    return tuple(line for line in lines if line)


def _explain_value(
    connection: duckdb.DuckDBPyConnection, landing: Path, value: Row, school: Row, several: bool
) -> ValueExplanation:
    version, code, component = value["methodology_version"], value["indicator_code"], value["component"]
    seed = methodology.indicator(version, code, component) or {}
    label = value["period_label"] or value["period"]
    if component and several:
        label = f"{label}, {value['indicator_name']}"
    return ValueExplanation(
        label=label,
        outcome=_outcome(value),
        numbers=tuple(_numbers(connection, value, school, seed)),
        bands=tuple(_bands(value, school, seed)) if value["max_points"] is not None else (),
        flags=tuple(words.FLAGS.get(flag, flag) for flag in value["flags"] or ()),
        sources=tuple(_sources(connection, landing, value)),
    )


def _outcome(value: Row) -> str:
    if value["reason"] == "not_supported" and value["is_supported"] is None:
        return f"{words.NO_DATA} — {SUPPORT_UNKNOWN}"
    if value["status"] in ("no_data", "not_applicable"):
        reason = methodology.reasons().get(value["reason"], value["reason"])
        return f"{words.NO_DATA if value['status'] == 'no_data' else words.UNRELATED} — {reason}"
    shown = words.shown_value(value, value["unit"] or "")
    if value["status"] == "scored":
        maximum = words.counted(value["max_points"], "балла", "баллов", "баллов")
        return f"{shown} — {value['points']} из {maximum}"
    return f"{shown} (измеряется без баллов)"


def _numbers(
    connection: duckdb.DuckDBPyConnection, value: Row, school: Row, seed: dict[str, str]
) -> Iterator[str]:
    unit = words.side_unit(value["unit"] or "")
    if value["value_now"] is not None:
        yield f"стало {words.indicator_value(value['value_now'], unit)}"
    if value["value_before"] is not None:
        yield f"было {words.indicator_value(value['value_before'], unit)}"
    if value["numerator"] is not None:
        bounds = words.interval(value["ci_low"], value["ci_high"])
        counts = f"{words.number(value['numerator'], 0)} из {words.number(value['denominator'], 0)}"
        yield f"числитель и знаменатель: {counts}" + (f", 95 % интервал {bounds}" if bounds else "")
    if value["value_note"]:
        yield str(value["value_note"])
    if value["participants"] is not None:
        yield f"участников: {words.number(value['participants'], 0)}"
    yield from _status_numbers(connection, value, seed)
    for year in (value["reporting_year"], value["reporting_year"] - 1):
        if year == value["reporting_year"] or seed.get("family", "").endswith("dynamics"):
            yield from _procedure_numbers(connection, value, school, seed, year)


def _status_numbers(connection: duckdb.DuckDBPyConnection, value: Row, seed: dict[str, str]) -> Iterator[str]:
    if seed.get("family") not in ("social_coefficient", "results_index", "results_index_dynamics"):
        return
    for status in rows(
        connection,
        "select reporting_year, social_index, results_index, is_index_computed from marts.fct_school_status"
        " where school_id = ? and reporting_year in (?, ? - 1) order by reporting_year desc",
        [value["school_id"], value["reporting_year"], value["reporting_year"]],
    ):
        if seed["family"] == "social_coefficient":
            if status["reporting_year"] == value["reporting_year"]:
                yield f"ИСБШ {status['reporting_year']}: {words.number(status['social_index'], 6)}"
        elif status["results_index"] is not None:
            origin = "вычислен системой" if status["is_index_computed"] else "официальный"
            yield f"ИОР {status['reporting_year']}: {words.precise(status['results_index'])}, {origin}"


def _procedure_numbers(
    connection: duckdb.DuckDBPyConnection, value: Row, school: Row, seed: dict[str, str], year: int
) -> Iterator[str]:
    for row in rows(
        connection,
        "select r.*, p.procedure_name, p.exam, d.mean_score as district_score, d.mean_mark as district_mark,"
        " d.failed_pct as district_failed_pct from marts.fct_procedure_result as r"
        " left join marts.dim_procedure as p using (procedure_id)"
        " left join marts.fct_municipality_procedure as d"
        " using (municipality_id, reporting_year, procedure_id)"
        " where r.school_id = ? and r.reporting_year = ? order by procedure_id",
        [value["school_id"], year],
    ):
        if not _reads(seed, value["methodology_version"], school, row):
            continue
        parts = [
            f"писали {words.number(row['participants'], 0)}",
            _beside("средний балл", row["mean_score"], row["district_score"]),
            _beside("средняя отметка", row["mean_mark"], row["district_mark"]),
            _marks(row),
            _failed(row),
        ]
        name = row["procedure_name"] or row["procedure_id"]
        yield f"{name}, {year}: {', '.join(part for part in parts if part)}"


def _reads(seed: dict[str, str], version: str, school: Row, procedure: Row) -> bool:
    """Whether the indicator reads a procedure, by exam, subject and grade or by the seed that lists them."""
    family, procedure_id = seed.get("family", ""), procedure["procedure_id"]
    if family in ("results_index", "results_index_dynamics"):
        listed = seeds.rows("index_procedures")
        return any(
            row["procedure_id"] == procedure_id and row["methodology_version"] == version for row in listed
        )
    if family == "social_coefficient":
        return any(
            row["procedure_id"] == procedure_id
            and row["methodology_version"] == version
            and row["school_type"] == school["school_type"]
            for row in seeds.rows("social_coefficient")
        )
    if not seed.get("exam") or procedure["exam"] != seed["exam"]:
        return False
    grade = seed.get("grade", "")
    if not seed.get("subject"):
        return True
    return procedure_id in {f"{seed['exam']}_{subject}_{grade}" for subject in seed["subject"].split("|")}


def _beside(name: str, mine: float | None, district: float | None) -> str:
    if mine is None:
        return ""
    return f"{name} {words.number(mine, 3)}" + (
        "" if district is None else f" (район {words.number(district, 3)})"
    )


def _marks(row: Row) -> str:
    shares = [(mark, row[f"share_{mark}_pct"]) for mark in (2, 3, 4, 5)]
    return ", ".join(f"«{mark}» {words.percent(share)}" for mark, share in shares if share is not None)


def _failed(row: Row) -> str:
    if row["failed_pct"] is None:
        return ""
    failed = words.percent(row["failed_pct"])
    mine = failed if row["failed"] is None else f"{row['failed']}, это {failed}"
    district = row["district_failed_pct"]
    return f"не справились {mine}" + ("" if district is None else f" (район {words.percent(district)})")


def _bands(value: Row, school: Row, seed: dict[str, str]) -> Iterator[tuple[str, bool]]:
    for band in seeds.rows("bands"):
        if (band["methodology_version"], band["indicator_code"]) != (
            value["methodology_version"],
            value["indicator_code"],
        ):
            continue
        points = int(band["points"])
        text = _band_text(band, seed).replace("{limit}", _limit(value, school, seed))
        earned = words.counted(points, "балл", "балла", "баллов")
        yield f"{text}: {earned}", value["status"] == "scored" and value["points"] == points


def _limit(value: Row, school: Row, seed: dict[str, str]) -> str:
    """The number of the methodology that parts the levels of a family, where it is not in the bands."""
    version = value["methodology_version"]
    if seed.get("family") == "olympiad":
        return words.percent(methodology.parameter(version, "olympiad_share_pct"))
    for row in seeds.rows("social_coefficient"):
        if (row["methodology_version"], row["school_type"]) == (version, school["school_type"]):
            return words.number(float(row["min_value"]), 4)
    return "границы"


def _band_text(band: dict[str, str], seed: dict[str, str]) -> str:
    low, high = band["from_value"], band["to_value"]
    lookup, family = seed.get("lookup", ""), seed.get("family", "")
    labels: dict[str, str] = {}
    if lookup == "sign":
        labels = INDEX_LABELS if family == "results_index" else SIGN_LABELS
    elif lookup == "level":
        labels = LEVEL_LABELS.get(family, {})
    elif seed.get("unit") in words.WORD_UNITS:
        labels = {words.number(number): text for number, text in words.WORD_UNITS[seed["unit"]].items()}
    if labels:
        first, last = int(low), int(high or low)
        return " или ".join(labels.get(str(step), str(step)) for step in range(first, last + 1))
    text = dictionary.band_text(lookup, band)
    return f"{text}{words.NBSP}%" if lookup in ("half_up", "floor") else text


def _sources(connection: duckdb.DuckDBPyConnection, landing: Path, value: Row) -> Iterator[SourceRows]:
    for row in rows(
        connection,
        f"{LINEAGE} where l.school_id = ? and l.period = ? and l.indicator_code = ? and l.component = ?"
        " order by f.path, l.sheet, l.row_from",
        [value["school_id"], value["period"], value["indicator_code"], value["component"]],
    ):
        yield SourceRows(
            path=row["path"] or row["file_id"],
            sheet=row["sheet"] or "",
            row_from=row["row_from"],
            row_to=row["row_to"],
            rows=row["rows"],
            received=words.day(row["received_at"]),
            contents=tuple(_contents(landing, row)),
        )


def _contents(landing: Path, source: Row) -> Iterator[str]:
    dataset = source["dataset"]
    if not dataset or dataset in PUPIL_DATASETS or not any(landing.glob(f"*/rows/{dataset}.parquet")):
        return
    with duckdb.connect() as connection:
        landed = rows(
            connection,
            "select * from read_parquet(?, union_by_name = true)"
            " where file_id = ? and sheet is not distinct from ? and row_number between ? and ?"
            " and school_id = ?"
            " qualify rank() over (order by seq desc) = 1 order by row_number limit ?",
            [
                str(landing / "*" / "rows" / f"{dataset}.parquet"),
                source["file_id"],
                source["sheet"],
                source["row_from"],
                source["row_to"],
                source["school_id"],
                SHOWN_ROWS,
            ],
        )
    headers = _headers(dataset)
    for row in landed:
        fields = [
            f"{headers.get(name, name)}: {_shown(field)}"
            for name, field in row.items()
            if name not in PROVENANCE and field is not None
        ]
        yield f"строка {row['row_number']}. {'; '.join(fields)}"


def _headers(dataset: str) -> dict[str, str]:
    """The declared header of each landed column that has one."""
    declared = datasets.load().get(dataset)
    fields = declared.fields.values() if declared else ()
    return {field.column: field.header for field in fields if field.column}


def _shown(field: Any) -> str:
    if isinstance(field, bool):
        return words.yes_no(field)
    return str(field)
