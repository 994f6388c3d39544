"""From what a handler returned to the bytes of the reply's body, and what follows for its status and header fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from roadbed.data.listing import Listing
from roadbed.http.call import Call
from roadbed.http.operations import Operation
from roadbed.http.paging import CursorCodec, next_link
from roadbed.http.preconditions import read_tags
from roadbed.http.problems import is_unsafe
from roadbed.http.reply import Reply
from roadbed.http.signature import Signature
from roadbed.kernel.errors import PreconditionFailed

Finish = Callable[[Call[Any], Any], bytes]


def make_finish(operation: Operation, signature: Signature) -> Finish:
    """Return what turns the values of one handler into replies."""
    if signature.is_raw:
        return _finish_raw
    if signature.may_be_raw:
        finish_value = make_finish(operation, replace(signature, may_be_raw=False))
        return lambda call, result: (_finish_raw if type(result) is Reply else finish_value)(call, result)
    encode = _encoder.encode
    if signature.row is not None:
        finish_listing = _make_finish_listing(signature)
        if signature.single is None:
            return finish_listing
        finish_single = make_finish(operation, replace(signature, row=None, single=None, returns=signature.single))

        def finish_either(call: Call[Any], result: Any) -> bytes:
            if type(result) is not Listing:
                return finish_single(call, result)
            # It has no version to compare; conditions that are malformed are refused all the same.
            is_fresh(call)
            return finish_listing(call, result)

        return finish_either
    if signature.returns is type(None):
        return lambda _call, _result: b""
    if is_unsafe(operation.method):
        return lambda _call, result: encode(result)

    if "version" not in signature.sets:
        return lambda _call, result: encode(result)

    def finish(call: Call[Any], result: Any) -> bytes:
        fields = call.fields
        if (b"if-none-match" in fields or b"if-match" in fields) and is_fresh(call):
            return b""
        return encode(result)

    return finish


def _make_finish_listing(signature: Signature) -> Finish:
    encode = _encoder.encode
    write = CursorCodec[Any](signature.cursor).write if signature.cursor is not None else None

    def finish_listing(call: Call[Any], listing: Any) -> bytes:
        if listing.next is not None and write is not None:
            call.add_header("link", next_link(call.path, call.query, write(listing.next)))
        if listing.total is not None:
            call.add_header("total-count", str(listing.total))
        if listing.encoded is None:
            listing.encoded = encode(listing.items)
        return listing.encoded

    return finish_listing


def _finish_raw(call: Call[Any], reply: Any) -> bytes:
    if reply.status is not None:
        call.status = reply.status
    call.media_type = reply.media_type.encode("latin-1")
    for name, value in reply.headers.items():
        call.add_header(name, value)
    if call.version is not None and not is_unsafe(call.method) and is_fresh(call):
        return b""
    if isinstance(reply.body, bytes):
        return reply.body
    call.stream = reply.body
    return b""


def is_fresh(call: Call[Any]) -> bool:
    """Tell whether the client has this version already, and make the reply a 304 if so (RFC 9110, section 13.2.2)."""
    if_match, if_none_match = call.header("if-match"), call.header("if-none-match")
    known = None if if_match is None else read_tags(if_match, "If-Match", weak=False)
    fresh = None if if_none_match is None else read_tags(if_none_match, "If-None-Match", weak=True)
    version = call.version
    if version is None:
        return False
    if known is not None and version not in known:
        raise PreconditionFailed(f"The version is {version}")
    if fresh is None or version not in fresh:
        return False
    call.status = 304
    return True


# Defaults of msgspec: UUIDs canonical, times RFC 3339 with Z for UTC, Decimals as strings.
_encoder = msgspec.json.Encoder()
