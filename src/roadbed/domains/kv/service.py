"""The store: any JSON under a key, with versions, history and expiry. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Container
from functools import partial

import msgspec

from roadbed.data.database import Database, Program, Statements
from roadbed.data.idempotency import Idempotency, once
from roadbed.domains.kv.model import Entry
from roadbed.domains.kv.patching import patch_entry
from roadbed.domains.kv.reads import Reads
from roadbed.domains.kv.write_postgres import write_on_postgres
from roadbed.domains.kv.write_sqlite import write_on_sqlite
from roadbed.domains.kv.writes import CREATE, DELETE, FEED, PUT, Known, Write, Written, clashes, known, tags
from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import RoadbedError


class Stored(msgspec.Struct, frozen=True, gc=False):
    """An entry as a write left it. ``status`` is that of the reply: 201 for a key that was not there. ``replayed``: an
    earlier request with the same ``Idempotency-Key`` had done it."""

    entry: Entry
    status: int
    replayed: bool = False


class Store(Reads):
    """Keys and their values. ``clock`` dates writes on SQLite, the server's own does on PostgreSQL.

    Values go in as JSON text and come out as they went in. The last three arguments of a write are the versions that it
    shall find, those that it shall not, and its idempotency key.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        program = Program("kv_write", True, partial(write_on_sqlite, clock), write_on_postgres)
        self._write = database.flight(program, keys=clashes)

    async def create(
        self, key: str, value: str, ttl: int | None = None, idempotency: Idempotency | None = None
    ) -> Stored:
        """Store a value under a key that is not there; ``ttl`` is in seconds.

        Raises:
            Conflict: the key is there (``key-exists``).
            KeyReused: other content under the idempotency key.
        """
        return await self._store(Write(CREATE, key, value, ttl, None, None, idempotency))

    async def put(
        self,
        key: str,
        value: str,
        ttl: int | None = None,
        if_match: Container[int] | None = None,
        if_none_match: Container[int] | None = None,
        idempotency: Idempotency | None = None,
    ) -> Stored:
        """Store a value under a key, whether it is there or not; under a condition it is compare-and-set.

        Raises:
            PreconditionFailed: the version is not one of ``if_match``, or is one of ``if_none_match``.
            KeyReused: other content under the idempotency key.
        """
        return await self._store(Write(PUT, key, value, ttl, tags(if_match), tags(if_none_match), idempotency))

    async def patch(
        self,
        key: str,
        patch: str,
        if_match: Container[int] | None = None,
        if_none_match: Container[int] | None = None,
        idempotency: Idempotency | None = None,
    ) -> Stored:
        """Change a value by a JSON merge patch (RFC 7396), given as JSON text.

        Raises:
            NotFound, Invalid, TooLarge: as ``patch_entry`` does.
            PreconditionFailed, KeyReused: as for ``put``.
        """
        write = Write(PUT, key, patch, None, tags(if_match), tags(if_none_match), idempotency)
        merged: list[Entry] = []

        async def work(run: Statements) -> str:
            merged.append(await patch_entry(run, self._clock, write))
            return f"200 {merged[-1].version}"

        outcome, replayed = await once(self._database, idempotency, work)
        if replayed:
            return await self._repeat(key, known(outcome))
        self._database.bell.ring(FEED)
        return Stored(merged[-1], 200)

    async def delete(
        self,
        key: str,
        if_match: Container[int] | None = None,
        if_none_match: Container[int] | None = None,
        idempotency: Idempotency | None = None,
    ) -> bool:
        """Delete a key; its history stays. Returns whether an earlier request had done it.

        Raises:
            NotFound: there is no such key.
            PreconditionFailed, KeyReused: as for ``put``.
        """
        write = Write(DELETE, key, None, None, tags(if_match), tags(if_none_match), idempotency)
        outcome: Written | Known = await self._write.join(write)
        if isinstance(outcome, Known):
            return True
        self._database.bell.ring(FEED)
        return False

    async def _store(self, write: Write) -> Stored:
        outcome: Written | Known = await self._write.join(write)
        if isinstance(outcome, Known):
            return await self._repeat(write.key, outcome)
        self._database.bell.ring(FEED)
        value = msgspec.Raw(write.value or "")
        return Stored(Entry(write.key, value, outcome.version, outcome.updated_at, outcome.expires_at), outcome.status)

    async def _repeat(self, key: str, outcome: Known) -> Stored:
        """Return the entry of an earlier reply again, also where it has changed or expired since."""
        entry = await self._recall(key, outcome.version)
        if entry is None:
            raise RoadbedError("A version that was written has gone")
        return Stored(entry, outcome.status, True)
