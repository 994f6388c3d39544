"""The operations under ``/platform`` in one process, asked through ASGI."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from roadbed.app import build
from roadbed.cli.migrating import migrate_if_behind
from roadbed.kernel.settings import Settings


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(data=tmp_path_factory.mktemp("platform"), log_level="error", domains=("ledger",))
    migrate_if_behind(settings)
    return settings


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    application = build(settings)
    async with application.running({}):
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


async def test_figures_can_be_switched_off(migrated: Settings) -> None:
    async with served(msgspec.structs.replace(migrated, statistics_every=0.0)) as client:
        await client.get("/ping")
        found = (await client.get("/platform")).json()
        statistics = (await client.get("/platform/statistics")).json()
    assert (found["statistics_every"], found["workers"], statistics["every"]) == (0.0, [], 0.0)


async def test_the_end_of_a_process_writes_its_figures(migrated: Settings) -> None:
    async with served(migrated) as client:
        before = (await client.get("/platform/statistics")).json()["latest"]
        await client.get("/ping")
        ours = (await client.get("/platform")).json()["process"]
    async with served(migrated) as client:
        after = (await client.get("/platform/statistics")).json()["latest"]
        workers = (await client.get("/platform")).json()["workers"]
    assert after["requests"] >= (before["requests"] if before else 0) + 3
    assert ours["id"] in {worker["id"] for worker in workers}


async def test_settings_tell_their_sources(migrated: Settings) -> None:
    application = build(migrated, sources=dict.fromkeys(migrated.__struct_fields__, "somewhere"))
    async with application.running({}):
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            found = (await client.get("/platform/settings")).json()
    assert {row["source"] for row in found} == {"somewhere"}


async def test_the_cache_is_cleared(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, log_level="error", domains=("items",))
    await asyncio.to_thread(migrate_if_behind, settings)
    async with served(settings) as client:
        states = [(await client.get("/items")).headers["cache-status"] for _ in range(2)]
        full = (await client.get("/platform/cache")).json()
        cleared = await client.delete("/platform/cache")
        empty = (await client.get("/platform/cache")).json()
        states.append((await client.get("/items")).headers["cache-status"])
    assert (cleared.status_code, cleared.content, full["entries"], empty["entries"], empty["bytes"]) == (
        204,
        b"",
        1,
        0,
        0,
    )
    assert [state.partition("; ")[2].partition(";")[0] for state in states] == ["fwd=uri-miss", "hit", "fwd=uri-miss"]
