"""The key-value store: every intent is in the history of its key, once, under the version that was told."""

import random
from uuid import uuid4

from tests.faults.insisting import Asking

SPAN = 400
"""Turns after which other keys are written: a history is read in one page of a thousand."""


class Kv:
    """Puts and patches of a few keys, by several at once."""

    damage = ("kv_entry", "DELETE FROM kv_entry")

    def __init__(self) -> None:
        self.findings: list[str] = []
        self._told: dict[str, tuple[str, int]] = {}

    async def prepare(self, ask: Asking) -> None:
        """Nothing is needed: the first write of a key makes it."""

    async def turn(self, ask: Asking, _writer: int, dice: random.Random) -> None:
        """Put a value, or patch the one that is there."""
        intent, key = str(uuid4()), f"faults/{len(self._told) // SPAN}/{dice.randrange(4)}"
        reply = None
        if dice.random() < 0.3:
            reply = await ask.write(f"PATCH /kv/{key}", {"intent": intent})
        if reply is None or reply.status_code == 404:
            reply = await ask.write(f"PUT /kv/{key}", {"value": {"intent": intent}})
        if reply.is_success:
            self._told[intent] = (key, reply.json()["version"])
        else:
            self.findings.append(f"{key}: {reply.status_code} {reply.text}")

    async def differences(self, ask: Asking, _url: str) -> list[str]:
        """Compare the histories of all keys with what was told."""
        found: list[str] = []
        stored: dict[str, tuple[str, int]] = {}
        for key in {key for key, _ in self._told.values()}:
            reply = await ask.send(f"GET /kv/{key}?history=true", (), {})
            revisions = reply.json() if reply.is_success else []
            intents = {row["value"]["intent"]: (key, row["version"]) for row in revisions}
            if len(intents) != len(revisions):
                found.append(f"{key}: {len(revisions) - len(intents)} intents were done twice")
            stored |= intents
        return found + [f"told or stored otherwise: {one}" for one in stored.items() ^ self._told.items()]
