"""Graceful shutdown under load: what was taken is answered, the exit code is 0, and the port is free at once."""

import asyncio
import os
import select
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.conftest import StartService
from tests.faults import rows
from tests.faults.freezing import frozen
from tests.faults.journal import Journal
from tests.faults.load import Load, prepare
from tests.faults.verdict import state, verdict
from tests.faults.writes import Mix
from tests.support.ports import is_listening
from tests.support.postgres import PostgresServer
from tests.support.service import Service
from tests.support.waiting import eventually, wait_until

DRAIN = {"ROADBED_DRAIN_TIMEOUT": "60", "ROADBED_ACCESS_LOG_SAMPLE": "0"}


def ctrl_c(service: Service) -> int:
    """Do what a terminal does: the signal goes to every process of the group. Return the exit code."""
    os.killpg(service.pid, signal.SIGINT)
    wait_until(lambda: service.exit_code is not None, "the end after Ctrl-C")
    return service.exit_code or 0


STOPS = {"SIGTERM": Service.terminate, "SIGINT": Service.interrupt, "Ctrl-C": ctrl_c}


async def stop_again_and_again(service: Service, url: str, names: Sequence[str]) -> None:
    """Stop under load in each of the ways; start again on the same port at once."""
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    for number, name in enumerate(names, 1):
        async with Load([service.port], journal, mix) as load:
            await load.more(150)
            code = await asyncio.to_thread(STOPS[name], service)
            await load.until(lambda: journal.unreachable, "the port closed")
        assert code == 0
        # A request that came too late finds its connection closed; none that was taken goes without its answer.
        stored = {(row.account_id, row.amount) for row in await rows.entries(url)}
        assert [write for write in journal.unknown if stored.intersection(write.legs)] == []
        assert set(journal.unknown.values()) <= {"lost"}
        assert await state(url, journal) == []
        if number < len(names):
            await asyncio.to_thread(service.start)
            journal.unreachable = 0
            assert await verdict(service.port, url, journal) == []
    assert set(journal.refused) <= {"balance-floor", "unavailable"}


@pytest.mark.parametrize(("workers", "names"), [("1", ["SIGTERM", "SIGINT"]), ("2", ["Ctrl-C"])])
async def test_a_stop_answers_all_that_it_took(
    start_service: StartService, engine_url: str, workers: str, names: list[str]
) -> None:
    service = start_service(database_url=engine_url, env=DRAIN, arguments=["--workers", workers])
    await stop_again_and_again(service, engine_url, names)


@pytest.mark.soak
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_many_stops_answer_all_that_they_took(start_service: StartService, engine_url: str, workers: str) -> None:
    service = start_service(database_url=engine_url, env=DRAIN, arguments=["--workers", workers])
    await stop_again_and_again(service, engine_url, list(STOPS) * 7)


async def test_a_stop_gives_up_on_what_takes_too_long(
    start_service: StartService, breakable_postgres: PostgresServer, postgres_url: str
) -> None:
    """PostgreSQL answers nothing: when ``drain_timeout`` is over, who waits is told that the outcome is unknown."""
    service = start_service(database_url=postgres_url, env=DRAIN | {"ROADBED_DRAIN_TIMEOUT": "1"})
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    async with Load([service.port], journal, mix) as load:
        await load.more(50)
        with frozen(breakable_postgres):
            await flights_are_stuck(journal)
            os.kill(service.pid, signal.SIGTERM)
            await load.refusals(["outcome-unknown"])
            await load.until(lambda: journal.unreachable, "the port closed")
        # What was in the air lands after all.
        await load.until(lambda: service.exit_code is not None, "the end")
    assert (service.exit_code, journal.findings) == (0, [])
    await asyncio.to_thread(service.start)
    assert await verdict(service.port, postgres_url, journal) == []


@pytest.mark.soak
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
async def test_a_stop_ends_though_the_database_never_answers(
    start_service: StartService, breakable_postgres: PostgresServer, postgres_url: str, name: str
) -> None:
    service = start_service(database_url=postgres_url, env=DRAIN | {"ROADBED_DRAIN_TIMEOUT": "1"})
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    async with Load([service.port], journal, mix) as load:
        await load.more(50)
        with frozen(breakable_postgres):
            await flights_are_stuck(journal)
            assert await asyncio.to_thread(STOPS[name], service) == 0
    assert (journal.told(["outcome-unknown"]) > 0, journal.findings) == (True, [])
    await asyncio.to_thread(service.start)
    assert await verdict(service.port, postgres_url, journal) == []


async def flights_are_stuck(journal: Journal) -> None:
    """Wait until nothing more is acknowledged."""
    seen = [0, -1]

    def nothing_new() -> bool:
        seen.append(len(journal.acknowledged))
        return len(seen) > 20 and len(set(seen[-20:])) == 1

    await eventually(nothing_new, "nothing more is acknowledged", pause=0.02)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_second_ctrl_c_forces_the_end(
    start_service: StartService, breakable_postgres: PostgresServer, postgres_url: str, workers: str
) -> None:
    """Nobody waits for ten minutes who says twice that he will not."""
    settings = DRAIN | {"ROADBED_DRAIN_TIMEOUT": "600"}
    service = start_service(database_url=postgres_url, env=settings, arguments=["--workers", workers])
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    async with Load([service.port], journal, mix) as load:
        await load.more(50)
        with frozen(breakable_postgres):
            await flights_are_stuck(journal)
            os.killpg(service.pid, signal.SIGINT)
            await eventually(lambda: not is_listening(service.port), "the port closes")
            # The supervisor alone hears the second one.
            code = await asyncio.to_thread(service.interrupt)
            await load.until(lambda: journal.unreachable, "the port closed")
    assert code == 130
    await asyncio.to_thread(service.start)
    assert await verdict(service.port, postgres_url, journal) == []


@pytest.fixture
def deaf_log(tmp_path: Path) -> Iterator[Path]:
    """A folder whose ``service.log`` is a pipe that nobody reads: full after 64 KiB."""
    folder = tmp_path / "service-0"
    folder.mkdir()
    os.mkfifo(folder / "service.log")
    reader = os.open(folder / "service.log", os.O_RDONLY | os.O_NONBLOCK)
    yield folder
    os.close(reader)


async def test_a_log_that_nobody_reads_holds_up_nothing(
    start_service: StartService, deaf_log: Path, sqlite_url: str
) -> None:
    service = start_service(database_url=sqlite_url)
    assert service.folder == deaf_log
    journal, mix = Journal(), Mix()
    await prepare(service.port, journal, mix)
    async with Load([service.port], journal, mix) as load:
        await load.until(lambda: pipe_is_full(deaf_log / "service.log"), "the pipe is full")
        await load.more(100)
        os.kill(service.pid, signal.SIGTERM)
        await load.until(lambda: service.exit_code is not None, "the end")
    assert (service.exit_code, journal.findings) == (0, [])
    assert await state(sqlite_url, journal) == []


def pipe_is_full(path: Path) -> bool:
    writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        return select.select([], [writer], [], 0)[1] == []
    finally:
        os.close(writer)
