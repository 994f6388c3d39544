"""What the list offers beside its items."""

from __future__ import annotations

from typing import Literal

import msgspec

from roadbed.http.call import Call
from roadbed.http.operations import Operations
from roadbed.resource.store import Stores

operations: Operations[Stores] = Operations("items", "A to-do list whose reads are cached")


class Component(msgspec.Struct, frozen=True):
    """The state of one component. ``latency_ms`` is how long it took to answer."""

    state: Literal["ok", "failed"]
    latency_ms: float


class Status(msgspec.Struct, frozen=True):
    """The service answers; ``components`` tells what of it works."""

    info: Literal["pong"]
    components: dict[str, Component]


@operations.get("/status")
async def items_status(call: Call[Stores]) -> Status:
    """Answer, with the state of each component.

    It answers 200 whatever their state: `/health/ready` is for those who send requests elsewhere then.
    """
    database = await call.service.database.ping()
    state: Literal["ok", "failed"] = "ok" if database.ok else "failed"
    return Status("pong", {"database": Component(state, round(database.latency * 1000, 3))})
