"""A domain of one file, without revisions: its tables follow the declaration as long as that only adds."""

from pathlib import Path

import pytest

from roadbed.data.migrations import parent
from roadbed.data.migrations.locations import Location, state
from roadbed.data.migrations.protocol import Draft
from roadbed.kernel.errors import SchemaMismatch
from tests.integration.migrations.reading import query, run, schema, stored_heads

HEAD = """
from typing import Annotated
from uuid import UUID
from msgspec import Meta, Struct
from roadbed.resource.declaration import Resource
from roadbed.resource.domain import Domain
from roadbed.resource.markers import Indexed, Reference, Unique

class Owner(Struct):
    id: UUID
"""
FIRST = ["id: UUID", "title: Annotated[str, Meta(max_length=9)]"]
MORE = [
    *FIRST,
    "done: bool = False",
    "rank: Annotated[int, Meta(ge=0), Indexed()] = 7",
    "note: Annotated[str | None, Unique()] = None",
    "owner: Annotated[UUID | None, Reference('owners')] = None",
]
OWNERS = ", Resource(struct=Owner, path='/owners', history=True)"


class Todos:
    """The domain, in a new module for every state of it; its fingerprint is the number of the module."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, 0

    def declare(self, fields: list[str], others: str = "", revisions: str = "") -> Location:
        self.number += 1
        body = "\n".join(f"    {field}" for field in fields)
        resources = f"[Resource(struct=Todo, path='/todos'){others}]"
        text = f"{HEAD}\nclass Todo(Struct, kw_only=True):\n{body}\n\n"
        text += f"domain = Domain(name='todos', title='To do', resources={resources})\n"
        (self.folder / f"todos_{self.number}.py").write_text(text)
        tables = f"todos_{self.number}:domain.tables"
        return Location("todos", revisions, tables, "" if revisions else f"{self.number:08}")


@pytest.fixture
def todos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Todos:
    monkeypatch.syspath_prepend(tmp_path)
    return Todos(tmp_path)


def add_row(url: str) -> None:
    key, now = ("zeroblob(16)", "0") if url.startswith("sqlite") else ("gen_random_uuid()", "now()")
    names = "id, title, version, created_at, updated_at"
    run(url, f"INSERT INTO todos ({names}) VALUES ({key}, 'a title', 1, {now}, {now})")


def test_tables_follow_what_adds_and_nothing_else(engine_url: str, todos: Todos) -> None:
    first = todos.declare(FIRST)
    assert parent.upgrade(engine_url, [first]) == ["platform_0001", "platform_0002", "platform_0003", "todos@00000001"]
    assert state(tuple(stored_heads(engine_url)), [first]).kind == "current"
    add_row(engine_url)
    more = todos.declare(MORE, OWNERS)
    assert state(tuple(stored_heads(engine_url)), [more]).missing == ["todos@00000002"]
    assert parent.upgrade(engine_url, [more]) == ["todos@00000002"]
    assert parent.upgrade(engine_url, [more]) == []
    assert (stored_heads(engine_url), parent.differences(engine_url, [more])) == (
        {"platform_0003", "todos@00000002"},
        [],
    )
    assert [tuple(row) for row in query(engine_url, "SELECT title, done, rank, note, owner FROM todos")] == [
        ("a title", False, 7, None, None)
    ]
    before = schema(engine_url)
    less = todos.declare(["id: UUID", "title: Annotated[str, Meta(max_length=5)] | None = None", "must: int"])
    with pytest.raises(SchemaMismatch) as caught:
        parent.upgrade(engine_url, [less])
    assert schema(engine_url) == before
    for words in ("todos.must: a new required field needs a default", "todos.done goes", "ck_todos_title_max_length"):
        assert words in caught.value.detail
    assert "`roadbed migrate new todos -m …`" in caught.value.detail


def test_a_domain_that_is_off_leaves_its_mark_without_harm(sqlite_url: str, todos: Todos) -> None:
    parent.upgrade(sqlite_url, [todos.declare(FIRST)])
    assert state(tuple(stored_heads(sqlite_url)), []).kind == "current"
    assert parent.upgrade(sqlite_url, []) == []


def test_the_first_revision_adopts_what_is_there(engine_url: str, todos: Todos) -> None:
    parent.upgrade(engine_url, [todos.declare(FIRST)])
    add_row(engine_url)
    (todos.folder / "todos_revisions").mkdir()
    place = todos.declare(FIRST, revisions="todos_revisions")
    written = parent.draft(Draft(place, "First"))
    (todos.folder / "todos_revisions" / f"{written.revision}.py").write_text(written.source)
    other = todos.declare(["id: UUID", "title: str"], revisions="todos_revisions")
    with pytest.raises(SchemaMismatch, match="this database was made without revisions, and differs from what they ma"):
        parent.upgrade(engine_url, [other])
    assert parent.upgrade(engine_url, [place]) == ["todos_0001"]
    assert stored_heads(engine_url) == {"platform_0003", "todos_0001"}
    assert len(query(engine_url, "SELECT * FROM todos")) == 1
