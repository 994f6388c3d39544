"""A report at the end of every run with style tests: how many lines of tests stand against a line of source."""

from pathlib import Path

import pytest

from tests.style.tree import ROOT, files, is_vendored

AIM = 1.4


def lines_below(folder: str) -> int:
    """Count the lines of our Python files below a folder of the repository."""
    ours = (path for path in files() if path.suffix == ".py" and path.parts[0] == folder and not is_vendored(path))
    return sum(_lines(ROOT / path) for path in ours)


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the report. It is an aim, not a rule: a rule would be met with empty lines."""
    source, tests = lines_below("src"), lines_below("tests")
    ratio = tests / max(source, 1)
    terminalreporter.write_line(f"lines: source {source}, tests {tests}; ratio {ratio:.2f}, the aim is {AIM}")
