"""How two releases differ, in the words of the centre's staff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from school_quality import seeds, terms
from school_quality.reporting import words
from school_quality.reporting.content import methodology
from school_quality.screen import one_line
from school_quality.warehouse import contract
from school_quality.warehouse.differences import comparison
from school_quality.warehouse.differences.causes import CAUSES, FileChange, Inputs
from school_quality.warehouse.differences.changes import Change, Difference

WHAT = {
    **terms.words("figure"),
    "official_low_results": "ШНОР, официальный список",
    "official_risk_zone": "Низкий ИОР, официальный список",
    "official_difficult_social": "ШССУ, официальный список",
    "status": "Состояние",
    "reason": "Почему нет значения",
    "value": "Значение",
    "value_text": "Значение",
    "points": "Баллы",
    "value_now": "Величина «стало»",
    "value_before": "Величина «было»",
    "numerator": "Числитель доли",
    "denominator": "Знаменатель доли",
    "flags": "Пометки",
    "participants": "Участников",
    "absent": "Отсутствовало",
    "mean_score": "Средний балл",
    "mean_mark": "Средняя отметка",
    "share_2_pct": "Доля «2», %",
    "share_3_pct": "Доля «3», %",
    "share_4_pct": "Доля «4», %",
    "share_5_pct": "Доля «5», %",
    "failed": "Не справились",
    "failed_pct": "Доля не справившихся, %",
    "is_low_result": "Низкий результат",
    "data_level": "Откуда результат",
    "school": "Школа в выпуске",
    "reporting_year": "Отчётный год в выпуске",
}

VALUES = {
    "true": "да",
    "false": "нет",
    "present": "есть",
    **terms.phrases("indicator_status"),
    **terms.words("data_level"),
    **terms.words("low_results_change"),
    **words.GROUPS,
    **words.VALUE_TEXTS,
}

SEEDS = {
    "bands.csv": "границы баллов",
    "cluster_indicators.csv": "показатели кластеров",
    "clusters.csv": "кластеры",
    "comparability.csv": "какие годы сравнимы",
    "identifying_procedures.csv": "процедуры, по которым определяют ШНОР",
    "index_procedures.csv": "процедуры индекса результатов",
    "indicators.csv": "показатели",
    "measures.csv": "меры",
    "methodology_versions.csv": "редакции методики",
    "not_applicable.csv": "к каким школам показатель не относится",
    "parameters.csv": "числа методики",
    "reasons.csv": "причины, по которым нет значения",
    "roadmap_items.csv": "пункты дорожной карты",
    "roadmap_owners.csv": "ответственные по дорожной карте",
    "roadmap_periods.csv": "сроки дорожной карты",
    "social_coefficient.csv": "коэффициент социального благополучия",
    "status_clauses.csv": "пункты приказа о статусах",
    "submission_calendar.csv": "сроки сдачи",
}
"""Tables of the methodology by file name, as staff call them."""

SHOWN_FILES = 3
"""So many possible files are named, of others only the number; ``meta.release_change`` has all."""


def what(change: Change) -> str:
    name, _, rest = change.what.partition("/")
    part = change.procedure or _components().get((change.indicator_code or "", rest), rest)
    return f"{WHAT.get(name, name)} ({part})" if part else WHAT.get(name, name)


def value(change: Change, text: str | None) -> str:
    """A side of a change for people: no value is a dash, doubles have no needless digits."""
    if text is None:
        return "—"
    name, _, component = change.what.partition("/")
    unit = _units().get((change.indicator_code or "", component))
    if name == "value" and unit:
        return words.indicator_value(float(text), unit)
    if name in _doubles():
        return words.precise(float(text))
    if name == "reason":
        return methodology.reasons().get(text, text)
    if name == "flags":
        flags = [flag for flag in text.strip("[]").split(", ") if flag]
        return "; ".join(words.FLAGS.get(flag, flag) for flag in flags) or "нет"
    if name == "low_procedure_ids":
        return text or "нет"
    return VALUES.get(text, text)


def sides(change: Change) -> tuple[str, str]:
    """Both sides for people; of doubles that would read the same, with the digits that tell them apart."""
    before, after = (value(change, text) for text in (change.before, change.after))
    is_double = change.what.partition("/")[0] in _doubles()
    if before == after and is_double and change.before is not None and change.after is not None:
        before, after = (
            text.replace(".", ",").replace("-", words.MINUS) for text in (change.before, change.after)
        )
    return before, after


def readable(changes: Iterable[Change]) -> list[Change]:
    """Only the changes whose two sides read differently: a line with the same words twice says nothing."""
    return [change for change in changes if len(set(sides(change))) == 2]


@cache
def _units() -> dict[tuple[str, str], str]:
    return {(row["indicator_code"], row["component"]): row["unit"] for row in seeds.rows("indicators")}


@cache
def _components() -> dict[tuple[str, str], str]:
    """Components of indicators by code, as the indicator's name calls them."""
    return {
        (row["indicator_code"], row["component"]): row["indicator_name"].partition(": ")[2]
        for row in seeds.rows("indicators")
        if row["component"]
    }


@cache
def _doubles() -> frozenset[str]:
    """Columns that the contract declares as doubles, of the marts that are compared."""
    compared = {mart.table for mart in comparison.COMPARED}
    return frozenset(
        column.name
        for table in contract.tables()
        if table.name in compared
        for column in table.columns
        if column.data_type == "double"
    )


def cause(change: Change, files: Mapping[str, FileChange]) -> str:
    """The cause with its file where it is certain, else the possible ones; ``files`` by file id."""
    kinds = [CAUSES[word] for word in change.causes]
    paths = sorted(files[file_id].path if file_id in files else file_id[:12] for file_id in change.file_ids)
    shown = one_line("; ".join(paths[:SHOWN_FILES]))
    if len(paths) > SHOWN_FILES:
        shown = f"{shown} и ещё файлов: {len(paths) - SHOWN_FILES}"
    text = " или ".join(kinds) or "причина неизвестна"
    if len(kinds) > 1 or len(paths) > 1:
        text = f"возможно: {text}"
    return f"{text} — {shown}" if shown else text


def told(change: Change, files: Mapping[str, FileChange]) -> tuple[str, str, str, str]:
    """What differs, what was said before, what is said now, and why; ``files`` by file id."""
    return what(change), *sides(change), cause(change, files)


def by_id(inputs: Inputs) -> dict[str, FileChange]:
    return {change.file_id: change for change in inputs.files}


def reasons(difference: Difference) -> list[str]:
    """Lines on how the inputs of two releases differ."""
    old, new, inputs = difference.old, difference.new, difference.inputs
    lines = [
        f"{file_text(change)}: {one_line(change.path)} ({change.file_id[:12]})" for change in inputs.files
    ]
    if inputs.is_methodology_changed:
        changed = "; ".join(
            f"{SEEDS.get(seed.name, seed.name)}: "
            f"убрано строк {len(seed.removed)}, добавлено {len(seed.added)}"
            for seed in inputs.seeds
        )
        versions = f"{old.methodology_hash or 'не записана'} → {new.methodology_hash or 'не записана'}"
        lines.append(f"методика: {versions}{f' ({changed})' if changed else ''}")
        if old.methodology_version != new.methodology_version:
            asked = [
                version or "своя у каждого года"
                for version in (old.methodology_version, new.methodology_version)
            ]
            lines.append(f"заданная версия методики: {asked[0]} → {asked[1]}")
    if inputs.is_code_changed:
        lines.append(f"программа: {old.code_version} → {new.code_version}")
    if inputs.is_as_of_changed:
        lines.append(f"{CAUSES['as_of']}: {words.day(old.as_of)} → {words.day(new.as_of)}")
    if inputs.is_year_changed:
        lines.append(f"{CAUSES['reporting_year']}: {old.reporting_year} → {new.reporting_year}")
    return lines


def file_text(change: FileChange) -> str:
    """What a file did: «исправленный файл, строк 12»."""
    kinds = " и ".join(CAUSES[kind] for kind in change.kinds)
    return f"{kinds}, строк {change.rows}" if change.rows else f"{kinds}, без новых строк"
