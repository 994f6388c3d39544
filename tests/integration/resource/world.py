"""A domain on an open database, and short ways to ask it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from roadbed.data.database import Database
from roadbed.data.migrations.locations import Location
from roadbed.data.postgres import PostgresOptions, open_postgres
from roadbed.data.sqlite import SqliteOptions, open_sqlite
from roadbed.http.edge import Edge
from roadbed.kernel.clock import now
from roadbed.kernel.events import Events
from tests.integration.resource.library import domain
from tests.unit.http.driving import OPTIONS, Headers, Recorder, Reply, ask

LOCATIONS = [Location("library", "tests.integration.resource.none", "tests.integration.resource.library:domain.tables")]


class World:
    """A library that speaks HTTP without a socket."""

    def __init__(self, database: Database) -> None:
        events = Events()
        self.database = database
        self.recorder = Recorder(events)
        self.edge = Edge(domain.opened(database, now), events, OPTIONS)

    async def ask(self, call: str, body: Any = None, headers: Headers = ()) -> Reply:
        reply = await ask(self.edge, call, body, headers)
        assert self.recorder.failed == [], self.recorder.failed
        return reply

    async def get(self, target: str) -> Any:
        reply = await self.ask(f"GET {target}")
        assert reply.status == 200, reply.body
        return reply.json()

    async def make(self, path: str, **values: Any) -> Any:
        """Create a row; return it as shown."""
        reply = await self.ask(f"POST {path}", values)
        assert reply.status == 201, reply.body
        return reply.json()

    async def author(self, name: str = "Ann") -> str:
        return (await self.make("/authors", name=name))["id"]


async def open_url(url: str, **options: Any) -> Database:
    if url.startswith("sqlite"):
        return await open_sqlite(SqliteOptions(url.removeprefix("sqlite:///"), **options), Events())
    return await open_postgres(PostgresOptions(url, **options), Events())


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncGenerator[World]:
    """Open a library; twice on one URL is two processes."""
    database = await open_url(url, **options)
    try:
        yield World(database)
    finally:
        await database.close(5)
