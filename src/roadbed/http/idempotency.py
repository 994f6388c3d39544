"""``Idempotency-Key`` (draft-ietf-httpapi-idempotency-key-header) to the digests that the data engine stores."""

from __future__ import annotations

from hashlib import blake2b

from roadbed.data.idempotency import Idempotency
from roadbed.http.limits import MAX_KEY
from roadbed.kernel.errors import Fault, Invalid

KEY_PATTERN = "^[\\x21-\\x7e]+$"

_VISIBLE = frozenset(range(0x21, 0x7F))
_CONDITIONS = (b"if-match", b"if-none-match")


def read_key(raw: bytes) -> bytes:
    """Return the key, without the quotes that the draft's structured string has and most clients leave out.

    Raises:
        Invalid: it is not 1 to 255 visible ASCII characters.
    """
    if not 1 <= len(raw) <= MAX_KEY or not _VISIBLE.issuperset(raw):
        detail = f"Expected 1 to {MAX_KEY} visible ASCII characters"
        raise Invalid(faults=[Fault("header:Idempotency-Key", detail)])
    if len(raw) > 2 and raw[:1] == raw[-1:] == b'"':
        return raw[1:-1]
    return raw


def _digest(parts: tuple[bytes, ...]) -> bytes:
    # Each part goes in behind its length: no two lists of parts make the same bytes.
    return blake2b(b"".join(b"%d:%b" % (len(part), part) for part in parts), digest_size=16).digest()


def fingerprint_call(
    key: bytes,
    method: str,
    path: str,
    body: bytes,
    query: bytes,
    fields: dict[bytes, bytes],
    credential: str = "",
) -> Idempotency:
    """Digest a call: the scope of its key, and its content (body, query and preconditions).

    A precondition that is absent differs from one that is empty.
    """
    conditions = [b"=" + fields[name] if name in fields else b"" for name in _CONDITIONS]
    return Idempotency(
        key=_digest((credential.encode(), method.encode(), path.encode(), key)),
        fingerprint=_digest((body, query, *conditions)),
    )
