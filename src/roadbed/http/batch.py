"""``POST /batch``: several operations, of any domains, in one transaction, with references to earlier results."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec

from roadbed.data.idempotency import Idempotency
from roadbed.data.sealing import seal, unseal
from roadbed.http.asgi import Fields, Message
from roadbed.http.bodies import JSON
from roadbed.http.call import Call
from roadbed.http.compiler import Endpoint
from roadbed.http.idempotency import read_key
from roadbed.http.operations import Operations
from roadbed.http.replies import own_fields
from roadbed.http.router import Router
from roadbed.kernel.errors import Conflict, Fault, Invalid, NotFound, PreconditionFailed, Refused, TooLarge

MOST_OPERATIONS = 100
BODY_LIMIT = 4 * 1024 * 1024
RESULTS_LIMIT = 16 * 1024 * 1024
"""Operations in one batch, bytes of its body, and bytes of the bodies of its results."""

Transact = Callable[[Idempotency | None, Callable[[], Awaitable[str]]], Awaitable[tuple[str, bool]]]
"""Runs work in one transaction, once per key: ``data.atomic.Atomic(database).run``."""

_FIELDS = {"if_match": "If-Match", "if_none_match": "If-None-Match", "content_type": "Content-Type"}
# In a JSON text, a quotation mark inside a string is escaped: these match members, and nothing inside strings.
_REFERENCE = re.compile(rb'\{\s*"\$result"\s*:\s*"((?:[^"\\]|\\.)*)"\s*\}|"\$(\$+result)"(?=\s*:)')
_IN_TEXT = re.compile(r"\{(/[^{}]*)\}")


class BatchHeaders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The header fields that an operation of a batch may have."""

    if_match: str | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="If-Match")
    if_none_match: str | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="If-None-Match")
    content_type: str | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="Content-Type")


class BatchOperation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One operation of a batch, as it would be sent alone.

    ``path`` is the path with its query; a body is JSON unless ``Content-Type`` says more. Results of earlier operations
    are at hand: ``{/0/body/id}`` in a path or a header field, and ``{"$result": "/0/body/id"}`` as a value anywhere in
    a body, stand for what is at that JSON pointer (RFC 6901) in the list of results. A member that shall really be
    called ``$result`` is written ``$$result``.
    """

    method: Annotated[Literal["GET", "POST", "PUT", "PATCH", "DELETE"], msgspec.Meta(examples=["GET"])]
    path: Annotated[str, msgspec.Meta(pattern="^/", max_length=8192, examples=["/transactions?limit=1"])]
    headers: BatchHeaders = BatchHeaders()
    body: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class NewBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Operations that all happen, in this order, or none of them."""

    operations: Annotated[list[BatchOperation], msgspec.Meta(min_length=1, max_length=MOST_OPERATIONS)]


class BatchResult(msgspec.Struct, frozen=True):
    """The reply to one operation. ``headers`` are those that belong to it (``etag``, ``location``, ``link``)."""

    status: Annotated[int, msgspec.Meta(ge=200, le=399)]
    headers: dict[str, str]
    body: msgspec.Raw


class Batches:
    """Runs batches: an edge has ``(operations, batches)`` among its groups, ``batches.serve`` then its endpoints."""

    def __init__(self, transact: Transact) -> None:
        self._transact = transact
        self._find = Router(()).find

    def serve(self, endpoints: Sequence[Endpoint]) -> None:
        """Take in the operations that may be part of a batch."""
        self._find = Router([each for each in endpoints if _may_join(each)]).find

    async def run(self, call: Call[Any], operations: Sequence[BatchOperation]) -> tuple[str, bool]:
        """Run all in one transaction; return the JSON of the results, and whether it is that of an earlier call."""

        async def work() -> str:
            results: list[msgspec.Raw] = []
            size = 0
            for index, operation in enumerate(operations):
                try:
                    result = await self._one(call, operation, results)
                except Refused as refusal:
                    raise _placed(refusal, index) from refusal
                size += len(result)
                if size > RESULTS_LIMIT:
                    raise TooLarge(f"The results have more than {RESULTS_LIMIT} bytes")
                results.append(msgspec.Raw(result))
            return msgspec.json.encode(results).decode()

        given = call.fields.get(b"idempotency-key")
        if given is None:
            return await self._transact(None, work)
        # A result may hold what may lie nowhere (a secret of a row): it is kept for nobody but who has the key.
        key = read_key(given)

        async def sealed() -> str:
            return seal(key, (await work()).encode())

        outcome, replayed = await self._transact(call.idempotency, sealed)
        return unseal(key, outcome).decode(), replayed

    async def _one(self, outer: Call[Any], operation: BatchOperation, results: Sequence[msgspec.Raw]) -> bytes:
        path, _, query = _IN_TEXT.sub(lambda found: _quoted(found[1], results), operation.path).partition("?")
        if not (path + query).isascii() or not path.isprintable():
            raise Invalid(faults=[Fault("path", "Expected a path as it is sent, percent-encoded")])
        body = b"" if operation.body is msgspec.UNSET else _filled(bytes(operation.body), results)
        match = self._find(path)
        if match is None:
            raise NotFound("There is nothing at this path that can be part of a batch")
        place, segments = match
        endpoint = place.endpoints.get(operation.method)
        if endpoint is None:
            raise NotFound(f"{operation.method} is not among the methods of this path")
        call: Call[Any] = Call(
            endpoint.service,
            outer.request_id,
            operation.method,
            path,
            _fields(outer.fields, operation, body, results),
            query.encode("ascii"),
            outer.started,
            outer.client,
            place.route,
            status=endpoint.status,
        )

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        reply = await endpoint.answer(call, segments, receive)
        if call.stream is not None or call.media_type != b"application/json":
            raise Invalid("This operation does not answer in JSON: it cannot be part of a batch")
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in own_fields(call)}
        return msgspec.json.encode(BatchResult(call.status, headers, msgspec.Raw(reply or b"null")))


operations: Operations[Batches] = Operations("batch", "Several operations at once")


@operations.post("/batch", raises=[NotFound, Conflict, PreconditionFailed], body_limit=BODY_LIMIT, alone=True)
async def batch(call: Call[Batches], body: NewBatch) -> list[BatchResult]:
    """Do several operations in one transaction: all of them, or none.

    They see what those before them have written. The first that fails undoes all; its error is the answer, and names
    the operation. What streams, or answers for the service itself, cannot be part of a batch.
    """
    outcome, call.replayed = await call.service.run(call, body.operations)
    return msgspec.json.decode(outcome, type=list[BatchResult])


def _may_join(endpoint: Endpoint) -> bool:
    return not endpoint.operation.alone and not endpoint.signature.is_streamed


def _fields(outer: Fields, operation: BatchOperation, body: bytes, results: Sequence[msgspec.Raw]) -> Fields:
    fields = {name: outer[name] for name in (b"host", b"x-forwarded-proto") if name in outer}
    for argument, name in _FIELDS.items():
        value = getattr(operation.headers, argument)
        if value is msgspec.UNSET:
            continue
        text = _IN_TEXT.sub(lambda found: _text(_at(found[1], results)), value)
        if not text.isascii() or not text.isprintable():
            raise Invalid(faults=[Fault(f"header:{name}", "Expected printable ASCII")])
        fields[name.lower().encode("ascii")] = text.encode("ascii")
    if body:
        fields.setdefault(b"content-type", JSON.encode("ascii"))
        fields[b"content-length"] = b"%d" % len(body)
    return fields


def _filled(body: bytes, results: Sequence[msgspec.Raw]) -> bytes:
    """Return a body with what its references stand for, all else as it was sent."""
    if b"$result" not in body:
        return body

    def fill(found: re.Match[bytes]) -> bytes:
        if found[1] is None:
            return b'"%b"' % found[2]
        return bytes(_at(msgspec.json.decode(b'"%b"' % found[1]), results))

    return _REFERENCE.sub(fill, body)


def _quoted(pointer: str, results: Sequence[msgspec.Raw]) -> str:
    return quote(_text(_at(pointer, results)), safe="")


def _text(raw: msgspec.Raw) -> str:
    value = bytes(raw)
    return msgspec.json.decode(value, type=str) if value[:1] == b'"' else value.decode()


def _at(pointer: str, results: Sequence[msgspec.Raw]) -> msgspec.Raw:
    """Return what is at a JSON pointer in the list of results, as its text.

    Raises:
        Invalid: there is nothing.
    """
    found: msgspec.Raw | None = msgspec.Raw(msgspec.json.encode(results))
    for part in pointer.split("/")[1:]:
        found = _member(found, part.replace("~1", "/").replace("~0", "~"))
        if found is None:
            break
    if found is None or not pointer.startswith("/"):
        raise Invalid(f"There is nothing at {pointer[:200]!r} in the results of the operations before this one")
    return found


def _member(raw: msgspec.Raw, name: str) -> msgspec.Raw | None:
    text = bytes(raw).lstrip()
    if text[:1] == b"{":
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get(name)
    if text[:1] == b"[" and name.isascii() and name.isdigit():
        entries = msgspec.json.decode(text, type=list[msgspec.Raw])
        return entries[int(name)] if len(name) < 5 and int(name) < len(entries) else None
    return None


def _placed(refusal: Refused, index: int) -> Refused:
    """Return a refusal that says which operation it is about."""
    place = f"/operations/{index}"
    placed = copy(refusal)
    placed.detail = f"{place}: {refusal.detail}"
    if isinstance(placed, (Invalid, Conflict)):
        placed.faults = tuple(Fault(_pointer(place, fault.pointer), fault.detail) for fault in placed.faults)
    return placed


def _pointer(place: str, pointer: str) -> str:
    return f"{place}/body{pointer}" if pointer[:1] in ("", "/") else f"{place} {pointer}"
