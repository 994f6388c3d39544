"""The outermost ASGI application: every request comes in here, every reply leaves here, with all conventions.

How to compose it (this is what ``app`` does)::

    events = Events()
    edge = Edge(
        [(ledger.operations, ledger_service), (platform_operations, platform)],
        events,
        HttpOptions(allowed_hosts=("example.org",), version="1.2.0"),
        mounts={"/files": Mount(static_files)},
        leads={"/": "/console/"},               # where browsers are led
    )                                           # ConfigurationError: some operation is declared wrongly

``edge`` is the application to serve or to drive in a test (``httpx.ASGITransport``). It makes and closes nothing of
what it is given. ``/openapi.json`` and ``/docs`` come with it. To bound connections, heads and idling too, serve it
with ``uvicorn.Config(..., http=protocol.PROTOCOL)`` and when the lifespan starts set
``scope["state"][connections.STATE_KEY] = edge.connections``. While the process shuts down call ``edge.drain()``:
replies then say ``Connection: close``; ``edge.end_streams()`` ends the event streams, and ``edge.abandon()`` answers
503 to whatever still runs.

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
from roadbed.http.asgi import ClientLeft, Header, Receive, ReplyBroken, Scope, Send, answer_other
from roadbed.http.caching import ResponseCache
from roadbed.http.call import Call
from roadbed.http.channels import Channel, Channels
from roadbed.http.compiler import compile_groups
from roadbed.http.connections import Connections
from roadbed.http.deadlines import Deadlines
from roadbed.http.endings import failure_of, is_by_us, why_cancelled
from roadbed.http.guard import Guard
from roadbed.http.leading import lead
from roadbed.http.limits import CLIENT_CLOSED, HttpOptions
from roadbed.http.mounts import Mount, MountTable, run_mount
from roadbed.http.operations import Operations
from roadbed.http.outgoing import send_events, send_parts
from roadbed.http.problems import Failure, internal, is_unsafe
from roadbed.http.replies import head_of, head_of_failure, names_of
from roadbed.http.router import Place, Router
from roadbed.http.traces import TRACEPARENT, RequestSpans, note_trace
from roadbed.kernel.errors import MethodNotAllowed, RoadbedError
from roadbed.kernel.events import Events, RequestFailed, RequestFinished
from roadbed.kernel.spans import Tracer

_CLOSE: Header = (b"connection", b"close")
# The body of such a request was not read to its end: the connection cannot be used again.
_CLOSING = (408, 413)


class Edge:
    """The one ASGI wrapper around all operations and mounts. See the module for how to compose it."""

    def __init__(
        self,
        operation_groups: Sequence[tuple[Operations[Any], Any]],
        events: Events,
        options: HttpOptions | None = None,
        mounts: Mapping[str, Mount] | None = None,
        cache: ResponseCache | None = None,
        leads: Mapping[str, str] | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.options = options = options or HttpOptions()
        self.connections, self.channels = Connections(options, events), Channels()
        groups = [*operation_groups, (docs.operations, docs.Documentation(self.document))]
        self._groups = [group for group, _ in groups]
        self.endpoints, self._elsewhere = lead(compile_groups(groups, options, cache), leads or {})
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
        self._spans = None if tracer is None else RequestSpans(tracer)
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

    def end_streams(self) -> None:
        """End all event streams in order, and after a second those whose clients do not read."""
        self.channels.end()

    def abandon(self) -> None:
        """Answer 503 to all that still runs."""
        self._deadlines.abandon()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await answer_other(scope, receive, send)
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
            headers = [] if body is None else head_of(call, len(body))
        except RoadbedError as error:
            failure = failure_of(call, error)
        except asyncio.CancelledError:
            failure = failure_of(call, why_cancelled(call, self.options))
            if not is_by_us(call):
                # Whoever runs the server wants this task to end. Its client is owed an answer all the same.
                await self._fail(call, failure, send)
                raise
        except ClientLeft:
            self._emit(call, CLIENT_CLOSED, 0, "")
            return
        except ReplyBroken as broken:
            # Nothing more can be said. The server sees a reply without an end, and closes the connection.
            self._emit(call, broken.status, broken.size, self._why_broken(call, broken.cause))
            if isinstance(broken.cause, asyncio.CancelledError) and not is_by_us(call):
                raise broken.cause from None
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
        """Return the body of the reply, or None where it has been sent: a stream, or a mounted application's."""
        if len(call.fields) != len(raw):
            call.fields, faults = fields.join(raw)
            fields.refuse(faults)
        if self._spans is not None:
            self._spans.begin(call, scope)
        elif TRACEPARENT in call.fields:
            note_trace(call)
        # First of all: a page that came here by another name learns nothing, not even which paths there are.
        if call.fields.get(b"host") not in self._known_hosts:
            self._guard.check_host(call.fields, scope.get("server"))
        match = self._find(call.path)
        if match is None:
            return await self._mounted(call, scope, receive, send)
        place, segments = match
        call.route = place.route
        endpoint = place.endpoints.get(call.method)
        if endpoint is None:
            return self._no_method(call, place)
        if endpoint.unsafe:
            self._guard.check_origin(call.fields)
        call.service, call.status = endpoint.service, endpoint.status
        self._watch(call)
        try:
            body = await endpoint.answer(call, segments, receive)
            return body if call.stream is None else await self._streamed(call, receive, send)
        finally:
            self._running.pop(call, None)

    def _no_method(self, call: Call[Any], place: Place) -> bytes:
        if call.method != "OPTIONS":
            raise MethodNotAllowed(f"{call.method[:32]} is not among the methods of this path", place.allowed)
        call.status = 204
        call.extra = [(b"allow", place.allow), *self._guard.preflight_headers(call.fields, place.allow)]
        return b""

    async def _mounted(self, call: Call[Any], scope: Scope, receive: Receive, send: Send) -> bytes | None:
        found = self._mounts.find(call.path)
        if found is None:
            return self._elsewhere.answer(call)
        call.route, mount = found
        if is_unsafe(call.method):
            self._guard.check_origin(call.fields)
        extra = names_of(call)
        if self._draining:
            extra.append(_CLOSE)
        status, size = await run_mount(mount, call.route, extra, scope, receive, send)
        self._emit(call, status, size, "")
        return None

    async def _streamed(self, call: Call[Any], receive: Receive, send: Send) -> None:
        """Send a reply that is made while it is sent."""
        stream = call.stream
        assert stream is not None  # noqa: S101 - for the type checker: asked by the caller
        headers = head_of(call, None)
        self._complete(call, headers)
        if not isinstance(stream, Channel):
            self._emit(call, call.status, await send_parts(call, headers, stream, send), "")
            return
        # It may last for days: it is none of the requests that a shutdown waits for, nor are its hours a duration.
        self._running.pop(call, None)
        call.lasted = perf_counter() - call.started
        self._emit(call, call.status, await send_events(call, headers, stream, self.channels, receive, send), "")

    def _complete(self, call: Call[Any], headers: list[Header]) -> None:
        if self._has_cors:
            self._guard.add_cors(call.fields, headers)
        if self._draining:
            headers.append(_CLOSE)

    async def _fail(self, call: Call[Any], failure: Failure, send: Send) -> None:
        headers = head_of_failure(call, failure)
        if failure.status in _CLOSING and not self._draining:
            headers.append(_CLOSE)
        await self._reply(call, failure.status, headers, failure.body, failure.slug, send)

    async def _reply(
        self, call: Call[Any], status: int, headers: list[Header], body: bytes, slug: str, send: Send
    ) -> None:
        self._complete(call, headers)
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
        duration = call.lasted or perf_counter() - call.started
        event = RequestFinished(
            call.request_id,
            call.method,
            call.route,
            call.path,
            status,
            duration,
            call.client,
            size,
            slug,
            call.trace_id,
            call.cache,
            call.span_id,
        )
        for subscriber in self._finished:
            subscriber(event)

    def _why_broken(self, call: Call[Any], cause: BaseException) -> str:
        """Return the slug of what ended a reply in its middle; what nobody foresaw is told."""
        if isinstance(cause, asyncio.CancelledError):
            return why_cancelled(call, self.options).slug
        if not isinstance(cause, RoadbedError):
            self._unforeseen(call, cause)
            return RoadbedError.slug
        return cause.slug

    def _unforeseen(self, call: Call[Any], error: BaseException) -> Failure:
        for subscriber in self._failed:
            subscriber(RequestFailed(call.request_id, call.method, call.route, error, call.trace_id))
        return internal(call.request_id, call.trace_id)


_NOBODY = ("",)
