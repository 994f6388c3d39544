"""A full disk: a clear refusal, nothing acknowledged that is not there, no damage, reads go on; room mends it."""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conftest import StartService
from tests.faults.disks import KIB, WAYS, SizeLimit, SmallDisk, small_disk
from tests.faults.journal import Journal
from tests.faults.load import Load, prepare
from tests.faults.rows import is_sqlite
from tests.faults.verdict import state, verdict
from tests.faults.wire import Connection
from tests.faults.writes import Mix
from tests.support.postgres import PostgresServer
from tests.support.service import Service

FULL = ("storage-full", "unavailable", "outcome-unknown")
ROOM = 600 * KIB
"""For rows beside the tables as they are when they are new: soon taken."""

QUIET = {"ROADBED_ACCESS_LOG_SAMPLE": "0"}  # the log lies on a disk too, and is not what is to be limited


@pytest.fixture(params=WAYS)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, SmallDisk | SizeLimit]]:
    """A folder for a database, and what limits it."""
    if request.param != "tmpfs":
        yield tmp_path, SizeLimit()
        return
    # The room that is made must hold the write-ahead log at its usual longest, 16 MiB.
    with small_disk(tmp_path / "small", 28 * 1024 * KIB) as folder:
        yield folder, SmallDisk(folder, 24 * 1024 * KIB)


async def reads_go_on(service: Service, journal: Journal) -> None:
    """Read back the last of what was acknowledged, a list and a balance: none may fail for want of room."""
    before = journal.read
    latest = [entry for entries in list(journal.acknowledged.values())[-20:] for entry in entries]
    async with Connection(service.port) as connection:
        for entry in latest:
            journal.note_read(entry, await connection.request("GET", f"/transactions/{entry.transaction_id}"))
        listed = await connection.request("GET", "/transactions?limit=10")
        balance = await connection.request("GET", f"/accounts/{latest[-1].account_id}")
    assert journal.read - before >= 20
    assert (listed.status, balance.status) == (200, 200)


async def fill_and_make_room(
    service: Service, url: str, limit: SmallDisk | SizeLimit, full: Sequence[str] = FULL
) -> None:
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    # A refusal takes no time: while reads are checked, many a thousand go by.
    async with Load([service.port], journal, mix, most=200_000) as load:
        await load.more(100)
        limit.fill(service)
        await load.refusals(full, 50)
        await reads_go_on(service, journal)
    if is_sqlite(url) and limit.outlasts_a_restart:
        await restart(service)
    async with Load([service.port], journal, mix, most=200_000) as load:
        await load.refusals(full, 50)
        await reads_go_on(service, journal)
        limit.make_room(service)
        await load.more(200)
    assert await verdict(service.port, url, journal) == []
    assert (journal.lost, journal.unreachable) == (0, 0)
    assert service.exit_code is None
    if is_sqlite(url):
        await restart(service)
        assert await state(url, journal) == []


async def restart(service: Service) -> None:
    """Kill the service and start it again."""
    service.kill9()
    await asyncio.to_thread(service.start)


async def test_sqlite_on_a_full_disk(
    start_service: StartService, migrated_file: Path, disk: tuple[Path, SmallDisk | SizeLimit]
) -> None:
    folder, limit = disk
    url = f"sqlite:///{folder / 'full.db'}"
    shutil.copy(migrated_file, folder / "full.db")
    service = start_service(database_url=url, env=QUIET)
    await fill_and_make_room(service, url, limit)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, PostgreSQL's too, which pytest's own folders do not let in."""
    with TemporaryDirectory(prefix="roadbed-small-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def small_tablespace(breakable_postgres: PostgresServer, migrated: str) -> Iterator[tuple[str, SmallDisk]]:
    """A database whose tables lie on a small disk; the rest of the server, its log of writes too, has room."""
    server, ballast = breakable_postgres, 3840 * KIB
    size = int(server.sql(f"SELECT pg_database_size('{migrated}')"))
    with open_folder() as above, small_disk(above / "disk", size + ballast + ROOM) as folder:
        space = folder / "space"
        space.mkdir()
        shutil.chown(space, "postgres", "postgres")
        server.sql(f"CREATE TABLESPACE small LOCATION '{space}'")
        server.sql(f"CREATE DATABASE on_small TEMPLATE {migrated} TABLESPACE small STRATEGY file_copy")
        yield server.url("on_small"), SmallDisk(folder, ballast)
        server.drop_database("/on_small")
        server.sql("DROP TABLESPACE small")


async def test_postgres_tables_on_a_full_disk(
    start_service: StartService, small_tablespace: tuple[str, SmallDisk]
) -> None:
    url, disk = small_tablespace
    service = start_service(database_url=url, env=QUIET)
    await fill_and_make_room(service, url, disk, ["storage-full"])


@pytest.mark.soak
async def test_all_of_postgres_on_a_full_disk(start_service: StartService) -> None:
    """No room even for the log of writes: the server itself goes down, and comes back once there is room."""
    with open_folder() as above, small_disk(above / "disk", 96 * 1024 * KIB) as folder:
        disk = SmallDisk(folder, 24 * 1024 * KIB)
        server = PostgresServer(folder)
        try:
            server.start()
            await fill_until_it_falls(start_service, server, disk)
        finally:
            server.stop("immediate")


async def fill_until_it_falls(start_service: StartService, server: PostgresServer, disk: SmallDisk) -> None:
    url = server.create_database()
    service = start_service(database_url=url, env=QUIET)
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    async with Load([service.port], journal, mix, most=200_000) as load:
        await load.refusals(FULL, 200)
        disk.make_room(service)
        await asyncio.to_thread(server.restart, "immediate")
        await load.more(200)
    assert await verdict(service.port, url, journal) == []
    assert (journal.lost, journal.unreachable) == (0, 0)
