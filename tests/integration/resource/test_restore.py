"""Exports come back whole into an empty database; what is there already is never put back."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from roadbed.data.changes import head
from roadbed.kernel.clock import now
from roadbed.resource.transfer import importing, restoring
from roadbed.resource.transfer.files import Report, import_file, stores_of
from tests.integration.resource.conftest import new_library
from tests.integration.resource.library import domain
from tests.integration.resource.world import World, opened
from tests.support.prepared import Prepared

FORMS = ("csv", "ndjson", "json")
NAMES: dict[str, str] = {
    "authors": "author",
    "books": "book",
    "pages": "page",
    "tags": "tag",
    "boxes": "box",
    "deeds": "deed",
    "echoes": "echo",
    "loans": "loan",
    "tickets": "ticket",
}
"""Resources by path, each after those that its rows refer to."""


@pytest.fixture
def empty_url(engine: str, request: pytest.FixtureRequest, prepared: Prepared, tmp_path: Path) -> str:
    """The URL of a second library that nothing was ever written to."""
    return new_library(
        prepared, tmp_path / "empty.db" if engine == "sqlite" else request.getfixturevalue("postgres_server")
    )


@pytest.fixture
async def empty(empty_url: str) -> AsyncGenerator[World]:
    async with opened(empty_url) as made:
        yield made


async def fill(world: World) -> dict[str, Any]:
    """Make rows that have gone on since: in later statuses, changed, with what hooks and fills wrote."""
    ann, bob = await world.author("Ann"), await world.author("Žižka")
    books = [await world.make("/books", title=f"T {number}", author=ann, tags=["x"] * number) for number in range(4)]
    for book, statuses in zip(books, ([], ["lent"], ["lent", "lost"], ["sold"]), strict=True):
        for status in statuses:
            reply = await world.ask(f"POST /books/{book['id']}/state", {"state": status})
            assert reply.status == 200, reply.body
    await world.ask(f"PATCH /books/{books[0]['id']}", {"editor": bob, "note": {"a": None}})
    pages = [await world.make("/pages", book=books[0]["id"], number=number) for number in range(1, 6)]
    for page in pages[1::-1]:
        await world.ask(f"PATCH /pages/{page['id']}", {"number": page["number"] + 10})
    # By their keys tags come before those that they refer to.
    for code, parent in (("z", None), ("m", "z"), ("a", "m"), ("b", "z")):
        await world.make("/tags", code=code, parent=parent)
    await world.make("/boxes", number=7)
    await world.make("/deeds", name="Good")
    await world.make("/loans", reader="Ann", days=3)
    await world.make("/tickets", reader="Bob")
    return {"author": ann, "books": books, "pages": pages}


async def exported(world: World, folder: Path, form: str) -> dict[str, Path]:
    """Write one file per resource."""
    await asyncio.to_thread(folder.mkdir)
    files: dict[str, Path] = {}
    for path in NAMES:
        files[path] = folder / f"{path}.{form}"
        files[path].write_bytes((await world.ask(f"GET /{path}/export?format={form}")).body)
    return files


async def restore(world: World, path: Path, *, dry: bool = False) -> Report:
    name = NAMES[path.name.partition(".")[0]]
    store = stores_of(domain.compiled(), world.database, now)[name]
    return await import_file(path, store, dry=dry, restore_as="restore by me")


def told(report: Report) -> tuple[int, int, int, int]:
    return report.inserted, report.changed, report.unchanged, report.rejected


def reasons(report: Report) -> list[str]:
    assert report.rejects is not None
    return [line.split("\t")[1] for line in Path(report.rejects).read_text().splitlines()[1:]]


def write(folder: Path, path: str, *rows: dict[str, Any]) -> Path:
    file = folder / f"{path}.ndjson"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.mark.parametrize("form", FORMS)
async def test_an_export_comes_back_whole(world: World, empty: World, tmp_path: Path, form: str) -> None:
    await fill(world)
    files = await exported(world, tmp_path / "first", form)
    for path, file in files.items():
        report = await restore(empty, file)
        assert (report.inserted, report.rejected) == (report.rows, 0), (path, report)
        assert report.inserted > 0
    again = await exported(empty, tmp_path / "second", form)
    assert {path: file.read_bytes() for path, file in again.items()} == {
        path: file.read_bytes() for path, file in files.items()
    }
    for file in files.values():
        report = await restore(empty, file)
        assert told(report) == (0, 0, report.rows, 0)


async def test_history_says_that_a_row_was_restored_and_by_whom(world: World, empty: World, tmp_path: Path) -> None:
    made = await fill(world)
    files = await exported(world, tmp_path / "files", "ndjson")
    for path in ("authors", "books"):
        await restore(empty, files[path])
    lost = made["books"][2]["id"]
    (entry,) = await empty.get(f"/books/{lost}/history")
    assert (entry["actor"], entry["action"], entry["before"]) == ("restore by me", "create", None)
    assert entry["after"]["state"] == "lost"
    first = (await world.get(f"/books/{lost}/history"))[-1]
    assert entry["at"] > first["at"]


async def test_rows_go_on_from_where_they_were(world: World, empty: World, tmp_path: Path) -> None:
    made = await fill(world)
    files = await exported(world, tmp_path / "files", "ndjson")
    for path in ("authors", "books", "pages"):
        await restore(empty, files[path])
    lent, sold = made["books"][1]["id"], made["books"][3]["id"]
    assert (await empty.ask(f"POST /books/{sold}/state", {"state": "new"})).status == 409
    assert (await empty.ask(f"POST /books/{lent}/state", {"state": "lost"})).status == 200
    page = made["pages"][0]["id"]
    was = await world.get(f"/pages/{page}")
    assert await empty.get(f"/pages/{page}") == was
    changed = await empty.ask(f"PATCH /pages/{page}", {"number": 99}, {"If-Match": f'"{was["version"]}"'})
    assert (changed.status, changed.json()["created_at"]) == (200, was["created_at"])
    # Later than every version that came back.
    rows = await empty.get("/pages?limit=100")
    assert changed.json()["version"] > max(row["version"] for row in rows if row["id"] != page)


async def test_a_row_that_is_there_is_never_put_back(world: World, tmp_path: Path) -> None:
    made = await fill(world)
    files = await exported(world, tmp_path / "files", "ndjson")
    new, lent = made["books"][0]["id"], made["books"][1]["id"]
    await world.ask(f"POST /books/{new}/state", {"state": "lent"})
    await world.ask(f"PATCH /books/{lent}", {"order": 5})
    report = await restore(world, files["books"])
    assert told(report) == (0, 0, 2, 2)
    assert reasons(report) == [
        "The row is there, with another value of state: a restore changes no row",
        "The row is there, with another value of order: a restore changes no row",
    ]
    assert ((await world.get(f"/books/{new}"))["state"], (await world.get(f"/books/{lent}"))["order"]) == ("lent", 5)
    # Deleted, it comes back.
    await world.ask(f"DELETE /books/{lent}")
    assert told(await restore(world, files["books"])) == (1, 0, 2, 1)


async def test_whatever_the_tables_hold_holds(world: World, tmp_path: Path) -> None:
    ann = await world.author("Ann")
    key = "01890000-0000-7000-8000-00000000000{}"
    book = {"title": "T", "author": ann, "state": "lost"}
    rows = [
        book | {"id": key.format(1)},
        book | {"id": key.format(2)},
        book | {"id": key.format(3), "author": key.format(9)},
        book | {"id": key.format(4), "title": "U", "state": "burnt"},
        book | {"id": key.format(5), "title": "V", "total": -1},
        book | {"id": key.format(6), "title": "W", "version": 0},
        {"id": key.format(7), "author": ann},
        book | {"id": key.format(8), "title": "X", "created_at": "yesterday"},
        book | {"id": key.format(0), "title": "Y"},
    ]
    report = await restore(world, write(tmp_path, "books", *rows))
    assert told(report) == (2, 0, 0, 7)
    assert reasons(report) == [
        "Another row has this title and author already",
        "/author: There is no author with this id",
        "/state: Invalid enum value 'burnt'",
        "/total: Expected `number` >= 0.0",
        "/version: Expected `integer` >= 1",
        "/title: A row that is restored needs this field",
        "/created_at: Invalid RFC3339 encoded datetime",
    ]
    report = await restore(world, write(tmp_path, "boxes", *[{"number": number} for number in range(5)]))
    assert told(report) == (3, 0, 0, 2)
    assert set(reasons(report)) == {"There are 3 rows already, and no more may be"}
    report = await restore(world, write(tmp_path, "tags", {"code": "bulk"}))
    assert reasons(report) == ["/code: This one has another meaning in a path"]


async def test_no_version_is_given_out_twice(world: World, tmp_path: Path) -> None:
    book = (await world.make("/books", title="T", author=await world.author()))["id"]
    pages = [await world.make("/pages", book=book, number=number) for number in (1, 2, 3)]
    counted = await head(world.database, "library_page")
    for page in pages[:2]:
        await world.ask(f"DELETE /pages/{page['id']}")
    pages[1]["version"] = counted + 10
    report = await restore(world, write(tmp_path, "pages", *pages))
    assert told(report) == (2, 0, 1, 0)
    first, second, _ = [await world.get(f"/pages/{page['id']}") for page in pages]
    # What was counted before the restore is over, whoever had it; what comes after it is kept.
    assert first["version"] > counted
    assert (second["version"], second["created_at"]) == (counted + 10, pages[1]["created_at"])
    assert (await world.make("/pages", book=book, number=4))["version"] > counted + 10


async def test_rows_that_refer_to_each_other_are_told(world: World, tmp_path: Path) -> None:
    rows = [{"code": "a", "parent": "b"}, {"code": "b", "parent": "a"}, {"code": "c", "parent": "c"}]
    report = await restore(world, write(tmp_path, "tags", *rows, {"code": "d", "parent": "none"}))
    known = [row["code"] for row in await world.get("/tags?sort=code")]
    assert known == ["c"]
    assert told(report) == (1, 0, 0, 3)
    assert set(reasons(report)) == {"/parent: The row that it refers to is missing, or refers to it in turn"}


async def test_rows_that_wait_for_later_ones_fit_into_the_queue(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 3)
    monkeypatch.setattr(restoring, "CHUNK", 3)
    rows = [{"code": f"c{number}", "parent": f"c{number + 1}"} for number in range(8)]
    async with opened(empty_url, flight_queue=4) as crowded:
        report = await restore(crowded, write(tmp_path, "tags", *rows, {"code": "c8"}))
        assert told(report) == (9, 0, 0, 0)


async def test_neither_hooks_nor_fills_run(world: World, tmp_path: Path) -> None:
    key = str(UUID(int=7 << 76 | 2 << 62))
    await restore(world, write(tmp_path, "deeds", {"id": key, "name": "bad", "slug": "as it was"}))
    assert await world.get(f"/deeds/{key}") == {"id": key, "name": "bad", "slug": "as it was"}
    assert await world.get("/echoes") == []
    await restore(world, write(tmp_path, "loans", {"id": key, "reader": "Ann", "days": 1, "told": "long ago"}))
    assert (await world.get(f"/loans/{key}"))["told"] == "long ago"


async def test_secrets_are_new_and_the_report_says_so(world: World, empty: World, tmp_path: Path) -> None:
    await fill(world)
    files = await exported(world, tmp_path / "files", "csv")
    report = await restore(empty, files["tickets"])
    assert (report.inserted, report.secrets) == (1, ("code",))
    assert (await restore(empty, files["tickets"])).secrets == ()
    assert (await restore(empty, files["loans"])).secrets == ()
    refused = write(tmp_path, "tickets", {"id": str(UUID(int=7 << 76 | 2 << 62)), "reader": "Ann", "code": "mine"})
    with pytest.raises(Exception, match="A secret is made by the service"):
        await restore(empty, refused)


async def test_a_dry_run_writes_nothing(world: World, empty: World, tmp_path: Path) -> None:
    await fill(world)
    files = await exported(world, tmp_path / "files", "ndjson")
    assert told(await restore(empty, files["authors"], dry=True)) == (2, 0, 0, 0)
    assert told(await restore(empty, files["books"], dry=True)) == (0, 0, 0, 4)
    assert (await empty.get("/authors"), await head(empty.database, "library_author")) == ([], 0)
    await restore(empty, files["authors"])
    assert told(await restore(empty, files["books"], dry=True)) == (4, 0, 0, 0)
    assert await empty.get("/books") == []


async def test_over_http_there_is_no_restore(world: World) -> None:
    body, headers = b"code\na\n", {"Content-Type": "text/csv"}
    reply = await world.ask("POST /tags/import?restore=true", body, headers)
    assert (reply.status, reply.json()["errors"][0]["pointer"]) == (400, "query:restore")
