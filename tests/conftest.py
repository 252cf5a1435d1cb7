"""What holds for all tests."""

import pytest
from beside import ABSENT


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line how many tests did not run because a fresh clone has no ``../shared``."""
    skipped = terminalreporter.stats.get("skipped", [])
    left_out = sum(ABSENT in str(report.longrepr) for report in skipped)
    if left_out:
        terminalreporter.write_line(f"{left_out} tests did not run: {ABSENT}")
