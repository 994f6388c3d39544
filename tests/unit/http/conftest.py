"""A small domain through an edge, and through a real server."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest

from roadbed.http import connections, protocol
from roadbed.http.edge import Edge
from roadbed.http.limits import HttpOptions
from roadbed.http.mounts import Mount
from tests.unit.http import notes
from tests.unit.http.driving import Recorder, make_edge
from tests.unit.http.serving import OPTIONS, Client, Serve, World, serving, stream


@pytest.fixture
def service() -> notes.Notes:
    return notes.Notes()


@pytest.fixture
def made(service: notes.Notes) -> tuple[Edge, Recorder]:
    return make_edge(notes.operations, service)


@pytest.fixture
def edge(made: tuple[Edge, Recorder]) -> Edge:
    return made[0]


@pytest.fixture
def recorder(made: tuple[Edge, Recorder]) -> Recorder:
    return made[1]


@pytest.fixture
def note(service: notes.Notes) -> notes.Note:
    return service.add(notes.NewNote("first"))


@pytest.fixture
async def serve(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Serve]:
    """Serve notes under the options given."""
    monkeypatch.setattr(connections, "SWEEP_INTERVAL", 0.02)
    monkeypatch.setattr(protocol, "SHUTDOWN_GRACE", 0.05)
    async with AsyncExitStack() as stack:

        async def start(options: HttpOptions = OPTIONS) -> World:
            service = notes.Notes()
            edge, recorder = make_edge(notes.operations, service, options, {"/stream": Mount(stream)})
            return World(await stack.enter_async_context(serving(edge)), service, recorder)

        yield start


@pytest.fixture
async def world(serve: Serve) -> World:
    return await serve()


@pytest.fixture
async def client(world: World) -> Client:
    return await world.server.connect()
