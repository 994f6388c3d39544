"""Values on their way into a statement and rows on their way out, alike on both engines.

SQLite stores a UUID as 16 bytes, a time as microseconds since 1970, a bool as 0 or 1. What one engine would store and
the other would not (NUL and lone surrogates in text, integers beyond 64 bits, NaN, a time without an offset) both
refuse here, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from roadbed.kernel.clock import from_micros, to_micros
from roadbed.kernel.errors import Fault, Invalid

R = TypeVar("R")
Row = tuple[Any, ...]

_LEAST, _MOST = -(2**63), 2**63 - 1
_PLAIN = {int, str, float, bool, bytes, UUID, datetime, type(None), Any}


def sqlite_value(name: str, value: Any) -> Any:
    """Return the value of a parameter as SQLite stores it.

    Raises:
        Invalid: it cannot be stored as it is; names the parameter.
        TypeError: a time without an offset.
    """
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, datetime):
        return to_micros(_with_offset(name, value))
    if isinstance(value, bool):
        return int(value)
    return postgres_value(name, value)


def postgres_value(name: str, value: Any) -> Any:
    """Return the value of a parameter for PostgreSQL: itself. What a list holds is not looked at.

    Raises:
        Invalid, TypeError: as ``sqlite_value`` does.
    """
    if isinstance(value, str):
        _check_text(name, value)
    elif isinstance(value, int):
        if not _LEAST <= value <= _MOST:
            raise _invalid(name, "must fit 64 bits")
    elif isinstance(value, float):
        if value != value:  # noqa: PLR0124  the one value that differs from itself
            raise _invalid(name, "must be a number")
    elif isinstance(value, datetime):
        _with_offset(name, value)
    return value


def _check_text(name: str, text: str) -> None:
    if "\0" in text:
        raise _invalid(name, "must not contain the character NUL")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _invalid(name, "must be text that UTF-8 can encode") from None


def _with_offset(name: str, instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise TypeError(f"{name}: a time needs its offset from UTC")
    return instant


def _invalid(name: str, detail: str) -> Invalid:
    return Invalid(faults=[Fault(f"/{name}", detail)])


def sqlite_decoder(row: type[R]) -> Callable[[Sequence[Row]], list[R]]:
    """Compile how rows of SQLite become structs: msgspec converts in bulk, times are counted out first."""
    if not issubclass(row, msgspec.Struct):
        return list
    kinds = _kinds(row)
    times = [index for index, kind in enumerate(kinds) if _holds(kind, datetime)]
    convert = _bulk(row, kinds)
    if not times:
        return convert
    return lambda rows: convert([_with_times(values, times) for values in rows])


def postgres_decoder(row: type[R], *, exact: bool) -> Callable[[Sequence[Sequence[Any]]], list[R]]:
    """Compile how records of asyncpg become structs.

    Their values already have the plain types. They are converted where the struct has others (an Enum, a Literal), and
    if ``exact``, where the statement computes what PostgreSQL answers as ``numeric`` and SQLite as a number.
    """
    if not issubclass(row, msgspec.Struct):
        return lambda rows: [tuple(values) for values in rows]  # pyright: ignore[reportReturnType]
    kinds = _kinds(row)
    if exact or not all(_is_plain(kind) for kind in kinds):
        convert = _bulk(row, kinds)
        return lambda rows: convert([tuple([_number(value) for value in values]) for values in rows])
    times = [index for index, kind in enumerate(kinds) if _holds(kind, datetime)]

    def decode(rows: Sequence[Sequence[Any]]) -> list[R]:
        for index in times:
            for values in rows:
                instant = values[index]
                if instant is not None and instant.tzinfo is None:
                    return [row(*_with_zone(values)) for values in rows]
        return [row(*values) for values in rows]

    return decode


@lru_cache(maxsize=1024)
def _kinds(row: type[Any]) -> tuple[Any, ...]:
    hints = get_type_hints(row)
    return tuple(hints[field] for field in row.__struct_fields__)


def _bulk(row: type[R], kinds: tuple[Any, ...]) -> Callable[[Sequence[Row]], list[R]]:
    shape: Any = list[tuple[kinds]]
    convert = msgspec.convert
    return lambda rows: [row(*values) for values in convert(rows, shape, strict=False)]


def _with_times(values: Row, times: list[int]) -> Row:
    changed = list(values)
    for index in times:
        if changed[index] is not None:
            changed[index] = from_micros(changed[index])
    return tuple(changed)


def _with_zone(values: Sequence[Any]) -> list[Any]:
    """asyncpg takes the first and the last instant of Python for infinite; they come back without a zone."""
    return [value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for value in values]


def _number(value: Any) -> Any:
    if type(value) is not Decimal:
        return value
    return int(value) if value == value.to_integral_value() else float(value)


def _holds(kind: Any, wanted: type) -> bool:
    return kind is wanted or any(_holds(part, wanted) for part in get_args(kind))


def _is_plain(kind: Any) -> bool:
    if get_origin(kind) is None:
        return kind in _PLAIN
    return type(None) in get_args(kind) and all(_is_plain(part) for part in get_args(kind))
