"""Pages of a list: a bound, an opaque keyset cursor, and the ``Link`` to the next page (RFC 8288)."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec

C = TypeVar("C")

_INT64 = range(-(2**63), 2**63)

# What may stand in a query as it is (RFC 3986, section 3.4), less what would end the <…> of a Link.
_QUERY_SAFE = "%&=+-._~!$'()*,;:@/?"


class Page(msgspec.Struct, Generic[C], frozen=True):
    """What a list was asked for: at most ``limit`` rows ``after`` a cursor; count all if ``total``."""

    limit: int
    after: C | None = None
    total: bool = False


class CursorCodec(Generic[C]):
    """Cursors of one type to text and back. The text is base64url without padding over MessagePack."""

    def __init__(self, kind: type[C]) -> None:
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._encoder = msgspec.msgpack.Encoder()

    def write(self, cursor: C) -> str:
        """Return the cursor as text."""
        return urlsafe_b64encode(self._encoder.encode(cursor)).rstrip(b"=").decode("ascii")

    def read(self, text: str) -> C:
        """Read a cursor back.

        Raises:
            ValueError: this is none of the texts that ``write`` returns.
        """
        try:
            raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            cursor = self._decoder.decode(raw)
            # Base64 and MessagePack both let several texts mean one value; only ours is a cursor.
            if self.write(cursor) == text and _storable(cursor):
                return cursor
        except (Base64Error, msgspec.DecodeError, UnicodeError, OverflowError, RecursionError):
            pass
        raise ValueError("Expected a cursor from the `Link` of an earlier page")


def _storable(cursor: Any) -> bool:
    # A forged cursor must fail here, not in the database: no engine holds more than an int64, nor NUL in text.
    values = msgspec.structs.astuple(cursor) if isinstance(cursor, msgspec.Struct) else (cursor,)
    return all(
        value in _INT64 if isinstance(value, int) else "\0" not in value if isinstance(value, str) else True
        for value in values
    )


def next_link(path: str, query: bytes, after: str) -> str:
    """Return the value of ``Link`` for the next page: this request with another ``after``, all else kept."""
    kept = [pair for pair in query.split(b"&") if pair and pair.partition(b"=")[0] != b"after"]
    kept.append(b"after=" + after.encode("ascii"))
    target = quote(path, safe="%/-._~!$'()*+,;=:@") + "?" + quote(b"&".join(kept), safe=_QUERY_SAFE)
    return f'<{target}>; rel="next"'
