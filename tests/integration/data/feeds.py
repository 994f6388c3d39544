"""A feed that tests write to."""

from typing import Any

from roadbed.data.changes import BUMP, LOG
from roadbed.data.database import Database, Statements
from roadbed.kernel.clock import now

FEED = "thing"


async def log(run: Statements, count: int = 1, kind: str = "put", body: str | None = "{}", at: Any = None) -> int:
    """Bump the feed and log that many changes; return the last number."""
    bumped = await run.fetch_one(BUMP, feed=FEED, count=count)
    assert bumped is not None
    for number in range(bumped.number - count + 1, bumped.number + 1):
        await run.execute(LOG, feed=FEED, number=number, key=f"k{number}", kind=kind, at=at or now(), body=body)
    return bumped.number


async def write(database: Database, count: int = 1, **what: Any) -> int:
    async with database.transaction() as run:
        last = await log(run, count, **what)
    database.bell.ring(FEED)
    return last
