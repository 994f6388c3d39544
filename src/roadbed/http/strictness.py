"""What msgspec lets pass and a ledger must not: names given twice, UUIDs without hyphens, integers beyond int64.

Looking for them by a second reading would double the cost of a body. Instead each type gets a cheap proof of
innocence, made once at start: a decoded body tells how many quotation marks an honest text of it has (two per name,
two per string), and a text that has exactly so many, and no escapes, gives no name twice. What is kept as it was sent
(``msgspec.Raw``) may hold anything: it is counted, not looked into. Only a text that fails its proof is read again, by
``faults``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

import msgspec

from roadbed.http.parameters import INT64_MAX, INT64_MIN
from roadbed.http.shapes import bare, is_object, leaves

Suspect = Callable[[bytes, Any], bool]
"""Says of a text and its decoded value whether it must be read again. False is a proof, True is a suspicion."""

_STRINGS = (str, UUID, datetime, date, time, timedelta, Decimal, bytes)
_NUMBERS = (int, float, bool)
_SHORT_UUID = re.compile(rb'"[0-9a-fA-F]{32}"')
_LONG_INTEGER = re.compile(rb"[0-9]{19}")


def make_suspicion(kind: Any) -> Suspect:
    """Return the check for bodies of this type."""
    parts = leaves(kind)
    has_uuid = any(plain is UUID for plain, _ in parts)
    open_integers = any(plain is int and not _fits(annotation) for plain, annotation in parts)
    count = _quotes_of(kind)

    def suspect(raw: bytes, value: Any) -> bool:
        return (
            count is None
            or raw.count(b'"') != count(value)
            or (b"\\" in raw and raw.count(b"\\") != sum(bytes(part).count(b"\\") for part in _raw_parts(value)))
            or (has_uuid and _SHORT_UUID.search(raw) is not None)
            or (open_integers and _LONG_INTEGER.search(raw) is not None)
        )

    return suspect


def _fits(annotation: Any) -> bool:
    """Tell whether the bounds of an integer keep it within int64."""
    low = high = None
    for part in (annotation, *get_args(annotation)):
        if get_origin(part) is Annotated:
            for meta in part.__metadata__:
                if isinstance(meta, msgspec.Meta):
                    low = meta.ge if meta.ge is not None else meta.gt if meta.gt is not None else low
                    high = meta.le if meta.le is not None else meta.lt if meta.lt is not None else high
    return low is not None and high is not None and low >= INT64_MIN and high <= INT64_MAX


def _quotes_of(kind: Any) -> Callable[[Any], int] | None:
    """Return what counts the quotation marks of an honest text, or None where only reading it again can tell."""
    plain, _ = bare(kind)
    if not is_object(plain):
        return None if plain not in (*_STRINGS, *_NUMBERS, msgspec.Raw) else _weight
    fixed = 0
    varying: list[tuple[str, Any]] = []
    for field in msgspec.structs.fields(plain):
        inner, optional = bare(field.type)
        is_string = inner in _STRINGS or (isinstance(inner, type) and issubclass(inner, Enum))
        if not is_string and inner not in _NUMBERS and inner is not msgspec.Raw:
            return None
        if field.required and inner in _NUMBERS:
            fixed += 2
        elif field.required and is_string and not optional and not _is_enum(inner):
            fixed += 4
        else:
            varying.append((field.name, msgspec.NODEFAULT if field.required else field.default))
    if not varying:
        return lambda _value: fixed

    def count(value: Any) -> int:
        # A value that equals its default counts as absent. Where it was sent all the same, the numbers differ, which
        # costs a second reading and harms nobody.
        total = fixed
        for name, default in varying:
            member = getattr(value, name)
            if member is not default and member != default:
                total += 2 + _weight(member)
        return total

    return count


def _raw_parts(value: Any) -> list[msgspec.Raw]:
    """Return what a decoded body holds as it was sent: itself, or members of it."""
    if isinstance(value, msgspec.Raw):
        return [value]
    members = msgspec.structs.astuple(value) if isinstance(value, msgspec.Struct) else ()
    return [member for member in members if isinstance(member, msgspec.Raw)]


def _is_enum(plain: Any) -> bool:
    return isinstance(plain, type) and issubclass(plain, Enum)


def _weight(value: Any) -> int:
    if isinstance(value, msgspec.Raw):
        return bytes(value).count(b'"')
    if isinstance(value, Enum):
        value = value.value
    return 2 if isinstance(value, _STRINGS) else 0
