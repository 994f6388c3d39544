"""Declared resources that are watched: every way of writing is told, in order, to those whose filters fit."""

import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from roadbed.data.database import Database
from roadbed.data.opening import open_database
from roadbed.http.call import Call
from roadbed.http.channels import Channel
from roadbed.http.edge import Edge
from roadbed.kernel.clock import now
from roadbed.kernel.events import Events
from roadbed.kernel.settings import Settings
from roadbed.resource.transfer.files import import_file
from tests.integration.data.test_hub import IDS, Watcher
from tests.integration.resource.attic.domain import domain
from tests.support.waiting import eventually
from tests.unit.http.driving import OPTIONS, ask


class Attic:
    """The domain on an open database, and what watches it."""

    def __init__(self, database: Database, stack: AsyncExitStack) -> None:
        self.groups = domain.opened(database, now)
        self.edge = Edge(self.groups, Events(), OPTIONS)
        self._stack = stack

    async def ask(self, call: str, body: Any = None) -> Any:
        reply = await ask(self.edge, call, body)
        assert reply.status < 300, reply.body
        return reply.json() if reply.body else None

    async def watch(self, **given: Any) -> Watcher:
        group, store = next((group, store) for group, store in self.groups if group.name == "tomes")
        events = next(each.function for each in group.declared if each.path == "/tomes/events")
        reply = await events(Call(store, "", "GET", "/tomes/events", {}), **given)
        assert isinstance(reply.body, Channel)
        watcher = Watcher(reply.body)
        self._stack.push_async_callback(watcher.leave)
        await eventually(lambda: watcher.read, "the begin")
        return watcher


@pytest.fixture
async def attic(attic_url: str) -> AsyncGenerator[Attic]:
    async with AsyncExitStack() as stack:
        database = await open_database(Settings(database_url=attic_url), Events())
        stack.push_async_callback(database.close, 5)
        yield Attic(database, stack)


def told(watcher: Watcher) -> list[tuple[str, Any]]:
    return [(kind.decode(), msgspec.json.decode(data)["title"]) for _, kind, data in IDS.findall(watcher.read)]


async def test_every_way_of_writing_is_told(attic: Attic) -> None:
    everything = await attic.watch()
    chosen = {
        "title": await attic.watch(where_title=["a", "c"]),
        "prefix": await attic.watch(prefix_title="c"),
        "pages": await attic.watch(gte_pages=2, lt_pages=3),
        "bought": await attic.watch(gt_bought=datetime(2026, 1, 1, tzinfo=UTC)),
        "not bought": await attic.watch(null_bought=True, where_state=["lent"]),
        "search": await attic.watch(q="B"),
    }
    shelf = (await attic.ask("POST /shelves", {"name": "s"}))["id"]
    a = (await attic.ask("POST /tomes", {"shelf": shelf, "title": "a", "tags": ["x"]}))["id"]
    await attic.ask(
        "POST /tomes/bulk",
        [
            {"shelf": shelf, "title": "b", "pages": 2},
            {"shelf": shelf, "title": "c", "bought": "2026-05-01T00:00:00Z"},
        ],
    )
    await attic.ask(f"POST /tomes/{a}/state", {"state": "lent"})
    await attic.ask(f"PATCH /tomes/{a}", {"pages": 2})
    await attic.ask(f"PATCH /tomes/{a}", {"pages": 2})
    await attic.ask(f"DELETE /tomes/{a}")
    await attic.ask(f"DELETE /shelves/{shelf}")
    expected = [("create", "a"), ("create", "b"), ("create", "c"), ("change", "a"), ("change", "a"), ("delete", "a")]
    await eventually(lambda: len(told(everything)) == 8, "all of it")
    assert told(everything)[:6] == expected
    assert sorted(told(everything)[6:]) == [("delete", "b"), ("delete", "c")]
    await eventually(lambda: told(chosen["search"]) == [("create", "b"), ("delete", "b")], "the search")
    of_a = [("create", "a"), ("create", "c"), ("change", "a"), ("change", "a"), ("delete", "a"), ("delete", "c")]
    assert {name: told(watcher) for name, watcher in chosen.items()} == {
        "title": of_a,
        "prefix": [("create", "c"), ("delete", "c")],
        "pages": [("create", "b"), ("change", "a"), ("delete", "a"), ("delete", "b")],
        "bought": [("create", "c"), ("delete", "c")],
        "not bought": [("change", "a"), ("change", "a"), ("delete", "a")],
        "search": [("create", "b"), ("delete", "b")],
    }
    numbers = everything.numbers
    assert numbers == sorted(set(numbers))
    # The number of an event is the version that its row has from then on.
    rows = [(int(number), msgspec.json.decode(data)) for number, kind, data in IDS.findall(everything.read)]
    assert [(number, row["version"], row["tags"]) for number, row in rows[:1]] == [(rows[0][0], rows[0][0], ["x"])]
    again = await attic.watch(last_event_id=numbers[2])
    await eventually(lambda: again.numbers == numbers[3:], "the rest")


async def test_documents_know_the_stream(attic: Attic) -> None:
    document = await attic.ask("GET /openapi.json")
    operation = document["paths"]["/tomes/events"]["get"]
    names = {parameter["name"] for parameter in operation["parameters"]}
    assert {"Last-Event-ID", "after", "q", "title", "pages.gte", "version"} <= names
    assert "created_at" not in names
    assert (list(operation["responses"]["200"]["content"]), "410" in operation["responses"]) == (
        ["text/event-stream"],
        True,
    )
    assert "/shelves/events" not in document["paths"]


async def test_rows_that_are_restored_are_told_after_all_before(attic: Attic, tmp_path: Path) -> None:
    watcher = await attic.watch()
    shelf = (await attic.ask("POST /shelves", {"name": "s"}))["id"]
    store = next(store for group, store in attic.groups if group.name == "tomes")
    first = (await attic.ask("POST /tomes", {"shelf": shelf, "title": "a"}))["version"]
    rows = [
        {"id": f"01890000-0000-7000-8000-00000000000{number}", "shelf": shelf, "title": f"{number}", "state": "lent",
         "version": version}
        for number, version in enumerate((first + 40, 0, first + 20), 1)
    ]  # fmt: skip
    del rows[1]["version"]
    file = tmp_path / "tomes.ndjson"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    await import_file(file, store, restore_as="me")
    await attic.ask("POST /tomes", {"shelf": shelf, "title": "b"})
    await eventually(lambda: len(told(watcher)) == 5, "all of it")
    assert told(watcher) == [("create", title) for title in ("a", "1", "2", "3", "b")]
    assert watcher.numbers == sorted(set(watcher.numbers))
    versions = [msgspec.json.decode(data)["version"] for _, _, data in IDS.findall(watcher.read)]
    assert (versions[1], versions[3]) == (first + 40, first + 20)
    assert versions[4] > max(versions[:4])
