"""A domain whose one operation writes a change, and whose other one streams them."""

import msgspec

from roadbed.data.changes import BUMP, LOG
from roadbed.data.database import Database
from roadbed.http.call import Call
from roadbed.http.operations import Operations
from roadbed.http.reply import Reply
from roadbed.http.watching import EVENT_STREAM, Hub, LastEventId, Position, watch
from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import Gone
from roadbed.resource.domain import Domain
from tests.faults import guest

FEED = "mark"


class Mark(msgspec.Struct):
    number: int


class Marks:
    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.hub = Hub(database, FEED)

    async def add(self) -> Mark:
        async with self.database.transaction() as run:
            bumped = await run.fetch_one(BUMP, feed=FEED, count=1)
            assert bumped is not None
            change = {"number": bumped.number, "key": f"m{bumped.number}", "kind": "create"}
            await run.execute(LOG, feed=FEED, at=self.clock(), body="{}", **change)
        self.database.bell.ring(FEED)
        return Mark(bumped.number)


operations: Operations[Marks] = Operations("watched", "Marks")


@operations.post("/marks", status=201, idempotent=False)
async def add(call: Call[Marks]) -> Mark:
    """Add a mark."""
    return await call.service.add()


@operations.get("/marks/events", produces=EVENT_STREAM, raises=[Gone])
async def events(call: Call[Marks], last_event_id: LastEventId = None, after: Position = None) -> Reply:
    """Watch marks."""
    return await watch(call.service.hub, None, last_event_id, after)


domain: Domain[Marks] = Domain(
    name="watched",
    title="Watched",
    operations=operations,
    open=Marks,
    metadata=guest.metadata,
    migrations="tests.faults.watched.migrations",
)
