"""The plot of a district's schools: how hard their context is (ИСБШ) against how good results are (ИОР)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from school_quality.reporting import words
from school_quality.reporting.content.facts import Row

MARGIN = 0.1
# Sizes of a label and of a dot as parts of the plot: enough to keep neighbours' labels apart.
LABEL_WIDTH, LABEL_HEIGHT, DOT = 0.013, 0.034, 0.011
# Labels of more schools than this would lie upon each other, and looking for free places would take minutes.
LABELLED = 300
# Where a label may stand beside its dot, best first: right, left, above, below.
PLACES = ((1.0, 0.0), (-1.0, 0.0), (0.0, -1.0), (0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Mark:
    """A school; its dot and the middle of its label as parts of the plot's width and height from top left."""

    label: str
    group: str
    is_supported: bool
    x: float
    y: float
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A value on an axis and where it stands."""

    label: str
    at: float


@dataclass(frozen=True, slots=True)
class ContextPlot:
    """``median_x`` and ``zero_y`` part the groups (None: outside it); ``description`` says what it shows.

    ``corners`` are the names of the groups, one in each.
    """

    marks: tuple[Mark, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    median_x: float | None
    zero_y: float | None
    description: str
    corners: dict[str, str] = field(default_factory=lambda: dict(words.GROUPS))


def draw_context(statuses: Iterable[Row], labels: dict[str, str], middle: float | None) -> ContextPlot | None:
    """A plot of the schools whose ИСБШ and ИОР are both known.

    Args:
        statuses: rows of ``fct_school_status`` of one municipality and year.
        labels: what to write beside a school's dot, by ``school_id``: its number; nothing is written where
            there are more than `LABELLED` schools.
        middle: the ИСБШ that parts the groups; None where nobody knows it.

    Returns:
        None where fewer than two schools can be shown.
    """
    shown = [row for row in statuses if row["social_index"] and row["results_index"] is not None]
    if len(shown) < 2:
        return None
    xs, ys = [float(row["social_index"]) for row in shown], [float(row["results_index"]) for row in shown]
    x_low, x_high = _padded(min(xs), max(xs))
    y_low, y_high = _padded(min(*ys, 0.0), max(*ys, 0.0))

    def place_x(value: float) -> float:
        return round((value - x_low) / (x_high - x_low), 4)

    def place_y(value: float) -> float:
        return round(1 - (value - y_low) / (y_high - y_low), 4)

    dots = [(place_x(x), place_y(y)) for x, y in zip(xs, ys, strict=True)]
    if len(shown) > LABELLED:
        names, places = [""] * len(shown), dots
    else:
        names = [labels.get(row["school_id"]) or str(row["school_id"]) for row in shown]
        places = _label_places(dots, names)
    marks = tuple(
        Mark(name, row["school_group"] or "", bool(row["is_supported"]), *dot, *place)
        for row, name, dot, place in zip(shown, names, dots, places, strict=True)
    )
    border = None if middle is None else place_x(middle)
    return ContextPlot(
        marks,
        x_ticks=tuple(Tick(words.number(value, 2), place_x(value)) for value in _steps(x_low, x_high)),
        y_ticks=tuple(Tick(words.number(value, 2), place_y(value)) for value in _steps(y_low, y_high)),
        median_x=border if border is not None and 0 <= border <= 1 else None,
        zero_y=place_y(0.0),
        description=(
            f"График: {words.counted(len(shown), 'школа', 'школы', 'школ')} района. Вправо — условия легче "
            "(ИСБШ), "
            "вверх — результаты лучше (ИОР). Какие школы в какой группе, перечислено в таблице групп."
        ),
    )


def _padded(low: float, high: float) -> tuple[float, float]:
    margin = (high - low) * MARGIN or 1.0
    return low - margin, high + margin


def _steps(low: float, high: float) -> list[float]:
    """Round values between ``low`` and ``high``, four to eight of them."""
    rough = (high - low) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    first = int(low // step) + 1
    return [round(step * number, 10) for number in range(first, int(high // step) + 1)]


def _label_places(dots: list[tuple[float, float]], labels: list[str]) -> list[tuple[float, float]]:
    """The middle of each label: the first place beside its dot that is free, else the first one."""
    taken = [(x - DOT, y - DOT, x + DOT, y + DOT) for x, y in dots]
    places = []
    for (x, y), label in zip(dots, labels, strict=True):
        half = LABEL_WIDTH * len(label) / 2
        candidates = [
            (x + dx * (DOT * 1.4 + half), y + dy * (DOT * 1.4 + LABEL_HEIGHT / 2)) for dx, dy in PLACES
        ]
        boxes = [
            (cx - half, cy - LABEL_HEIGHT / 2, cx + half, cy + LABEL_HEIGHT / 2) for cx, cy in candidates
        ]
        free = [index for index, box in enumerate(boxes) if not any(_overlap(box, other) for other in taken)]
        chosen = free[0] if free else 0
        taken.append(boxes[chosen])
        places.append((round(candidates[chosen][0], 4), round(candidates[chosen][1], 4)))
    return places


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
