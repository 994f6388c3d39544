"""One Chromium for all tests here; one seeded service for each file and engine; pages that are watched.

All of it lives on one event loop, that of the session: a browser cannot be handed from one to another.
"""

import os
import re
from collections.abc import AsyncIterator, Iterator
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.conftest import ENGINES
from tests.console.browsing import Watch, chromium
from tests.support.prepared import Prepared
from tests.support.service import Service, running_service

HERE = Path(__file__).parent
PATIENCE = 15_000
"""Milliseconds that a page may take for anything on a busy machine."""

# No name is looked up, whatever a page asks for: only the service on this machine is there.
NOTHING_ELSE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
WIDE = {"width": 1280, "height": 800}
OFTEN = {"ROADBED_STATISTICS_EVERY": "2"}
"""Seconds between two figures of a process. The overview waits for the second one: of the default ten, too."""

one_engine = pytest.mark.parametrize("service", ["sqlite"], indirect=True)
"""For tests of how a page looks, moves and takes keys, and of what the browser alone decides: no reply of the service
that they look at depends on the engine. What is sorted, searched, counted, written, followed live, refused or failing
is tested on both engines."""


class OpenPage(Protocol):
    """The type of the fixture ``open_page``."""

    async def __call__(self, **options: Any) -> Page:
        """Open a page in a browser window of its own, with Playwright's options of a context."""
        ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run every test of this folder on the loop on which the browser lives."""
    for item in items:
        if (
            "tests/console/" in item.path.as_posix()
            and isinstance(item, pytest.Function)
            and iscoroutinefunction(item.obj)
        ):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for the run, that of the system."""
    # Chromium's own sandbox does not work for root, under which CI runs.
    unboxed = ["--no-sandbox"] if os.geteuid() == 0 else []
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=chromium(), args=[*unboxed, NOTHING_ELSE, "--disable-dev-shm-usage"]
        )
        yield started
        await started.close()


@pytest.fixture(scope="module", params=ENGINES)
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, prepared: Prepared
) -> Iterator[Service]:
    """A service with all sample data, for one file and one engine. Nothing unforeseen may be in its log."""
    place, url = tmp_path_factory.mktemp(request.param), None
    if request.param == "postgres":
        url = prepared.on(request.getfixturevalue("postgres_server"), seeded=True)
    else:
        prepared.embedded(place, seeded=True)
    with running_service(place, database_url=url, env=OFTEN) as started:
        yield started
        assert started.terminate() == 0
        unforeseen = re.findall(r'^.*"level":\s?"(?:error|critical)".*$|^Traceback.*$', started.logs(), re.MULTILINE)
        assert unforeseen == []


@pytest.fixture
def watch(service: Service) -> Iterator[Watch]:
    """What the pages of this test must not do. The test fails where one did it."""
    watching = Watch(service.base_url)
    yield watching
    assert watching.problems() == []


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, service: Service, watch: Watch) -> AsyncIterator[OpenPage]:
    """Open watched pages, each in a window of its own, as another person would: ``open_page(color_scheme="dark")``."""
    opened: list[BrowserContext] = []

    async def open_one(**options: Any) -> Page:
        given = {"base_url": service.base_url, "viewport": WIDE, "locale": "en-GB", "timezone_id": "Europe/Zurich"}
        context = await browser.new_context(**{**given, **options})
        opened.append(context)
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        watch.over(page)
        return page

    yield open_one
    for context in opened:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(open_page: OpenPage) -> Page:
    """A watched page in a window of its own."""
    return await open_page()
