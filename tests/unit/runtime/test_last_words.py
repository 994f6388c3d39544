"""What a process says without a log: a line for each uncaught error and warning, and nothing else."""

import subprocess
import sys
from typing import Any

import msgspec
import pytest

from roadbed.runtime.last_words import is_for_people, say
from roadbed.runtime.log_lines import EventLine, Origin

PREPARE = """\
import os, sys, threading, warnings
from roadbed.runtime.last_words import speak_for_python
from roadbed.runtime.log_lines import Origin
speak_for_python(Origin("shop", "production", "1"))
"""


def said(code: str) -> tuple[int, list[dict[str, Any]]]:
    """Run a program; return its exit code and lines."""
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", PREPARE + code], capture_output=True, timeout=60, check=False
    )
    lines = done.stderr.splitlines()
    for line in lines:
        msgspec.json.decode(line, type=EventLine)
    assert done.stdout == b""
    return done.returncode, [msgspec.json.decode(line) for line in lines]


@pytest.mark.parametrize(
    ("log_format", "environment", "terminal", "people"),
    [
        ("auto", "development", True, True),
        ("auto", "development", False, True),
        ("auto", "production", True, True),
        ("auto", "production", False, False),
        ("console", "production", False, True),
        ("json", "development", True, False),
    ],
)
def test_who_listens(log_format: str, environment: str, terminal: bool, people: bool) -> None:
    assert is_for_people(log_format, environment, terminal=terminal) is people


def test_an_uncaught_error() -> None:
    code, (line,) = said("raise ValueError('a\\nb')")
    assert (code, line["level"], line["event"], line["exception"]["type"], line["exception"]["message"]) == (
        1,
        "critical",
        "An unforeseen error ended the process",
        "ValueError",
        "a\nb",
    )


@pytest.mark.parametrize("code", ["sys.exit(3)", "threading.Thread(target=sys.exit, args=(3,)).start()"])
def test_an_end_that_is_meant_is_no_error(code: str) -> None:
    assert said(code)[1] == []


def test_an_error_in_a_thread() -> None:
    code, (line,) = said("threading.Thread(target=lambda: 1 / 0, name='helper').start()")
    assert (code, line["event"], line["detail"], line["exception"]["type"]) == (
        0,
        "An unforeseen error ended a thread",
        "helper",
        "ZeroDivisionError",
    )


def test_an_error_in_a_destructor() -> None:
    code, (line,) = said("class A:\n    def __del__(self): raise LookupError('late')\nA()")
    assert (code, line["event"], line["exception"]["message"]) == (0, "An error could not be raised", "late")


def test_a_warning() -> None:
    code, (line,) = said("warnings.warn('this is\\nold', DeprecationWarning)")
    assert (code, line["level"], line["event"], line["logger"], line["kind"]) == (
        0,
        "warning",
        "this is\nold",
        "py.warnings",
        "DeprecationWarning",
    )


def test_nobody_who_reads_is_no_error() -> None:
    assert said("os.close(2); warnings.warn('unheard')") == (0, [])


def test_a_line_is_written_in_one_piece(capfd: pytest.CaptureFixture[str]) -> None:
    say("info", "Here", Origin("a", "b", "c"), job="sweep")
    written = capfd.readouterr()
    assert (written.out, msgspec.json.decode(written.err)["job"], written.err.count("\n")) == ("", "sweep", 1)
