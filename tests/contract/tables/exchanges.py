"""What no well-behaved client sends: requests as bytes, their replies, and whether the connection survives them.

``<host>`` is the service, ``<a>`` an account of this exchange alone. Wherever a second request could hide behind the
first, one does: it would add a transaction, so that rows tell whether anybody took it for one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.contract.scenarios import Rows

BODY = b'{"account_id": "<a>", "amount": 1}'
SIZE = len(BODY) - len(b"<a>") + 36
LENGTH = b"Content-Length: %d\r\n" % SIZE
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (SIZE, BODY)

HOST = b"Host: <host>\r\n"
PING = b"GET /ping HTTP/1.1\r\n" + HOST
POST = b"POST /transactions HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
READ = b"GET /accounts/<a> HTTP/1.1\r\n" + HOST + b"\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = POST + LENGTH + b"\r\n" + BODY
HIDDEN = WHOLE

NONE = Rows()
ONE = Rows(transactions=1, accounts=1)


@dataclass(frozen=True)
class Exchange:
    """Bytes, the statuses of all replies to them in order, whether the connection ends, and the rows that came.

    ``kind`` is that of the last reply, a failure; ``pieces``: sent in pieces of so many bytes.
    """

    name: str
    sent: bytes
    statuses: tuple[int, ...]
    closes: bool = False
    rows: Rows = NONE
    kind: str = ""
    pieces: int = 0

    def __str__(self) -> str:
        return self.name


def _refused(name: str, sent: bytes, *, status: int = 400, kind: str = "invalid") -> Exchange:
    return Exchange(name, sent, (status,), closes=True, kind=kind)


def _lengths() -> Iterator[Exchange]:
    values = (b"", b"5, 5", b"5 5", b"+5", b"-5", b"0x5", b"5.0", b"5e0", b"abc", b"\x0b5", b"5;", b"'5'")
    for value in (*values, b"18446744073709551616", b"9" * 30):
        sent = POST + b"Content-Length: " + value + b"\r\n\r\n" + HIDDEN
        yield _refused(f"the length {value.decode('latin-1')!r}", sent)
    yield _refused("two lengths that differ", POST + LENGTH + b"Content-Length: 5\r\n\r\n" + BODY + HIDDEN)
    yield _refused("the same length twice", POST + LENGTH + LENGTH + b"\r\n" + BODY + HIDDEN)
    yield _refused("a length and chunks", POST + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS + HIDDEN)
    yield _refused("chunks and a length", POST + b"Transfer-Encoding: chunked\r\n" + LENGTH + b"\r\n" + CHUNKS + HIDDEN)
    zero = b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield _refused("a length of zero and chunks", POST + zero + CHUNKS + HIDDEN)
    yield Exchange("a length with leading zeros", POST + b"Content-Length: 0%d\r\n\r\n" % SIZE + BODY, (201,), rows=ONE)
    yield Exchange("a body where none is asked for", PING + LENGTH + b"\r\n" + BODY + PING + b"\r\n", (200, 200))


def _codings() -> Iterator[Exchange]:
    broken = (b"", b"chunked, identity", b"chunked, chunked", b"\x0bchunked", b"chunked\x00", b"chunked, gzip")
    unknown = (b"xchunked", b"identity", b"gzip", b'"chunked"', b"chunked;q=1", b"chunkedchunked", b"chunk ed")
    for value in (*broken, *unknown):
        sent = POST + b"Transfer-Encoding: " + value + b"\r\n\r\n" + CHUNKS + HIDDEN
        yield _refused(f"the transfer coding {value.decode('latin-1')!r}", sent)
    for value in (b"gzip, chunked", b"identity, chunked"):
        # Where the body ends is plain, so that what comes behind it is a request; what it says is not.
        sent = POST + b"Transfer-Encoding: " + value + b"\r\n\r\n" + CHUNKS + PING + b"\r\n"
        yield Exchange(f"the transfer coding {value.decode()}", sent, (400, 200))
    twice = b"Transfer-Encoding: chunked\r\nTransfer-Encoding: "
    yield _refused("chunked twice", POST + twice + b"chunked\r\n\r\n" + CHUNKS + HIDDEN)
    yield _refused("chunked, then not", POST + twice + b"identity\r\n\r\n" + CHUNKS + HIDDEN)
    yield _refused("a blank before the colon", POST + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKS + HIDDEN)
    yield _refused("a coding on the next line", POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKS + HIDDEN)
    yield Exchange("chunked in capitals", POST + b"Transfer-Encoding: CHUNKED\r\n\r\n" + CHUNKS, (201,), rows=ONE)
    old = POST.replace(b"HTTP/1.1", b"HTTP/1.0") + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS
    yield Exchange("chunks in HTTP/1.0", old + HIDDEN, (201,), closes=True, rows=ONE)
    similar = POST + LENGTH + b"Transfer_Encoding: chunked\r\n\r\n" + BODY
    yield Exchange("a field that only looks like a coding", similar, (201,), rows=ONE)


def _chunks() -> Iterator[Exchange]:
    for name, chunk in {
        "letters for a size": b"zz\r\n",
        "a size below zero": b"-5\r\n",
        "a size with 0x": b"0x5\r\n",
        "a size with a blank": b"5 \r\nhello\r\n",
        "no size": b"\r\n",
        "a size of 17 digits": b"F" * 17 + b"\r\n",
        "a line feed behind the size": b"%x\n%b\r\n0\r\n\r\n" % (SIZE, BODY),
        "a chunk longer than its size": b"%x\r\n%bXX\r\n0\r\n\r\n" % (SIZE, BODY),
        "a line feed in an extension": b"5;a=b\nX\r\n",
    }.items():
        yield _refused(f"{name} of a chunk", CHUNKED + chunk + HIDDEN)
    extended = b'%x;a=b;c="d"\r\n%b\r\n0\r\nX-Trailer: 1\r\n\r\n' % (SIZE, BODY)
    yield Exchange("extensions and trailers are passed over", CHUNKED + extended + READ, (201, 200), rows=ONE)
    singles = b"".join(b"1\r\n%c\r\n" % byte for byte in b" " * 200)
    yield Exchange("200 chunks of one byte", CHUNKED + singles + CHUNKS, (201,), rows=ONE)


def _fields() -> Iterator[Exchange]:
    for field in (
        *(
            b"NoColon",
            b" lead: 1",
            b"a b: 1",
            b": 1",
            b"x\x00: 1",
            b"x: a\x00b",
            b"x: a\rb",
            b"x: a\x7fb",
            b"x: a\x01b",
        ),
        *(b"x(: 1", b"x: 1\r\n folded: 2", b"\xffx: 1", b"x : 1", b"x: a\nb: c", b"\tx: 1", b"x: a\r\n\tb", b"\x00"),
    ):
        yield _refused(f"the field {field.decode('latin-1')!r}", PING + field + b"\r\n\r\n" + HIDDEN)
    yield Exchange("bytes beyond ASCII in a field", PING + b"x: \xe9\xff\r\n\r\n", (200,))
    yield Exchange("99 more fields", PING + b"".join(b"X%d: 1\r\n" % number for number in range(99)) + b"\r\n", (200,))


def _lines() -> Iterator[Exchange]:
    for line in (
        *(b"GET", b"GET ", b"GET HTTP/1.1", b"get /ping HTTP/1.1", b"BREW /ping HTTP/1.1", b"GET ping HTTP/1.1"),
        *(
            b"GET /ping HTTP/9.9",
            b"GET /ping HTTP/1.2",
            b"GET /ping HTTP/1",
            b"GET /ping HTTP/1.1 ",
            b"GET /ping http/1.1",
        ),
        *(b"GET /pi ng HTTP/1.1", b"GET /ping\x00 HTTP/1.1", b"GET /p\xc3\xafng HTTP/1.1", b"GET\t/ping HTTP/1.1"),
        *(
            b" GET /ping HTTP/1.1",
            b"GET ?x HTTP/1.1",
            b"CONNECT <host> HTTP/1.1",
            b"PRI * HTTP/2.0",
            b"GET \\ping HTTP/1.1",
        ),
        *(
            b"G\x00ET /ping HTTP/1.1",
            b"GET /ping FTP/1.1",
            b"HTTP/1.1 200 OK",
            b"{}",
            b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03",
        ),
    ):
        yield _refused(f"the line {line.decode('latin-1')!r}", line + b"\r\n" + HOST + b"\r\n" + HIDDEN)
    yield _refused("every byte there is", bytes(range(256)) * 4)
    yield _refused("lines that end in a line feed alone", (PING + b"\r\n").replace(b"\r\n", b"\n"))
    yield Exchange("empty lines before a request", b"\r\n\r\n" + PING + b"\r\n", (200,))
    yield Exchange("the whole service has no options", PING.replace(b"GET /ping", b"OPTIONS *") + b"\r\n", (404,))


def _sizes() -> Iterator[Exchange]:
    for name, start in (("path", b"GET /"), ("query", b"GET /ping?x=")):
        for size in (16 * 1024, 100_000):
            sent = start + b"a" * size + b" HTTP/1.1\r\n" + HOST + b"\r\n" + HIDDEN
            yield _refused(f"a {name} of {size} bytes", sent, status=414, kind="address-too-long")
    endless = b"GET /" + b"a" * 1_000_000
    yield _refused("an address without an end", endless, status=414, kind="address-too-long")
    for size in (40_000, 2_000_000):
        sent = PING + b"X: " + b"a" * size
        yield _refused(f"a field of {size} bytes, not yet at its end", sent, status=431, kind="head-too-large")
    for count in (100, 20_000):
        sent = PING + b"".join(b"X%d: 1\r\n" % number for number in range(count)) + b"\r\n" + HIDDEN
        yield _refused(f"{count} more fields", sent, status=431, kind="head-too-large")


def _targets() -> Iterator[Exchange]:
    for target, status in (
        (b"http://<host>/ping", 200),
        (b"HTTP://<host>/ping", 200),
        (b"http://<host>", 200),
        (b"http://<host>/accounts/7", 400),
        (b"http://<host>/ping?x=1", 400),
        (b"http://<host>/nothing", 404),
        (b"/http://<host>/ping", 404),
    ):
        sent = PING.replace(b"/ping", target) + b"\r\n"
        yield Exchange(f"an absolute target: {target.decode()}", sent, (status,))
    foreign = b"GET http://<host>/ping HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    yield Exchange("an absolute target under a foreign Host", foreign, (403,))


def _connections() -> Iterator[Exchange]:
    yield Exchange("three requests at once", (PING + b"\r\n") * 3, (200, 200, 200))
    yield Exchange("a write and the read of it at once", WHOLE + READ, (201, 200), rows=ONE)
    mixed = PING + b"\r\n" + READ + WHOLE + READ + PING.replace(b"/ping", b"/nothing") + b"\r\n"
    yield Exchange("replies come in the order of requests", mixed, (200, 404, 201, 200, 404), rows=ONE)
    yield Exchange(
        "a broken request behind a good one", WHOLE + b"nonsense\r\n\r\n" + HIDDEN, (201,), closes=True, rows=ONE
    )
    yield Exchange("a request byte by byte", WHOLE + READ, (201, 200), rows=ONE, pieces=1)
    yield Exchange("a chunked request byte by byte", CHUNKED + CHUNKS + READ, (201, 200), rows=ONE, pieces=1)
    ends = PING + b"Connection: close\r\n\r\n"
    yield Exchange("a client that wants to close", ends + HIDDEN, (200,), closes=True)
    old = b"GET /ping HTTP/1.0\r\n"
    yield Exchange("HTTP/1.0", old + HOST + b"\r\n", (200,), closes=True)
    yield Exchange("HTTP/1.0 without a Host", old + b"\r\n", (400,), closes=True)
    yield Exchange("HTTP/1.0 that would go on", old + HOST + b"Connection: keep-alive\r\n\r\n", (200,), closes=True)
    waits = POST + LENGTH + b"Expect: 100-continue\r\n\r\n"
    yield Exchange("a client that waits for a go-ahead", waits + BODY + READ, (201, 200), rows=ONE)
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    yield Exchange("an offer of HTTP/2", PING + upgrade + b"\r\n", (200,), closes=True)
    yield Exchange(
        "an offer of HTTP/2 with a body", POST + LENGTH + upgrade + b"\r\n" + BODY + HIDDEN, (201,), True, ONE
    )
    offered = CHUNKED.removesuffix(b"\r\n") + upgrade + b"\r\n" + CHUNKS
    yield Exchange("an offer of HTTP/2 with chunks, byte by byte", offered, (201,), True, ONE, pieces=1)
    broken = CHUNKED.removesuffix(b"\r\n") + upgrade + b"\r\nzz\r\n" + HIDDEN
    yield Exchange("an offer of HTTP/2 with broken chunks", broken, (400,), True, kind="invalid")
    websocket = (
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AA==\r\n\r\n"
    )
    yield Exchange("an offer of a websocket", PING + websocket, (200,), closes=True)


EXCHANGES = (
    *_lengths(),
    *_codings(),
    *_chunks(),
    *_fields(),
    *_lines(),
    *_sizes(),
    *_targets(),
    *_connections(),
)
