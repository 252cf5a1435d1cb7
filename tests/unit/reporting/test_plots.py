"""Small plots: what is known is drawn, what is not is a gap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from school_quality.reporting.layout.plots import Dot, draw


def test_one_known_value_shows_no_way() -> None:
    assert draw([None, 5.0, None], "") is None


def test_a_rise_goes_up_and_ends_in_the_last_dot() -> None:
    plot = draw([10.0, 20.0], "2021: 10; 2022: 20")

    assert plot is not None
    assert plot.runs == ((Dot(0.0, 1.0), Dot(1.0, 0.0)),)
    assert plot.last == Dot(1.0, 0.0)
    assert plot.description == "2021: 10; 2022: 20"


def test_a_period_without_data_is_a_gap() -> None:
    plot = draw([1.0, None, 2.0, 3.0], "")

    assert plot is not None
    assert [len(run) for run in plot.runs] == [1, 2]


def test_values_that_do_not_change_lie_in_the_middle() -> None:
    plot = draw([4.0, 4.0], "")

    assert plot is not None
    assert {dot.y for dot in plot.dots} == {0.5}


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=20))
def test_every_dot_lies_within_the_plot(values: list[float | None]) -> None:
    plot = draw(values, "")

    known = sum(value is not None for value in values)
    assert (plot is None) == (known < 2)
    if plot:
        assert len(plot.dots) == known
        assert all(0 <= dot.x <= 1 and 0 <= dot.y <= 1 for dot in plot.dots)
