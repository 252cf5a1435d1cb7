"""Russian wordings of the documents: numbers with a decimal comma, units, codes in words.

The words for codes are a seed (see `terms`), and so are the labels of reasons (see `methodology`). The
sentences that a head teacher reads stand here or in the templates.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from typing import Any, Literal

from school_quality import terms

# Colours of the documents by what they say; the word stands beside the colour.
Tone = Literal["good", "middle", "bad", "unknown", "plain"]

STATUSES = terms.words("indicator_status")
NO_DATA = STATUSES["no_data"]
HIDDEN = STATUSES["suppressed"]
UNRELATED = terms.phrases("indicator_status")["not_applicable"]
DOCUMENTS = terms.words("document")
NOT_DUE = terms.words("submission_status")["not_due"]
NO_LIST = terms.words("answer")["no_list"]
FIGURES = terms.words("figure")
TOTAL, COVERAGE = FIGURES["score_pct"], FIGURES["coverage_pct"]
NBSP = "\u00a0"
MINUS = "\u2212"

FLAGS = terms.words("flag")

# Why the open edition hides a value: reasons of the status ``suppressed``.
SUPPRESSED_REASONS = terms.words("hidden_reason")

ROLES = terms.words("role")

SCHOOL_TYPES = terms.words("school_type")

# The groups, called the same on every card, page, plot and paper; what stands in brackets is what two of the
# names mean, and is left out where a column says so.
GROUP_NAMES = terms.words("school_group")
GROUPS = terms.phrases("school_group")

# What is told of ШНОР against the year before; a school that was not and is not one needs no word.
CHANGES = {code: word for code, word in terms.words("low_results_change").items() if code != "none"}

# Told only where the results are not those of pupils.
DATA_LEVELS = {code: word for code, word in terms.phrases("data_level").items() if code != "pupil"}

STATUS_WORDS = {"no_data": NO_DATA, "suppressed": HIDDEN}
# What stands where an indicator has no value, by its status.
NOTHING = {**STATUS_WORDS, "not_applicable": STATUSES["not_applicable"]}

VALUE_TEXTS = terms.words("place")

# What the value of a family of indicators is, where its unit does not say it.
MEANINGS = {
    "score_dynamics": "«было» и «стало» — средний балл школы, делённый на средний балл района",
    "fives_to_twos_dynamics": (
        "«было» и «стало» — доля «5», делённая на долю «2» (если «2» нет — на {zero_twos})"
    ),
    "social_coefficient": "средний балл обязательных экзаменов, делённый на ИСБШ",
}

# What points tell that the value does not (reading 14): full ones, fewer ones, any without a value.
FULL_POINTS = {"form_category": "победители и призёры", "olympiad": "есть призёры региона"}
FEWER_POINTS = {"form_category": "участники"}
NO_VALUE = {"olympiad": "участников муниципального этапа нет"}

PERCENT = "%"
# The unit of a share's fall: the difference of two percents, positive where the share fell.
PERCENT_POINTS = "п. п."
# Units of counts: the noun after 1, 2 and 5.
COUNT_UNITS = {
    "чел.": ("чел.", "чел.", "чел."),
    "документов": ("документ", "документа", "документов"),
    "мероприятий": ("мероприятие", "мероприятия", "мероприятий"),
    "семинаров": ("семинар", "семинара", "семинаров"),
}
WORD_UNITS: dict[str, dict[float, str]] = {
    "да/нет": {1.0: "да", 0.0: "нет"},
    "в списке": {1.0: "в списке", 0.0: "не в списке"},
    "уровень": {2.0: "победитель", 1.0: "участник", 0.0: "нет"},
}

TASKS = {int(number): title for number, title in terms.words("task").items()}

VPR_NOTE = (
    "Результаты ВПР сами по себе не используют для оценки работы учителя или школы: "
    "они показывают, где ученикам нужна помощь."
)

HIDDEN_NOTE = (
    f"{HIDDEN.capitalize()}: {SUPPRESSED_REASONS['few_pupils']} или так мало учителей, что их можно узнать, "
    "и всё, из чего скрытое можно вычислить."
)


def inside(word: str) -> str:
    """A word of the seed inside a sentence: «Зона риска» as «зона риска», an abbreviation as it is."""
    return word if word[:2].isupper() else word[:1].lower() + word[1:]


# Statuses that are computed and officially listed: the word, the computed column, the column of the list.
VERDICTS = tuple(
    (FIGURES[computed], computed, official)
    for computed, official in (
        ("is_low_results", "official_low_results"),
        ("is_risk_zone", "official_risk_zone"),
        ("is_difficult_social", "official_difficult_social"),
    )
)

# Columns of a status that the open edition may keep as it last published them, by their words.
UPDATED = {
    column: inside(FIGURES[column])
    for column in (
        "low_procedure_ids",
        "is_low_results",
        "is_risk_zone",
        "is_supported",
        "results_index",
        "school_group",
        "change_from_previous_year",
        "is_effective_mode",
        "score_pct",
    )
}
UPDATED_DISTRICT = "доли района по процедурам"

OWN_TOTAL_NOTE = (
    f"{TOTAL}, {COVERAGE.lower()} и сравнение с районом — расчёт этой системы, приказ их не предусматривает. "
    "Район: у половины его школ итог не ниже."
)


def number(value: float | None, digits: int = 1, *, signed: bool = False) -> str:
    """``1234.5`` as ``1 234,5``: at most ``digits`` decimals, no trailing zeros; None is «нет данных»."""
    if value is None:
        return NO_DATA
    text = f"{abs(value):,.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    text = text.replace(",", NBSP).replace(".", ",")
    if text == "0":
        return text
    if value < 0:
        return MINUS + text
    return "+" + text if signed else text


def precise(value: float, *, signed: bool = False) -> str:
    """A ratio or an index with at least two significant digits, so that only zero is shown as ``0``."""
    magnitude = abs(value)
    digits = 2 if magnitude < 1e-9 else max(2, min(9, 1 - math.floor(math.log10(magnitude))))
    return number(value, digits, signed=signed)


def percent(value: float | None, *, signed: bool = False) -> str:
    """``33.333`` as ``33,3 %``; None is «нет данных».

    A value that would look whole and is not gets a second decimal (29.96 is not 30).
    """
    if value is None:
        return NO_DATA
    looks_whole = round(value, 1) == round(value) and abs(value - round(value)) > 1e-9
    return f"{number(value, 2 if looks_whole else 1, signed=signed)}{NBSP}%"


def indicator_value(value: float, unit: str, *, signed: bool = False) -> str:
    """A value in the unit that ``dim_indicator`` gives it; ``signed`` for differences."""
    if unit == PERCENT:
        return percent(value, signed=signed)
    if unit == PERCENT_POINTS:
        return _fall(value)
    if unit in WORD_UNITS:
        return WORD_UNITS[unit].get(value, number(value))
    if unit in COUNT_UNITS:
        return number(value, 0, signed=signed)
    return precise(value, signed=signed)


def _fall(value: float) -> str:
    """How far a share fell (reading 15): a negative fall is told as growth, in words and without a minus."""
    size = precise(abs(value))
    if size == "0":
        return "не изменилась"
    return f"{'снизилась' if value > 0 else 'выросла'} на{NBSP}{size}{NBSP}п.{NBSP}п."


def interval(low: float | None, high: float | None) -> str:
    """Bounds in percent as ``9,9–81,6 %``; empty where there is no interval."""
    return "" if low is None or high is None else f"{number(low)}–{number(high)}{NBSP}%"


def plural(count: int, one: str, few: str, many: str) -> str:
    """The Russian form of a noun after ``count``: 1 ученик, 2 ученика, 5 учеников."""
    tail = abs(count) % 100
    if 11 <= tail <= 14:
        return many
    return {1: one, 2: few, 3: few, 4: few}.get(tail % 10, many)


def counted(count: int, one: str, few: str, many: str) -> str:
    return f"{number(count, 0)}{NBSP}{plural(count, one, few, many)}"


def day(value: date | datetime | str | None) -> str:
    """``2023-08-31`` (or a date) as ``31.08.2023``; empty for None."""
    if value is None:
        return ""
    moment = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return moment.strftime("%d.%m.%Y")


def shown_value(row: dict[str, Any], unit: str) -> str:
    """The value of a row of ``fct_indicator_value``: a number in its unit, or the words that stand for it."""
    if row["status"] in STATUS_WORDS:
        return STATUS_WORDS[row["status"]]
    if row["value"] is None:
        return VALUE_TEXTS.get(row["value_text"] or "", row["value_text"] or "—")
    return indicator_value(row["value"], unit, signed=row["value_now"] is not None)


def with_noun(text: str, value: float | None, unit: str) -> str:
    """``text``, which shows ``value``, with what is counted: ``3`` as ``3 документа``; others as they are."""
    if value is None or unit not in COUNT_UNITS:
        return text
    return f"{text}{NBSP}{plural(int(value), *COUNT_UNITS[unit])}"


def side_unit(unit: str) -> str:
    """The unit of the two sides of a difference: percentage points differ between percents."""
    return PERCENT if unit == PERCENT_POINTS else unit


def behind(row: dict[str, Any], unit: str) -> list[str]:
    """What a value of ``fct_indicator_value`` rests on: both sides of a difference, counts, participants."""
    parts = []
    if row["value_now"] is not None and row["value_before"] is not None:
        side = side_unit(unit)
        before, now = (indicator_value(row[column], side) for column in ("value_before", "value_now"))
        parts.append(f"было {before}, стало {now}")
    if row["numerator"] is not None and row["denominator"]:
        parts.append(f"{number(row['numerator'], 0)} из {number(row['denominator'], 0)}")
    elif row["participants"] is not None:
        parts.append(counted(row["participants"], "участник", "участника", "участников"))
    return parts


def yes_no(value: bool | None, unknown: str = NO_DATA) -> str:
    return unknown if value is None else ("да" if value else "нет")


@cache
def code_key(code: str) -> tuple[int, ...]:
    """Sort key of an indicator code: 1.10 after 1.9."""
    return tuple(int(part) for part in code.split("."))


def school_name(name: str | None, school_id: str) -> str:
    """The name with its number kept on one line; a school without a name is shown by its code."""
    return (name or f"Школа с кодом {school_id}").replace("№ ", f"№{NBSP}")


def imprint(release: dict[str, Any], *more: str) -> str:
    """Release, date of the data and what else identifies a document, for its foot."""
    parts = [
        f"выпуск {release['release_id']}" if release.get("release_id") else "",
        f"данные на {day(release['as_of'])}" if release.get("as_of") else "",
        *more,
    ]
    return " · ".join(part for part in parts if part)


def short_period(period: str) -> str:
    """``2022-Q1`` as ``1 четв.``, ``2022-H2`` as ``2 полуг.``; a year as it is."""
    _, _, part = period.partition("-")
    return f"{part[1:]}{NBSP}{'четв.' if part.startswith('Q') else 'полуг.'}" if part else period


def period(period: str) -> str:
    """``2022-Q1`` as ``2022, 1 четв.``; a year as it is."""
    year, _, part = period.partition("-")
    return f"{year}, {short_period(period)}" if part else period


def task(code: str) -> int:
    """The task of the order that an indicator belongs to: 2 of ``2.10``."""
    return int(code.split(".")[0])


def code_ranges(codes: Iterable[str]) -> str:
    """Codes as ``1.1–1.3, 1.7``: neighbours are joined from three on."""
    ordered = sorted(codes, key=code_key)
    runs: list[list[str]] = []
    for code in ordered:
        head, _, tail = code.rpartition(".")
        if runs and tail.isdigit() and f"{head}.{int(tail) - 1}" == runs[-1][-1]:
            runs[-1].append(code)
        else:
            runs.append([code])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)
