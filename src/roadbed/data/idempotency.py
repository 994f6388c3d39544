"""Idempotency of unsafe calls, as the data engine sees it: a key, a fingerprint and a stored outcome.

The row is written in the same transaction as what it describes. Only success is stored, for ``LIFETIME``.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

LIFETIME = timedelta(hours=24)


class Idempotency(msgspec.Struct, frozen=True, gc=False):
    """One ``Idempotency-Key`` in its scope.

    ``key`` is a 16-byte digest of (credential, method, path, key); ``fingerprint`` a 16-byte digest of body, query
    and preconditions. The stored row holds an ``outcome``: text from which the service makes the same reply again.
    """

    key: bytes
    fingerprint: bytes
