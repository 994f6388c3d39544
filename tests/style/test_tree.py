"""Every file of the repository keeps every rule."""

from pathlib import Path

import pytest

from tests.style.rules import EXCEPTIONS, RULES, Rule
from tests.style.tree import ROOT, files, is_vendored, text_of


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_tree_keeps_the_rule(rule: Rule) -> None:
    excepted = EXCEPTIONS.get(rule.name, {})
    broken = [
        f"{path}:{finding}"
        for path in files()
        if not is_vendored(path) and str(path) not in excepted and rule.concerns(path)
        for finding in rule.findings(path, text_of(path) or "")
    ]
    assert broken == []


def test_exceptions_name_rules_and_files_that_exist_and_say_why() -> None:
    names = {rule.name for rule in RULES}
    assert set(EXCEPTIONS) <= names
    for paths in EXCEPTIONS.values():
        assert all((ROOT / path).is_file() and why for path, why in paths.items())


def test_the_rules_see_the_files() -> None:
    """A listing that came out empty would let everything pass."""
    assert {Path("pyproject.toml"), Path("src/roadbed/__init__.py"), Path("requirements/run.txt")} <= set(files())
