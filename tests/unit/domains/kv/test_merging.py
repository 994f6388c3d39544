"""A merge patch on texts does what RFC 7396 says on values, and keeps what it does not touch."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadbed.domains.kv.merging import MAX_DEPTH, merge_patch
from roadbed.kernel.errors import Invalid

_NAMES = st.sampled_from(["a", "b", "é", ""])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "x", '"\\', "{}", "null"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


def merged(target: Any, patch: Any) -> Any:
    """The algorithm of RFC 7396, section 2, to the letter."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = merged(target.get(name), value)
    return target


@given(_VALUES, _VALUES, st.sampled_from([None, 1]))
def test_as_the_rfc_says(target: Any, patch: Any, indent: int | None) -> None:
    text = merge_patch(json.dumps(target, indent=indent), json.dumps(patch, indent=indent))
    assert json.loads(text) == merged(target, patch)


def test_what_is_not_touched_stays_letter_by_letter() -> None:
    kept = '[ 9007199254740993 , 1.10,1E2, "\\u00e9", {"a" :1,"a":2} ]'
    assert merge_patch(f'{{"kept": {kept}, "gone": 1}}', '{"gone": null}') == f'{{"kept":{kept}}}'


def test_a_patch_has_a_bound_in_depth() -> None:
    def nested(depth: int) -> str:
        return '{"a":' * depth + "1" + "}" * depth

    assert merge_patch("{}", nested(MAX_DEPTH)) == nested(MAX_DEPTH)
    with pytest.raises(Invalid, match="at most 64 objects"):
        merge_patch("{}", nested(MAX_DEPTH + 1))
