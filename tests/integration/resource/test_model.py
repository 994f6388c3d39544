"""One resource against a dict: whatever is asked in whatever order, both engines answer as it does."""

import asyncio
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.integration.resource.conftest import empty, new_library
from tests.integration.resource.world import World, opened
from tests.support.prepared import Prepared
from tests.unit.http.driving import Reply

NAMES = st.sampled_from(["Ann", "ann", "Änn", "Bob", "", "x" * 61])
SIZES = st.sampled_from(["small", "large"])


class Machine(RuleBasedStateMachine):
    """Authors: a unique name, a size, versions, a history."""

    authors: Bundle[str] = Bundle("authors")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.world: World = self.wait(self.stack.enter_async_context(opened(self.fresh())))
        self.rows: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, list[int]] = {}
        self.last = 0

    def fresh(self) -> str:
        """Return the URL of an empty library."""
        raise NotImplementedError

    def wait(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def ask(self, call: str, body: Any = None, **headers: str) -> Reply:
        return self.wait(self.world.ask(call, body, headers))

    def teardown(self) -> None:
        self.wait(self.stack.aclose())
        self.loop.close()

    def taken(self, name: str, by: str = "") -> bool:
        return any(row["name"] == name for key, row in self.rows.items() if key != by)

    def wrote(self, key: str, reply: Reply) -> None:
        """Take over what was written; its version is one that was never used."""
        version = int((reply.header("etag") or '""').strip('"'))
        assert version > self.last
        self.last = version
        self.versions.setdefault(key, []).append(version)

    @rule(target=authors, name=NAMES, size=SIZES)
    def create(self, name: str, size: str) -> Any:
        reply = self.ask("POST /authors", {"name": name, "size": size})
        expected = 400 if not 1 <= len(name) <= 60 else 409 if self.taken(name) else 201
        assert reply.status == expected
        if expected != 201:
            return multiple()
        row = reply.json()
        self.rows[row["id"]] = row
        self.wrote(row["id"], reply)
        return row["id"]

    @rule(target=authors, names=st.lists(NAMES, min_size=1, max_size=3))
    def create_several(self, names: list[str]) -> Any:
        reply = self.ask("POST /authors/bulk", [{"name": name} for name in names])
        wrong = any(not 1 <= len(name) <= 60 for name in names)
        twice = len(set(names)) < len(names) or any(self.taken(name) for name in names)
        assert reply.status == (400 if wrong else 409 if twice else 201)
        if wrong or twice:
            return multiple()
        for row in reply.json():
            self.rows[row["id"]] = row
            self.wrote(row["id"], self.ask(f"GET /authors/{row['id']}"))
        return multiple(*(row["id"] for row in reply.json()))

    @rule(key=authors, name=NAMES, size=st.none() | SIZES, old=st.booleans())
    def change(self, key: str, name: str, size: str | None, old: bool) -> None:
        tag = self.versions[key][-1] - (1 if old else 0)
        sets = {"name": name} if size is None else {"name": name, "size": size}
        reply = self.ask(f"PATCH /authors/{key}", sets, **{"If-Match": f'"{tag}"'})
        if not 1 <= len(name) <= 60:
            assert reply.status == 400
        elif key not in self.rows:
            assert reply.status == 404
        elif old:
            assert reply.status == 412
        elif self.rows[key] | sets != self.rows[key] and self.taken(name, key):
            assert reply.status == 409
        else:
            assert reply.status == 200
            if self.rows[key] | sets != self.rows[key]:
                self.wrote(key, reply)
            self.rows[key] |= sets
            assert reply.json() == self.rows[key]

    @rule(key=consumes(authors), again=st.booleans())
    def delete(self, key: str, again: bool) -> None:
        assert self.ask(f"DELETE /authors/{key}").status == (204 if self.rows.pop(key, None) else 404)
        if again:
            assert self.ask(f"DELETE /authors/{key}").status == 404
        self.last += 1
        self.versions[key].append(self.last)

    @rule(key=authors)
    def read(self, key: str) -> None:
        reply = self.ask(f"GET /authors/{key}")
        assert reply.status == (200 if key in self.rows else 404)
        assert key not in self.rows or reply.json() == self.rows[key]
        entries = self.wait(self.world.get(f"/authors/{key}/history"))
        assert [entry["version"] for entry in entries] == self.versions[key][::-1]

    @rule(size=SIZES, prefix=st.sampled_from(["", "A", "an", "Ä"]), way=st.sampled_from(["", "-"]))
    def find(self, size: str, prefix: str, way: str) -> None:
        found = self.wait(self.world.get(f"/authors?sort={way}name&size={size}&name.prefix={quote(prefix)}"))
        kept = [row for row in self.rows.values() if row["size"] == size and row["name"].startswith(prefix)]
        assert found == sorted(kept, key=lambda row: row["name"], reverse=way == "-")

    @invariant()
    def all_are_there_in_order(self) -> None:
        found = self.wait(self.world.get("/authors?sort=id"))
        assert found == [self.rows[key] for key in sorted(self.rows)]


def test_it_answers_as_a_dict_does(
    engine: str, request: pytest.FixtureRequest, prepared: Prepared, tmp_path: Path
) -> None:
    numbers = count()

    def on_sqlite() -> str:
        return new_library(prepared, tmp_path / f"{next(numbers)}.db")

    def on_postgres() -> str:
        url = request.getfixturevalue("shared_postgres_library")
        asyncio.run(empty(url))
        return url

    class OnEngine(Machine):
        def fresh(self) -> str:
            return on_sqlite() if engine == "sqlite" else on_postgres()

    few = settings(max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    run_state_machine_as_test(OnEngine, settings=few)
