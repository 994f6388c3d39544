"""What a domain's service is made of: the stores of its resources, and the health of all components."""

from collections.abc import Mapping

from roadbed.data.database import Database, Health
from roadbed.data.opening import open_database
from roadbed.http.call import Call
from roadbed.http.edge import Edge
from roadbed.http.operations import Operations
from roadbed.kernel.clock import now
from roadbed.kernel.events import Events
from roadbed.kernel.settings import Settings
from roadbed.resource.domain import Domain
from roadbed.resource.stores import Stores
from roadbed.runtime.health import Component, Readiness
from tests.unit.http.driving import OPTIONS, ask

operations: Operations[Stores] = Operations("lamp", "A domain of somebody else's, without resources")


@operations.get("/lamp")
async def lamp(call: Call[Stores]) -> Mapping[str, Component]:
    """Show what works."""
    assert call.service.clock is now
    assert not call.service.named
    return await call.service.health()


domain: Domain[Stores] = Domain(name="lamp", title="Lamp", operations=operations, open_stores=lambda stores: stores)


async def shown(database: Database, readiness: Readiness | None) -> dict[str, str]:
    groups = domain.opened(database, now) if readiness is None else domain.opened(database, now, readiness.components)
    reply = await ask(Edge(groups, Events(), OPTIONS), "GET /lamp")
    assert reply.status == 200, reply.body
    return {name: component["state"] for name, component in reply.json().items()}


async def test_a_domain_is_told_the_state_of_all_components(engine_url: str) -> None:
    async def dark() -> Health:
        return Health(ok=False, latency=0.0, vital=False)

    database = await open_database(Settings(database_url=engine_url), Events())
    readiness = Readiness()
    readiness.started({"database": database.ping, "oil": dark})
    try:
        assert await shown(database, readiness) == {"database": "ok", "oil": "degraded"}
        # Opened without the rest of a service, as tests do, the database is all there is.
        assert await shown(database, None) == {"database": "ok"}
    finally:
        await database.close(5)
