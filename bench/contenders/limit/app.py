"""A bare ASGI application: decode, fly, encode. No conventions, no logs, no metrics: what is left is the engine."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import msgspec

from limit.work import CREATING, GETTING, NEWEST, NewTransaction
from roadbed.data.opening import open_database
from roadbed.kernel.events import Events
from roadbed.kernel.settings import Settings

decode = msgspec.json.Decoder(NewTransaction).decode
encode = msgspec.json.Encoder().encode

JSON = (b"content-type", b"application/json")
PING = b'{"status":"ok"}'


class App:
    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        status, body = await self.answer(scope["method"], scope["path"], receive)
        headers = (JSON, (b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def live(self, receive, send):
        await receive()
        settings = Settings(data=Path(os.environ["LIMIT_DATA"]), database_url=os.environ["LIMIT_DATABASE_URL"])
        self.database = await open_database(settings, Events())
        self.creating = self.database.flight(CREATING)
        self.getting = self.database.flight(GETTING)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.database.close(5.0)
        await send({"type": "lifespan.shutdown.complete"})

    async def answer(self, method, path, receive):
        if path == "/transactions":
            if method == "POST":
                return await self.create(await body_of(receive))
            return 200, encode(await self.database.fetch(NEWEST, limit=30))
        if path == "/ping":
            return 200, PING
        try:
            found = await self.getting.join(UUID(path.removeprefix("/transactions/")))
        except ValueError:
            return 400, b"{}"
        return (404, b"{}") if found is None else (200, encode(found))

    async def create(self, body):
        try:
            new = decode(body)
        except msgspec.MsgspecError:
            return 400, b"{}"
        return 201, encode(await self.creating.join(new))


async def body_of(receive):
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    return body


app = App()
