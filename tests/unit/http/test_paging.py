"""Cursors go round, forged ones do not come in, and links keep what was asked."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadbed.http.paging import CursorCodec, next_link


class Both(msgspec.Struct, array_like=True, frozen=True):
    at: datetime
    key: UUID


class Mixed(msgspec.Struct, array_like=True, frozen=True):
    number: int
    text: str
    share: float | None = None


NUMBERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_of_time_and_id_goes_round(at: datetime, key: UUID) -> None:
    codec = CursorCodec(Both)
    cursor = Both(at, key)
    assert cursor == codec.read(codec.write(cursor))


@given(NUMBERS, TEXTS, st.none() | st.floats(allow_nan=False))
def test_a_cursor_of_number_and_text_goes_round(number: int, text: str, share: float | None) -> None:
    codec = CursorCodec(Mixed)
    cursor = Mixed(number, text, share)
    assert cursor == codec.read(codec.write(cursor))


def test_a_cursor_needs_no_escapes_in_a_query() -> None:
    text = CursorCodec(Mixed).write(Mixed(255, "?>~" * 20))
    assert set() == set(text) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def packed(value: object) -> str:
    return urlsafe_b64encode(msgspec.msgpack.encode(value)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "!!!!",
        "é",
        "null",
        "a" * 5000,
        packed(None),
        packed([]),
        packed([1]),
        packed(["1", "a"]),
        packed([1, "a", 0.5, "more"]),
        packed([2**63, "a", None]),
        packed([1, "a\0b", None]),
        packed({"number": 1, "text": "a"}),
        packed([1, "a", None]) + "=",
        packed([1, "a", None]) + "A",
        packed([1, "a"]),
        " " + packed([1, "a", None]),
        "kZGRkQ",
        "3f____8",
    ],
)
def test_a_forged_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Expected a cursor from the `Link` of an earlier page"):
        CursorCodec(Mixed).read(text)


def test_another_text_of_the_same_value_is_refused() -> None:
    # The number 1 in nine bytes is well-formed MessagePack, but none of ours.
    raw = bytes([0x93, 0xD3, 0, 0, 0, 0, 0, 0, 0, 1, 0xA1, 0x61, 0xC0])
    with pytest.raises(ValueError, match="Expected a cursor"):
        CursorCodec(Mixed).read(urlsafe_b64encode(raw).rstrip(b"=").decode())


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    codec = CursorCodec(Mixed)
    try:
        cursor = codec.read(text)
    except ValueError:
        return
    assert text == codec.write(cursor)


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/a", b"", '</a?after=C>; rel="next"'),
        ("/a", b"limit=2", '</a?limit=2&after=C>; rel="next"'),
        ("/a", b"after=B&limit=2&x=%20y+z", '</a?limit=2&x=%20y+z&after=C>; rel="next"'),
        ("/a", b"&&limit=2&", '</a?limit=2&after=C>; rel="next"'),
        ("/a", b"afterwards=1", '</a?afterwards=1&after=C>; rel="next"'),
        ("/a%20b", b"", '</a%20b?after=C>; rel="next"'),
        ("/a", b'x=">; rel="y', '</a?x=%22%3E;%20rel=%22y&after=C>; rel="next"'),
        ("/a>", b"x=\xff", '</a%3E?x=%FF&after=C>; rel="next"'),
    ],
)
def test_a_link_keeps_the_other_parameters_and_cannot_be_broken_out_of(path: str, query: bytes, expected: str) -> None:
    assert expected == next_link(path, query, "C")
