"""From settings to an open database: the one place that chooses the engine. Its driver is imported only then."""

from __future__ import annotations

from pathlib import Path

from roadbed.data.database import Database
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.events import Events
from roadbed.kernel.settings import Settings


async def open_database(settings: Settings, events: Events) -> Database:
    """Open the database that the settings name. A SQLite file is made if it is missing.

    Raises:
        ConfigurationError: the driver, the database or the credentials are wrong.
        Unavailable: the database does not answer, or its file cannot be opened.
    """
    if settings.dialect == "sqlite":
        return await _open_sqlite(settings, events)
    return await _open_postgres(settings, events)


async def stored_heads(settings: Settings, events: Events) -> tuple[str, ...]:
    """Open the database, ask which revisions it is at, and close it again. A missing file is at none, and stays so.

    Raises as ``open_database`` does.
    """
    if settings.dialect == "sqlite" and _is_missing(settings.sqlite_path):
        return ()
    database = await open_database(settings, events)
    try:
        return await database.stored_heads()
    finally:
        await database.close(1.0)


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False  # perhaps it is there: opening it says in words what is in the way
    return False


async def _open_sqlite(settings: Settings, events: Events) -> Database:
    from roadbed.data.sqlite import SqliteOptions, open_sqlite

    options = SqliteOptions(
        path=str(settings.sqlite_path),
        readers=settings.sqlite_readers,
        flight_capacity=settings.flight_capacity,
        flight_queue=settings.flight_queue,
        writer_queue=settings.flight_queue,
        reader_queue=settings.flight_queue,
        busy_timeout=settings.lock_timeout,
        statement_timeout=settings.statement_timeout,
        transaction_timeout=settings.transaction_timeout,
        traced=bool(settings.otlp_endpoint),
    )
    return await open_sqlite(options, events)


async def _open_postgres(settings: Settings, events: Events) -> Database:
    try:
        from roadbed.data.postgres import PostgresOptions, open_postgres
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"PostgreSQL needs the Python package {error.name}: pip install 'roadbed[postgres]'"
        ) from error
    options = PostgresOptions(
        url=settings.database_url,
        direct_url=settings.database_direct_url,
        pool_size=settings.pool_size,
        pool_queue=settings.flight_queue,
        pool_timeout=settings.pool_timeout,
        connect_timeout=settings.connect_timeout,
        flight_capacity=settings.flight_capacity,
        flight_queue=settings.flight_queue,
        statement_timeout=settings.statement_timeout,
        lock_timeout=settings.lock_timeout,
        transaction_timeout=settings.transaction_timeout,
        # Whoever names a second, direct way to the database does so because the first leads through a pooler.
        pooler=bool(settings.database_direct_url),
        traced=bool(settings.otlp_endpoint),
    )
    return await open_postgres(options, events)
