"""Texts to values: what is read, what is refused, and that nothing is guessed."""

from datetime import UTC, datetime, timedelta, timezone
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, Optional
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadbed.http.parameters import (
    REQUIRED,
    Parameter,
    list_item,
    read_boolean,
    read_instant,
    read_integer,
    read_number,
    read_text,
    read_uuid,
    reader_of,
    strip_none,
)
from roadbed.kernel.ids import parse_uuid

INT64_MAX = 2**63 - 1


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@given(st.integers(-(2**63), INT64_MAX))
def test_every_int64_is_read(number: int) -> None:
    assert number == read_integer(str(number))


INTEGERS_REFUSED = [
    *("", "-", "+5", "05", "-0", "-05", "00", "1.0", "1e3", "1_000", " 5", "5 ", "5\n", "0x5", "true", "a", "1,2"),
    *("９", "٣", "5\0", str(2**63), str(-(2**63) - 1), "9" * 19, "9" * 5000, "1" + "0" * 19),
]


@pytest.mark.parametrize("text", INTEGERS_REFUSED)
def test_other_texts_are_no_integers(text: str) -> None:
    with pytest.raises(ValueError, match="Expected an integer of at most 64 bits"):
        read_integer(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_read(number: float) -> None:
    assert number == read_number(repr(number).replace("e+", "e"))


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "-inf", "1e999", ".5", "5.", "+1", "01", "1 ", "0x1", "1_0", "1" * 65]
)
def test_other_texts_are_no_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="Expected a finite number"):
        read_number(text)


def test_booleans_are_two_words() -> None:
    assert (read_boolean("true"), read_boolean("false")) == (True, False)


@pytest.mark.parametrize("text", ["", "1", "0", "True", "FALSE", "yes", "on", "null", " true"])
def test_other_texts_are_no_booleans(text: str) -> None:
    with pytest.raises(ValueError, match="Expected `true` or `false`"):
        read_boolean(text)


@given(st.uuids())
def test_a_uuid_is_read_in_either_case(value: UUID) -> None:
    assert (value, value) == (read_uuid(str(value)), read_uuid(str(value).upper()))


TEXT = "0192f0c1-1111-7111-8111-0123456789ab"
UUIDS_REFUSED = [
    *("", "7", TEXT.replace("-", ""), f"{{{TEXT}}}", f"urn:uuid:{TEXT}", TEXT[:-1], TEXT + "0", TEXT[:-1] + "g"),
    *(TEXT.replace("-", "x"), "{" + TEXT[1:-1] + "}", "0192f0c11-111-7111-8111-0123456789ab", TEXT[:-1] + "\n"),
    *(TEXT[:-1] + " ", " " + TEXT[1:], TEXT[:-1] + "１", "-" * 36, TEXT.replace("-", "_")),
]


@pytest.mark.parametrize("text", UUIDS_REFUSED)
def test_other_texts_are_no_uuids(text: str) -> None:
    with pytest.raises(ValueError, match="Expected a UUID"):
        read_uuid(text)


@given(st.text("0123456789abcdefABCDEFg-{}", min_size=34, max_size=38) | st.uuids().map(str))
def test_the_fast_reader_of_uuids_agrees_with_the_kernels(text: str) -> None:
    def outcome(read: Any) -> UUID | None:
        try:
            return read(text)
        except ValueError:
            return None

    assert outcome(parse_uuid) == outcome(read_uuid)


NOON = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-01T12:30:00Z", NOON),
        ("2024-05-01t12:30:00z", NOON),
        ("2024-05-01T12:30:00", NOON),
        ("2024-05-01 12:30:00", NOON),
        ("2024-05-01T14:30:00+02:00", NOON),
        ("2024-05-01T10:30:00-02:00", NOON),
        # A plus sign that nobody escaped: the query's decoding made a blank of it.
        ("2024-05-01T14:30:00 02:00", NOON),
        ("2024-05-01 14:30:00.000 02:00", NOON),
        ("2024-05-01T12:30:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2024-05-01T12:30:00.000001Z", NOON + timedelta(microseconds=1)),
        ("2021-11-07 23:59:03.762", datetime(2021, 11, 7, 23, 59, 3, 762000, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_utc(text: str, expected: datetime) -> None:
    found = read_instant(text)
    assert (expected, UTC) == (found, found.tzinfo)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-1439, 1439))
def test_every_time_of_every_zone_is_read(utc: datetime, minutes: int) -> None:
    try:
        instant = utc.astimezone(timezone(timedelta(minutes=minutes)))
    except OverflowError:
        return
    assert instant == read_instant(instant.isoformat())


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "1714567800", "2024-05-01", "2024-05-01T12:30Z", "2024-02-30T00:00:00Z", "2016-12-31T23:59:60Z"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-00:01", "10000-01-01T00:00:00Z", "2024-05-01T12:30:00Z\0"),
        *("2024-05-01T12:30:00 CET", "２024-05-01T12:30:00Z", "2024-05-01T12:30:00+2:00"),
    ],
)
def test_other_texts_are_no_times(text: str) -> None:
    with pytest.raises(ValueError, match="Expected an RFC 3339 date and time"):
        read_instant(text)


def test_text_may_be_anything_but_nul() -> None:
    assert read_text("") == ""
    assert read_text("é\n") == "é\n"
    with pytest.raises(ValueError, match="NUL"):
        read_text("a\0b")


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        (int, "7", 7),
        (int | None, "7", 7),
        (Optional[int], "7", 7),  # noqa: UP045 - the older spelling is another class
        (str, "7", "7"),
        (bool, "true", True),
        (float, "7", 7.0),
        (UUID, TEXT, UUID(TEXT)),
        (datetime | None, "2024-05-01T12:30:00Z", NOON),
        (Colour, "blue", Colour.BLUE),
        (Colour | None, "red", Colour.RED),
        (Level, "2", Level.HIGH),
        (Literal["a", "b"], "b", "b"),
        (Literal[1, 2], "2", 2),
        (Annotated[int, msgspec.Meta(ge=1)], "1", 1),
        (Optional[Annotated[int, msgspec.Meta(ge=1)]], "1", 1),  # noqa: UP045 - as above
        (Annotated[str, msgspec.Meta(max_length=2)], "ab", "ab"),
        (Annotated[int, "a note to the reader"], "1", 1),
    ],
)
def test_a_type_has_a_reader(annotation: Any, text: str, expected: object) -> None:
    read = reader_of(annotation)
    assert read is not None
    found = read(text)
    assert (expected, type(expected)) == (found, type(found))


@pytest.mark.parametrize(
    ("annotation", "text", "detail"),
    [
        (Colour, "green", "Expected one of: red, blue"),
        (Colour, "RED", "Expected one of: red, blue"),
        (Level, "3", "Expected one of: 1, 2"),
        (Literal["a", "b"], "", "Expected one of: a, b"),
        (Annotated[int, msgspec.Meta(ge=1)], "0", "Expected `integer` >= 1"),
        (Optional[Annotated[int, msgspec.Meta(ge=1)]], "0", "Expected `integer` >= 1"),  # noqa: UP045 - as above
        (Annotated[str, msgspec.Meta(max_length=2)], "abc", "Expected `string` of length <= 2"),
        (Annotated[str, msgspec.Meta(pattern="^a+$")], "b", "Expected `string` matching regex '^a+$'"),
        (Annotated[int, msgspec.Meta(ge=1)], "x", "Expected an integer of at most 64 bits"),
    ],
)
def test_a_reader_keeps_the_bounds_of_its_type(annotation: Any, text: str, detail: str) -> None:
    read = reader_of(annotation)
    assert read is not None
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared
        read(text)
    assert detail == str(caught.value)


@pytest.mark.parametrize("annotation", [object, dict, dict[str, int], list[int], int | str, Any, bytes, Literal[True]])
def test_other_types_have_no_reader(annotation: Any) -> None:
    assert reader_of(annotation) is None


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (list[int], int),
        (list[int] | None, int),
        (Annotated[list[UUID], "x"], UUID),
        (int, None),
        (dict[str, int], None),
    ],
)
def test_the_items_of_a_list(annotation: Any, expected: Any) -> None:
    assert expected is list_item(annotation)


@pytest.mark.parametrize(
    ("annotation", "expected"), [(int | None, int), (int | str | None, int | str | None), (int, int), (None, None)]
)
def test_none_is_taken_out_of_a_union_of_two(annotation: Any, expected: Any) -> None:
    assert expected == strip_none(annotation)


def parameter(annotation: Any, *, many: bool) -> Parameter:
    item = list_item(annotation) if many else annotation
    read = reader_of(item)
    assert read is not None
    return Parameter("p", "query", "p", annotation, read, REQUIRED, many)


def test_a_scalar_is_given_once() -> None:
    with pytest.raises(ValueError, match="This parameter is given more than once"):
        parameter(int, many=False).read_all(["1", "1"])


def test_a_list_is_given_as_often_as_one_likes() -> None:
    assert parameter(list[int], many=True).read_all(["1", "2", "2"]) == [1, 2, 2]


def test_a_list_keeps_its_bounds() -> None:
    bounded = parameter(Annotated[list[int], msgspec.Meta(max_length=1)], many=True)
    with pytest.raises(ValueError, match="Expected `array` of length <= 1"):
        bounded.read_all(["1", "2"])


def test_a_fault_points_to_place_and_name() -> None:
    assert parameter(int, many=False).pointer == "query:p"


def test_a_bound_that_does_not_fit_its_type_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="Can only set `ge` on a numeric type"):
        reader_of(Annotated[str, msgspec.Meta(ge=1)])
