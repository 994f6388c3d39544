"""What somebody else writes between an import's look at a row and its write: told once, counted as what it was."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from roadbed.kernel.clock import now
from roadbed.resource.store import Store
from roadbed.resource.transfer.csv_reader import CsvReader
from roadbed.resource.transfer.files import stores_of
from roadbed.resource.transfer.importing import Importer
from roadbed.resource.writes import Asked
from tests.integration.resource.library import domain
from tests.integration.resource.world import World

Other = Callable[[], Awaitable[object]]


class Meeting:
    """The stores of a library, with one book that is there, and what was told of books."""

    def __init__(self, world: World) -> None:
        stores = stores_of(domain.compiled(), world.database, now)
        self.authors, self.books = stores["author"], stores["book"]
        self.told: list[str] = []
        self.book: Any = None

    async def open(self) -> None:
        author = (await self.authors.create({"name": "Ann"})).row.id
        self.book = (await self.books.create({"title": "One", "author": author})).row
        self.books.written.listen(self._hear)

    def _hear(self, rows: Sequence[Any]) -> None:
        self.told += [f"{row.title} {row.state}" for row in rows]

    def meanwhile(self, monkeypatch: pytest.MonkeyPatch, *others: Other) -> None:
        """Let others write, each after one look at a row."""
        true, coming = Store.find, list(others)

        async def find(store: Store, key: Any) -> Any:
            found = await true(store, key)
            if coming:
                await coming.pop(0)()
            return found

        monkeypatch.setattr(Store, "find", find)

    async def change(self, **sets: Any) -> None:
        await self.books.change(self.book.id, sets, Asked(now()))

    async def imports(self, header: str, cells: str, *, dry: bool = False) -> tuple[int, ...]:
        """Import one row; return how many were inserted, changed, unchanged and rejected."""
        reader = CsvReader()
        text = f"id,{header}\n{self.book.id},{cells}\n".encode()
        records = [each for part in (*reader.feed(text), *reader.finish()) for each in part]
        async with Importer(self.books, dry=dry) as importer:
            await importer.take(records, reader)
            await importer.finish()
        counts = importer.counts
        return counts.inserted, counts.changed, counts.unchanged, counts.rejected


@pytest.fixture
async def meeting(world: World) -> Meeting:
    made = Meeting(world)
    await made.open()
    return made


async def test_the_same_step_is_told_once(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting.meanwhile(monkeypatch, lambda: meeting.change(state="lent"))
    assert await meeting.imports("state", "lent") == (0, 0, 1, 0)
    assert meeting.told == ["One lent"]
    assert (await meeting.books.find(meeting.book.id)).state == "lent"


async def test_something_else_is_written_over(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as somebody comes between; what the row of the file says stands at the end, all of it."""
    meeting.meanwhile(
        monkeypatch,
        lambda: meeting.change(title="Two"),
        lambda: meeting.change(title="Three", state="lent"),
    )
    assert await meeting.imports("title,state", "One,lent") == (0, 1, 0, 0)
    assert meeting.told == ["Two new", "Three lent", "One lent"]


async def test_a_step_that_may_not_follow_any_more_is_left_out(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting.meanwhile(monkeypatch, lambda: meeting.change(state="sold"))
    assert await meeting.imports("state", "lent") == (0, 0, 0, 1)
    assert meeting.told == ["One sold"]


async def test_a_row_that_is_gone_is_left_out(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting.meanwhile(monkeypatch, lambda: meeting.books.remove(meeting.book.id, Asked(now())))
    assert await meeting.imports("state", "lent") == (0, 0, 0, 1)
    assert meeting.told == ["One new"]


async def test_a_dry_run_counts_the_same_and_tells_nothing(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting.meanwhile(monkeypatch, lambda: meeting.change(state="lent"))
    assert await meeting.imports("state", "lent", dry=True) == (0, 0, 1, 0)
    assert await meeting.imports("title", "Two", dry=True) == (0, 1, 0, 0)
    assert meeting.told == ["One lent"]
