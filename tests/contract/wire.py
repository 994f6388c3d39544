"""HTTP/1.1 byte by byte: a client that sends exactly what it is told, and reads replies as strictly as proxies do."""

import contextlib
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

TIMEOUT = 60.0

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2}) [\t -~]*\Z")
_FIELD_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~]*?)[ \t]*\Z")

Values = str | bytes | Sequence[str | bytes] | None
"""A header field: one value, several lines of the same name, or none at all where the client would send one."""


class WireError(AssertionError):
    """What came from the server is no HTTP reply."""


@dataclass(frozen=True)
class Reply:
    """One reply: ``headers`` with lower-case names, in order, repeated ones too."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return a header field, None where it is absent.

        Raises:
            WireError: it came more than once.
        """
        found = self.all(name)
        if len(found) > 1:
            raise WireError(f"{name} came {len(found)} times: {found}")
        return found[0] if found else None

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]


def head(method: str, target: str, headers: Mapping[str, Values]) -> bytes:
    """Return the head of a request. Nothing is checked, escaped or added."""
    lines = [f"{method} {target} HTTP/1.1".encode("latin-1")]
    for name, values in headers.items():
        every = [] if values is None else [values] if isinstance(values, str | bytes) else values
        coded = [value if isinstance(value, bytes) else value.encode("latin-1") for value in every]
        lines += [name.encode() + b": " + value for value in coded]
    return b"\r\n".join([*lines, b"", b""])


def chunks(body: bytes, size: int = 8192) -> bytes:
    """Return a body in the chunked coding."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


class Connection:
    """One TCP connection to the service."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send everything. A server that refuses a request early may close before it has all: then its reply counts."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)

    def finish(self) -> None:
        """Say that nothing more comes, and go on reading."""
        self._socket.shutdown(socket.SHUT_WR)

    def read_reply(self, method: str = "GET") -> Reply:
        """Read one reply to a request of this method; interim ones (1xx) are passed over."""
        while True:
            status, headers = self._read_head()
            if status >= 200:
                return Reply(status, headers, self._read_body(method, status, headers))

    def is_closed(self) -> bool:
        """Wait for the end; say whether it came, with not one byte before it."""
        return not self._buffer and not self._receive()

    def _read_head(self) -> tuple[int, tuple[tuple[str, str], ...]]:
        lines = self._until(b"\r\n\r\n").split(b"\r\n")[:-2]
        first = _STATUS_LINE.match(lines[0])
        fields = [_FIELD_LINE.match(line) for line in lines[1:]]
        if first is None or None in fields:
            raise WireError(f"no head of a reply: {lines}")
        return int(first[1]), tuple((field[1].decode().lower(), field[2].decode()) for field in fields if field)

    def _read_body(self, method: str, status: int, headers: tuple[tuple[str, str], ...]) -> bytes:
        lengths = [value for name, value in headers if name == "content-length"]
        codings = [value for name, value in headers if name == "transfer-encoding"]
        if len(lengths) + len(codings) > 1:
            raise WireError(f"the body has two ends: {headers}")
        if status in (204, 304) and (codings or lengths):
            raise WireError(f"a {status} has no body to describe: {headers}")
        if method == "HEAD" or status in (204, 304):
            return b""
        if lengths:
            return self._exactly(int(lengths[0]))
        if codings:
            return self._chunked()
        raise WireError(f"the body has no end: {headers}")

    def _chunked(self) -> bytes:
        parts: list[bytes] = []
        while size := int(self._until(b"\r\n"), 16):
            parts.append(self._exactly(size))
            self._until(b"\r\n")
        self._until(b"\r\n")
        return b"".join(parts)

    def _until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            self._more()
        taken, _, self._buffer = self._buffer.partition(end)
        return taken + end

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _more(self) -> None:
        data = self._receive()
        if not data:
            raise WireError(f"the connection ended amid a reply: {self._buffer!r}")
        self._buffer += data

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(65536)
        except ConnectionResetError:
            return b""
