"""The parts, as data: what is measured of Roadbed alone."""

import pytest

from bench.harness.measure import MEASURES
from bench.harness.parts import FIGURES, PART_BY_NAME, PARTS, Part, duration, parts_of
from bench.harness.plan import QUICK, Effort
from bench.harness.roster import BENCH, BY_NAME
from bench.harness.targets import TARGETS


def test_every_part_is_promised_something() -> None:
    assert {target.ours for target in TARGETS if target.kind in {"part", "delay"}} == {part.name for part in PARTS}


def test_no_part_has_the_name_of_a_contender() -> None:
    assert not PART_BY_NAME.keys() & BY_NAME.keys()
    assert len(PART_BY_NAME) == len(PARTS) + len(FIGURES)


@pytest.mark.parametrize("part", PART_BY_NAME.values(), ids=lambda part: part.name)
def test_every_part_can_be_measured(part: Part) -> None:
    assert part.measure in MEASURES
    # What has no other half is a time.
    assert bool(part.against) is (part.unit not in {" s", " ms"})


@pytest.mark.parametrize("part", PART_BY_NAME.values(), ids=lambda part: part.name)
def test_every_part_is_described_in_the_readme(part: Part) -> None:
    assert f"`{part.name}`" in (BENCH / "README.md").read_text()


@pytest.mark.parametrize(
    ("only", "works", "names"),
    [
        ([], None, [part.name for part in PARTS]),
        ([], ["create"], []),
        (["roadbed", "limit"], None, []),
        (["feed", "cached-list"], None, ["cached-list", "feed"]),
        (["holding", "rows-sqlite"], None, ["rows-sqlite", "holding"]),
        (["roadbed", "feed"], ["create"], ["feed"]),
    ],
)
def test_parts_are_measured_unless_something_else_was_chosen(
    only: list[str], works: list[str] | None, names: list[str]
) -> None:
    assert [part.name for part in parts_of(only, works)] == names


def test_all_parts_take_at_most_seven_minutes() -> None:
    assert duration(PARTS, Effort()) <= 7 * 60


def test_a_quick_look_at_them_takes_half_of_it() -> None:
    assert duration(PARTS, QUICK) <= duration(PARTS, Effort()) / 2
