"""Small plots of an indicator's way through the years, as coordinates that HTML and PDF draw alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dot:
    """A known value; ``x`` and ``y`` are shares of the plot's width and height, ``y`` from the top."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Plot:
    """``runs`` are stretches of neighbouring known values: a gap is a period without data."""

    runs: tuple[tuple[Dot, ...], ...]
    last: Dot
    description: str

    @property
    def dots(self) -> tuple[Dot, ...]:
        return tuple(dot for run in self.runs for dot in run)


def draw(values: Sequence[float | None], description: str) -> Plot | None:
    """A plot of values in the order of time, None where a period has none.

    Returns:
        None where fewer than two values are known: a single dot shows no way.
    """
    known = [float(value) for value in values if value is not None]
    if len(known) < 2:
        return None
    low, spread = min(known), max(known) - min(known)
    runs: list[tuple[Dot, ...]] = []
    run: list[Dot] = []
    for position, value in enumerate(values):
        if value is None:
            if run:
                runs.append(tuple(run))
                run = []
            continue
        height = (float(value) - low) / spread if spread else 0.5
        run.append(Dot(round(position / (len(values) - 1), 3), round(1 - height, 3)))
    if run:
        runs.append(tuple(run))
    return Plot(tuple(runs), runs[-1][-1], description)
