"""What the store holds and says: the structs of its API, what a key may look like, and values as text."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

import msgspec

from roadbed.kernel.errors import Fault, Invalid, TooLarge

MAX_KEY = 255
"""Characters (code points) in a key."""

MAX_VALUE = 1024 * 1024
"""Bytes in the JSON text of a value."""

MAX_TTL = 100 * 365 * 24 * 3600
"""Seconds: a hundred years. What shall last longer has no ``ttl``."""

_ANY = r"[^/\x00-\x1f\x7f-\x9f]"
_NO_DOT = r"[^./\x00-\x1f\x7f-\x9f]"
_SEGMENT = rf"(?:{_NO_DOT}{_ANY}*|\.{_NO_DOT}{_ANY}*|\.\.{_ANY}+)"
KEY_PATTERN = f"^{_SEGMENT}(?:/{_SEGMENT})*$"
"""A key as a regular expression, for OpenAPI: segments between slashes, none of them empty, ``.`` or ``..``."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

Key = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=MAX_KEY,
        description="Up to 255 characters, slashes inside allowed",
        examples=["app/theme"],
        extra_json_schema={"pattern": KEY_PATTERN},
    ),
]
Value = Annotated[
    msgspec.Raw, msgspec.Meta(description="Any JSON, kept letter by letter", examples=[{"mode": "light"}])
]
Prefix = Annotated[
    str,
    msgspec.Meta(
        max_length=MAX_KEY, description="What the keys begin with", extra_json_schema={"pattern": r"^[^\x00]*$"}
    ),
]
Version = Annotated[int, msgspec.Meta(ge=1, description="A number of the store's writes", examples=[17])]
Ttl = Annotated[
    int, msgspec.Meta(ge=1, le=MAX_TTL, description="Seconds after which the value is gone", examples=[3600])
]


class NewEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A value to be stored under a key that is not there yet."""

    key: Key
    value: Value
    ttl: Ttl | None = None


class NewValue(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A value to be stored, in place of the one that is there. Without a ``ttl`` it stays."""

    value: Value
    ttl: Ttl | None = None


class Entry(msgspec.Struct, frozen=True):
    """A key and its value. The version rises with every change of anything in the store, and never comes again."""

    key: str
    value: msgspec.Raw
    version: Version
    updated_at: datetime
    expires_at: datetime | None


class Revision(msgspec.Struct, frozen=True):
    """A key as it was from one version to the next.

    There is no value where the key was deleted, or where the value's ``expires_at`` has passed.
    """

    key: str
    version: Version
    updated_at: datetime
    expires_at: datetime | None
    deleted: bool
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Touched(msgspec.Struct, frozen=True):
    """What a watcher is told of a key whose value it is not shown: it was deleted, its time is over, or it is long."""

    key: str
    version: Version
    updated_at: datetime
    deleted: bool


def check_key(key: str, pointer: str) -> None:
    """Check what a key is made of; ``pointer`` says where it was given. Its length is checked before.

    Raises:
        Invalid: control characters; a slash at an end or two in a row; a segment ``.`` or ``..``.
    """
    if key.isascii() and key.isalnum():
        return
    segments = key.split("/")
    if _CONTROL.search(key) is not None:
        detail = "Control characters are not allowed in a key"
    elif "" in segments:
        detail = "A key neither begins nor ends with a slash, nor has two in a row"
    elif "." in segments or ".." in segments:
        detail = "No part of a key between slashes is `.` or `..`"
    else:
        return
    raise Invalid(faults=[Fault(pointer, detail)])


def value_text(value: msgspec.Raw, pointer: str) -> str:
    """Return the JSON text of a value that was sent, letter by letter; the decoder has read it as JSON already.

    Raises:
        Invalid: it is not UTF-8.
        TooLarge: it has more than ``MAX_VALUE`` bytes.
    """
    raw = bytes(value)
    if len(raw) > MAX_VALUE:
        raise TooLarge(f"The value has more than {MAX_VALUE} bytes")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Invalid(faults=[Fault(pointer, "The JSON is not UTF-8")]) from None
