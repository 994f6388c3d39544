"""Failed requests of all processes, read page by page."""

from uuid import UUID

import pytest

from roadbed.data.database import Database
from roadbed.platform.shown import errors_of
from tests.integration.platform.crew import Clock, Crewman, ask


async def fail(database: Database, clock: Clock, *names: str, count: int = 3) -> None:
    """Let processes of these names fail some requests, in turn."""
    crew = [Crewman(database, clock, name) for name in names]
    for number in range(count):
        for each in crew:
            each.answer(500, route=f"/{each.node.node}/{number}", problem="internal")
    for each in crew:
        await each.tick()


async def routes(database: Database, limit: int) -> list[str]:
    """Return the routes of all failed requests, in pages of ``limit``."""
    found: list[str] = []
    after: UUID | None = None
    while True:
        page = await errors_of(database, limit, after)
        assert len(page.items) <= limit
        found += [error.route for error in page.items]
        if page.next is None:
            return found
        after = page.next


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6, 7, 1000])
async def test_pages_hold_all_of_them_once_and_the_newest_first(database: Database, clock: Clock, limit: int) -> None:
    await fail(database, clock, "a", "b")
    assert await routes(database, limit) == ["/b/2", "/a/2", "/b/1", "/a/1", "/b/0", "/a/0"]


async def test_they_are_counted_where_that_is_asked_for(database: Database, clock: Clock) -> None:
    await fail(database, clock, "a", count=5)
    counted = [(await errors_of(database, 2, total=total)).total for total in (True, False)]
    assert counted == [5, None]


async def test_none_is_an_empty_page(database: Database) -> None:
    page = await errors_of(database, 10)
    assert (page.items, page.next) == ([], None)


async def test_each_tells_where_it_happened(database: Database, clock: Clock) -> None:
    await fail(database, clock, "here", count=1)
    (error,) = (await errors_of(database, 10)).items
    assert (error.node, error.pid, error.method, error.status, error.type) == (
        "here",
        4711,
        "GET",
        500,
        "urn:roadbed:problem:internal",
    )
    assert (error.title, error.error) == ("Something went wrong inside the service", "")


async def test_a_failure_without_a_kind_is_an_unforeseen_one(database: Database, clock: Clock) -> None:
    one = Crewman(database, clock)
    one.answer(500)
    await one.tick()
    assert [error.type for error in (await errors_of(database, 10)).items] == ["urn:roadbed:problem:internal"]


async def test_in_an_outage_few_of_many_are_written(database: Database, clock: Clock) -> None:
    one = Crewman(database, clock)
    for _ in range(5000):
        one.answer(503, problem="unavailable")
    await one.tick()
    written = await ask(database, "SELECT count(*) FROM statistic_error")
    counted = await ask(database, "SELECT errors FROM statistic")
    assert (written, counted) == ([(10,)], [(5000,)])
