"""Entity tags: read by RFC 9110, compared strongly or weakly, refused only where malformed."""

import re
from typing import Any

import pytest

from roadbed.http.preconditions import EVERY, TAGS_PATTERN, read_tags
from roadbed.kernel.errors import Fault, Invalid

WELL_FORMED = {
    '"5"': {5},
    '"0"': {0},
    '"9223372036854775807"': {2**63 - 1},
    '"5", "6"': {5, 6},
    '"5","6" ,\t"7"': {5, 6, 7},
    '  "5"\t': {5},
    '""': set[int](),
    '"abc"': set[int](),
    '"05"': set[int](),
    '"+5"': set[int](),
    '"-5"': set[int](),
    '"5.0"': set[int](),
    '"abc", "5"': {5},
    '"99999999999999999999"': set[int](),
    '"a,b", "5"': {5},
}

MALFORMED = [
    "",
    "5",
    '" 5"',
    '"5',
    '5"',
    '"5" "6"',
    '"5",',
    ',"5"',
    'w/"5"',
    '"5"; x',
    '"\x7f"',
    '*, "5"',
    "**",
    "W/*",
    '"é"',
]


@pytest.mark.parametrize(("text", "expected"), WELL_FORMED.items())
@pytest.mark.parametrize("weak", [False, True])
def test_tags_name_versions(text: str, expected: set[int], weak: bool) -> None:
    assert expected == read_tags(text, "If-Match", weak=weak)


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_field_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_tags(text, "If-None-Match", weak=True)
    assert [Fault("header:If-None-Match", 'Expected `*` or entity tags such as "5"')] == list(caught.value.faults)


def test_a_weak_tag_matches_under_weak_comparison_only() -> None:
    assert (set(), {5}) == (read_tags('W/"5"', "If-Match", weak=False), read_tags('W/"5"', "If-None-Match", weak=True))


def test_a_star_holds_for_every_version_that_there_is() -> None:
    every: Any = read_tags("*", "If-Match", weak=False)
    assert (0 in every, 7 in every, None in every) == (True, True, False)


def test_a_star_may_stand_between_blanks() -> None:
    assert EVERY is read_tags(" * ", "If-Match", weak=False)


@pytest.mark.parametrize("text", WELL_FORMED)
def test_the_pattern_of_the_document_takes_what_is_taken(text: str) -> None:
    assert re.match(TAGS_PATTERN, text.strip())


@pytest.mark.parametrize("text", MALFORMED)
def test_the_pattern_of_the_document_refuses_what_is_refused(text: str) -> None:
    assert re.match(TAGS_PATTERN, text) is None
