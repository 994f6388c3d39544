"""What a handler sees of a request, and what it adds to the reply."""

import pytest

from roadbed.http.call import Call, field_value


def call() -> Call[str]:
    return Call("service", "r", "GET", "/", {b"accept": b"text/html", b"x-name": b"caf\xe9"})


@pytest.mark.parametrize(
    ("name", "expected"), [("accept", "text/html"), ("Accept", "text/html"), ("X-Name", "café"), ("absent", None)]
)
def test_a_header_field_is_found_in_any_case(name: str, expected: str | None) -> None:
    assert expected == call().header(name)


def test_fields_are_added_in_order() -> None:
    made = call()
    made.add_header("Set-Cookie", "a=1")
    made.add_header("Set-Cookie", "b=2")
    assert made.extra == [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x=1", "a\nb", "a\rb", "a\0b", "\x7f", "日本"])
def test_a_value_that_could_forge_a_field_is_refused(value: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
        call().add_header("Location", value)


def test_a_name_that_could_forge_a_field_is_refused() -> None:
    with pytest.raises(ValueError, match="control characters"):
        call().add_header("X: 1\r\nY", "2")


def test_a_field_is_latin_1() -> None:
    assert field_value("café") == b"caf\xe9"


def test_two_calls_are_never_the_same() -> None:
    first, second = call(), call()
    assert len({first: 1, second: 2}) == 2
