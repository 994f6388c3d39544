"""The ledger, the key-value store and a declared domain behind one edge, on both engines in turn."""

from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import msgspec
import pytest

from roadbed.data.atomic import Atomic
from roadbed.data.migrations.locations import Location
from roadbed.data.migrations.parent import create_fresh
from roadbed.data.opening import open_database
from roadbed.domains.kv import domain as kv
from roadbed.domains.ledger import domain as ledger
from roadbed.http import batch
from roadbed.http.edge import Edge
from roadbed.kernel.clock import now
from roadbed.kernel.events import Events
from roadbed.kernel.settings import Settings
from tests.integration.batch.shelves import domain as shelves
from tests.support.postgres import PostgresServer
from tests.support.prepared import Prepared

LOCATIONS = [
    Location("ledger", "roadbed.domains.ledger.migrations", "roadbed.domains.ledger.tables:metadata"),
    Location("kv", "roadbed.domains.kv.migrations", "roadbed.domains.kv:domain.tables"),
    Location("shelves", "roadbed.domains.ledger.migrations", "tests.integration.batch.shelves:domain.tables"),
]


def make_tables(url: str) -> None:
    """Make the tables of all three in an empty database."""
    with pytest.MonkeyPatch.context() as patch:
        # That is done by a process of its own, which must find the tests.
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
        create_fresh(url, LOCATIONS)


@pytest.fixture
def sqlite_batch_url(prepared: Prepared, tmp_path: Path) -> str:
    return prepared.schema("batch", make_tables, tmp_path / "batch.db")


@pytest.fixture
def postgres_batch_url(prepared: Prepared, postgres_server: PostgresServer) -> str:
    return prepared.schema("batch", make_tables, postgres_server)


@pytest.fixture
async def client(engine: str, request: pytest.FixtureRequest) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of all three, on an empty database."""
    url = request.getfixturevalue(f"{engine}_batch_url")
    events = Events()
    database = await open_database(msgspec.structs.replace(Settings(), database_url=url), events)
    batches = batch.Batches(Atomic(database).run)
    opened = [group for domain in (ledger, kv, shelves) for group in domain.opened(database, now)]
    edge = Edge([(batch.operations, batches), *opened], events)
    batches.serve(edge.endpoints)
    transport = httpx.ASGITransport(edge)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as ready:
        yield ready
    await database.close(5)
