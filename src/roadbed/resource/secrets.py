"""Secrets of rows: what is stored in their place, and how the reply to a create keeps them for its replays.

A replay owes the first reply again, with the secret; the value itself may lie nowhere. So the outcome that is kept
under an ``Idempotency-Key`` holds it sealed by that key, of which the database has but a digest: who reads the database
cannot open it, and who sends the key again can. A seal is as strong as the key is hard to guess.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256, shake_256
from secrets import token_bytes

import msgspec

Secrets = Mapping[str, str]
"""The secrets of one row, by the name of the field."""

NO_SECRETS: Secrets = {}

DIGEST_SIZE = 32
"""Bytes of a digest."""

_SALT = 16


def digest_of(secret: str) -> bytes:
    """Return what is stored of a secret, and what finds its row again: SHA-256.

    A secret is long and random, as ``make`` gave it: a slow digest, as passwords need, would add nothing.
    """
    return sha256(secret.encode()).digest()


def seal(key: bytes, several: Sequence[Secrets]) -> str:
    """Return the secrets of some rows as one word that only this key opens.

    They are added to a stream of SHAKE-256 over a fresh salt and the key: no salt comes twice, so no stream does.
    """
    plain = msgspec.json.encode(several)
    salt = token_bytes(_SALT)
    return urlsafe_b64encode(salt + _added(salt, key, plain)).decode()


def unseal(key: bytes, sealed: str) -> Sequence[Secrets]:
    """Return what was sealed with this very key."""
    raw = urlsafe_b64decode(sealed)
    return msgspec.json.decode(_added(raw[:_SALT], key, raw[_SALT:]), type=list[dict[str, str]])


def _added(salt: bytes, key: bytes, text: bytes) -> bytes:
    stream = shake_256(salt + key).digest(len(text))
    return bytes(one ^ other for one, other in zip(text, stream, strict=True))
