"""Values in and rows out: the same meaning on both engines, and the same refusals."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Literal
from uuid import UUID

import msgspec
import pytest

from roadbed.data.values import postgres_decoder, postgres_value, sqlite_decoder, sqlite_value
from roadbed.kernel.errors import Fault, Invalid

ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
INSTANT = datetime(2024, 5, 6, 7, 8, 9, 10, tzinfo=UTC)
MICROS = 1_714_979_289_000_010


class Colour(Enum):
    RED = "red"


class Word(StrEnum):
    YES = "yes"


class Instant(datetime):
    """A subclass, as some libraries make them."""


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (None, None),
        (True, 1),
        (False, 0),
        (0, 0),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (1.5, 1.5),
        (float("inf"), float("inf")),
        ("", ""),
        ("naïve 😀", "naïve 😀"),
        (Word.YES, "yes"),
        (b"\0\xff", b"\0\xff"),
        (ID, ID.bytes),
        (INSTANT, MICROS),
        (INSTANT.astimezone(timezone(timedelta(hours=5, minutes=30))), MICROS),
        (Instant(2024, 5, 6, 7, 8, 9, 10, tzinfo=UTC), MICROS),
        (datetime(1, 1, 1, tzinfo=UTC), -62_135_596_800_000_000),
    ],
)
def test_what_sqlite_stores(value: Any, stored: Any) -> None:
    found = sqlite_value("name", value)
    assert (stored, type(stored) is bool) == (found, type(found) is bool)


@pytest.mark.parametrize("value", [None, True, 7, 1.5, "text", b"bytes", ID, INSTANT, [1, 2], (1,)])
def test_postgres_gets_values_as_they_are(value: Any) -> None:
    assert postgres_value("name", value) is value


@pytest.mark.parametrize("convert", [sqlite_value, postgres_value])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a\0b", "must not contain the character NUL"),
        ("\0", "must not contain the character NUL"),
        ("é\0", "must not contain the character NUL"),
        ("lone \ud800", "must be text that UTF-8 can encode"),
        (2**63, "must fit 64 bits"),
        (-(2**63) - 1, "must fit 64 bits"),
        (float("nan"), "must be a number"),
    ],
)
def test_what_one_engine_would_not_store_both_refuse(convert: Any, value: Any, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        convert("title", value)
    assert (Fault("/title", said),) == refused.value.faults


@pytest.mark.parametrize("convert", [sqlite_value, postgres_value])
def test_a_time_needs_its_offset(convert: Any) -> None:
    with pytest.raises(TypeError, match="since: a time needs its offset from UTC"):
        convert("since", datetime(2024, 1, 1))  # noqa: DTZ001  this is the mistake


class Everything(msgspec.Struct, frozen=True):
    key: UUID
    parent: UUID | None
    title: str
    note: str | None
    count: int
    ratio: float
    done: bool
    blob: bytes
    at: datetime
    due: datetime | None


EVERYTHING = Everything(ID, None, "t", "null", 3, 0.5, True, b"x", INSTANT, None)


def test_rows_of_sqlite_become_structs() -> None:
    rows = [
        (ID.bytes, None, "t", "null", 3, 0.5, 1, b"x", MICROS, None),
        (ID.bytes, ID.bytes, "u", None, 4, 1.0, 0, b"", 0, MICROS),
    ]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    expected = [EVERYTHING, Everything(ID, ID, "u", None, 4, 1.0, False, b"", epoch, INSTANT)]
    assert expected == sqlite_decoder(Everything)(rows)


def test_rows_of_postgres_become_structs() -> None:
    rows = [(ID, None, "t", "null", 3, 0.5, True, b"x", INSTANT, None)]
    assert postgres_decoder(Everything, exact=False)(rows) == [EVERYTHING]


class Narrow(msgspec.Struct):
    colour: Colour | None
    size: Literal["s", "m"]


@pytest.mark.parametrize("decode", [sqlite_decoder(Narrow), postgres_decoder(Narrow, exact=False)])
def test_types_narrower_than_the_column_are_converted_on_both(decode: Any) -> None:
    assert [Narrow(Colour.RED, "s"), Narrow(None, "m")] == decode([("red", "s"), (None, "m")])


@pytest.mark.parametrize("decode", [sqlite_decoder(Narrow), postgres_decoder(Narrow, exact=False)])
def test_a_value_beyond_its_type_is_an_error_on_both(decode: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode([("green", "s")])


class Sum(msgspec.Struct):
    total: int
    mean: float


def test_numeric_of_postgres_becomes_what_sqlite_gives() -> None:
    found = postgres_decoder(Sum, exact=True)([(Decimal(12), Decimal("1.5"))])[0]
    assert (12, int, 1.5, float) == (found.total, type(found.total), found.mean, type(found.mean))


@pytest.mark.parametrize("decode", [sqlite_decoder(tuple), postgres_decoder(tuple, exact=False)])
def test_without_a_struct_rows_stay_tuples(decode: Any) -> None:
    assert decode([(1, "a"), (2, "b")]) == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("decode", [sqlite_decoder(Sum), postgres_decoder(Sum, exact=False)])
def test_no_rows_are_no_structs(decode: Any) -> None:
    assert decode([]) == []
