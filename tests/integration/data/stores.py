"""Databases with the tables of these tests, on either engine, and a way to look into them that is not ours."""

from pathlib import Path
from typing import Any, Protocol

import apsw

from roadbed.data.database import Database
from roadbed.data.migrations.parent import create_fresh
from roadbed.data.postgres import PostgresOptions, open_postgres
from roadbed.data.sqlite import SqliteOptions, open_sqlite
from roadbed.kernel import events as kinds
from roadbed.kernel.events import Events
from tests.support.postgres import PostgresServer
from tests.support.prepared import Prepared

# The platform's own tables come from its declaration; these are what the tests write.
SQLITE_TABLES = """
CREATE TABLE thing (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL CONSTRAINT ck_amount CHECK (amount >= 0),
    parent INTEGER REFERENCES thing (id)
) STRICT;
CREATE TABLE sample (
    id INTEGER PRIMARY KEY, flag INTEGER, blob BLOB, at INTEGER, key BLOB, ratio REAL, note TEXT, count INTEGER
) STRICT;
CREATE TABLE log (id INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT;
CREATE TRIGGER tr_log_no_delete BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'log is append-only'); END;
"""
POSTGRES_TABLES = """
CREATE TABLE thing (
    id bigint PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE,
    amount bigint NOT NULL CONSTRAINT ck_amount CHECK (amount >= 0), parent bigint REFERENCES thing (id)
);
CREATE TABLE sample (
    id bigint PRIMARY KEY, flag boolean, blob bytea, at timestamptz, key uuid, ratio double precision,
    note text COLLATE "C", count bigint
);
"""


class Heard:
    """The events of a database, and what was emitted so far."""

    def __init__(self) -> None:
        self.events = Events()
        self.all: list[Any] = []
        for kind in (kinds.FlightSplit, kinds.FlightRetried, kinds.RequestShed, kinds.DatabaseFailed):
            self.events.on(kind, self.all.append)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.all if type(event) is kind]


class Store(Protocol):
    """One database of one test. ``open`` may be called again: each call is as another process would do it."""

    url: str

    async def open(self, heard: Heard | None = None, **options: Any) -> Database:
        """Open it through our engine; ``options`` replace the engine's bounds."""
        ...

    def rows(self, sql: str) -> list[str]:
        """Ask the database by another way; columns are parted by ``|``, nothing is the empty string."""
        ...


class SqliteStore:
    """A file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    async def open(self, heard: Heard | None = None, **options: Any) -> Database:
        return await open_sqlite(SqliteOptions(str(self.path), **options), (heard or Heard()).events)

    def rows(self, sql: str) -> list[str]:
        connection = apsw.Connection(str(self.path))
        try:
            return ["|".join("" if value is None else str(value) for value in row) for row in connection.execute(sql)]
        finally:
            connection.close()


class PostgresStore:
    """A database on a server."""

    def __init__(self, server: PostgresServer, url: str) -> None:
        self.server = server
        self.url = url

    async def open(self, heard: Heard | None = None, **options: Any) -> Database:
        return await open_postgres(PostgresOptions(self.url, **options), (heard or Heard()).events)

    def rows(self, sql: str) -> list[str]:
        return self.server.sql(sql, self.url.rpartition("/")[2]).splitlines()


def new_postgres(prepared: Prepared, server: PostgresServer) -> PostgresStore:
    """Make a database with all tables on a server."""

    def make(url: str) -> None:
        create_fresh(url, [])
        server.sql(POSTGRES_TABLES, url.rpartition("/")[2])

    return PostgresStore(server, prepared.schema("data engine", make, server))


def new_sqlite(prepared: Prepared, path: Path) -> SqliteStore:
    """Make a file with all tables."""

    def make(url: str) -> None:
        create_fresh(url, [])
        connection = apsw.Connection(url.removeprefix("sqlite:///"))
        connection.execute(SQLITE_TABLES)
        connection.close()

    prepared.schema("data engine", make, path)
    return SqliteStore(path)
