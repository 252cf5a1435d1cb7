"""The numbers of the methodology, written down a second time (order No 1496, methodology.md)."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

EGE_RUSSIAN, EGE_MATH, EGE_BASE = "ege_russian_11", "ege_math_profile_11", "ege_math_base_11"
OGE_RUSSIAN, OGE_MATH = "oge_russian_9", "oge_math_9"
VPR_56 = ("vpr_russian_5", "vpr_math_5", "vpr_russian_6", "vpr_math_6")

# Words: the procedures that make a school ШНОР; reading 10: those of the index
IDENTIFYING = {*VPR_56, OGE_RUSSIAN, OGE_MATH, EGE_RUSSIAN, EGE_MATH, EGE_BASE}
INDEX = (EGE_RUSSIAN, EGE_MATH, OGE_RUSSIAN, OGE_MATH, *VPR_56)

SCHOOL_TYPES = {"ООШ": "basic", "НОШ": "primary"}  # Words: everything else counts as secondary

SCORE_DYNAMICS = {"1.1": EGE_RUSSIAN, "1.2": EGE_MATH, "1.3": OGE_RUSSIAN, "1.4": OGE_MATH}
RATIO_DYNAMICS = {
    "1.5": OGE_RUSSIAN,
    "1.6": OGE_MATH,
    "1.14": "vpr_russian_5",
    "1.15": "vpr_russian_6",
    "1.16": "vpr_math_5",
    "1.17": "vpr_math_6",
}
ZERO_IS_GOOD = {"1.4", "1.5", "1.6"}  # reading 3: "или отсутствует"
TWOS = {"1.10": "vpr_russian_5", "1.11": "vpr_math_5", "1.12": "vpr_russian_6", "1.13": "vpr_math_6"}
# reading 12: the dynamics that can put a school into the risk zone
FALLS = ("1.1", "1.2", "1.3", "1.4", "1.14", "1.15", "1.16", "1.17")

ANNUAL = [f"1.{i}" for i in range(1, 22)] + [f"2.{i}" for i in range(1, 11)]
MAX_POINTS = dict.fromkeys(ANNUAL, 3) | {"1.21": 1}
EGE_ONLY = {"1.1", "1.2", "1.7", "1.8", "1.9"}
NOT_FOR_PRIMARY = {f"1.{i}" for i in range(1, 22)} - {"1.18"}
WITH_SMALL_N = {f"1.{i}" for i in (*range(1, 9), *range(10, 18))}

# reading 5: (first percent above the band, points), percents rounded half up
BANDS = {
    "1.7": [(15, 1), (25, 2), (100, 3)],
    "1.8": [(5, 3), (10, 2), (100, 0)],
    "2.2": [(25, 1), (50, 2), (100, 3)],
} | {code: [(5, 3), (30, 1), (100, 0)] for code in TWOS}

REASONS = [
    "no_results",
    "no_scale",
    "no_threshold",
    "no_form",
    "not_due",
    "no_official_list",
    "no_social_index",
    "too_few_schools",
    "no_spread",
    "zero_denominator",
    "no_prior_year",
]
SHARES_3_1 = ("failing", "disability", "non_native", "failing_in_extra_classes", "social")
QUARTERLY = ("4.1", "4.3", "4.4")
COUNTED_SCORE = Fraction(80)  # 1.7: high results
LOW_PERCENT = 30
K_EDGE = {"secondary": Fraction(1, 2), "basic": Fraction(1, 5)}  # 1.21


def band(code: str, percent: Fraction) -> int:
    """Reading 5: rounded half up to an integer, then looked up."""
    whole = int(percent + Fraction(1, 2))
    return next(points for last, points in BANDS[code] if whole <= last)


def comparable(exam: str, subject: str, year: int) -> bool:
    """Reading 18: may ``year`` be compared with the year before?"""
    if exam == "vpr":
        return not {year - 1, year} & {2020, 2022}
    if exam == "oge":
        others = year == 2022 and subject not in ("russian", "math")
        return 2020 not in (year - 1, year) and not others
    return True


def due(what: str, year: int, quarter: int = 0) -> dt.date:
    """Reading 19: the submission calendar; ``year`` is the reporting year."""
    if what == "quarter":
        month, day, later = {1: (11, 10, 0), 2: (1, 15, 1), 3: (4, 5, 1), 4: (6, 10, 1)}[quarter]
        return dt.date(year + later, month, day)
    month, day, later = {
        "gia": (8, 15, 0),
        "vpr": (6, 15, 0),
        "list": (9, 15, 0),
        "task_2": (6, 15, 1),
    }[what]
    return dt.date(year + later, month, day)
