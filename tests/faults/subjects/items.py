"""The to-do list: every change is in its item's history as it was told, once, and no list is older than that."""

import random
from collections import Counter
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx

from tests.faults import rows
from tests.faults.insisting import Asking

Told = list[tuple[str, int | None]]
"""What was done to an item, with the version that was told; a deletion tells none."""


class Items:
    """Each writer has items of its own, and so knows at any moment what a list must show of them."""

    damage = ("items_history", "DELETE FROM items_history WHERE action = 'create'")

    def __init__(self) -> None:
        self.findings: list[str] = []
        self._told: dict[str, Told] = {}
        self._live: dict[int, dict[str, dict[str, Any]]] = {}

    async def prepare(self, ask: Asking) -> None:
        """Nothing is needed."""

    async def turn(self, ask: Asking, writer: int, dice: random.Random) -> None:
        """Create, change or delete an item; then look whether a list shows it."""
        live = self._live.setdefault(writer, {})
        wish = dice.random()
        if len(live) < 2 or (wish < 0.3 and len(live) < 8):
            await self._create(ask, live, f"{writer}: {uuid4()}")
        elif wish < 0.8:
            change = {"completed": True} if wish < 0.4 else {"name": f"{writer}: {uuid4()}"}
            await self._change(ask, live, dice.choice(list(live)), change)
        else:
            await self._delete(ask, live, dice.choice(list(live)))
        if dice.random() < 0.5:
            listed = await ask.send("GET /items?limit=1000", (), {})
            mine = [row for row in listed.json() if row["name"].startswith(f"{writer}: ")]
            self._compare(mine, live)

    async def _create(self, ask: Asking, live: dict[str, dict[str, Any]], name: str) -> None:
        reply = await ask.write("POST /items", {"name": name})
        if self._expect(reply, 201):
            item = reply.json()
            live[item["id"]] = item
            self._told[item["id"]] = [("create", version_of(reply))]

    async def _change(self, ask: Asking, live: dict[str, dict[str, Any]], one: str, change: dict[str, Any]) -> None:
        new = live[one] | change
        reply = await ask.write(f"PATCH /items/{one}", change)
        if self._expect(reply, 200) and new != live[one]:
            # What changes nothing leaves no trace.
            self._told[one].append(("change", version_of(reply)))
            live[one] = new

    async def _delete(self, ask: Asking, live: dict[str, dict[str, Any]], one: str) -> None:
        if self._expect(await ask.write(f"DELETE /items/{one}"), 204):
            self._told[one].append(("delete", None))
            del live[one]

    def _expect(self, reply: httpx.Response, status: int) -> bool:
        if reply.status_code != status:
            self.findings.append(f"{reply.request.method} {reply.url}: {reply.status_code} {reply.text}")
        return reply.status_code == status

    def _compare(self, listed: list[Any], live: dict[str, dict[str, Any]]) -> None:
        """Note a list that shows other items, or other values of them, than were told before it was asked for."""
        if {row["id"]: row for row in listed} != live or len(listed) != len(live):
            self.findings.append(f"a list shows {listed}, and was to show {live}")

    async def differences(self, ask: Asking, url: str) -> list[str]:
        """Compare the history of each item, and the list as every process shows it, with what was told."""
        found: list[str] = []
        for one, told in self._told.items():
            reply = await ask.send(f"GET /items/{one}/history", (), {"Cache-Control": "no-cache"})
            past = reply.json()[::-1] if reply.is_success else []
            done = [(entry["action"], entry["version"] if entry["action"] != "delete" else None) for entry in past]
            if done != told:
                found.append(f"{one}: told {told}, stored {done}")
            found += [
                f"{one}: {entry} does not begin where {before} ends"
                for before, entry in pairwise(past)
                if entry["before"] != before["after"]
            ]
        ((count,),) = await rows.query(url, "SELECT count(*) FROM items_history")
        if count[0] != sum(map(len, self._told.values())):
            found.append(f"{count[0]} changes are stored, {sum(map(len, self._told.values()))} were told")
        return found + await self._stale_lists(ask)

    async def _stale_lists(self, ask: Asking) -> list[str]:
        """Ask for the list over connections of their own, which may lead to any worker, until one finds it kept."""
        before, results = len(self.findings), Counter[str]()
        everything = {one: item for live in self._live.values() for one, item in live.items()}
        for _ in range(8):
            reply = await ask.send("GET /items?limit=1000", (), {"Connection": "close"})
            results[reply.headers["cache-status"].split(";")[1].strip()] += 1
            self._compare(reply.json(), everything)
        stale, self.findings = self.findings[before:], self.findings[:before]
        return stale + ([] if results["hit"] else [f"no list was kept: {results}"])


def version_of(reply: httpx.Response) -> int:
    """Return the version that a reply tells in its ETag."""
    return int(reply.headers["etag"].strip('"'))
