"""What holds for all tests."""

from collections import Counter

import pytest
from beside import ABSENT


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, by their mark ``seconds``, then with those of the most tests.

    Workers take whole files one after another: a long one at the end would leave all but one idle.
    """
    tests = Counter(item.path for item in items)

    def weight(item: pytest.Item) -> tuple[float, int, str]:
        mark = item.get_closest_marker("seconds")
        return -mark.args[0] if mark else 0, -tests[item.path], str(item.path)

    items.sort(key=weight)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line how many tests did not run because a fresh clone has no ``../shared``."""
    skipped = terminalreporter.stats.get("skipped", [])
    left_out = sum(ABSENT in str(report.longrepr) for report in skipped)
    if left_out:
        terminalreporter.write_line(f"{left_out} tests did not run: {ABSENT}")
