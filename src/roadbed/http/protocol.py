"""One HTTP/1.1 connection: uvicorn's protocol on httptools, with bounds on the head, on idling and on a slow client.

uvicorn bounds none of these: a client that sends one header field a minute, or megabytes of them, holds a connection
for ever. Here each connection notes its stage and since when it is in it; the one timer of ``Connections`` looks at
all of them. No timer is armed or cancelled on the way of a request.

To use it: ``uvicorn.Config(..., http=PROTOCOL)``, and in the lifespan's startup
``scope["state"][STATE_KEY] = edge.connections``. Without that the bounds are those of ``HttpOptions()``.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from roadbed.http.connections import STATE_KEY, Connections
from roadbed.http.cycle import Cycle
from roadbed.http.limits import HttpOptions
from roadbed.kernel.errors import AddressTooLong, HeadTooLarge, Invalid, Overloaded, RoadbedError, TooSlow
from roadbed.kernel.events import Events

PROTOCOL = "roadbed.http.protocol:Connection"

# FRESH: nothing has come yet. HEAD: a head is coming in. BUSY: a request is being answered. IDLE: it has been.
# DISCARD: it has been, but its body is still coming in. LINGER: the last reply is out, what comes in is dropped until
# the client has read it: closing at once would destroy a reply that the client has not read yet (RFC 9112, 9.6).
FRESH, HEAD, BUSY, IDLE, DISCARD, LINGER = range(6)

LINGER_TIMEOUT = 2.0
SHUTDOWN_GRACE = 0.2
"""Seconds that an idle connection stays open at a shutdown: a request may be on its way already."""

_ASGI = {"version": "3.0", "spec_version": "2.4"}
_FRAMING = (b"content-length", b"transfer-encoding")


class _Body:
    """Hands the body of one message to its connection. What comes behind it is dropped: the connection closes."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Connection | None = connection

    def on_body(self, body: bytes) -> None:
        if self._connection is not None:
            self._connection.on_body(body)

    def on_message_complete(self) -> None:
        if self._connection is not None:
            self._connection.on_message_complete()
            self._connection = None


class Connection(HttpToolsProtocol):
    """See the module. What is not overridden here is uvicorn's."""

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # uvicorn says that a parser and a cycle are always there. They are not, and their app may be of several kinds.
        self.parser: Any
        self.cycle: Any
        self.app: Any
        # ``cycle`` is the newest request; the one that is being answered may be an earlier one.
        self._running: Any = None
        self._connections: Connections = app_state.get(STATE_KEY) or Connections(HttpOptions(), Events())
        self._options = self._connections.options
        self._refusal: RoadbedError | None = None
        self._in_head = self._in_body = self._leaving = False
        self._head_size = self._chunk_size = self._dropped = self._unsent = 0
        self.stage = FRESH
        self.since = 0.0
        self._limits = {
            FRESH: self._options.head_timeout,
            HEAD: self._options.head_timeout,
            IDLE: self._options.keep_alive,
            DISCARD: self._options.body_timeout,
            LINGER: LINGER_TIMEOUT,
        }

    def connection_made(self, transport: Any) -> None:
        """Take in a connection, or turn it away."""
        super().connection_made(transport)
        connections = self._connections
        connections.enter(self, self.loop)
        self.since = connections.now
        if connections.is_overrun:
            connections.shed()
            transport.abort()
        elif connections.is_full:
            connections.shed()
            self._refuse(Overloaded("There are too many connections"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection: the request that runs learns of it, those behind it never begin."""
        self._connections.leave(self)
        self.pipeline.clear()
        if self._running is not None:
            self._running.leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has come in."""
        if self.stage == LINGER:
            return
        self._chunk_size = len(data)
        try:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as stop:
                self._decline_upgrade(data[stop.args[0] :])
        except httptools.HttpParserError:
            self._refuse(self._refusal or Invalid("This is not HTTP/1.1"))
            return
        if self._in_head:
            self._head_size += len(data)
            if self._head_size > self._options.head_limit:
                self._refuse(self._head_too_large())

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self.stage in (FRESH, IDLE):
            self._enter(HEAD)
        self._in_head = True
        self._head_size = 0
        super().on_message_begin()
        scope: Any = self.scope
        scope["asgi"] = _ASGI

    def on_headers_complete(self) -> None:
        """Hand a request to the application, or to the queue behind the one that runs."""
        self._check_head()
        self._in_head, self._in_body = False, True
        self.stage = BUSY
        before = self.cycle
        self._complete_scope()
        keep_alive = self.parser.should_keep_alive() and not self._leaving and self.scope["http_version"] != "1.0"
        self.cycle = cycle = Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._running = cycle
            self._start_asgi_task(cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def on_body(self, body: bytes) -> None:
        """Keep a part of a body for the application; drop it if the reply is out already."""
        if not self.cycle.response_complete:
            super().on_body(body)
            return
        self._dropped += len(body)
        if self._dropped > self._options.body_limit:
            self._linger()

    def on_message_complete(self) -> None:
        """End a request."""
        self._in_body = False
        if self.stage == DISCARD:
            self._enter(IDLE)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request of this connection, or wait for it."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if not self.cycle.keep_alive and self.cycle.response_complete:
            self._linger()
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._running, app = self.pipeline.pop()
            self._start_asgi_task(self._running, app)
            return
        self._dropped = 0
        self._enter(HEAD if self._in_head else DISCARD if self._in_body else IDLE)

    def shutdown(self) -> None:
        """End after the reply in hand; when idle after a moment, for a request may be on its way."""
        self._leaving = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(SHUTDOWN_GRACE, self._close_if_idle)
        else:
            self.cycle.keep_alive = False

    def look(self, now: float) -> None:
        """End what has taken too long; called by the sweep."""
        options = self._options
        unsent: int = self.transport.get_write_buffer_size()
        if unsent != self._unsent:
            # The client reads: as long as it goes on doing so it may take its time.
            self._unsent = unsent
            self.since = self.since if self.stage == HEAD else now
            return
        limit = self._limits.get(self.stage)
        if unsent:
            # At a shutdown who does not read is not waited for as long as otherwise.
            limit = min(options.body_timeout, LINGER_TIMEOUT) if self._leaving else options.body_timeout
        if limit is None or now - self.since <= limit:
            return
        if unsent or self.stage in (DISCARD, LINGER):
            self.transport.abort()
        elif self.stage == HEAD:
            self._refuse(TooSlow(f"The head of the request took longer than {options.head_timeout:g} s"))
        else:
            self.transport.close()

    def _enter(self, stage: int) -> None:
        self.stage = stage
        self.since = self._connections.now

    def _check_head(self) -> None:
        options = self._options
        if len(self.url) > options.url_limit:
            self._refusal = self._head_too_large()
        elif len(self.headers) > options.max_headers:
            self._refusal = HeadTooLarge(f"There are more than {options.max_headers} header fields")
        elif self._head_size + self._chunk_size > options.head_limit:
            # The last chunk may hold a body too: only now is it worth while to count exactly.
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            self._refusal = self._head_too_large() if size > options.head_limit else None
        if self._refusal is not None:
            raise self._refusal

    def _head_too_large(self) -> RoadbedError:
        # The address may have arrived in part: what is too long already names the reason, however it was cut.
        if len(self.url) > self._options.url_limit:
            return AddressTooLong(f"The address has more than {self._options.url_limit} bytes")
        return HeadTooLarge(f"The head has more than {self._options.head_limit} bytes")

    def _complete_scope(self) -> None:
        scope: Any = self.scope
        path, _, query = self.url.partition(b"?")
        if path[:1] != b"/" or b"#" in self.url:
            parsed = httptools.parse_url(self.url)
            path, query = parsed.path or b"/", parsed.query or b""
        text = path.decode("ascii")
        scope["http_version"] = self.parser.get_http_version()
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["path"] = self.root_path + (unquote(text) if "%" in text else text)
        scope["raw_path"] = self.root_path.encode("ascii") + path
        scope["query_string"] = query

    def _decline_upgrade(self, rest: bytes) -> None:
        """Go on without an upgrade, which is but an offer (RFC 9110, section 7.8): Java's client makes it unasked.

        The parser has stopped for good, and has passed the body over. Another one reads it.
        """
        cycle = self.cycle
        cycle.keep_alive = False
        framing = [name + b": " + value for name, value in self.headers if name in _FRAMING]
        if framing:
            cycle.more_body = self._in_body = True
            cycle.message_event.clear()
            self.parser = httptools.HttpRequestParser(_Body(self))
            self.parser.feed_data(b"\r\n".join([b"POST / HTTP/1.1", *framing, b"", rest]))

    def _refuse(self, error: RoadbedError) -> None:
        cycle = self.cycle
        if self.stage == DISCARD:
            self._linger()
        elif cycle is None or cycle.response_complete:
            client = self.client[0] if self.client else ""
            self.transport.write(self._connections.refuse(error, client, self.server_state.default_headers))
            self._linger()
        else:
            # An earlier request is still being answered. If it is that one's body which broke it shall hear of it.
            self.flow.pause_reading()
            cycle.keep_alive = False
            if cycle.more_body:
                cycle.broken = error
                cycle.message_event.set()

    def _linger(self) -> None:
        expects_more = self._in_body or self._in_head or self.stage == FRESH
        if expects_more and self.transport.can_write_eof():
            self._enter(LINGER)
            self.transport.write_eof()
            self.flow.resume_reading()
        else:
            self.transport.close()

    def _close_if_idle(self) -> None:
        if self.stage in (FRESH, HEAD, IDLE) and not self.transport.is_closing():
            self.transport.close()
