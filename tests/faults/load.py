"""Load from many clients at once, bounded, with a journal of all that they were told."""

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import Self

from tests.faults.journal import Journal
from tests.faults.wire import Connection, Hung, Lost, Reply, Unreachable
from tests.faults.writes import Mix, Write
from tests.support.waiting import eventually

PAUSE = 0.02
"""Seconds for which a client that was turned away leaves the service alone; ``Retry-After`` would make tests slow."""

READS = 0.15
"""The share of acknowledged writes that are read back at once."""


class Load:
    """Clients that write and read until the block ends. Several ports share them evenly."""

    def __init__(
        self, ports: Sequence[int], journal: Journal, mix: Mix | None = None, *, clients: int = 16, most: int = 30_000
    ) -> None:
        self.journal = journal
        self.mix = mix or Mix()
        self._ports = ports
        self._clients = clients
        self._left = most
        self._random = random.Random(7)
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._client(number)) for number in range(self._clients)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopping = True
        outcomes = await asyncio.gather(*self._tasks, return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if failures and error is None:
            raise failures[0]

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Let the load run until the condition holds."""
        await eventually(lambda: condition() or self._ended(), what)
        if not condition():
            raise AssertionError(f"{what}: the load ended before that")

    async def more(self, count: int = 200) -> None:
        """Let the load run until so many more writes are acknowledged."""
        goal = len(self.journal.acknowledged) + count
        await self.until(lambda: len(self.journal.acknowledged) >= goal, f"{count} more writes acknowledged")

    async def refusals(self, slugs: Collection[str], count: int = 1) -> None:
        """Let the load run until so many more writes are refused, or left unknown, in one of these ways."""
        told = self.journal.told
        goal = told(slugs) + count
        await self.until(lambda: told(slugs) >= goal, f"{count} more refused: {sorted(slugs)}")

    def _ended(self) -> bool:
        return any(task.done() for task in self._tasks)

    async def _client(self, number: int) -> None:
        async with Connection(self._ports[number % len(self._ports)]) as connection:
            while not self._stopping and self._left > 0:
                self._left -= 1
                await self._one(connection, self.mix.next())

    async def _one(self, connection: Connection, write: Write) -> None:
        reply = await send(connection, write, self.journal)
        if reply is None or reply.status >= 500:
            # The bound is on what the service has to do: waiting for it costs nothing.
            self._left += reply is None
            await asyncio.sleep(PAUSE)
            return
        written = self.journal.acknowledged.get(write, ())
        self.mix.written(written) if written else None
        if written and self._random.random() < READS:
            entry = self._random.choice(written)
            try:
                answer = await connection.request("GET", f"/transactions/{entry.transaction_id}")
            except (Lost, Unreachable):
                return
            self.journal.note_read(entry, answer)


async def send(connection: Connection, write: Write, journal: Journal) -> Reply | None:
    """Send a write and note what became of it; None if there was no reply."""
    try:
        reply = await connection.request("POST", write.path, write.body, write.headers)
    except Unreachable:
        journal.unreachable += 1
        return None
    except Lost:
        journal.note_lost(write)
        return None
    except Hung as hung:
        journal.note_lost(write)
        journal.findings.append(str(hung))
        return None
    journal.note_reply(write, reply)
    return reply


async def send_all(port: int, writes: Sequence[Write], journal: Journal, clients: int = 8) -> list[Reply | None]:
    """Send writes over a few connections; return the replies in order."""
    replies: dict[int, Reply | None] = {}
    queue = list(enumerate(writes))[::-1]

    async def client() -> None:
        async with Connection(port) as connection:
            while queue:
                place, write = queue.pop()
                replies[place] = await send(connection, write, journal)

    await asyncio.gather(*(client() for _ in range(min(clients, max(len(writes), 1)))))
    return [replies[place] for place in range(len(writes))]


async def prepare(port: int, journal: Journal, mix: Mix) -> None:
    """Open the accounts of a mix and set its floor."""
    await send_all(port, mix.opening(), journal)
    async with Connection(port) as connection:
        path = f"/accounts/{mix.floored}/limits"
        reply = await connection.request("PUT", path, b'{"min_balance": 0}', {"Content-Type": "application/json"})
    if reply.status != 200:
        journal.findings.append(f"{path}: {reply.status} {reply.body!r}")


async def settle(port: int, journal: Journal, clients: int) -> None:
    """Send every write of unknown outcome that may be repeated again, and those of a sample once more.

    The first time it is done if it was not; the second must change nothing and say the same, as a replay. What was
    acknowledged at once is treated likewise.
    """
    await send_all(port, [write for write in journal.unknown if write.repeatable], journal, clients)
    sample = [write for write in journal.acknowledged if write.repeatable][-100:]
    replies = await send_all(port, sample, journal, clients)
    for write, reply in zip(sample, replies, strict=True):
        if reply is None or not (write.chosen or reply.headers.get("idempotency-replayed") == "true"):
            journal.findings.append(f"{write.path}: the repetition of {write.key} was answered as if it were new")
        elif write.chosen and reply.status != 200:
            journal.findings.append(f"{write.path}: the repetition of a chosen id answered {reply.status}")
    journal.findings.extend(
        f"{write.path}: still {reason} after a retry" for write, reason in journal.unknown.items() if write.repeatable
    )
