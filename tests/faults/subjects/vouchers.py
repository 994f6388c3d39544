"""The voucher shop: who was told of a purchase has it, every history is a legal path, and holds what was told, once."""

import random
from itertools import pairwise

from tests.faults import rows
from tests.faults.insisting import Asking

ALLOWED = {("purchased", "cancelled"), ("purchased", "used"), ("cancelled", "refunded")}
RECENT = 12
"""Vouchers that writers meet at: the newest, which have somewhere to go yet."""


class Vouchers:
    """Purchases, changes of status and redemptions, by rivals."""

    damage = ("vouchers_history", "DELETE FROM vouchers_history WHERE action <> 'create'")

    def __init__(self) -> None:
        self.findings: list[str] = []
        self._codes: dict[str, str] = {}
        self._told: dict[str, list[tuple[int, str]]] = {}
        self._template = ""

    async def prepare(self, ask: Asking) -> None:
        """Put a template on the shelf."""
        reply = await ask.write("POST /vouchers/templates", {"title": "Dinner", "price": 4136, "currency": "EUR"})
        self._template = reply.json()["id"]

    async def turn(self, ask: Asking, writer: int, dice: random.Random) -> None:
        """Buy a voucher, or do something to one of the newest."""
        wish = dice.choice(["buy", "buy", "cancelled", "refunded", "used", "redeem"])
        if wish == "buy" or not self._codes:
            reply = await ask.write("POST /vouchers", {"template_id": self._template, "buyer": f"Ada {writer}"})
            if reply.status_code == 201:
                bought = reply.json()
                self._codes[bought["id"]] = bought["code"]
                self._told[bought["id"]] = [(bought["version"], "purchased")]
            else:
                self.findings.append(f"a purchase: {reply.status_code} {reply.text}")
            return
        one = dice.choice(list(self._codes)[-RECENT:])
        if wish == "redeem":
            # The code that was told last is the one that is stored, however often the purchase was repeated.
            reply = await ask.write("POST /vouchers/redeem", {"code": self._codes[one]})
        else:
            reply = await ask.write(f"POST /vouchers/{one}/status", {"status": wish})
        if reply.status_code == 200:
            self._told[one].append((reply.json()["version"], reply.json()["status"]))
        elif not (reply.status_code == 409 and reply.json()["type"].endswith("status-not-allowed")):
            self.findings.append(f"{one}, {wish}: {reply.status_code} {reply.text}")

    async def differences(self, ask: Asking, url: str) -> list[str]:
        """Compare the history of each voucher with what was told of it, and with what is allowed."""
        found: list[str] = []
        for one, told in self._told.items():
            past = (await ask.read(f"/vouchers/{one}/history"))[::-1]
            path = [(entry["version"], entry["after"]["status"]) for entry in past]
            if path != sorted(told):
                found.append(f"{one}: told {sorted(told)}, stored {path}")
            statuses = [status for _, status in path]
            found += [f"{one} went from {way[0]} to {way[1]}" for way in pairwise(statuses) if way not in ALLOWED]
            shown = (await ask.read(f"/vouchers/{one}"))["status"]
            if statuses[-1:] != [shown]:
                found.append(f"{one} is {shown} after {statuses}")
        ((count,),) = await rows.query(url, "SELECT count(*) FROM vouchers")
        return found + ([] if count[0] == len(self._told) else [f"{count[0]} vouchers, {len(self._told)} were sold"])
