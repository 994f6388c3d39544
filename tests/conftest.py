"""Fixtures that every kind of test uses."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, Unpack

import pytest
from hypothesis import HealthCheck, settings

from tests.support.ordering import places
from tests.support.otlp import OtlpCollector, running_collector
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.prepared import Prepared
from tests.support.service import Service, ServiceOptions

ENGINES = ("sqlite", "postgres")

# How long an example takes says how busy the machine is.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files into the order in which they keep all cores busy."""
    place = places((item.path for item in items), Path(__file__).parent)
    items.sort(key=lambda item: place[item.path])


class StartService(Protocol):
    """The type of the fixture ``start_service``."""

    def __call__(self, *, new: bool = False, **options: Unpack[ServiceOptions]) -> Service:
        """Start a service in a folder of its own and return it once it is ready.

        Its embedded database is a copy of one that is current and empty, or is made by the service (``new``).
        """
        ...


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole run. Tests that stop or kill a server use ``own_postgres``."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Databases that are there before a test begins; the processes that share the tests make each of them once."""
    own = tmp_path_factory.getbasetemp()
    return Prepared((own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "prepared")


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this test alone, to be stopped, killed and started again."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty PostgreSQL database that this test alone uses."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of an engine: a test that asks for it, or for ``engine_url``, runs on each."""
    return request.param


@pytest.fixture
def engine_url(engine: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, on SQLite and on PostgreSQL in turn."""
    return request.getfixturevalue(f"{engine}_url")


@pytest.fixture
def current_sqlite_url(prepared: Prepared, tmp_path: Path) -> str:
    """The URL of a SQLite file with the empty tables of all shipped domains: a service that starts migrates nothing."""
    return prepared.embedded(tmp_path / "current")


@pytest.fixture
def current_postgres_url(prepared: Prepared, postgres_server: PostgresServer) -> Iterator[str]:
    """The same on PostgreSQL."""
    url = prepared.on(postgres_server)
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def current_url(engine: str, request: pytest.FixtureRequest) -> str:
    """The same on SQLite and on PostgreSQL in turn: for a service whose first migration is not what is tested."""
    return request.getfixturevalue(f"current_{engine}_url")


@pytest.fixture
def collector() -> Iterator[OtlpCollector]:
    """A collector of traces on a free port; it keeps what it gets."""
    with running_collector() as running:
        yield running


@pytest.fixture
def start_service(tmp_path: Path, prepared: Prepared) -> Iterator[StartService]:
    """Start `roadbed up` processes; all of them end with the test."""
    started: list[Service] = []

    def start(*, new: bool = False, **options: Unpack[ServiceOptions]) -> Service:
        service = Service(tmp_path / f"service-{len(started)}", **options)
        started.append(service)
        if not (new or options.get("database_url") or service.data.exists()):
            prepared.embedded(service.folder)
        service.start()
        return service

    yield start
    for service in started:
        service.close()
