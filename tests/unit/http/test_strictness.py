"""The proof of innocence: it never calls a guilty body innocent, and costs the usual body no second reading."""

import json
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadbed.http.faults import find_faults
from roadbed.http.strictness import make_suspicion

TEXT = "0192f0c1-1111-7111-8111-0123456789ab"
Bounded = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Colour(Enum):
    RED = "red"


class Level(Enum):
    LOW = 1


class Payment(msgspec.Struct, forbid_unknown_fields=True):
    account: UUID
    amount: Bounded
    chosen: UUID | msgspec.UnsetType = msgspec.UNSET
    note: str | None = None
    colour: Colour = Colour.RED
    level: Level = Level.LOW
    at: datetime | None = None


class Counted(msgspec.Struct):
    number: int
    share: float = 0.0
    half: Annotated[int, msgspec.Meta(ge=0)] = 0


class Kept(msgspec.Struct):
    key: str
    value: msgspec.Raw


class Nested(msgspec.Struct):
    inner: Counted


def suspected(kind: Any, raw: bytes) -> bool:
    return make_suspicion(kind)(raw, msgspec.json.decode(raw, type=kind))


PAYMENT = '{"account": "%s", "amount": 5%s}'


@pytest.mark.parametrize(
    "rest",
    [
        "",
        f', "chosen": "{TEXT}"',
        ', "note": "lunch"',
        f', "note": "{TEXT}"',
        ', "colour": "red"',
        ', "level": 1',
        ', "at": "2024-05-01T12:00:00Z"',
        f', "note": "x", "chosen": "{TEXT}", "at": "2024-05-01T12:00:00Z"',
    ],
)
@pytest.mark.parametrize("compact", [False, True])
def test_an_honest_body_is_innocent_or_found_so(rest: str, compact: bool) -> None:
    text = PAYMENT % (TEXT, rest)
    raw = (json.dumps(json.loads(text), separators=(",", ":")) if compact else text).encode()
    assert not suspected(Payment, raw) or find_faults(Payment, raw) == []


@pytest.mark.parametrize(
    "rest", ["", f', "chosen": "{TEXT}"', ', "note": "lunch"', ', "note": "x", "at": "2024-05-01T12:00:00Z"']
)
def test_the_usual_body_is_not_read_twice(rest: str) -> None:
    assert not suspected(Payment, (PAYMENT % (TEXT, rest)).encode())


@pytest.mark.parametrize(
    "text",
    [
        PAYMENT % (TEXT, ', "amount": 6'),
        PAYMENT % (TEXT, f', "account": "{TEXT}"'),
        PAYMENT % (TEXT, ', "note": "a", "note": "b"'),
        PAYMENT % (TEXT, ', "note": null, "note": null'),
        PAYMENT % (TEXT, ', "am\\u006funt": 6'),
        PAYMENT % (TEXT, ', "colour": "red", "colour": "red"'),
        PAYMENT % (TEXT, ', "level": 1, "level": 1'),
        PAYMENT % (TEXT.replace("-", ""), ""),
        PAYMENT % (TEXT, f', "chosen": "{TEXT.replace("-", "")}"'),
        PAYMENT % (TEXT.replace("-", "").replace("0192", "\\u003019\\u0032"), ""),
    ],
)
def test_a_guilty_body_is_suspected_and_found_out(text: str) -> None:
    raw = text.encode()
    assert suspected(Payment, raw)
    assert find_faults(Payment, raw) != []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"number": 5}', False),
        (b'{"number": 999999999999999999}', False),
        (b'{"number": 9223372036854775808}', True),
        (b'{"number": 5, "share": 0.5}', False),
        (b'{"number": 5, "half": 9223372036854775808}', True),
    ],
)
def test_integers_without_bounds_are_looked_at_when_long(raw: bytes, expected: bool) -> None:
    assert expected == suspected(Counted, raw)


def test_integers_with_bounds_are_left_to_the_decoder() -> None:
    assert not suspected(Payment, (PAYMENT % (TEXT, "")).replace("5}", "1234567890123456789}").encode())


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"key": "a", "value": 1}', False),
        (b'{"key": "a", "value": "b"}', False),
        (b'{"key": "a", "value": {"b": ["c", "d"]}}', False),
        (b'{"key": "a", "value": {"b": 1}, "value": 2}', True),
        (b'{"key": "a", "value": 1, "value": {"b": 1}}', True),
        (rb'{"key": "a", "value": "\n\u00e9"}', False),
        (rb'{"key": "a\n", "value": "\n"}', True),
        (rb'{"key": "a", "v\u0061lue": "\n"}', True),
    ],
)
def test_values_kept_as_they_are_count_with_their_own_marks(raw: bytes, expected: bool) -> None:
    assert expected == suspected(Kept, raw)


@pytest.mark.parametrize("raw", [b"5", rb'{"a": "\n", "a": 2}', b'[{"a": 1}, "b"]'])
def test_a_body_that_is_kept_whole_is_not_read_again(raw: bytes) -> None:
    assert not suspected(msgspec.Raw, raw)


@pytest.mark.parametrize("kind", [Nested, list[Counted], dict[str, int], Counted | None])
def test_what_is_nested_is_always_read_again(kind: Any) -> None:
    raws: dict[Any, bytes] = {Nested: b'{"inner": {"number": 1}}', list[Counted]: b"[]", dict[str, int]: b"{}"}
    expected = kind in raws
    assert expected == suspected(kind, raws.get(kind, b'{"number": 1}'))


@pytest.mark.parametrize(("kind", "raw"), [(int, b"5"), (str, b'"five"'), (bool, b"true")])
def test_a_bare_value_is_innocent(kind: Any, raw: bytes) -> None:
    assert not suspected(kind, raw)


MEMBERS: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
    "account": lambda: st.uuids().map(str),
    "amount": lambda: st.integers(-(2**63), 2**63 - 1),
    "chosen": lambda: st.uuids().map(str),
    "note": lambda: st.none() | st.text('ab"\\\n-0'),
    "colour": lambda: st.just("red"),
    "level": lambda: st.just(1),
    "at": lambda: st.none() | st.just("2024-05-01T12:00:00Z"),
}
PAIRS = st.lists(
    st.sampled_from(sorted(MEMBERS)).flatmap(lambda name: MEMBERS[name]().map(lambda value: (name, value)))
)


@given(PAIRS, st.uuids().map(str), st.integers(-(2**63), 2**63 - 1))
def test_no_body_with_a_name_twice_is_innocent(pairs: list[tuple[str, Any]], account: str, amount: int) -> None:
    members = [("account", account), ("amount", amount), *pairs]
    raw = ("{" + ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in members) + "}").encode()
    names = [name for name, _ in members]
    if len(set(names)) < len(names):
        assert suspected(Payment, raw)
    elif suspected(Payment, raw):
        assert find_faults(Payment, raw) == []
