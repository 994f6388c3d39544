"""One request of a connection and its reply: uvicorn's cycle, made quicker and stricter where it sends."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from roadbed.http.connections import status_and_fields
from roadbed.kernel.errors import RoadbedError


class ClientGone(OSError):
    """What ``send`` raises once the client has left (ASGI HTTP, version 2.4)."""


class Cycle(RequestResponseCycle):
    """One request and its reply. Head and body leave in one write; a forged header field does not leave at all."""

    _head = b""
    _until_close = False
    broken: RoadbedError | None = None
    """What made the rest of the request unreadable: the application shall learn it, and answer."""

    @property
    def _is_old(self) -> bool:
        return self.scope["http_version"] == "1.0"

    def leave(self) -> None:
        """Say that the client has left: whoever waits for the rest of the request, or still answers, learns it."""
        self.disconnected = self.disconnected or not self.response_complete
        self.message_event.set()

    async def receive(self) -> Any:
        """Return the next ASGI message.

        Raises:
            RoadbedError: what comes in is no HTTP any more.
        """
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.waiting_for_100_continue = False
        if not (self.disconnected or self.response_complete):
            self.flow.resume_reading()
            await self.message_event.wait()
            self.message_event.clear()
        if self.broken is not None:
            raise self.broken
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        body = bytes(self.body)
        self.body.clear()
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: Any) -> None:
        """Send one ASGI message.

        Raises:
            ClientGone: there is nobody left to send it to.
        """
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        # A transport that was closed takes nothing more, though its end is told but a moment later.
        if self.disconnected or self.transport.is_closing():
            self.disconnected = True
            raise ClientGone
        if not self.response_started:
            self._start(message["status"], list(message["headers"]))
        elif not self.response_complete:
            self._continue(message.get("body", b""), message.get("more_body", False))

    def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        for name, value in headers:
            if name == b"content-length":
                self.expected_content_length = int(value)
                self.chunked_encoding = False
            elif name == b"connection" and value == b"close":
                self.keep_alive = False
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in (204, 304):
            # HTTP/1.0 knows no chunks: its reply ends with the connection (RFC 9112, section 6.3).
            self.chunked_encoding = not self._is_old
            if self.chunked_encoding:
                headers.append((b"transfer-encoding", b"chunked"))
            self._until_close = self._is_old
        if not self.keep_alive and (b"connection", b"close") not in headers:
            headers.append((b"connection", b"close"))
        head = status_and_fields(status, self.default_headers + headers) + b"\r\n"
        self.response_started = True
        self.waiting_for_100_continue = False
        if self.chunked_encoding or self._until_close:
            # A stream may be silent for long; its reader wants to know at once that it has begun.
            self.transport.write(head)
        else:
            self._head = head

    def _continue(self, body: bytes, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            body = b""
        elif self.chunked_encoding:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                body += b"0\r\n\r\n"
        elif not self._until_close:
            self.expected_content_length -= len(body)
        if self.expected_content_length < 0 or (not more and self.expected_content_length):
            raise RuntimeError("The body of the reply is not as long as its Content-Length says")
        self.transport.write(self._head + body)
        self._head = b""
        if not more:
            self.response_complete = True
            self.message_event.set()
            if not self.keep_alive and not self.more_body:
                self.transport.close()
            self.on_response()
