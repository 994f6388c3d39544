"""What a key may look like, in words and as the pattern that OpenAPI tells; conditions as text."""

import re
from contextlib import nullcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from roadbed.domains.kv.model import KEY_PATTERN, check_key
from roadbed.domains.kv.writes import names, tags
from roadbed.http.preconditions import EVERY
from roadbed.kernel.errors import Invalid

_PARTS = st.sampled_from([*"a./", "é", "\n", "\x7f", "\x85", " ", "\\", "😀"])


@given(st.lists(_PARTS, min_size=1, max_size=6).map("".join))
@example("...")
@example("a\n")
def test_the_pattern_and_the_check_agree(key: str) -> None:
    matches = re.search(KEY_PATTERN.replace("$", r"\Z"), key) is not None
    with nullcontext() if matches else pytest.raises(Invalid):
        check_key(key, "/key")


@pytest.mark.parametrize(
    ("versions", "expected"), [(None, None), (EVERY, "*"), (set[int](), ",,"), ({7}, ",7,"), ([1, 17], ",1,17,")]
)
def test_conditions_as_text(versions: set[int] | None, expected: str | None) -> None:
    assert tags(versions) == expected


@pytest.mark.parametrize(
    ("condition", "named"), [("*", {1, 7, 17, 71}), (",,", set[int]()), (",17,", {17}), (",7,1,", {1, 7})]
)
def test_what_a_condition_names(condition: str, named: set[int]) -> None:
    assert {version for version in (1, 7, 17, 71) if names(condition, version)} == named
