"""Bad clients: slow ones, deaf ones, ones that leave, floods of them. Good clients beside them notice nothing."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID, uuid4

import pytest

from tests.conftest import StartService
from tests.faults import rows
from tests.faults.journal import Journal
from tests.faults.load import Load, prepare
from tests.faults.metrics import samples
from tests.faults.verdict import verdict
from tests.faults.wire import JSON, Connection, Reply, head, read_reply
from tests.faults.writes import Mix
from tests.support.service import Service, running_service
from tests.support.waiting import PATIENCE, eventually

# Short for those who are slow on purpose, long enough for good clients on a machine that is busy with other things.
SHORT = {
    "ROADBED_HEAD_TIMEOUT": "2",
    "ROADBED_BODY_TIMEOUT": "2",
    "ROADBED_MAX_CONNECTIONS": "200",
    "ROADBED_ACCESS_LOG_SAMPLE": "0",
}


class Good:
    """A service with short limits and clients that behave; what they were told adds up over all tests of this file."""

    def __init__(self, service: Service, url: str) -> None:
        self.port = service.port
        self._url = url
        self._journal = Journal()
        self._mix = Mix()

    @asynccontextmanager
    async def clients(self) -> AsyncIterator[Load]:
        """Let good clients work all the while; none of them may be refused, cut off or told wrong."""
        journal = self._journal
        if not journal.acknowledged:
            await prepare(self.port, journal, self._mix)
        async with Load([self.port], journal, self._mix, clients=8) as load:
            await load.more(50)
            yield load
            await load.more(100)
        assert await verdict(self.port, self._url, journal) == []
        assert (journal.lost, journal.unreachable, len(journal.unknown)) == (0, 0, 0)
        assert set(journal.refused) <= {"balance-floor"}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Good]:
    folder = tmp_path_factory.mktemp("clients")
    url = f"sqlite:///{folder / 'ledger.db'}"
    with running_service(folder, database_url=url, env=SHORT) as service:
        yield Good(service, url)


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def raw(port: int, receive: int | None = None) -> AsyncIterator[Streams]:
    """A connection to be misused. ``receive``: the size of the system's buffer for what comes in."""
    sock = socket.socket()
    sock.setblocking(False)
    if receive is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=2**10 if receive else 2**16)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def post(account: UUID, amount: int, key: str | None = None) -> bytes:
    """Return a whole request that writes one transaction."""
    fields = JSON | ({} if key is None else {"Idempotency-Key": key})
    return head("POST", "/transactions", json.dumps({"account_id": str(account), "amount": amount}).encode(), fields)


async def drip(port: int, pieces: Iterable[bytes], pause: float = 0.05) -> Reply | None:
    """Send piece by piece until the service has had enough of it; return its reply, None where it just hung up."""
    async with raw(port) as (reader, writer):
        with contextlib.suppress(OSError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
                if reader.at_eof() or len(reader._buffer):  # type: ignore[attr-defined] - the reply has come
                    break
        try:
            return await asyncio.wait_for(read_reply(reader), PATIENCE)
        except (OSError, asyncio.IncompleteReadError):
            return None


def bytes_of(message: bytes) -> list[bytes]:
    return [message[at : at + 1] for at in range(len(message))]


async def test_heads_byte_by_byte_are_cut_off(good: Good) -> None:
    slow = head("GET", "/ping", None, {"X-Padding": "x" * 500})
    async with good.clients():
        replies = await asyncio.gather(*(drip(good.port, bytes_of(slow)) for _ in range(50)))
    assert {reply and (reply.status, reply.slug) for reply in replies} == {(408, "too-slow")}


async def test_bodies_byte_by_byte_are_cut_off_and_write_nothing(good: Good) -> None:
    message = head(
        "POST", "/transactions", b" " * 400 + json.dumps({"account_id": str(uuid4()), "amount": 7}).encode(), JSON
    )
    at = message.index(b"\r\n\r\n") + 4
    slow = [message[:at], *bytes_of(message[at:])]
    async with good.clients():
        replies = await asyncio.gather(*(drip(good.port, slow) for _ in range(50)))
    assert {reply and (reply.status, reply.slug) for reply in replies} == {(408, "too-slow")}


async def test_connections_that_never_say_anything_are_closed(good: Good) -> None:
    async with good.clients(), AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(raw(good.port)) for _ in range(100)]
        ends = await asyncio.gather(*(asyncio.wait_for(reader.read(), PATIENCE) for reader, _ in silent))
    assert set(ends) == {b""}


async def test_clients_that_never_read_their_replies_are_cut_off(good: Good) -> None:
    request = head("GET", "/transactions?limit=1000", None, {})
    async with good.clients() as load, AsyncExitStack() as stack:
        deaf = [await stack.enter_async_context(raw(good.port, receive=4096)) for _ in range(10)]
        for _, writer in deaf:
            writer.write(request * 100)
        await load.more(300)
        await eventually(lambda: few_connections(good.port), "the deaf are cut off")
        for reader, _ in deaf:
            assert not (await all_of(reader)).endswith(b"]" * 100)


async def all_of(reader: asyncio.StreamReader) -> bytes:
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE)
    except OSError:
        return b""


def few_connections(port: int) -> bool:
    found = samples(port, "roadbed_http_connections")
    return bool(found) and sum(found.values()) <= 10


async def test_clients_that_leave_in_mid_request_lose_and_double_nothing(
    start_service: StartService, engine_url: str
) -> None:
    """The write in the air may be done or not, but once, and a retry with its key tells."""
    service = start_service(database_url=engine_url, env=SHORT)
    account = uuid4()
    keys = {str(uuid4()): number for number in range(1, 201)}

    async def leave(key: str, amount: int) -> None:
        message = post(account, amount, key)
        async with raw(service.port) as (_, writer):
            # Some leave in their head or body, most after all of it.
            writer.write(message[: len(message) - max(0, 20 - amount) * 10])
            await writer.drain()
            for _ in range(amount % 7):
                await asyncio.sleep(0)
            if amount == 200:
                # One goes only when its write is done: the service is about to tell, and nobody is there.
                await is_written(amount)

    async def is_written(amount: int) -> None:
        while True:
            stored = await rows.entries(engine_url)
            if (account, amount) in {(row.account_id, row.amount) for row in stored}:
                return
            await asyncio.sleep(0.01)

    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    async with Load([service.port], journal, mix, clients=8) as load:
        for batch in range(0, 200, 20):
            await asyncio.gather(*(leave(key, keys[key]) for key in list(keys)[batch : batch + 20]))
        await load.more(50)
    assert (journal.findings, journal.lost, len(journal.unknown)) == ([], 0, 0)
    written = [row.amount for row in await rows.entries(engine_url) if row.account_id == account]
    assert len(set(written)) == len(written)
    assert set(range(1, 20)).isdisjoint(written)
    assert 200 in written
    async with Connection(service.port) as connection:
        for key, amount in keys.items():
            content = {"account_id": str(account), "amount": amount}
            reply = await connection.post("/transactions", content, {"Idempotency-Key": key})
            assert reply.status == 201
            assert (reply.headers.get("idempotency-replayed") == "true") == (amount in written)
        balance = await connection.request("GET", f"/accounts/{account}")
    assert balance.json()["balance"] == sum(keys.values())
    stored = [row for row in await rows.entries(engine_url) if row.account_id != account]
    assert journal.differences(stored) == []


async def test_a_flood_of_connections_is_turned_away(good: Good) -> None:
    replies: list[Reply] = []
    async with good.clients() as load:
        # Those that are let in are closed after a while. Where 500 take longer than that to come, they come again.
        while samples(good.port, "roadbed_requests_shed_total").get(("connections",), 0) < 300:
            async with AsyncExitStack() as stack:
                flood = [await stack.enter_async_context(raw(good.port)) for _ in range(500)]
                replies += [reply for reader, _ in flood if (reply := await refusal(reader)) is not None]
                await load.more(100)
            await eventually(lambda: few_connections(good.port), "the flood has gone")
        async with Connection(good.port) as connection:
            assert (await connection.request("GET", "/ping")).status == 200
    assert {(reply.status, reply.slug, reply.headers["retry-after"]) for reply in replies} == {(503, "overloaded", "1")}


async def refusal(reader: asyncio.StreamReader) -> Reply | None:
    """Return what the service says to a connection that says nothing; None where it hangs up without a word."""
    try:
        return await asyncio.wait_for(read_reply(reader), PATIENCE)
    except (OSError, asyncio.IncompleteReadError):
        return None


async def test_many_idle_connections_are_kept_and_harm_nobody(good: Good) -> None:
    async with good.clients() as load, AsyncExitStack() as stack:
        idle = [await stack.enter_async_context(Connection(good.port)) for _ in range(150)]
        assert {(await one.request("GET", "/ping")).status for one in idle} == {200}
        streams = [await one.open() for one in idle]
        await load.more(300)
        assert {(await one.request("GET", "/ping")).status for one in idle} == {200}
        assert [await one.open() for one in idle] == streams
