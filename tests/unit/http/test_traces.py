"""Which values of ``traceparent`` name a trace: the rules of W3C Trace Context, section 3.2."""

import pytest

from roadbed.http.traces import trace_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "given",
    [
        f"00-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-00",
        # A later version may know more flags, and say more.
        f"cc-{TRACE}-{PARENT}-ff",
        f"01-{TRACE}-{PARENT}-01-what-the-future-brings",
    ],
)
def test_a_trace_is_found(given: str) -> None:
    assert trace_of(given.encode()) == TRACE


@pytest.mark.parametrize(
    "given",
    [
        "",
        TRACE,
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE}-{PARENT}-01-",
        f"01-{TRACE}-{PARENT}-01more",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-1",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT.upper()}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[1:]}-{PARENT}-01",
        f"00-{TRACE}0-{PARENT}-01",
        f"0g-{TRACE}-{PARENT}-01",
        f" 00-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01\n",
        # Two fields, joined.
        f"00-{TRACE}-{PARENT}-01, 00-{TRACE}-{PARENT}-01",
        f"01-{TRACE}-{PARENT}-01-a\r\nset-cookie: b",
    ],
)
def test_what_is_not_valid_is_none(given: str) -> None:
    assert trace_of(given.encode()) == ""
