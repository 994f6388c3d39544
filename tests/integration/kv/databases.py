"""Databases with the store's tables in them, made by the real migrations once and copied for each test."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from roadbed.data.database import Database
from roadbed.data.migrations.parent import upgrade
from roadbed.data.postgres import PostgresOptions, open_postgres
from roadbed.data.sqlite import SqliteOptions, open_sqlite
from roadbed.domains import kv
from roadbed.domains.kv.service import Store
from roadbed.kernel.clock import Clock, now
from roadbed.kernel.events import Events
from roadbed.resource.registry import locations
from tests.support.postgres import PostgresServer
from tests.support.prepared import Prepared

TABLES = "kv_entry, kv_history, feed, change, idempotency"


def migrate(url: str) -> None:
    """Make the store's tables and the platform's."""
    upgrade(url, locations([kv.domain]))


def new(prepared: Prepared, place: Path | PostgresServer) -> str:
    """Return the URL of a new database, in a file or on a server."""
    return prepared.schema("kv", migrate, place)


async def empty(url: str) -> None:
    """Empty a database on PostgreSQL, in a tenth of the time of making a new one."""
    connection = await asyncpg.connect(url)
    await connection.execute(f"TRUNCATE {TABLES}")
    await connection.close()


async def open_url(url: str, events: Events, **options: float) -> Database:
    """Open a database; ``options`` replace the engine's bounds."""
    if url.startswith("sqlite"):
        return await open_sqlite(SqliteOptions(url.removeprefix("sqlite:///"), **options), events)  # type: ignore[arg-type]
    return await open_postgres(PostgresOptions(url, **options), events)  # type: ignore[arg-type]


class Opened:
    """A store with the database and the events beneath it."""

    def __init__(self, url: str, database: Database, events: Events, clock: Clock) -> None:
        self.url = url
        self.database = database
        self.events = events
        self.store = Store(database, clock)


@asynccontextmanager
async def opened(url: str, clock: Clock = now, **options: float) -> AsyncGenerator[Opened]:
    """Open a store, and close it whatever happens."""
    events = Events()
    database = await open_url(url, events, **options)
    try:
        yield Opened(url, database, events, clock)
    finally:
        await database.close(5)
