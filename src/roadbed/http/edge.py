"""The outermost ASGI application: every request comes in here, every reply leaves here, with all conventions.

How to compose it (this is what ``app`` does)::

    events = Events()
    edge = Edge(
        [(ledger.operations, ledger_service), (platform_operations, platform)],
        events,
        HttpOptions(allowed_hosts=("example.org",), version="1.2.0"),
        mounts={"/console": Mount(static_files)},
    )                                           # ConfigurationError: some operation is declared wrongly

``edge`` is the application to serve or to drive in a test (``httpx.ASGITransport``). It makes and closes nothing of
what it is given. ``/openapi.json`` and ``/docs`` come with it. To bound connections, heads and idling too, serve it
with ``uvicorn.Config(..., http=protocol.PROTOCOL)`` and when the lifespan starts set
``scope["state"][connections.STATE_KEY] = edge.connections``. While the process shuts down call ``edge.drain()``:
replies then say ``Connection: close``; ``edge.abandon()`` answers 503 to whatever still runs.

Exactly one ``RequestFinished`` is emitted per request, whatever became of it, and a ``RequestFailed`` before it for an
error that nobody foresaw.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any
from urllib.parse import quote

from roadbed.http import conventions, docs, fields
from roadbed.http.asgi import ClientLeft, Header, Receive, ReplyBroken, Scope, Send
from roadbed.http.call import ABANDONED, EXPIRED, TOO_SLOW, Call, field_value
from roadbed.http.compiler import compile_groups
from roadbed.http.connections import Connections
from roadbed.http.deadlines import Deadlines
from roadbed.http.guard import Guard
from roadbed.http.limits import CLIENT_CLOSED, HttpOptions
from roadbed.http.mounts import Mount, MountTable, run_mount
from roadbed.http.operations import Operations
from roadbed.http.problems import MEDIA_TYPE, Failure, internal, is_unsafe, render
from roadbed.http.router import Place, Router
from roadbed.kernel.errors import (
    DeadlineExceeded,
    MethodNotAllowed,
    NotFound,
    OutcomeUnknown,
    RoadbedError,
    TooSlow,
    Unavailable,
)
from roadbed.kernel.events import Events, RequestFailed, RequestFinished

_NO_CONTENT = (204, 304)
_CLOSE: Header = (b"connection", b"close")
# The body of such a request was not read to its end: the connection cannot be used again.
_CLOSING = (408, 413)
# Phases of a call whose task was cancelled by ourselves.
_BY_US = (TOO_SLOW, EXPIRED, ABANDONED)


class Edge:
    """The one ASGI wrapper around all operations and mounts. See the module for how to compose it."""

    def __init__(
        self,
        operation_groups: Sequence[tuple[Operations[Any], Any]],
        events: Events,
        options: HttpOptions | None = None,
        mounts: Mapping[str, Mount] | None = None,
    ) -> None:
        self.options = options = options or HttpOptions()
        self.connections = Connections(options, events)
        groups = [*operation_groups, (docs.operations, docs.Documentation(self.document))]
        self._groups = [group for group, _ in groups]
        self.endpoints = compile_groups(groups, options)
        self._find = Router(self.endpoints).find
        self._mounts = MountTable({docs.ASSETS: docs.assets(), **(mounts or {})})
        self._guard = Guard(options)
        self._known_hosts = self._guard.known_hosts
        self._has_cors = self._guard.has_cors
        self._deadlines = Deadlines(options.request_timeout, options.body_timeout, options.sweep_interval)
        self._running = self._deadlines.running
        self._watch = self._deadlines.watch
        self._finished = events.subscribers(RequestFinished)
        self._failed = events.subscribers(RequestFailed)
        self._draining = False

    @property
    def in_flight(self) -> int:
        """How many operations run at this moment."""
        return len(self._running)

    def document(self) -> bytes:
        """Return the OpenAPI document of all that is served here, as JSON text."""
        # Only this needs the schema machinery: a start does without.
        from roadbed.http import openapi

        return openapi.encode(openapi.document(self._groups, self.endpoints, self.options))

    def drain(self) -> None:
        """Ask every client to close its connection after its next reply."""
        self._draining = True

    def abandon(self) -> None:
        """Answer 503 to all that still runs."""
        self._deadlines.abandon()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await _other(scope, receive, send)
            return
        raw: list[Header] = scope["headers"]
        given = dict(raw)
        call: Call[Any] = Call(
            None,
            conventions.request_id(given.get(b"x-request-id")),
            scope["method"],
            (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1"),
            given,
            scope["query_string"],
            perf_counter(),
            (scope.get("client") or _NOBODY)[0],
        )
        failure: Failure
        try:
            body = await self._answer(call, raw, scope, receive, send)
            headers = [] if body is None else self._headers(call, body)
        except RoadbedError as error:
            failure = render(error, call.request_id, call.method, keyed=b"idempotency-key" in call.fields)
        except asyncio.CancelledError:
            failure = self._cancelled(call)
            if call.phase not in _BY_US:
                # Whoever runs the server wants this task to end. Its client is owed an answer all the same.
                await self._fail(call, failure, send)
                raise
        except ClientLeft:
            self._emit(call, CLIENT_CLOSED, 0, "")
            return
        except ReplyBroken as broken:
            # Nothing more can be said. The server sees a reply without an end, and closes the connection.
            self._unforeseen(call, broken.cause)
            self._emit(call, broken.status, broken.size, RoadbedError.slug)
            return
        except Exception as error:  # noqa: BLE001 - this is where every error ends that nobody foresaw
            failure = self._unforeseen(call, error)
        else:
            if body is not None:
                await self._reply(call, call.status, headers, body, "", send)
            return
        await self._fail(call, failure, send)

    async def _answer(
        self, call: Call[Any], raw: list[Header], scope: Scope, receive: Receive, send: Send
    ) -> bytes | None:
        """Return the body of the reply, or None where a mounted application has sent it."""
        if len(call.fields) != len(raw):
            call.fields, faults = fields.join(raw)
            fields.refuse(faults)
        match = self._find(call.path)
        if match is None:
            return await self._mounted(call, scope, receive, send)
        place, segments = match
        call.route = place.route
        endpoint = place.endpoints.get(call.method)
        if endpoint is None:
            return self._no_method(call, place)
        if call.fields.get(b"host") not in self._known_hosts:
            self._guard.check_host(call.fields)
        if endpoint.unsafe:
            self._guard.check_origin(call.fields)
        call.service = endpoint.service
        call.status = endpoint.status
        self._watch(call)
        try:
            return await endpoint.answer(call, segments, receive)
        finally:
            self._running.pop(call, None)

    def _no_method(self, call: Call[Any], place: Place) -> bytes:
        if call.method != "OPTIONS":
            raise MethodNotAllowed(f"{call.method[:32]} is not among the methods of this path", place.allowed)
        self._guard.check_host(call.fields)
        call.status = 204
        call.extra = [(b"allow", place.allow), *self._guard.preflight_headers(call.fields, place.allow)]
        return b""

    async def _mounted(self, call: Call[Any], scope: Scope, receive: Receive, send: Send) -> bytes | None:
        found = self._mounts.find(call.path)
        if found is None:
            raise NotFound("There is nothing at this path")
        call.route, mount = found
        self._guard.check_host(call.fields)
        if is_unsafe(call.method):
            self._guard.check_origin(call.fields)
        extra: list[Header] = [(b"x-request-id", call.request_id.encode("ascii"))]
        if self._draining:
            extra.append(_CLOSE)
        status, size = await run_mount(mount, call.route, extra, scope, receive, send)
        self._emit(call, status, size, "")
        return None

    def _headers(self, call: Call[Any], body: bytes) -> list[Header]:
        headers: list[Header] = [(b"x-request-id", call.request_id.encode("ascii"))]
        if call.status not in _NO_CONTENT:
            headers.append((b"content-type", call.media_type))
            headers.append((b"content-length", b"%d" % len(body)))
        if call.version is None:
            headers.extend(conventions.NO_STORE)
        else:
            headers.append((b"etag", b'"%d"' % call.version))
            headers.extend(conventions.NO_STORE if is_unsafe(call.method) else conventions.REVALIDATE)
        if call.location is not None:
            headers.append((b"location", field_value(call.location)))
        if call.replayed:
            headers.append((b"idempotency-replayed", b"true"))
        if call.extra is not None:
            headers = conventions.merge(call.extra, tuple(headers))
        return headers

    async def _fail(self, call: Call[Any], failure: Failure, send: Send) -> None:
        headers: list[Header] = [
            (b"x-request-id", call.request_id.encode("ascii")),
            (b"content-type", MEDIA_TYPE),
            (b"content-length", b"%d" % len(failure.body)),
            *failure.headers,
            *conventions.NO_STORE,
        ]
        if failure.status in _CLOSING and not self._draining:
            headers.append(_CLOSE)
        await self._reply(call, failure.status, headers, failure.body, failure.slug, send)

    async def _reply(
        self, call: Call[Any], status: int, headers: list[Header], body: bytes, slug: str, send: Send
    ) -> None:
        if self._has_cors:
            self._guard.add_cors(call.fields, headers)
        if self._draining:
            headers.append(_CLOSE)
        if call.method == "HEAD":
            body = b""
        try:
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        except OSError:
            # What a server raises from send when the client has left (ASGI HTTP, version 2.4).
            status = CLIENT_CLOSED
        self._emit(call, status, len(body), slug)

    def _emit(self, call: Call[Any], status: int, size: int, slug: str) -> None:
        duration = perf_counter() - call.started
        event = RequestFinished(
            call.request_id, call.method, call.route, call.path, status, duration, call.client, size, slug
        )
        for subscriber in self._finished:
            subscriber(event)

    def _cancelled(self, call: Call[Any]) -> Failure:
        task = asyncio.current_task()
        if task is not None and call.phase in _BY_US:
            task.uncancel()
        error: RoadbedError
        if call.phase == TOO_SLOW:
            error = TooSlow(f"The body took longer than {self.options.body_timeout:g} s")
        elif call.phase == EXPIRED:
            error = DeadlineExceeded(f"The request took longer than {self.options.request_timeout:g} s")
        elif is_unsafe(call.method):
            # What is in the air lands without us.
            error = OutcomeUnknown("The service is shutting down")
        else:
            error = Unavailable("The service is shutting down")
        return render(error, call.request_id, call.method, keyed=b"idempotency-key" in call.fields)

    def _unforeseen(self, call: Call[Any], error: Exception) -> Failure:
        for subscriber in self._failed:
            subscriber(RequestFailed(call.request_id, call.method, call.route, error))
        return internal(call.request_id)


_NOBODY = ("",)


async def _other(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what is no HTTP request: the life of the server goes by without us, websockets are refused."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
        return
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
