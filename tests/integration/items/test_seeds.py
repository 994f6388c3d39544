"""Sample data of the list: there once, however often it is asked for."""

from pathlib import Path

from roadbed.data.migrations.parent import create_fresh
from roadbed.data.opening import open_database
from roadbed.domains.items import domain, seeds
from roadbed.http.edge import Edge
from roadbed.kernel.clock import now
from roadbed.kernel.events import Events
from roadbed.kernel.settings import Settings
from roadbed.resource.registry import load_domains, locations
from roadbed.resource.seeding import Seeded, Seeding
from tests.unit.http.driving import OPTIONS, ask


async def test_a_second_time_changes_nothing(engine_url: str) -> None:
    create_fresh(engine_url, locations(load_domains(["items"])))
    database = await open_database(Settings(database_url=engine_url), Events())
    try:
        seeding = Seeding(database, now, Path(), lambda *_: None)
        assert await seeds.seed(seeding) == [Seeded("items", 8, 0)]
        edge = Edge(domain.opened(database, now), Events(), OPTIONS)
        rows = (await ask(edge, "GET /items")).json()
        assert sorted(row["name"] for row in rows if row["completed"]) == sorted(seeds.DONE)
        assert await seeds.seed(seeding) == [Seeded("items", 0, 8)]
        assert (await ask(edge, "GET /items")).json() == rows
    finally:
        await database.close(5)
