"""One value: read from text and from TOML, printed so that it can be read again, masked where it is secret."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadbed.kernel.settings_values import host_problem, mask, read, show, sqlite_file


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (True, True),
        (False, False),
        ("true", True),
        ("TRUE", True),
        ("yes", True),
        ("on", True),
        ("1", True),
        ("false", False),
        ("No", False),
        ("off", False),
        ("0", False),
    ],
)
def test_a_bool(raw: object, value: bool) -> None:
    assert read(raw, bool) is value


@pytest.mark.parametrize("raw", ["", "2", "maybe", "t", 1, 0, 1.0, None, []])
def test_no_bool(raw: object) -> None:
    with pytest.raises(ValueError, match="true or false"):
        read(raw, bool)


@pytest.mark.parametrize(("raw", "value"), [(3, 3), ("3", 3), (" 3 ", 3), ("003", 3), (3.0, 3), ("0", 0)])
def test_a_whole_number(raw: object, value: int) -> None:
    assert (read(raw, int), type(read(raw, int))) == (value, int)


@pytest.mark.parametrize(
    "raw", ["", "x", "3.5", "-1", "+1", "1e3", "0x10", "1_000", "3 s", "3 MiB", 3.5, True, None, [3], "٣", "9" * 40]
)
def test_no_whole_number(raw: object) -> None:
    with pytest.raises(ValueError, match="a whole number"):
        read(raw, int)


@pytest.mark.parametrize(
    ("raw", "size"),
    [
        ("1024", 1024),
        (1024, 1024),
        ("10 bytes", 10),
        ("10 B", 10),
        ("1 KiB", 1024),
        ("1KiB", 1024),
        ("1 kib", 1024),
        ("1 MiB", 1024**2),
        ("1.5 MiB", 1024**2 * 3 // 2),
        ("2 GiB", 2 * 1024**3),
        ("1 kB", 1000),
        ("3 MB", 3_000_000),
        ("1 GB", 1_000_000_000),
        ("1 TiB", None),
        ("MiB", None),
        ("1 s", None),
        ("-1 MiB", None),
        ("0.3 B", None),
        (float("inf"), None),
        (float("nan"), None),
    ],
)
def test_a_size(raw: object, size: int | None) -> None:
    if size is None:
        with pytest.raises(ValueError, match="size in bytes"):
            read(raw, int, "bytes")
    else:
        assert (read(raw, int, "bytes"), type(read(raw, int, "bytes"))) == (size, int)


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        ("30", 30.0),
        (30, 30.0),
        (2.5, 2.5),
        ("2.5", 2.5),
        ("500 ms", 0.5),
        ("500ms", 0.5),
        ("10 s", 10.0),
        ("2 min", 120.0),
        ("1 h", 3600.0),
        ("1 day", None),
        ("ten", None),
        ("-1", None),
        ("1:30", None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        ("9" * 400, None),
    ],
)
def test_a_time(raw: object, seconds: float | None) -> None:
    if seconds is None:
        with pytest.raises(ValueError, match="time in seconds"):
            read(raw, float, "s")
    else:
        assert (read(raw, float, "s"), type(read(raw, float, "s"))) == (seconds, float)


@pytest.mark.parametrize(
    ("raw", "texts"),
    [
        ("a,b", ("a", "b")),
        (" a , b ", ("a", "b")),
        ("a", ("a",)),
        ("a,,b,", ("a", "b")),
        ("", ()),
        ([], ()),
        (["a", " b "], ("a", "b")),
        (("a",), ("a",)),
    ],
)
def test_a_list(raw: object, texts: tuple[str, ...]) -> None:
    assert read(raw, tuple) == texts


@pytest.mark.parametrize("raw", [1, True, None, {"a": 1}, ["a", 1], [["a"]]])
def test_no_list(raw: object) -> None:
    with pytest.raises(ValueError, match="a list of texts"):
        read(raw, tuple)


@pytest.mark.parametrize(("raw", "kind", "value"), [("x", str, "x"), ("", str, ""), ("a/b", Path, Path("a/b"))])
def test_a_text_and_a_path(raw: object, kind: type, value: object) -> None:
    assert read(raw, kind) == value


@pytest.mark.parametrize("raw", [1, True, None, ["x"], {"x": 1}])
def test_no_text(raw: object) -> None:
    with pytest.raises(ValueError, match="text is expected"):
        read(raw, str)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (True, "", "true"),
        (False, "", "false"),
        (8000, "", "8000"),
        (1024 * 1024, "bytes", "1 MiB"),
        (3 * 1024**3, "bytes", "3 GiB"),
        (1536, "bytes", "1536 bytes"),
        (2048, "bytes", "2 KiB"),
        (0, "bytes", "0 bytes"),
        (30.0, "s", "30 s"),
        (0.5, "s", "0.5 s"),
        (0.25, "", "0.25"),
        (("a", "b"), "", "a, b"),
        ((), "", ""),
        (Path("data"), "", "data"),
        ("text", "", "text"),
    ],
)
def test_a_value_is_shown_for_people(value: object, unit: str, text: str) -> None:
    assert show(value, unit) == text


@given(st.integers(min_value=1, max_value=2**40))
def test_a_size_that_is_shown_is_read_again(size: int) -> None:
    assert read(show(size, "bytes"), int, "bytes") == size


@given(st.integers(min_value=1, max_value=3_600_000))
def test_a_time_that_is_shown_is_read_again(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert read(show(seconds, "s"), float, "s") == pytest.approx(seconds, rel=1e-5)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", ""),
        ("secret", "***"),
        ("postgresql://host/name", "postgresql://host/name"),
        ("postgresql://user@host/name", "postgresql://user@host/name"),
        ("postgresql://user:word@host:5432/name", "postgresql://user:***@host:5432/name"),
        ("postgres://user:@host/name", "postgres://user:***@host/name"),
        ("postgresql://user:w@rd@host/name", "postgresql://user:***@host/name"),
        ("postgresql://user:w/rd@host/name", "postgresql://user:***@host/name"),
        ("postgresql://user:w?rd#x@host/name", "postgresql://user:***@host/name"),
        ("postgresql://host/name?password=word", "postgresql://host/name?password=***"),
        ("postgresql://host/name?a=1&sslpassword=word&b=2", "postgresql://host/name?a=1&sslpassword=***&b=2"),
        ("postgresql://host/name?PGPASSWORD=word", "postgresql://host/name?PGPASSWORD=***"),
        ("postgresql:user:word@host/name", "***"),
        ("sqlite:///data/roadbed.db", "sqlite:///data/roadbed.db"),
    ],
)
def test_a_password_is_masked(url: str, shown: str) -> None:
    assert mask(url) == shown


@given(st.text(alphabet=st.characters(blacklist_characters="&*"), min_size=8))
def test_no_password_comes_through(password: str) -> None:
    assert password not in mask(f"postgresql://user:{password}@host/name").removeprefix("postgresql://user:")


@pytest.mark.parametrize(
    "host",
    [
        *(
            "api.example.org",
            "API.example.org",
            "localhost",
            "box_1.local",
            "a.example.",
            "10.0.0.5",
            "xn--bcher-kva.de",
        ),
        *("*", "*.example.org", "::1", "[::1]", "[2001:db8::5]", "fe80::192.0.2.1"),
    ],
)
def test_what_a_request_can_ask_for(host: str) -> None:
    assert host_problem(host) == ""


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("https://api.example.org", "a name without a scheme is expected"),
        ("api.example.org:8000", "a name without a port is expected"),
        ("[::1]:8000", "a name without a port is expected"),
        ("api.example.org/v1", "this is no host name"),
        ("api .example", "this is no host name"),
        ("api..example", "this is no host name"),
        (".example.org", "this is no host name"),
        ("*example.org", "this is no host name"),
        (
            "[::1",
            "this is no host name (in the environment a list is separated by commas, without brackets and quotes)",
        ),
        (
            '["a"',
            "this is no host name (in the environment a list is separated by commas, without brackets and quotes)",
        ),
    ],
)
def test_what_no_request_can_ask_for(host: str, problem: str) -> None:
    assert host_problem(host) == problem


@pytest.mark.parametrize(("url", "path"), [("sqlite:///near/a.db", "near/a.db"), ("sqlite:////far/a.db", "/far/a.db")])
def test_a_sqlite_url_names_a_file(url: str, path: str) -> None:
    assert sqlite_file(url) == path


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///", "a path is expected after sqlite:///"),
        ("sqlite:a.db", "a path is expected after sqlite:///"),
        ("sqlite:///:memory:", "a file is expected: memory is not shared"),
        # Were it taken for a part of the name here, and cut off there, there would be two files.
        ("sqlite:///a.db?mode=rw", "a path without \\? is expected"),
    ],
)
def test_a_sqlite_url_names_nothing_else(url: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        sqlite_file(url)
