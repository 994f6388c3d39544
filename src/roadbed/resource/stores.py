"""What a domain's service may stand on."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from roadbed.data.database import Database
from roadbed.kernel.clock import Clock
from roadbed.resource.store import Store
from roadbed.runtime.counters import Counters
from roadbed.runtime.health import Components


class Stores(msgspec.Struct, frozen=True):
    """What a domain's service is made of: the stores of its resources by name, and what these stand on themselves.

    ``await health()`` tells the state of each component that ``/health/ready`` asks (database, schema, cache …).
    ``counters`` are those that the domains declare: ``counters.of(LENT, "home")`` is one series of such a counter.
    """

    database: Database
    clock: Clock
    named: Mapping[str, Store]
    health: Components
    counters: Counters
