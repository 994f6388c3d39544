"""What the list offers beside its items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from roadbed.http.call import Call
from roadbed.http.operations import Operations
from roadbed.resource.stores import Stores
from roadbed.runtime.health import Component

operations: Operations[Stores] = Operations("items", "A to-do list whose reads are cached")


class Status(msgspec.Struct, frozen=True):
    """The service answers; ``components`` tells what of it works: database, schema, and the cache in Redis if set."""

    info: Literal["pong"]
    components: Mapping[str, Component]


@operations.get("/status")
async def items_status(call: Call[Stores]) -> Status:
    """Answer, with the state of each component.

    It answers 200 whatever their state: `/health/ready` is for those who send requests elsewhere then.
    """
    return Status("pong", await call.service.health())
