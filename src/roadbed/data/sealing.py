"""Seals: texts in the database that only a caller's own key opens.

A replay owes the first reply again, and a reply may hold what may lie nowhere (a voucher's redemption code). So what is
kept of it under an ``Idempotency-Key`` is sealed by that key, of which the database has but a digest: who reads the
database cannot open it, and who sends the key again can. A seal is as strong as the key is hard to guess.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import shake_256
from secrets import token_bytes

_SALT = 16


def seal(key: bytes, plain: bytes) -> str:
    """Return a text that only this key opens, without blanks.

    It is added to a stream of SHAKE-256 over a fresh salt and the key: no salt comes twice, so no stream does.
    """
    salt = token_bytes(_SALT)
    return urlsafe_b64encode(salt + _added(salt, key, plain)).decode("ascii")


def unseal(key: bytes, sealed: str) -> bytes:
    """Return what was sealed with this very key; with any other one, noise."""
    raw = urlsafe_b64decode(sealed)
    return _added(raw[:_SALT], key, raw[_SALT:])


def _added(salt: bytes, key: bytes, text: bytes) -> bytes:
    stream = shake_256(salt + key).digest(len(text))
    return (int.from_bytes(text) ^ int.from_bytes(stream)).to_bytes(len(text))
