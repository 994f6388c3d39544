"""One value of a setting: read from text, checked, printed, masked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

_MEASURE = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([a-zA-Z]*)\Z")
_FACTORS = {
    "bytes": {"": 1, "b": 1, "bytes": 1, "kib": KIB, "mib": MIB, "gib": GIB, "kb": 1000, "mb": 1000**2, "gb": 1000**3},
    "s": {"": 1.0, "ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0},
    "": {"": 1},
}
_FORMS = {
    "bytes": "a size in bytes, such as 1048576 or '1 MiB'",
    "s": "a time in seconds, such as 2.5, '500 ms' or '2 min'",
    "": "a number",
}
_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9_~-]+(?:\.[A-Za-z0-9_~-]+)*\.?")
_ENDPOINT = re.compile(r"https?://([^/?#\s]+)(?:/[^?#\s]*)?")
_FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_IPV6 = re.compile(r"(\[)?[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F.]*(?(1)\])")
_LIST = "a list of texts is expected (separated by commas in the environment)"
_BOOLS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_SECRET_PARAMETER = re.compile(r"([?&][^=&]*(?:password|passwd|secret|token|key)[^=&]*=)[^&]*", re.IGNORECASE)


def read(value: object, kind: type, unit: str = "") -> Any:
    """Return a value, given as text or as TOML holds it, in the type of its setting.

    Raises:
        ValueError: it is not of that type; the message says what is expected.
    """
    if kind is bool:
        return _read_bool(value)
    if kind is int or kind is float:
        return _read_number(value, kind, unit)
    if kind is tuple:
        return _read_list(value)
    if not isinstance(value, str | Path):
        raise ValueError("text is expected")  # noqa: TRY004 - a bad value from outside, not a bug
    return kind(value)


def _read_bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _BOOLS:
        return _BOOLS[value.lower()]
    raise ValueError("true or false is expected")


def _read_number(value: object, kind: type, unit: str) -> int | float:
    expected = "a whole number is expected" if kind is int and not unit else f"{_FORMS[unit]} is expected"
    if isinstance(value, str):
        match = _MEASURE.match(value.strip())
        factor = match and _FACTORS[unit].get(match[2].lower())
        if match is None or factor is None:
            raise ValueError(expected)
        number = float(match[1]) * factor if "." in match[1] or kind is float else int(match[1]) * int(factor)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = value
    else:
        raise ValueError(expected)  # noqa: TRY004
    if not -1e18 < number < 1e18 or (kind is int and number != int(number)):  # nan compares as false
        raise ValueError(expected)
    return kind(number)


def _read_list(value: object) -> tuple[str, ...]:
    parts: object = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError(_LIST)  # noqa: TRY004
    texts: list[str] = []
    for part in parts:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(part, str):
            raise ValueError(_LIST)  # noqa: TRY004
        if part.strip():
            texts.append(part.strip())
    return tuple(texts)


def host_problem(host: str) -> str:
    """Return why no request's Host could be this, or an empty text. ``*`` and ``*.example.org`` are patterns."""
    if host == "*" or _HOST.fullmatch(host) or _IPV6.fullmatch(host):
        return ""
    if "://" in host:
        return "a name without a scheme is expected"
    if re.fullmatch(r"(?:\[[0-9a-fA-F:.]+\]|[^:]+):[0-9]+", host):
        return "a name without a port is expected"
    return (
        "this is no host name (in the environment a list is separated by commas, without brackets and quotes)"
        if set(host) & set("[]\"'")
        else "this is no host name"
    )


def endpoint_problem(url: str) -> str:
    """Return why this is no base address of a collector, or an empty text."""
    found = _ENDPOINT.fullmatch(url)
    if found is None:
        return "http://host:port is expected"
    try:
        urlsplit(url).port  # noqa: B018 - it is read for its error
    except ValueError:
        return "http://host:port is expected"
    if "@" in found[1]:
        return "an address without user and password is expected; otlp_headers has room for those"
    return ""


def header_fields(text: str) -> dict[str, str]:
    """Return the header fields of ``name=value, name=value``; a value may hold ``=``.

    Raises:
        ValueError: some part is none; the message never quotes it, for it may be a secret.
    """
    fields: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (equals and value.isascii() and value.isprintable() and _FIELD_NAME.fullmatch(name)):
            raise ValueError("name=value is expected, several separated by commas")
        fields[name] = value
    return fields


def sqlite_file(url: str) -> str:
    """Return the file of ``sqlite:///relative.db`` or ``sqlite:////absolute.db``.

    Raises:
        ValueError: it names no file, or more than a file; the message says what is expected.
    """
    path = url.removeprefix("sqlite:///")
    if path in (url, ""):
        raise ValueError("a path is expected after sqlite:///")
    if path == ":memory:":
        raise ValueError("a file is expected: memory is not shared")
    if "?" in path:
        raise ValueError("a path without ? is expected")
    return path


def dsn_problem(dsn: str) -> str:
    """Return why nothing can be reported to this DSN of Sentry's, or an empty text. It never quotes the key."""
    expected = "https://key@host/project is expected"
    try:
        parts = urlsplit(dsn)
        port = parts.port
    except ValueError:
        return expected
    whole = parts.scheme in ("http", "https") and parts.username and parts.hostname and port != 0
    return "" if whole and parts.path.rpartition("/")[2].isdigit() else expected


def show(value: object, unit: str = "") -> str:
    """Return a value as a person reads it, and as ``read`` takes it: ``1 MiB``, ``30 s``, ``a, b``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if unit == "bytes" and isinstance(value, int | float):
        return _show_size(int(value))
    if isinstance(value, float):
        return f"{value:g} {unit}".rstrip()
    return f"{value} {unit}".rstrip() if isinstance(value, int) else str(value)


def _show_size(size: int) -> str:
    for name, factor in (("GiB", GIB), ("MiB", MIB), ("KiB", KIB)):
        if size and size % factor == 0:
            return f"{size // factor} {name}"
    return f"{size} bytes"


def mask(text: str) -> str:
    """Return a URL without its password. What cannot be told from a password is hidden too.

    A password may hold ``@``, ``/`` or ``:`` although it should not, so all between the first ``:`` and the last
    ``@`` goes.
    """
    scheme, separator, rest = text.partition("://")
    if not separator or "=" in scheme:
        return "***" if text else ""
    user, at, place = rest.rpartition("@")
    if at:
        name, colon, _ = user.partition(":")
        shown = f"{name}:***" if colon else user
        # Of an address of the web it is not a name but a key (Sentry's DSN): all of it is secret.
        rest = f"{'***' if scheme in ('http', 'https') else shown}@{place}"
    return _SECRET_PARAMETER.sub(r"\1***", f"{scheme}://{rest}")
