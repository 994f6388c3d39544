"""Why a body was refused: every fault, with a JSON pointer that is right."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest

from roadbed.http.faults import escape, explain, find_faults, translate
from roadbed.kernel.errors import Fault

TEXT = "0192f0c1-1111-7111-8111-0123456789ab"


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    number: Annotated[int, msgspec.Meta(ge=0)]
    key: UUID | None = None


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    amount: int
    inner: Inner | None = None
    many: list[Inner] = []
    named: dict[str, int] = {}
    slash: int = msgspec.field(default=0, name="a/b~c")
    at: datetime | None = None
    raw: msgspec.Raw = msgspec.Raw(b"null")
    short: Annotated[list[int], msgspec.Meta(max_length=1)] = []


class Open(msgspec.Struct):
    amount: int


class Cat(msgspec.Struct, tag="cat"):
    lives: int


class Dog(msgspec.Struct, tag="dog"):
    name: str


class Owner(msgspec.Struct):
    pet: Cat | Dog


def faults(kind: Any, raw: bytes) -> dict[str, str]:
    return {fault.pointer: fault.detail for fault in find_faults(kind, raw)}


MISSING = "This field is missing"
UNKNOWN = "There is no such field"
TWICE = "This field is given twice"
NOT_UUID = "Expected a UUID: 8-4-4-4-12 hexadecimal digits"
TOO_LONG = "Expected an integer of at most 64 bits"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"amount": 1}', {}),
        (b"{}", {"/amount": MISSING}),
        (b'{"amount": "7"}', {"/amount": "Expected `integer`, got `string`"}),
        (b'{"amount": 1.0}', {"/amount": "Expected `integer`, got `number`"}),
        (b'{"amount": 1e3}', {"/amount": "Expected `integer`, got `number`"}),
        (b'{"amount": true}', {"/amount": "Expected `integer`, got `boolean`"}),
        (b'{"amount": null}', {"/amount": "Expected `integer`, got `null`"}),
        (b'{"amount": 9223372036854775807}', {}),
        (b'{"amount": 9223372036854775808}', {"/amount": TOO_LONG}),
        (b'{"amount": -9223372036854775809}', {"/amount": TOO_LONG}),
        (b'{"amount": 1' + b"0" * 6000 + b"}", {"/amount": TOO_LONG}),
        (b'{"amount": 1, "amount": 2}', {"/amount": TWICE}),
        (b'{"amount": 1, "am\\u006funt": 2}', {"/amount": TWICE}),
        (b'{"amount": 1, "x": 2, "y/z": 3}', {"/x": UNKNOWN, "/y~1z": UNKNOWN}),
        (b'{"a/b~c": "x"}', {"/amount": MISSING, "/a~1b~0c": "Expected `integer`, got `string`"}),
        (b'{"amount": 1, "inner": {"number": -1}}', {"/inner/number": "Expected `integer` >= 0"}),
        (b'{"amount": 1, "inner": {}}', {"/inner/number": MISSING}),
        (b'{"amount": 1, "inner": 5}', {"/inner": "Expected `object | null`, got `integer`"}),
        (
            b'{"amount": 1, "many": [{"number": 1}, {"number": "x"}]}',
            {"/many/1/number": "Expected `integer`, got `string`"},
        ),
        (b'{"amount": 1, "many": {}}', {"/many": "Expected `array`, got `object`"}),
        (b'{"amount": 1, "named": {"a/b": "x"}}', {"/named/a~1b": "Expected `integer`, got `string`"}),
        (b'{"amount": 1, "named": {"a": 1, "a": 2}}', {"/named/a": TWICE}),
        (b'{"amount": 1, "inner": {"number": 1, "number": 2}}', {"/inner/number": TWICE}),
        (
            b'{"amount": 1, "inner": {"number": 1, "key": "%s"}}' % TEXT.replace("-", "").encode(),
            {"/inner/key": NOT_UUID},
        ),
        (b'{"amount": 1, "inner": {"number": 1, "key": "%s"}}' % TEXT.encode(), {}),
        (b'{"amount": 1, "inner": {"number": 1, "key": 5}}', {"/inner/key": "Expected `uuid | null`, got `integer`"}),
        (b'{"amount": 1, "at": "yesterday"}', {"/at": "Invalid RFC3339 encoded datetime"}),
        (b'{"amount": 1, "raw": {"x": [1, 2.5, null]}}', {}),
        (b'{"amount": 1, "short": [1, 2]}', {"/short": "Expected `array` of length <= 1"}),
        (b"[]", {"": "Expected `object`, got `array`"}),
        (b"5", {"": "Expected `object`, got `integer`"}),
        (b"null", {"": "Expected `object`, got `null`"}),
        (
            b'{"amount": "x", "inner": {"number": -1, "z": 1}}',
            {
                "/amount": "Expected `integer`, got `string`",
                "/inner/number": "Expected `integer` >= 0",
                "/inner/z": UNKNOWN,
            },
        ),
    ],
)
def test_every_fault_is_named(raw: bytes, expected: dict[str, str]) -> None:
    assert expected == faults(Outer, raw)


def test_fields_that_are_unknown_may_be_allowed() -> None:
    assert faults(Open, b'{"amount": 1, "x": 2}') == {}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"pet": {"type": "cat", "lives": 9}}', {}),
        (b'{"pet": {"type": "cat", "lives": "x"}}', {"/pet/lives": "Expected `integer`, got `string`"}),
        (b'{"pet": {"type": "cow"}}', {"/pet/type": "Invalid value 'cow'"}),
    ],
)
def test_what_is_tagged_is_judged_by_msgspec(raw: bytes, expected: dict[str, str]) -> None:
    assert expected == faults(Owner, raw)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'{"amount": "\xff"}', b"[" * 100_000])
def test_what_cannot_be_read_has_no_faults_of_its_own(raw: bytes) -> None:
    assert faults(Outer, raw) == {}


def test_at_most_twenty_faults_are_told() -> None:
    raw = b"{%s}" % b",".join(b'"x%d": 1' % number for number in range(1000))
    assert len(find_faults(Outer, raw)) == 20


def test_at_most_twenty_faults_of_a_list_are_told() -> None:
    assert len(find_faults(list[int], b"[%s]" % b",".join([b'"x"'] * 1000))) == 20


def test_a_long_unknown_name_is_cut_short() -> None:
    assert list(faults(Outer, b'{"%s": 1}' % (b"x" * 5000))) == ["/amount", "/" + "x" * 64]


def error_of(kind: Any, raw: bytes) -> Exception:
    try:
        msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return error
    raise AssertionError("this can be decoded")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", Fault("", "The body is empty")),
        (b" \n", Fault("", "The body is empty")),
        (b'{"amount": 1', Fault("", "The body is not JSON: it ends too early")),
        (b'{"amount": 1} x', Fault("", "The body is not JSON: trailing characters (byte 15)")),
        (b"{'amount': 1}", Fault("", "The body is not JSON: object keys must be strings (byte 1)")),
        (b'{"amount": 01}', Fault("", "The body is not JSON: invalid number (byte 12)")),
        (b'{"amount": NaN}', Fault("", "The body is not JSON: invalid character (byte 11)")),
        (b'\xef\xbb\xbf{"amount": 1}', Fault("", "The body is not JSON: invalid character (byte 0)")),
        (b'{"amount": 1, "named": {"\xff": 1}}', Fault("", "The JSON is not UTF-8")),
        (b'{"amount": "x"} trailing', Fault("/amount", "Expected `integer`, got `string`")),
        (b'{"amount": "x", "at": "\xff"}', Fault("/amount", "Expected `integer`, got `string`")),
    ],
)
def test_an_error_of_the_decoder_is_explained(raw: bytes, expected: Fault) -> None:
    assert [expected] == explain(Outer, raw, error_of(Outer, raw))


def test_nesting_without_end_is_explained() -> None:
    class Nested(msgspec.Struct):
        inner: "list[Any]"

    raw = b'{"inner": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert [Fault("", "The JSON is nested too deeply")] == explain(Nested, raw, error_of(Nested, raw))


def test_a_huge_body_is_not_read_twice() -> None:
    raw = b'{"amount": "%s", "x": 1}' % (b"x" * 70_000)
    assert [Fault("/amount", "Expected `integer`, got `string`")] == explain(Outer, raw, error_of(Outer, raw))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Expected `int`, got `str`", Fault("", "Expected `integer`, got `string`")),
        ("Expected `int`, got `str` - at `$`", Fault("", "Expected `integer`, got `string`")),
        ("Expected `int`, got `str` - at `$.a[0].b`", Fault("/a/0/b", "Expected `integer`, got `string`")),
        ("Expected `int`, got `str` - at `$[3]`", Fault("/3", "Expected `integer`, got `string`")),
        ("Expected `int`, got `str` - at `$.a[...]`", Fault("/a", "Expected `integer`, got `string`")),
        ("Expected `int`, got `str` - at `$.a[...].b`", Fault("/a", "Expected `integer`, got `string`")),
        ("Object missing required field `a/b`", Fault("/a~1b", MISSING)),
        ("Object missing required field `b` - at `$.a`", Fault("/a/b", MISSING)),
        ("Object contains unknown field `a`b`", Fault("/a`b", UNKNOWN)),
        ("Object contains unknown field `~` - at `$[1]`", Fault("/1/~0", UNKNOWN)),
    ],
)
def test_a_message_of_msgspec_is_translated(message: str, expected: Fault) -> None:
    assert expected == translate(message)


@pytest.mark.parametrize(("name", "expected"), [("a", "a"), ("a/b", "a~1b"), ("~", "~0"), ("~1", "~01"), ("", "")])
def test_names_are_escaped_as_rfc_6901_says(name: str, expected: str) -> None:
    assert expected == escape(name)
