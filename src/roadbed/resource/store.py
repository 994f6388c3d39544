"""The rows of one resource: the service that its operations work on. Knows no HTTP.

On SQLite every write joins a flight to the writer thread. On PostgreSQL a create without an ``Idempotency-Key`` joins a
flight of one statement; every other write is a transaction of its own. Reads by key are flights on both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from roadbed.data import idempotency as keys
from roadbed.data.database import Database, Program, Run, Transaction
from roadbed.data.flights import Flight
from roadbed.data.idempotency import Idempotency, once
from roadbed.data.races import until_through
from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import NotFound, RoadbedError
from roadbed.resource.compiled import Compiled
from roadbed.resource.create_postgres import CreateFlight
from roadbed.resource.create_sqlite import FreeCreates, free_creates
from roadbed.resource.done import Done, Keeping, Written, opened
from roadbed.resource.groups import Groups
from roadbed.resource.lists import Lists
from roadbed.resource.lookups import lookup_program
from roadbed.resource.secrets import seal
from roadbed.resource.selection import open_hub
from roadbed.resource.statements import Past
from roadbed.resource.steps import Steps, drive, drive_async
from roadbed.resource.writes import Asked, change, clear, create, move, remove


class Intent(msgspec.Struct, frozen=True, eq=False):
    """One write that waits for its flight: what makes its steps, and the key that makes it safe to repeat.

    ``many``: it writes several rows, and what is refused after the first must be undone. ``sealed`` are secrets of the
    reply, to be kept for replays.
    """

    steps: Callable[[], Steps]
    idempotency: Idempotency | None = None
    many: bool = False
    sealed: str = ""


class Store:
    """Rows of one resource on an open database."""

    def __init__(self, unit: Compiled, database: Database, clock: Clock) -> None:
        self.unit = unit
        self.plan = unit.plan
        self.database, self.clock = database, clock
        self.groups = Groups(unit)
        self.lists = Lists(unit, database, clock)
        self.hub = open_hub(unit, database) if self.plan.resource.events else None
        self._watched = unit.watched_feeds()
        row = self.plan.shapes.row
        self.written, self._keeping = Written(row), Keeping(row)
        self._reads: Flight[Any, Any] = database.flight(lookup_program(unit))
        # A delete may meet a refusal after the first of the rows that go along.
        self._goes_along = bool(unit.children())
        # Whether all writes share flights; where they do not, each but a create is a transaction of its own.
        self.in_flights = database.dialect == "sqlite" and not unit.has_hooks
        self._creates: CreateFlight | FreeCreates | None = None
        if self.in_flights:
            program = Program(f"{self.plan.table}_write", True, self._write_on_sqlite, _never)
            self._writes: Flight[Any, Any] = database.flight(program, keys=_clashes, told=self.written.tell)
            self._creates = free_creates(unit, database, self.written.tell)
        elif not (unit.has_hooks or self.plan.resource.most or self.plan.resource.fill):
            self._creates = CreateFlight(unit, database, self.written.tell)

    async def get(self, key: Any) -> Any:
        """Return a row as it is now.

        Raises:
            NotFound: there is none with this key.
        """
        return (await self.look(key))[0]

    async def look(self, key: Any) -> tuple[Any, int | None]:
        """Return a row as it is now, and its version, or None for one that time alone has changed since.

        Raises:
            NotFound: there is none with this key.
        """
        row = await self._reads.join(key)
        if row is None:
            raise self.missing(key)
        if self.plan.lapse is None:
            return row, row.version
        now = self.unit.as_of(row, self.clock())
        return now, row.version if now is row else None

    async def find(self, key: Any) -> Any:
        """Return a row as it is stored, or None."""
        return await self._reads.join(key)

    def missing(self, key: Any) -> NotFound:
        """Return the error that says that there is no such row."""
        return NotFound(f"There is no {self.plan.names.singular} {key}")

    async def create(
        self,
        values: Mapping[str, Any],
        idempotency: Idempotency | None = None,
        actor: str = "anonymous",
        sealing: bytes = b"",
    ) -> Done:
        """Write a new row. ``sealing`` is the caller's ``Idempotency-Key`` itself, for a row with secrets.

        Raises:
            Conflict: a unique value is taken, or the resource is full.
            Invalid: a row that is referred to is missing.
            KeyReused: other content under the idempotency key.
        """
        asked = Asked(self.clock(), actor)
        values, secrets = self.unit.with_secrets(values)
        row = await self.create_along(values, asked) if idempotency is None else None
        if row is not None:
            return Done(row, secrets=(secrets,))
        # Where something is in the way, the path that looks at one thing after the other says what.
        sealed = seal(sealing, [secrets]) if secrets and idempotency is not None else ""
        done = await self.write(lambda: create(self.unit, values, asked), idempotency, sealed=sealed)
        return opened(done, [secrets], sealing)

    async def create_along(self, values: Mapping[str, Any], asked: Asked) -> Any:
        """Write a new row together with others that come now, and return it.

        None: nothing was written; there is no such flight, or something is in the way of the row.
        """
        row = None if self._creates is None else await self._creates.join(values, asked)
        if row is not None:
            self.ring()
        return row

    async def create_many(
        self,
        several: Sequence[Mapping[str, Any]],
        idempotency: Idempotency | None = None,
        actor: str = "anonymous",
        sealing: bytes = b"",
    ) -> Done:
        """Write new rows, all or none; ``row`` of the outcome is a list. Otherwise as ``create`` does."""
        asked = Asked(self.clock(), actor)
        pairs = [self.unit.with_secrets(values) for values in several]
        rows, secrets = [values for values, _ in pairs], [each for _, each in pairs]
        sealed = seal(sealing, secrets) if secrets[0] and idempotency is not None else ""
        done = await self.write(lambda: self.groups.create(rows, asked), idempotency, many=True, sealed=sealed)
        return opened(done, secrets, sealing)

    async def change(
        self, key: Any, sets: Mapping[str, Any], asked: Asked, idempotency: Idempotency | None = None
    ) -> Done:
        """Change some fields of a row. Raises as ``writes.change`` does."""
        return await self.write(lambda: change(self.unit, key, sets, asked), idempotency)

    async def move(
        self, key: Any, sets: Mapping[str, Any], asked: Asked, idempotency: Idempotency | None = None
    ) -> Done:
        """Go to another status: unlike a change, one that is the present one already is refused, with those allowed."""
        return await self.write(lambda: move(self.unit, key, sets, asked), idempotency)

    async def clear(self, asked: Asked, idempotency: Idempotency | None = None) -> Done:
        """Delete all rows, at most ``MOST_TOGETHER``.

        Raises:
            Conflict: there are more, or some cannot be deleted.
        """
        return await self.write(lambda: clear(self.unit, asked), idempotency, many=True)

    async def remove(self, key: Any, asked: Asked, idempotency: Idempotency | None = None) -> Done:
        """Delete a row. Raises as ``writes.remove`` does."""
        return await self.write(lambda: remove(self.unit, key, asked), idempotency)

    async def write(
        self,
        steps: Callable[[], Steps],
        idempotency: Idempotency | None = None,
        *,
        many: bool = False,
        sealed: str = "",
    ) -> Done:
        """Do what the steps say, in one transaction, at most once per key."""
        done = await self._write(steps, idempotency, many=many, sealed=sealed)
        if not done.replayed:
            self.ring()
        return done

    def ring(self) -> None:
        """Wake those who watch this resource, or one whose rows a write of it may touch: a write was committed."""
        for feed in self._watched:
            self.database.bell.ring(feed)

    async def _write(
        self, steps: Callable[[], Steps], idempotency: Idempotency | None, *, many: bool, sealed: str
    ) -> Done:
        if self.in_flights:
            return await self._writes.join(Intent(steps, idempotency, many or self._goes_along, sealed))

        made: list[Any] = []

        async def work(run: Transaction) -> str:
            made.append(await drive_async(run, steps()))
            return self._keeping.text(made[-1], sealed)

        def committed() -> None:
            if made:
                self.written.tell(made[-1])

        async def attempt() -> Done:
            made.clear()
            if idempotency is not None:
                return self._keeping.done(*await once(self.database, idempotency, work, committed))
            async with self.database.transaction(committed) as run:
                made.append(await drive_async(run, steps()))
            return Done(made[-1])

        return await until_through(attempt)

    def _write_on_sqlite(self, run: Run, intents: list[Intent]) -> Sequence[Done | RoadbedError]:
        return [self._write_one(run, intent) for intent in intents]

    def _write_one(self, run: Run, intent: Intent) -> Done | RoadbedError:
        try:
            if intent.idempotency is None:
                return Done(self._drive(run, intent))
            kept = keys.recall(run, intent.idempotency)
            if kept is not None:
                return self._keeping.done(kept, replayed=True)
            row = self._drive(run, intent)
            keys.keep(run, intent.idempotency, self._keeping.text(row, intent.sealed))
            return Done(row)
        except RoadbedError as refusal:
            return refusal

    def _drive(self, run: Run, intent: Intent) -> Any:
        if not intent.many:
            return drive(run, intent.steps())
        run.control("SAVEPOINT many")
        try:
            row = drive(run, intent.steps())
        except RoadbedError:
            # Where the whole transaction is gone (a full disk), this fails too, and the flight with it.
            run.control("ROLLBACK TO many")
            run.control("RELEASE many")
            raise
        run.control("RELEASE many")
        return row

    async def history(self, key: Any, before_version: int, limit: int) -> list[Past]:
        """Return what became of a row, newest first: entries of versions before the one that is named."""
        arguments = {self.plan.key.name: key, "before_version": before_version, "limit": limit}
        return await self.database.fetch(self.unit.sql.past, **arguments)

    async def count_history(self, key: Any) -> int:
        """Return how many entries the history of a row has."""
        counted = await self.database.fetch_one(self.unit.sql.count_past, **{self.plan.key.name: key})
        return 0 if counted is None else counted.total

    async def at_version(self, key: Any, version: int) -> Past | None:
        """Return the entry that a version of a row left, or None."""
        return await self.database.fetch_one(self.unit.sql.at_version, **{self.plan.key.name: key, "version": version})


def _clashes(intent: Intent) -> Sequence[object]:
    return () if intent.idempotency is None else (intent.idempotency.key,)


async def _never(_connection: Any, _items: list[Any]) -> Sequence[Any]:
    raise RuntimeError("this flight is SQLite's alone")
