"""Declarations of bodies in parts, of replies at times, and of query parameters with names of their own."""

import pytest

from tests.unit.http.declarations import (
    Body,
    listing_or_reply,
    named_path,
    named_query,
    named_twice,
    with_stream,
    with_stream_of_rows,
)
from tests.unit.http.test_signature import read, understood


def test_a_stream_may_say_what_it_holds() -> None:
    found = [understood(each, "/rows", "POST", idempotent=False) for each in (with_stream_of_rows, with_stream)]
    assert [(each.is_streamed, each.has_body, each.body) for each in found] == [
        (True, True, list[Body]),
        (True, True, None),
    ]


def test_a_handler_may_return_a_reply_at_times() -> None:
    found = understood(listing_or_reply)
    assert (found.row, found.is_raw, found.may_be_raw) == (Body, False, True)


def test_a_query_parameter_may_have_a_name_of_its_own() -> None:
    found = understood(named_query)
    assert [(each.place, each.name, each.argument) for each in found.parameters] == [("query", "price.gte", "least")]


@pytest.mark.parametrize(
    ("function", "path", "method", "expected"),
    [
        (with_stream, "/a", "POST", "a streamed body has no fingerprint: idempotent=False"),
        (named_path, "/{number}", "GET", "`number`: a path parameter is called as in the path"),
        (named_twice, "/a", "GET", "`second`: there is a query parameter first already"),
    ],
)
def test_what_is_wrong_is_told(function: object, path: str, method: str, expected: str) -> None:
    assert expected in read(function, path, method)[1]
