"""Bodies: media type, size, time, strict JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from roadbed.http.asgi import ClientLeft, Fields, Receive
from roadbed.http.call import READING, RUNNING, Call
from roadbed.http.faults import explain, find_faults
from roadbed.http.strictness import make_suspicion
from roadbed.kernel.errors import Fault, Invalid, TooLarge, UnsupportedMediaType

JSON = "application/json"

_REMEMBERED = 64
_NO_CODING = (b"", b"identity")


class MediaTypes:
    """Which ``Content-Type`` values an operation reads (RFC 9110, section 8.3). Values seen are remembered."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = frozenset(name.lower() for name in names)
        self._expected = " or ".join(names)
        self._seen = {name.encode("latin-1") for name in names}

    def check(self, fields: Fields) -> None:
        """Refuse a body that is of another type, charset or coding.

        Raises:
            UnsupportedMediaType: also where there is no Content-Type: guessing is how forms pass as JSON.
            Invalid: the body is in a transfer coding that nobody here undoes.
        """
        value = fields.get(b"content-type")
        if value not in self._seen:
            self._examine(value)
        if b"content-encoding" in fields and fields[b"content-encoding"].strip().lower() not in _NO_CODING:
            raise UnsupportedMediaType("A body with a Content-Encoding is not read; send it as it is")
        if b"transfer-encoding" in fields and fields[b"transfer-encoding"].strip().lower() != b"chunked":
            raise Invalid(faults=[Fault("header:Transfer-Encoding", "Expected `chunked`, and no other coding with it")])

    def _examine(self, value: bytes | None) -> None:
        if value is None:
            raise UnsupportedMediaType(f"Content-Type is missing; expected {self._expected}")
        name, _, rest = value.decode("latin-1").partition(";")
        if name.strip().lower() not in self._names:
            raise UnsupportedMediaType(f"Expected {self._expected}")
        for parameter in rest.split(";"):
            key, _, setting = parameter.partition("=")
            if key.strip().lower() == "charset" and setting.strip().strip('"').lower() not in ("utf-8", "utf8"):
                raise UnsupportedMediaType("Expected the charset to be utf-8")
        if len(self._seen) < _REMEMBERED:
            self._seen.add(value)


class JsonBody:
    """A strict decoder of JSON for one type."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._decode = msgspec.json.Decoder(kind).decode
        self._suspect = make_suspicion(kind)

    def decode(self, raw: bytes, faults: list[Fault]) -> Any:
        """Return the value of a JSON text; what is wrong with it is appended to ``faults``."""
        try:
            value = self._decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            faults.extend(explain(self._kind, raw, error))
            return None
        if self._suspect(raw, value):
            faults.extend(find_faults(self._kind, raw))
        return value


def has_body(fields: Fields) -> bool:
    """Tell whether a request carries a body, by its head (RFC 9112, section 6.3)."""
    return fields.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in fields


async def read_body(call: Call[Any], receive: Receive, limit: int) -> bytes:
    """Return the whole body, at most ``limit`` bytes of it. The sweep watches how long that takes.

    Raises:
        TooLarge: by ``Content-Length`` before a byte is read, or by count while they arrive.
        ClientLeft: the client closed the connection first.
    """
    length = declared_length(call.fields)
    if length is not None and length > limit:
        raise TooLarge(f"The body has more than {limit} bytes")
    call.phase = READING
    message = await receive()
    body: bytes = message.get("body", b"") if message["type"] == "http.request" else _gone()
    if message.get("more_body", False) or len(body) > limit:
        body = await _read_rest(body, receive, limit)
    call.phase = RUNNING
    return body


async def _read_rest(first: bytes, receive: Receive, limit: int) -> bytes:
    parts = [first]
    size = len(first)
    while True:
        if size > limit:
            raise TooLarge(f"The body has more than {limit} bytes")
        message = await receive()
        if message["type"] != "http.request":
            _gone()
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if not message.get("more_body", False):
            if size > limit:
                raise TooLarge(f"The body has more than {limit} bytes")
            return b"".join(parts)


def _gone() -> bytes:
    raise ClientLeft


def declared_length(fields: Fields) -> int | None:
    """Return what ``Content-Length`` says, in bytes, or None.

    Raises:
        Invalid: it is no number.
    """
    value = fields.get(b"content-length")
    if value is None:
        return None
    if not value.isdigit():
        raise Invalid(faults=[Fault("header:Content-Length", "Expected a whole number")])
    # More digits than any honest size has are not worth converting.
    return int(value) if len(value) < 20 else 1 << 63
