"""Is the process alive, and should it get requests?

Alive is whoever answers. Ready is who started completely, is not shutting down, and whose components all answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Literal

import msgspec

from roadbed.data.database import Health
from roadbed.kernel.errors import RoadbedError

Check = Callable[[], Awaitable[Health]]

TIMEOUT = 1.5
"""Seconds after which a component that has not answered counts as failed."""

FRESH = 0.25
"""Seconds for which an answer serves all who ask: probes are not to load the database."""


class Component(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state of one component; ``degraded``: it failed, and the service goes on without it.

    ``latency_ms`` is how long it took to answer."""

    state: Literal["ok", "degraded", "failed"]
    latency_ms: float
    detail: str = ""


Components = Callable[[], Awaitable[Mapping[str, Component]]]
"""Asks all components for their state, by name; what domains are given (``Stores.health``). One that fails is an
answer, not an error."""


class Report(msgspec.Struct, frozen=True):
    """What ``/health/ready`` says. Only ``ready`` and ``degraded`` should get requests."""

    status: Literal["starting", "ready", "degraded", "failed", "draining"]
    components: dict[str, Component]


class Readiness:
    """Asks the components, all at once, each within ``timeout`` seconds, and remembers the answer for ``fresh``."""

    def __init__(self, *, timeout: float = TIMEOUT, fresh: float = FRESH) -> None:
        self._timeout = timeout
        self._fresh = fresh
        self._checks: Mapping[str, Check] = {}
        self._phase: Literal["starting", "running", "draining"] = "starting"
        self._asked = float("-inf")
        self._asking: asyncio.Task[dict[str, Component]] | None = None

    def started(self, checks: Mapping[str, Check]) -> None:
        """From now on the state of these components decides."""
        self._checks = dict(checks)
        self._phase = "running"

    def drain(self) -> None:
        """From now on the process is not ready: load balancers are to turn elsewhere."""
        self._phase = "draining"

    @property
    def draining(self) -> bool:
        """Whether the process is shutting down."""
        return self._phase == "draining"

    async def report(self) -> Report:
        """Return the state of the process and of each component; never raises for a component that fails."""
        if self._phase != "running":
            return Report(self._phase, {})
        components = await self.components()
        states = {component.state for component in components.values()}
        status = "failed" if "failed" in states else "degraded" if "degraded" in states else "ready"
        return Report(status, components)

    async def components(self) -> dict[str, Component]:
        """Return the state of each component, whether or not the process should get requests; none before the start."""
        if not self._checks:
            return {}
        if self._asking is None or (self._asking.done() and perf_counter() - self._asked > self._fresh):
            self._asking = asyncio.get_running_loop().create_task(self._ask())
        # Shielded: a probe that hangs up must not take the answer from the others that wait for it.
        return await asyncio.shield(self._asking)

    async def _ask(self) -> dict[str, Component]:
        names = list(self._checks)
        answers = await asyncio.gather(*(self._component(self._checks[name]) for name in names))
        self._asked = perf_counter()
        return dict(zip(names, answers, strict=True))

    async def _component(self, check: Check) -> Component:
        begin = perf_counter()
        try:
            async with asyncio.timeout(self._timeout):
                health = await check()
        except TimeoutError:
            return Component("failed", _ms(perf_counter() - begin), f"no answer within {self._timeout:g} s")
        except RoadbedError as error:
            return Component("failed", _ms(perf_counter() - begin), error.detail)
        except Exception as error:  # noqa: BLE001 - a broken component is an answer, not an error of the probe
            # Its text may name hosts and users: the log has it, a public page has not.
            return Component("failed", _ms(perf_counter() - begin), type(error).__name__)
        return Component(
            "ok" if health.ok else "failed" if health.vital else "degraded", _ms(health.latency), health.detail
        )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
