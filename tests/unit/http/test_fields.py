"""Header fields that come more than once."""

import pytest

from roadbed.http.fields import join, refuse
from roadbed.kernel.errors import Fault, Invalid


def test_lines_of_a_list_are_joined_in_order() -> None:
    assert join([(b"accept", b"a"), (b"accept", b"b")]) == ({b"accept": b"a, b"}, [])


def test_conditions_are_lists() -> None:
    assert join([(b"if-match", b'"1"'), (b"if-match", b'"2"')]) == ({b"if-match": b'"1", "2"'}, [])


def test_cookies_are_joined_with_a_semicolon() -> None:
    assert join([(b"cookie", b"a=1"), (b"cookie", b"b=2")]) == ({b"cookie": b"a=1; b=2"}, [])


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "Content-Type", "Content-Length", "Idempotency-Key", "Origin", "Authorization", "X-Request-Id"),
        "Sec-Fetch-Site",
    ],
)
def test_a_field_of_which_only_one_can_be_meant_comes_once(name: str) -> None:
    raw = name.lower().encode()
    _, faults = join([(raw, b"a"), (raw, b"a"), (raw, b"b")])
    assert [Fault(f"header:{name}", "This field is given more than once")] == faults


def test_faults_are_refused() -> None:
    with pytest.raises(Invalid):
        refuse([Fault("header:Host", "twice")])


def test_no_faults_are_not() -> None:
    refuse([])
