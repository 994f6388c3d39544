"""Databases with the tables of telemetry, and three signals of two assets in them."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg

from roadbed.data.database import Database
from roadbed.data.migrations.parent import upgrade
from roadbed.data.postgres import PostgresOptions, open_postgres
from roadbed.data.sqlite import SqliteOptions, open_sqlite
from roadbed.domains.telemetry.csv_rows import CsvRows
from roadbed.domains.telemetry.model import Ingested, Measurement, NewAsset, NewSignal
from roadbed.domains.telemetry.pages import Window
from roadbed.domains.telemetry.service import Telemetry
from roadbed.kernel.clock import now
from roadbed.kernel.events import Events
from roadbed.resource.registry import load_domains, locations
from tests.support.postgres import PostgresServer
from tests.support.prepared import Prepared

DOMAIN = "telemetry"
TABLES = "telemetry_measurement, telemetry_signal, telemetry_asset, telemetry_import, idempotency"
SIGNALS = (1, 2, 3)
ALWAYS = Window()


def migrate(url: str) -> None:
    upgrade(url, locations(load_domains([DOMAIN])))


def new(prepared: Prepared, place: Path | PostgresServer) -> str:
    return prepared.schema("telemetry", migrate, place)


async def empty(url: str) -> None:
    """Empty a database on PostgreSQL, in a tenth of the time of making a new one."""
    connection = await asyncpg.connect(url)
    # The rule that signals are never deleted would refuse it.
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(f"TRUNCATE {TABLES}")
    await connection.close()


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Database]:
    """Open a database, and close it whatever happens."""
    if url.startswith("sqlite"):
        database: Database = await open_sqlite(SqliteOptions(url.removeprefix("sqlite:///")), Events())
    else:
        database = await open_postgres(PostgresOptions(url), Events())
    try:
        yield database
    finally:
        await database.close(5)


@asynccontextmanager
async def telemetry(url: str) -> AsyncGenerator[Telemetry]:
    """Open telemetry with its signals."""
    async with opened(url) as database:
        service = Telemetry(database, now)
        for asset in (1, 2):
            await service.put_asset(asset, NewAsset(47.5, 8.2, f"asset {asset}"))
        for signal in SIGNALS:
            new = NewSignal(UUID(int=signal), f"signal {signal}", 1 if signal < 3 else 2, "kV")
            await service.put_signal(signal, new)
        yield service


def csv(*rows: tuple[object, int, object]) -> bytes:
    """Return a file of rows: time, signal, value."""
    lines = ["Ts|SignalId|MeasurementValue", *(f"{time}|{signal}|{value}" for time, signal, value in rows)]
    return ("\n".join(lines) + "\n").encode()


async def parts(body: bytes, size: int = 65536) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def ingest(service: Telemetry, *rows: tuple[object, int, object]) -> Ingested:
    return await service.ingest(parts(csv(*rows)), CsvRows())


async def stored(service: Telemetry, signals: Iterable[int] = SIGNALS, window: Window = ALWAYS) -> list[Measurement]:
    """Return everything in a range."""
    return [row async for part in service.measurements(signals, window) for row in part]
