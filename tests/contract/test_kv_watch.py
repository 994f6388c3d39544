"""Watching the key-value store: whoever comes again at random sees each change once and in order, on two processes."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.conftest import Running
from tests.support.waiting import PATIENCE, eventually

WRITERS, WRITES = 4, 60
Seen = tuple[int, str, dict[str, Any]]


@pytest.fixture
async def http(workers: Running) -> AsyncGenerator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=workers.service.base_url, timeout=PATIENCE, limits=limits) as client:
        yield client


class Watcher:
    """Watches keys by a prefix, hangs up and comes again."""

    def __init__(self, http: httpx.AsyncClient, prefix: str, since: int) -> None:
        self.prefix, self.seen = prefix, list[Seen]()
        self._http, self._since = http, since
        self._last: int | None = None

    async def watch(self, most: int) -> None:
        """Read a stream until ``most`` events came, in whatever pieces."""
        text = ""
        headers = {} if self._last is None else {"Last-Event-ID": str(self._last)}
        query = {"watch": "true", "prefix": self.prefix} | ({"since": str(self._since)} if self._last is None else {})
        async with self._http.stream("GET", "/kv", params=query, headers=headers) as reply:
            assert (reply.status_code, reply.headers["content-type"]) == (200, "text/event-stream")
            async for part in reply.aiter_text():
                *whole, text = (text + part).split("\n\n")
                for event in whole:
                    fields = dict(line.split(": ", 1) for line in event.split("\n") if line != ":")
                    if "id" in fields:
                        self._last = int(fields["id"])
                    if "event" in fields:
                        self.seen.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
                        most -= 1
                if most <= 0:
                    return

    async def watch_for_ever(self, dice: random.Random) -> None:
        while True:
            await self.watch(dice.randrange(1, 30))
            await asyncio.sleep(dice.random() / 50)


async def write(http: httpx.AsyncClient, prefix: str, seed: int) -> None:
    """Change some keys at random; some of it is refused, which nobody is to hear of."""
    dice = random.Random(seed)
    for number in range(WRITES):
        path = f"/kv/{prefix}/{dice.choice('ab')}/{dice.randrange(3)}"
        value = {"n": number, "big": 9007199254740993}
        call = dice.choices(["PUT", "PATCH", "DELETE", "POST"], [5, 2, 2, 1])[0]
        if call == "POST":
            path, value = "/kv", {"key": path.removeprefix("/kv/"), "value": value}
        body = None if call == "DELETE" else {"value": value} if call == "PUT" else value
        reply = await http.request(call, path, json=body)
        assert reply.status_code in (200, 201, 204, 404, 409)


async def changes(http: httpx.AsyncClient, prefix: str) -> list[Seen]:
    """Return what every watcher must have seen, from the histories of all keys that ever were."""
    found: list[Seen] = []
    for key in [f"{prefix}/{letter}/{number}" for letter in "ab" for number in range(3)] + [f"{prefix}/a/last"]:
        there = False
        for revision in reversed((await http.get(f"/kv/{key}", params={"history": "true"})).json()):
            deleted = revision.pop("deleted")
            if deleted:
                revision |= {"deleted": True}
                del revision["expires_at"]
            found.append((revision["version"], "delete" if deleted else "change" if there else "create", revision))
            there = not deleted
    return sorted(found, key=lambda one: one[0])


async def test_each_change_is_seen_once_and_in_order(http: httpx.AsyncClient) -> None:
    prefix = str(uuid4())
    since = (await http.put(f"/kv/{uuid4()}", json={"value": None})).json()["version"]
    watchers = [Watcher(http, prefix + end, since) for end in ("", "/a/", "/a/", "/b/", "/a/1", "/none") * 2]
    tasks = [asyncio.create_task(one.watch_for_ever(random.Random(seed))) for seed, one in enumerate(watchers)]
    await asyncio.gather(*(write(http, prefix, seed) for seed in range(WRITERS)))
    await http.put(f"/kv/{prefix}/a/last", json={"value": "the end"})
    expected = await changes(http, prefix)
    assert len(expected) > WRITERS * WRITES / 2

    def wanted(one: Watcher) -> list[Seen]:
        return [change for change in expected if change[2]["key"].startswith(one.prefix)]

    await eventually(lambda: all(len(one.seen) >= len(wanted(one)) for one in watchers), "all")
    # Had anything come twice, it would be there by now: a later change is.
    await http.put(f"/kv/{prefix}/a/last", json={"value": "the very end"})
    whole = [one for one in watchers if "last" in str(wanted(one))]
    await eventually(lambda: all(len(one.seen) > len(wanted(one)) for one in whole), "the very end")
    ended = [task for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert ended == []
    assert [one.seen[:-1] if one in whole else one.seen for one in watchers] == [wanted(one) for one in watchers]
