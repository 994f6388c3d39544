"""Statistics over a range by hand: a bare ASGI application that runs Roadbed's own statement, and nothing else."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec

from roadbed.data.opening import open_database
from roadbed.data.queries import Queries
from roadbed.kernel.events import Events
from roadbed.kernel.settings import Settings

JSON = (b"content-type", b"application/json")
PATH = "/measurements/stats/"

encode = msgspec.json.Encoder().encode


class Figures(msgspec.Struct, frozen=True):
    count: int
    mean: float | None
    min: float | None
    max: float | None
    median: float | None
    std_dev: float | None


class Reply(msgspec.Struct, frozen=True):
    signal_id: int
    from_date: datetime
    to_date: datetime
    count: int
    mean: float | None
    min: float | None
    max: float | None
    median: float | None
    std_dev: float | None


STATISTICS = Queries("roadbed.domains.telemetry").query("statistics", Figures)


class App:
    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        body = await self.answer(scope["path"], scope["query_string"])
        headers = (JSON, (b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def live(self, receive, send):
        await receive()
        settings = Settings(data=Path(os.environ["LIMIT_DATA"]), database_url=os.environ["LIMIT_DATABASE_URL"])
        self.database = await open_database(settings, Events())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.database.close(5.0)
        await send({"type": "lifespan.shutdown.complete"})

    async def answer(self, path, query):
        if not path.startswith(PATH):
            return b'{"status":"ok"}'
        asked = dict(parse_qsl(query.decode()))
        signal, since, until = int(path[len(PATH) :]), *map(datetime.fromisoformat, (asked["from"], asked["to"]))
        found = await self.database.fetch_one(STATISTICS, signal_id=signal, since=since, until=until)
        figures = (found.count, found.mean, found.min, found.max, found.median, found.std_dev)
        return encode(Reply(signal, since, until, *figures))


app = App()
