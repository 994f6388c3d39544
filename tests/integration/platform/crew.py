"""Processes that write figures into one database, without a server: what they count is said by the tests."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from roadbed.data.database import Database
from roadbed.data.named_sql import Compiled, Dialect, compile_statement
from roadbed.data.opening import open_database
from roadbed.data.queries import Query
from roadbed.data.statistic_columns import COUNTS, REALS, STATES
from roadbed.kernel.events import Events, Notice, RequestFinished, StatisticsSkipped
from roadbed.kernel.ids import new_id
from roadbed.kernel.settings import Settings
from roadbed.platform import statements
from roadbed.platform.failures import Failures
from roadbed.platform.figures import Collector
from roadbed.platform.model import Node
from roadbed.platform.recording import Options, Recorder
from roadbed.runtime.counts import Counts

NOON = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
TICK = 10.0


class Clock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@asynccontextmanager
async def opened(url: str, **bounds: Any) -> AsyncGenerator[Database]:
    database = await open_database(Settings(database_url=url, **bounds), Events())
    try:
        yield database
    finally:
        await database.close(1.0)


async def ask(database: Database, sql: str) -> list[tuple[Any, ...]]:
    """Run a SELECT and return its rows."""
    kind: type[Any] = tuple
    compiled = {"sqlite": compile_statement(sql, "?"), "postgres": compile_statement(sql, "$")}
    query: Query[Any] = Query("asked by a test", cast("dict[Dialect, Compiled]", compiled), kind)
    return [tuple(row) for row in await database.fetch(query)]


class Crewman:
    """One process: its events, and what writes for it. ``gauges`` and ``watching`` are what it finds when it looks."""

    def __init__(self, database: Any, clock: Clock, name: str = "one", every: float = TICK) -> None:
        self.events, self.clock = Events(), clock
        self.node = Node(new_id(), name, 4711, clock())
        self.gauges: dict[str, float] = {}
        self.watching: dict[str, int] = {}
        self.notices: list[Notice] = []
        self.skipped: list[StatisticsSkipped] = []
        self.events.on(Notice, self.notices.append)
        self.events.on(StatisticsSkipped, self.skipped.append)
        self.counts = Counts()
        self.counts.subscribe(self.events)
        collector, failures = Collector(self.counts, self.events), Failures(self.events, clock)
        options = Options(every, 100, Path("/"))
        self.recorder = Recorder(database, collector, failures, self.node, options, self.events, clock)
        self.recorder.watch((lambda: self.gauges,), lambda: self.watching)

    def answer(self, status: int = 200, duration: float = 0.003, route: str = "/x", problem: str = "") -> None:
        """Say that a request was answered."""
        self.events.emit(
            RequestFinished(str(new_id()), "GET", route, "/x?secret", status, duration, "client", 0, problem)
        )

    async def tick(self) -> None:
        """Let a tick pass, and write."""
        self.clock.move(TICK)
        await self.recorder.write()


async def write_rows(database: Database, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of figures as they are; what is left out is 0."""
    zeros = {**dict.fromkeys((*COUNTS, *STATES), 0), **dict.fromkeys(REALS, 0.0)}
    place = {"process": new_id(), "node": "one", "pid": 1, "started_at": NOON}
    await database.execute_many(statements.WRITE, [{**zeros, **place, **row} for row in rows])
