"""One service per engine for all of this folder: started as a user starts it, on a database of its own."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.conftest import ENGINES
from tests.contract.database import Stored, opened
from tests.contract.described import Document, fetch_document
from tests.support.prepared import Prepared
from tests.support.redis import RedisServer
from tests.support.service import Service, ServiceOptions, running_service


@dataclass(frozen=True)
class Running:
    """A service that runs, what it says of itself, and a look into its database."""

    engine: str
    service: Service
    stored: Stored
    document: Document

    @property
    def port(self) -> int:
        return self.service.port


@contextmanager
def serving(
    engine: str, request: pytest.FixtureRequest, folder: pytest.TempPathFactory, options: ServiceOptions | None = None
) -> Iterator[Running]:
    """Run a service on an engine. When it ends, its books must balance and nothing unforeseen may be in its log."""
    options = {} if options is None else options
    prepared: Prepared = request.getfixturevalue("prepared")
    place, url = folder.mktemp(engine), None
    if engine == "postgres":
        url = prepared.on(request.getfixturevalue("postgres_server"))
    else:
        prepared.embedded(place)
    with running_service(place, **{**options, "database_url": url}) as service:
        with opened(url or str(service.data / "roadbed.db")) as stored:
            yield Running(engine, service, stored, fetch_document(service.port))
            assert stored.wrong_accounts() == []
        assert service.terminate() == 0
        unforeseen = re.findall(r'^.*"level":\s?"(?:error|critical)".*$|^Traceback.*$', service.logs(), re.MULTILINE)
        assert unforeseen == []


@pytest.fixture(scope="session", params=ENGINES)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The shared service: scenarios use ids of their own and count differences of rows."""
    with serving(request.param, request, tmp_path_factory) as started:
        yield started


@pytest.fixture(scope="session", params=ENGINES)
def workers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service of two worker processes."""
    with serving(request.param, request, tmp_path_factory, {"arguments": ("--workers", "2")}) as started:
        yield started


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis for the caches of all services here; none of these tests disturbs it."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session", params=ENGINES)
def with_redis(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer
) -> Iterator[Running]:
    """A service that keeps its replies in Redis too."""
    with serving(request.param, request, tmp_path_factory, {"env": {"ROADBED_REDIS_URL": redis_server.url}}) as started:
        yield started
