"""A write: everything that changes one key is one. Both dialects decide by the same rules.

The order of the rules: a known ``Idempotency-Key`` answers first; then whether the key is there (a value that is past
its ``expires_at`` is not); then the preconditions.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from roadbed.data.idempotency import Idempotency
from roadbed.kernel.errors import Conflict, KeyReused, NotFound, PreconditionFailed, RoadbedError

FEED: Final = "kv"
"""The feed whose numbers are the versions: they rise over all keys, and none comes again."""

CREATE: Final = 0
PUT: Final = 1
DELETE: Final = 2
"""What a write may be: of a key that is not there, of one that may be, of one that is."""

DONE: Final = 0
REPLAYED: Final = 1
KEY_REUSED: Final = 2
EXISTS: Final = 3
MISSING: Final = 4
CONDITION: Final = 5
"""What may become of it."""

LARGE: Final = 64 * 1024
"""Characters of JSON text. A flight carries at most one value above this, the log of changes none."""

KINDS: Final = {201: "create", 200: "change", 204: "delete"}
"""What the log calls a change, by the status of its reply."""

ANY_VERSION: Final = "*"


class Write(msgspec.Struct, frozen=True, gc=False):
    """One change of one key. ``value`` is JSON text, ``ttl`` in seconds; the conditions are as ``tags`` makes them."""

    kind: int
    key: str
    value: str | None = None
    ttl: int | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    idempotency: Idempotency | None = None


class Written(msgspec.Struct, frozen=True, gc=False):
    """The change was made now. ``status`` is that of the reply: 201 for a key that was not there."""

    status: int
    version: int
    updated_at: datetime
    expires_at: datetime | None


class Known(msgspec.Struct, frozen=True, gc=False):
    """An earlier request with the same ``Idempotency-Key`` made the change: then the key got this version."""

    status: int
    version: int


Outcome = Written | Known | RoadbedError


def clashes(write: Write) -> Sequence[object]:
    """Return what two writes of one flight must not share: a key, an idempotency key, the room for a large value."""
    held: list[object] = [write.key]
    if write.idempotency is not None:
        held.append(write.idempotency.key)
    if write.value is not None and len(write.value) > LARGE:
        held.append(LARGE)
    return held


def tags(versions: Container[int] | None) -> str | None:
    """Return a condition as text that both engines look into: ``*``, or versions each between commas.

    ``versions`` contains -1, which is none, only if it contains everything.
    """
    if versions is None:
        return None
    if -1 in versions or not isinstance(versions, Iterable):
        return ANY_VERSION
    return f",{','.join(map(str, versions))},"


def names(condition: str, version: int) -> bool:
    """Tell whether a condition names a version."""
    return condition == ANY_VERSION or f",{version}," in condition


def judge(write: Write, version: int | None) -> int:
    """Return what becomes of a write where the key is at ``version``, or is not there."""
    if version is None:
        if write.kind == DELETE:
            return MISSING
        return DONE if write.if_match is None else CONDITION
    if write.kind == CREATE:
        return EXISTS
    if write.if_match is not None and not names(write.if_match, version):
        return CONDITION
    if write.if_none_match is not None and names(write.if_none_match, version):
        return CONDITION
    return DONE


def status_of(write: Write, existed: bool) -> int:
    """Return the status of the reply to a write that was made."""
    if write.kind == DELETE:
        return 204
    return 200 if existed else 201


def is_kept(value: str | None) -> bool:
    """Tell whether the log of changes keeps a value: a large one is fetched by its version."""
    return value is not None and len(value) <= LARGE


def known(outcome: str) -> Known:
    """Read back what is stored for an idempotency key: the status and the version."""
    status, _, version = outcome.partition(" ")
    return Known(int(status), int(version))


def refusal(code: int, key: str) -> RoadbedError:
    """Return the error of a code."""
    if code == KEY_REUSED:
        return KeyReused("This Idempotency-Key came with other content before")
    if code == EXISTS:
        return Conflict(f"The key {key!r} is there already", "key-exists")
    if code == MISSING:
        return NotFound(f"There is no key {key!r}")
    return PreconditionFailed(f"The key {key!r} is not at a version that the condition allows")
