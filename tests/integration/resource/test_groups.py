"""Many new rows at once: they leave what one row after the other leaves; what is refused is told as then."""

from collections.abc import Callable
from typing import Any

import pytest

from roadbed.data.postgres.statements import PostgresTransaction
from roadbed.data.sqlite.connection import SqliteRun
from roadbed.kernel.clock import now
from roadbed.kernel.errors import Conflict
from roadbed.resource.groups import Groups
from roadbed.resource.transfer import importing
from roadbed.resource.transfer.files import stores_of
from roadbed.resource.writes import Asked
from tests.integration.resource.library import domain
from tests.integration.resource.world import World

CSV = {"Content-Type": "text/csv"}


def without_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one row be written after the other."""

    def nothing(*_: Any) -> Any:
        return None
        yield

    monkeypatch.setattr(Groups, "attempt", nothing)


async def left_in(world: World) -> list[Any]:
    """Return all authors, each with its history."""
    rows = await world.get("/authors?sort=name")
    for row in rows:
        row["history"] = await world.get(f"/authors/{row['id']}/history")
    return rows


def authors(count: int, first: int = 0) -> str:
    rows = [f"01890000-0000-7000-8000-{number:012},Name {number}" for number in range(first, first + count)]
    return "\n".join(["id,name", *rows, ""])


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("bad", [b"", b"01890000-0000-7000-8000-00000000000a,Name 1\n", b"x,y\n"])
async def test_an_import_leaves_the_same_with_groups_and_without(
    world: World, monkeypatch: pytest.MonkeyPatch, grouped: bool, bad: bytes
) -> None:
    if not grouped:
        without_groups(monkeypatch)
    body = authors(5).encode() + bad + authors(3, 5).encode().partition(b"\n")[2]
    told = (await world.ask("POST /authors/import", body, CSV)).json()
    assert (told["inserted"], told["rejected"]) == (8, 1 if bad else 0)
    assert [row["line"] for row in told["rejects"]] == ([7] if bad else [])
    found = await left_in(world)
    assert [row["name"] for row in found] == [f"Name {number}" for number in range(8)]
    for row in found:
        (entry,) = row["history"]
        assert (entry["action"], entry["actor"], entry["before"]) == ("create", "import", None)
        assert (entry["after"]["name"], entry["after"]["version"]) == (row["name"], entry["version"])
    # In the order of the file; a version that was not used may be left out.
    versions = [row["history"][0]["version"] for row in found]
    assert versions == sorted(set(versions))


async def test_a_file_of_several_groups_twice_and_then_longer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "GROUP", 10)
    monkeypatch.setattr(importing, "CHUNK", 4)
    for count, inserted in ((25, 25), (25, 0), (60, 35)):
        told = (await world.ask("POST /authors/import", authors(count).encode(), CSV)).json()
        assert told == {
            "inserted": inserted, "changed": 0, "unchanged": count - inserted, "rejected": 0, "rejects": []
        }  # fmt: skip


def counted(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which every statement of a write is added."""
    asked: list[str] = []

    def counting(kind: type[Any], name: str) -> None:
        true: Callable[..., Any] = getattr(kind, name)

        def call(*arguments: Any, **named: Any) -> Any:
            asked.append(name)
            return true(*arguments, **named)

        monkeypatch.setattr(kind, name, call)

    if world.database.dialect == "postgres":
        counting(PostgresTransaction, "_ask")
    else:
        for name in ("fetch_one", "execute", "execute_many"):
            counting(SqliteRun, name)
    return asked


@pytest.mark.parametrize("key", ["", "key-"])
async def test_a_bulk_takes_as_many_statements_for_many_rows_as_for_two(
    world: World, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    asked = counted(world, monkeypatch)
    taken: list[int] = []
    for count in (2, 90):
        rows = [{"name": f"{count} {number}"} for number in range(count)]
        headers = {"Idempotency-Key": f"{key}{count}"} if key else {}
        asked.clear()
        reply = await world.ask("POST /authors/bulk", rows, headers)
        assert (reply.status, [row["name"] for row in reply.json()]) == (201, [row["name"] for row in rows])
        taken.append(len(asked))
        again = await world.ask("POST /authors/bulk", rows, headers)
        assert again.status == (201 if key else 409)
    assert taken[0] == taken[1] < 8


async def test_what_is_in_the_way_of_one_row_undoes_all(world: World) -> None:
    store = stores_of(domain.compiled(), world.database, now)["author"]
    await world.author("Ann")
    asked = Asked(now())
    for names in (["Bob", "Ann"], ["Bob", "Bob"], ["Bob", "Z\0e"]):
        done = await store.write(lambda names=names: store.groups.attempt([{"name": name} for name in names], asked))
        assert done.row is None
    with pytest.raises(Conflict, match="/1: Another row has this name already"):
        await store.create_many([{"name": "Bob"}, {"name": "Ann"}])
    assert [row["name"] for row in await world.get("/authors")] == ["Ann"]
    done = await store.create_many([{"name": "Bob"}, {"name": "Cid"}], actor="me")
    assert [row.name for row in done.row] == ["Bob", "Cid"]
    assert done.row[1].version == done.row[0].version + 1


async def test_a_row_that_refers_to_itself_is_refused_as_one_alone_is(world: World) -> None:
    itself = {"code": "a", "parent": "a"}
    fault = {"detail": "There is no tag with this code"}
    for path, body, pointer in (("/tags", itself, "/parent"), ("/tags/bulk", [itself], "/0/parent")):
        reply = await world.ask(f"POST {path}", body)
        assert (reply.status, reply.json()["errors"]) == (400, [{"pointer": pointer, **fault}])
    told = (await world.ask("POST /tags/import", b"code,parent\na,a\nb,\nc,b\n", CSV)).json()
    assert (told["inserted"], [row["line"] for row in told["rejects"]]) == (2, [2])
    assert [row["code"] for row in await world.get("/tags?sort=code")] == ["b", "c"]
