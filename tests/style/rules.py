"""The rules of style: each a small function from a path and a text to findings, shown failing in ``test_rules.py``."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.style import code, links
from tests.style.secrets import secrets

MAX_FILE_LINES = 300

# Justified exceptions from the rules: {rule name: {path: why}}. Empty, and better left so.
EXCEPTIONS: dict[str, dict[str, str]] = {}


class Rule(NamedTuple):
    """A rule: which files it looks at, and what it finds in one. A finding reads ``line: what is wrong``."""

    name: str
    concerns: Callable[[Path], bool]
    findings: Callable[[Path, str], list[str]]


def is_ours(path: Path) -> bool:
    """Python that the limits of size hold for."""
    return path.suffix == ".py" and path.parts[0] in {"src", "tests", "examples"}


def is_source(path: Path) -> bool:
    return path.suffix == ".py" and path.parts[0] == "src"


def is_test(path: Path) -> bool:
    return path.suffix == ".py" and path.parts[0] == "tests"


def is_lock_or_configuration(path: Path) -> bool:
    named = path.name in {".npmrc", ".yarnrc", "pip.conf", "uv.lock"} or path.parts[0] == "requirements"
    return named or path.suffix == ".toml" or (path.suffix == ".json" and path.name.startswith("package"))


def is_kernel(path: Path) -> bool:
    return is_source(path) and path.parts[:3] == ("src", "roadbed", "kernel")


def anything(path: Path) -> bool:
    return True


def lines_matching(pattern: str, message: str, flags: int = 0) -> Callable[[Path, str], list[str]]:
    """Make a check that reports each line in which the pattern occurs."""
    expression = re.compile(pattern, flags)

    def check(path: Path, text: str) -> list[str]:
        return [f"{number}: {message}" for number, line in enumerate(text.splitlines(), 1) if expression.search(line)]

    return check


def long_file(path: Path, text: str) -> list[str]:
    count = len(text.splitlines())
    return [] if count <= MAX_FILE_LINES else [f"{count}: lines, {MAX_FILE_LINES} at most: part it by concept"]


def name_without_meaning(path: Path, text: str) -> list[str]:
    stems = {part.removesuffix(path.suffix).lower() for part in path.parts}
    return ["1: `utils` says nothing: name the concept"] if stems & {"util", "utils"} else []


RULES = (
    Rule("file size", is_ours, long_file),
    Rule("function size", is_ours, code.long_functions),
    Rule("names", anything, name_without_meaning),
    Rule("no settings object", is_source, code.settings_objects),
    Rule("kernel imports", is_kernel, code.imports_beyond_kernel),
    Rule("no left-out tests", is_test, code.left_out_tests),
    Rule("no asserts on time", is_test, code.asserts_on_time),
    Rule(
        "no left-out browser tests",
        lambda path: path.suffix in {".js", ".ts", ".vue"},
        lines_matching(r"\b(?:it|test|describe)\.(?:skip|only|todo|fixme)\b", "a test is left out"),
    ),
    Rule(
        "no path of one machine",
        anything,
        lines_matching(
            r"""(?<![\w.$}-])/(?:home|Users)/[a-z]|(?<![\w.$}-])/(?:root|work)/|[A-Z]:\\Users\\""",
            "a path of one machine",
        ),
    ),
    Rule(
        "no registry address",
        is_lock_or_configuration,
        lines_matching(
            r"pypi\.org|pythonhosted\.org|registry\.(?:npmjs|yarnpkg)|index-url|find-links|file:/"
            r"|\"resolved\": *\"http",
            "an address that packages come from: pin versions and hashes without it",
        ),
    ),
    Rule("no secrets", anything, secrets),
    Rule("links", links.is_markdown, links.dead_links),
    Rule("no conflict left", anything, lines_matching(r"^(?:<{7}|>{7}) ", "a merge conflict")),
)
