"""LISTEN and NOTIFY: processes tell each other that a feed has changed, over a connection of their own.

A NOTIFY inside the writing transaction would take a lock of the whole server until its commit is on the disk, and so
put all writers in one line. So it is sent after the commit, by itself, for many writes at once. What is lost that way
(the process dies in between, the connection is down) a look every now and then finds: ``heard_all``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg

from roadbed.data.bell import Bell
from roadbed.data.postgres.errors import kind_of
from roadbed.data.postgres.statements import terminate
from roadbed.kernel.events import DatabaseFailed, Events
from roadbed.kernel.spans import detached

CHANNEL = "roadbed_feed"

LOOK = 2.0
"""Seconds between two looks at the log while all is well; half a second while the connection is down."""

_LOOK_WHILE_DEAF = 0.5
_ANSWER = 5.0
_TIME_TO_END = 1.0
_TELL = "SELECT pg_notify($1, feed) FROM unnest($2::text[]) AS feed"


class Listener:
    """Hears and tells. It does nothing before it is first needed, and then keeps one connection until ``close``."""

    def __init__(self, url: str, connect_timeout: float, events: Events) -> None:
        self._url = url
        self._connect_timeout = connect_timeout
        self._events = events
        self.bell = Bell(self._tell, self._begin)
        self._task: asyncio.Task[None] | None = None
        self._told: set[str] = set()
        self._wake = asyncio.Event()
        self._lost = False
        self._closed = False

    def _begin(self) -> None:
        if self._task is None and not self._closed:
            # It outlives the request that happened to need it first.
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._live(), name="listener", context=detached())

    def _tell(self, feed: str) -> None:
        self._told.add(feed)
        self._wake.set()
        self._begin()

    async def _live(self) -> None:
        while True:
            try:
                await self._connected()
            except Exception as error:  # noqa: BLE001 - a listener that died would leave everybody to wait
                self._events.emit(DatabaseFailed("postgres", kind_of(error), error))
            # Nobody can be told, and nothing is heard: whoever waits looks for itself.
            self._told.clear()
            self.bell.heard_all()
            await asyncio.sleep(_LOOK_WHILE_DEAF)

    async def _connected(self) -> None:
        connection = await asyncpg.connect(
            self._url,
            timeout=self._connect_timeout,
            command_timeout=_ANSWER,
            statement_cache_size=0,
            server_settings={"application_name": "roadbed listener"},
        )
        try:
            self._lost = False
            connection.add_termination_listener(self._on_end)
            await connection.add_listener(CHANNEL, self._heard(connection.get_server_pid()))
            # What was written before this moment rang for nobody.
            self.bell.heard_all()
            while not self._lost:
                await self._turn(connection)
        finally:
            connection.remove_termination_listener(self._on_end)
            terminate(connection)

    async def _turn(self, connection: asyncpg.Connection[Any]) -> None:
        """Tell what there is to tell; after a while without, see if the connection still lives, and look around."""
        if not self._told:
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), LOOK)
            except TimeoutError:
                await connection.execute("SELECT 1")
                self.bell.heard_all()
                return
        feeds = sorted(self._told)
        self._told.clear()
        await connection.execute(_TELL, CHANNEL, feeds)

    def _heard(self, own: int) -> Callable[..., None]:
        def heard(_connection: object, process: int, _channel: str, feed: object) -> None:
            # Our own rings have woken everybody here before they were sent.
            if process != own:
                self.bell.heard(str(feed))

        return heard

    def _on_end(self, _connection: object) -> None:
        self._lost = True
        self._wake.set()

    async def close(self) -> None:
        """Close the connection."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=_TIME_TO_END)
