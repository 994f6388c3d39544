"""The order of a whole run."""

from pathlib import Path

from tests.support.ordering import places

TESTS = Path("/tests")


def ordered(*names: str) -> list[str]:
    found = places([TESTS / name for name in names], TESTS)
    return sorted(names, key=lambda name: found[TESTS / name])


def test_browser_tests_take_turns_with_others_and_short_ones_come_last() -> None:
    console, others, unit = ["console/a", "console/b"], ["contract/a", "deploy/a", "deploy/b", "style/a"], ["unit/x/a"]
    assert ordered(*console, *others, *unit) == [
        "contract/a",
        "console/a",
        "deploy/a",
        "console/b",
        "deploy/b",
        "style/a",
        "unit/x/a",
    ]


def test_one_kind_keeps_its_order() -> None:
    assert ordered("unit/b", "unit/a") == ["unit/b", "unit/a"]
    assert ordered("contract/b", "contract/a") == ["contract/b", "contract/a"]
    assert ordered("test_elsewhere") == ["test_elsewhere"]
