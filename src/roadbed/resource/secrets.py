"""Secrets of rows: what is stored in their place, and how the reply to a create keeps them for its replays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec

from roadbed.data import sealing

Secrets = Mapping[str, str]
"""The secrets of one row, by the name of the field."""

NO_SECRETS: Secrets = {}

DIGEST_SIZE = 32
"""Bytes of a digest."""


def digest_of(secret: str) -> bytes:
    """Return what is stored of a secret, and what finds its row again: SHA-256.

    A secret is long and random, as ``make`` gave it: a slow digest, as passwords need, would add nothing.
    """
    return sha256(secret.encode()).digest()


def seal(key: bytes, several: Sequence[Secrets]) -> str:
    """Return the secrets of some rows as one word that only this key opens."""
    return sealing.seal(key, msgspec.json.encode(several))


def unseal(key: bytes, sealed: str) -> Sequence[Secrets]:
    """Return what was sealed with this very key."""
    return msgspec.json.decode(sealing.unseal(key, sealed), type=list[dict[str, str]])
